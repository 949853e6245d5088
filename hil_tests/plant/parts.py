"""The devices of a hub's plant, all in one place, and what is done with each of them in turn."""

from __future__ import annotations

from controller.model.hub import AssetId, Battery, Hub
from controller.model.phases import ALL_PHASES
from controller.model.words import IslandEarthing, Switcher
from hil_tests.plant.base import forked
from hil_tests.plant.behaviour import InverterBehaviour
from hil_tests.plant.breaker import PoiBreaker
from hil_tests.plant.cold_chain import Fridges
from hil_tests.plant.engine import GensetBehaviour
from hil_tests.plant.feeder import LoadFeeder
from hil_tests.plant.generator import GeneratorSet
from hil_tests.plant.grid import PublicGrid
from hil_tests.plant.inverter import BatteryInverter
from hil_tests.plant.loads import Loads
from hil_tests.plant.mean_voltage import MeanVoltage
from hil_tests.plant.options import PlantOptions
from hil_tests.plant.phase_book import PhaseBook
from hil_tests.plant.rest import Rest
from hil_tests.plant.small import Dso, EarthingRelay, RadioNode, Safety
from hil_tests.plant.solar import SolarInverter
from hil_tests.plant.storage import BatteryPack, interpolate
from hil_tests.plant.transfer import TransferRelay
from hil_tests.plant.village import Roof, VillageNetwork
from hil_tests.plant.weather import Weather


class Parts:
    """Everything that a plant is made of."""

    __slots__ = (
        "batteries", "book", "dso", "earthing", "feeders", "gensets", "grid", "loads", "mean_voltage", "options", "poi",
        "pv", "radios", "rest", "safety", "transfers", "weather",
    )  # fmt: skip

    def __init__(self, hub: Hub, seed: int, options: PlantOptions) -> None:
        self.options = options
        self.rest = rest = Rest()
        self.book = PhaseBook()
        self.mean_voltage = MeanVoltage()
        self.grid = PublicGrid(forked(seed, "grid"), rest)
        self.poi = PoiBreaker(forked(seed, "poi"), rest, options.poi)
        self.poi.relay_enabled = options.relay_enabled
        self.poi.bypass_25 = hub.poi.switching.closed_by is Switcher.CONTROLLER
        self.batteries: dict[AssetId, BatteryInverter] = {b.id: self._battery(b) for b in hub.batteries.values()}
        self.pv: dict[AssetId, SolarInverter] = {
            p.id: SolarInverter(p, rest, self.mean_voltage, options.pv_codes.get(p.id, options.pv_code))
            for p in hub.pv.values()
        }
        self.gensets: dict[AssetId, GeneratorSet] = {
            g.id: GeneratorSet(g, forked(seed, g.id), rest, self.book, options.gensets.get(g.id, GensetBehaviour()))
            for g in hub.gensets.values()
        }
        self.loads = Loads(options.demand_ratio, rest, options.load_shape)
        self.feeders: dict[AssetId, LoadFeeder] = self.loads.of(hub.feeders)
        self.earthing = EarthingRelay(rest)
        self.radios: dict[AssetId, RadioNode] = {
            r.id: RadioNode(r, self.feeders.get(r.feeder or ""), rest) for r in hub.radios.values()
        }
        self.weather = Weather(options.irradiance_w_per_m2, options.temperature_c, rest, options.sky)
        self.safety, self.dso = Safety(rest), Dso(rest)
        earths_itself = hub.earthing.kind is IslandEarthing.SWITCHED_BY_DEVICE
        self.transfers: dict[AssetId, TransferRelay] = {
            name: TransferRelay(battery, self.poi, self.grid, rest, self.earthing if earths_itself else None)
            for name, battery in self.batteries.items()
            if battery.behaviour.transfers_by_itself
        }
        self._furnish(seed)

    def _battery(self, battery: Battery) -> BatteryInverter:
        options = self.options
        pack = BatteryPack(battery.capacity_wh, options.soc_pct, options.temperature_c, self.rest)
        pack.age_to(options.soh_pct)
        behaviour = options.inverters.get(battery.id, InverterBehaviour())
        return BatteryInverter(battery, pack, self.rest, self.book, behaviour)

    def _furnish(self, seed: int) -> None:
        """What hangs behind the feeders, and who stands in the phase book."""
        options = self.options
        for name, motor in options.motors.items():
            self.feeders[name].start_motor(motor, runs=True)
        for name, group in options.fridges.items():
            self.feeders[name].fridges = Fridges(group, forked(seed, f"fridges {name}"))
        self._follow_the_clock()
        if options.village:
            roofs = {node: Roof(rating_w, has_volt_var=True) for node, rating_w in options.roofs_w.items()}
            self.loads.lines = VillageNetwork.of(self, options.village, roofs)
        self.book.is_even = options.phases_are_even
        self.book.open_for(
            self.loads,
            [
                *((battery, battery.battery.phases or ALL_PHASES) for battery in self.batteries.values()),
                *((plant, plant.plant.phases) for plant in self.pv.values()),
                *((genset, genset.genset.phases) for genset in self.gensets.values()),
            ],
        )

    def stop_in_emergency(self) -> None:
        """The button acts in hardware: POI open, sources off, whatever anybody orders."""
        self.poi.trip()
        for battery in self.batteries.values():
            battery.stop_now()
        for genset in self.gensets.values():
            genset.stop_in_emergency()
        for plant in self.pv.values():
            plant.trip()

    def begin_step(self, bus: complex, dt_s: float) -> None:
        """Sequences that lead to forming."""
        for battery in self.batteries.values():
            battery.begin_step(bus, dt_s)
        for genset in self.gensets.values():
            genset.begin_step(bus, self.weather.temperature_c, dt_s)

    def follow(self, volts: float, frequency_hz: float, yield_ratio: float, dt_s: float) -> complex:
        """What all followers give, in pu."""
        power = 0j
        for battery in self.batteries.values():
            power += battery.follow_power(volts, dt_s)
        for plant in self.pv.values():
            power += plant.step(volts, frequency_hz, yield_ratio, dt_s)
        return power

    def formers(self) -> list[BatteryInverter | GeneratorSet]:
        """Who holds the bus now."""
        formers: list[BatteryInverter | GeneratorSet] = []
        formers += [battery for battery in self.batteries.values() if battery.is_forming]
        formers += [genset for genset in self.gensets.values() if genset.is_forming]
        return formers

    def step_slowly(self, volts: float, elapsed_s: float) -> None:
        """What takes minutes: charge, heat, fuel, warming loads, radios, sun."""
        ambient_c = self.weather.temperature_c
        self.mean_voltage.step(volts, elapsed_s)
        for battery in self.batteries.values():
            battery.end_slow_step(ambient_c)
        for plant in self.pv.values():
            plant.end_slow_step()
        for genset in self.gensets.values():
            genset.end_slow_step()
        self.loads.warm(elapsed_s, ambient_c)
        for radio in self.radios.values():
            radio.step(elapsed_s)
        self.step_day(elapsed_s)

    def step_day(self, elapsed_s: float) -> None:
        """Sun and air move on, and what follows the clock."""
        if self.weather.step(elapsed_s):
            self._follow_the_clock()

    def _follow_the_clock(self) -> None:
        """Demand by the time of day, in thousandths."""
        if self.options.demand_profile:
            hours, shares = zip(*self.options.demand_profile, strict=True)
            self.loads.follow_profile(round(interpolate(hours, shares, self.weather.hour()), 3))

    # -- rest -------------------------------------------------------------------------------------------------------
    def fast_state(self) -> list[float]:
        """Whatever moves within seconds. A part that has such a state adds it here."""
        state = [self.loads.power_pu]
        for battery in self.batteries.values():
            state += battery.fast_state
        for plant in self.pv.values():
            state += plant.fast_state
        for genset in self.gensets.values():
            state += genset.fast_state
        return state

    def is_still(self) -> bool:
        """No timer runs that could end before the next look."""
        return (
            self.grid.is_still
            and self.poi.is_still
            and self.earthing.is_still
            and self.loads.is_still
            and all(battery.is_still for battery in self.batteries.values())
            and all(plant.is_still for plant in self.pv.values())
            and all(genset.is_still for genset in self.gensets.values())
            and (not self.transfers or all(transfer.is_still for transfer in self.transfers.values()))
        )

    def make_up(self, volts: float, rested_s: float) -> None:
        """What went on while at rest, in closed form."""
        for battery in self.batteries.values():
            battery.make_up(rested_s)
        for plant in self.pv.values():
            plant.make_up(volts, rested_s)
        for genset in self.gensets.values():
            genset.make_up(rested_s)
        for transfer in self.transfers.values():
            transfer.make_up(rested_s)
        self.loads.make_up(rested_s)
        self.grid.make_up(rested_s)
