"""The devices of a hub's plant, all in one place, and what is done with each of them in turn."""

from __future__ import annotations

from dataclasses import dataclass

from controller.model.hub import AssetId, Hub
from controller.model.words import Switcher
from hil_tests.plant.base import forked
from hil_tests.plant.breaker import PoiBreaker
from hil_tests.plant.generator import GeneratorSet
from hil_tests.plant.grid import PublicGrid
from hil_tests.plant.inverter import BatteryInverter
from hil_tests.plant.loads import LoadFeeder, Loads
from hil_tests.plant.rest import Rest
from hil_tests.plant.small import Dso, EarthingRelay, RadioNode, Safety, Weather
from hil_tests.plant.solar import SolarInverter
from hil_tests.plant.storage import BatteryPack


@dataclass(frozen=True, slots=True)
class PlantOptions:
    """How the plant starts."""

    soc_pct: float = 85.0
    temperature_c: float = 12.0
    irradiance_w_per_m2: float = 450.0
    demand_ratio: float = 0.6
    relay_enabled: bool = True


class Parts:
    """Everything that a plant is made of."""

    __slots__ = (
        "batteries", "dso", "earthing", "feeders", "gensets", "grid", "loads",
        "poi", "pv", "radios", "rest", "safety", "weather",
    )  # fmt: skip

    def __init__(self, hub: Hub, seed: int, options: PlantOptions) -> None:
        self.rest = rest = Rest()
        self.grid = PublicGrid(forked(seed, "grid"), rest)
        self.poi = PoiBreaker(forked(seed, "poi"), rest)
        self.poi.relay_enabled = options.relay_enabled
        self.poi.bypass_25 = hub.poi.switching.closed_by is Switcher.CONTROLLER
        self.batteries: dict[AssetId, BatteryInverter] = {
            b.id: BatteryInverter(b, BatteryPack(b.capacity_wh, options.soc_pct, options.temperature_c), rest)
            for b in hub.batteries.values()
        }
        self.pv: dict[AssetId, SolarInverter] = {p.id: SolarInverter(p, rest) for p in hub.pv.values()}
        self.gensets: dict[AssetId, GeneratorSet] = {
            g.id: GeneratorSet(g, forked(seed, g.id), rest) for g in hub.gensets.values()
        }
        self.loads = Loads(options.demand_ratio, rest)
        self.feeders: dict[AssetId, LoadFeeder] = self.loads.of(hub.feeders)
        self.earthing = EarthingRelay(rest)
        self.radios: dict[AssetId, RadioNode] = {
            r.id: RadioNode(r, self.feeders.get(r.feeder or ""), rest) for r in hub.radios.values()
        }
        self.weather = Weather(forked(seed, "weather"), options.irradiance_w_per_m2, options.temperature_c, rest)
        self.safety, self.dso = Safety(rest), Dso(rest)

    def stop_in_emergency(self) -> None:
        """The button acts in hardware: POI open, sources off, whatever anybody orders."""
        self.poi.trip()
        for battery in self.batteries.values():
            battery.stop_now()
        for genset in self.gensets.values():
            genset.run_ordered = False
        for plant in self.pv.values():
            plant.trip()

    def begin_step(self, bus: complex, dt_s: float) -> None:
        """Sequences that lead to forming."""
        for battery in self.batteries.values():
            battery.begin_step(bus, dt_s)
        for genset in self.gensets.values():
            genset.begin_step(bus, dt_s)

    def follow(self, volts: float, frequency_hz: float, yield_ratio: float, dt_s: float) -> float:
        """What all followers give, in pu."""
        power = 0.0
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

    def step_slowly(self, elapsed_s: float) -> None:
        """What takes minutes: charge, heat, fuel, warming loads, radios."""
        for battery in self.batteries.values():
            battery.end_slow_step(self.weather.temperature_c)
        for genset in self.gensets.values():
            genset.end_slow_step()
        self.loads.warm(elapsed_s)
        for radio in self.radios.values():
            radio.step(elapsed_s)

    # -- rest -------------------------------------------------------------------------------------------------------
    def fast_state(self) -> list[float]:
        """Whatever moves within seconds. A part that has such a state adds it here."""
        state = [self.loads.power_pu]
        for battery in self.batteries.values():
            state += battery.fast_state
        for plant in self.pv.values():
            state.append(plant.power_pu)
        for genset in self.gensets.values():
            state += genset.fast_state
        return state

    def is_still(self) -> bool:
        """No timer runs that could end before the next look."""
        return (
            all(part.is_still for part in (self.grid, self.poi, self.earthing, self.loads))
            and all(battery.is_still for battery in self.batteries.values())
            and all(plant.is_still for plant in self.pv.values())
            and all(genset.is_still for genset in self.gensets.values())
        )

    def make_up(self, volts: float, rested_s: float) -> None:
        """What went on while at rest, in closed form."""
        for battery in self.batteries.values():
            battery.make_up(rested_s)
        for plant in self.pv.values():
            plant.make_up(volts, rested_s)
        for genset in self.gensets.values():
            genset.make_up(rested_s)
        self.loads.make_up(rested_s)
