"""The whole hub as one object: `step(dt_s)`, `advance_to`, `snapshot` and `restore`, and the truth about it.

Step order: orders have arrived; breakers move; followers and loads become admittances; the star network is solved;
forming sources answer; batteries and radios follow; the bus frequency is measured. Classes are mutable with slots:
a step must cost microseconds. After `restore` take the parts anew from the plant; old references are another plant's.
"""

from __future__ import annotations

import cmath
import math
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.model.hub import AssetId, Hub
from controller.model.phases import PhaseValues
from controller.model.words import BreakerPosition, GridSource, Switcher
from hil_tests.plant.base import BASE_VA, NOMINAL_HZ, TWO_PI, forked, wrap
from hil_tests.plant.breaker import Closing, PoiBreaker, Sides
from hil_tests.plant.generator import GeneratorSet
from hil_tests.plant.grid import IMPEDANCE_PU, NEIGHBOURS_PU, PublicGrid
from hil_tests.plant.inverter import BatteryInverter
from hil_tests.plant.loads import LoadFeeder
from hil_tests.plant.network import Injection, solve
from hil_tests.plant.small import EarthingRelay, RadioNode, Safety, Weather
from hil_tests.plant.solar import SolarInverter
from hil_tests.plant.storage import BatteryPack

STEP_S = 0.01
FREQUENCY_WINDOW_S = 0.04
GRID_Y = 1.0 / IMPEDANCE_PU
DEAD_RATIO = 0.05
PROSPECTIVE_LIMIT_DEG = 20.0


@dataclass(frozen=True, slots=True)
class PlantOptions:
    """How the plant starts."""

    soc_pct: float = 85.0
    temperature_c: float = 12.0
    irradiance_w_per_m2: float = 450.0
    demand_ratio: float = 0.6
    relay_enabled: bool = True


@dataclass(frozen=True, slots=True)
class Truth:
    """What is really so, for judges and invariants."""

    now_s: float
    poi_closed: bool
    grid_live: bool
    bus_voltage_ratio: float
    bus_frequency_hz: float
    forming: tuple[AssetId, ...]
    feeders_energised: Mapping[AssetId, bool]
    backfeed_j: float
    out_of_phase_closures_count: int
    closings: tuple[Closing, ...] = field(default_factory=tuple)
    earthing_closed: bool = False


class Plant:
    """One hub, its public grid and its weather."""

    def __init__(self, hub: Hub, seed: int = 1, options: PlantOptions | None = None) -> None:
        options = options or PlantOptions()
        self.hub = hub
        self.now_s = 0.0
        self.grid = PublicGrid(forked(seed, "grid"))
        self.poi = PoiBreaker(forked(seed, "poi"))
        self.poi.relay_enabled = options.relay_enabled
        self.poi.bypass_25 = hub.poi.switching.closed_by is Switcher.CONTROLLER
        self.batteries = {
            b.id: BatteryInverter(b, BatteryPack(b.capacity_wh, options.soc_pct, options.temperature_c))
            for b in hub.batteries.values()
        }
        self.pv = {p.id: SolarInverter(p) for p in hub.pv.values()}
        self.gensets = {g.id: GeneratorSet(g, forked(seed, g.id)) for g in hub.gensets.values()}
        self.feeders = {f.id: LoadFeeder(f, options.demand_ratio) for f in hub.feeders.values()}
        self.earthing = EarthingRelay()
        self.radios = {r.id: RadioNode(r) for r in hub.radios.values()}
        self.weather = Weather(forked(seed, "weather"), options.irradiance_w_per_m2, options.temperature_c)
        self.safety = Safety()
        self.grid_source = GridSource.PUBLIC
        self.bus = cmath.rect(1.0, 0.0)
        self.bus_frequency_hz = NOMINAL_HZ
        self.poi_current = 0j  # pu, positive into the hub
        self.backfeed_j = 0.0
        self.out_of_phase_closures_count = 0
        self.source_j = self.load_j = self.loss_j = 0.0
        self._filter_age_s = 1.0

    # -- time -----------------------------------------------------------------------------------------------------
    def advance_to(self, instant_s: float) -> None:
        """Step until the plant's clock has reached this instant."""
        while self.now_s + STEP_S <= instant_s + 1e-9:
            self.step(STEP_S)

    def step(self, dt_s: float) -> None:
        """One step of physics."""
        self.now_s += dt_s
        self.grid.step(dt_s)
        self._emergency()
        self.earthing.step(dt_s)
        if self.poi.step(self._sides(), self.now_s, dt_s) and self.poi.position is BreakerPosition.CLOSED:
            last = self.poi.closings[-1]
            self.out_of_phase_closures_count += abs(last.angle_deg) > PROSPECTIVE_LIMIT_DEG
        before = self.bus
        for battery in self.batteries.values():
            battery.begin_step(self.bus, dt_s)
        for genset in self.gensets.values():
            genset.begin_step(self.bus, dt_s)
        self._solve(dt_s)
        self._measure_frequency(before, dt_s)
        for radio in self.radios.values():
            feeder = self.feeders.get(radio.radio.feeder or "")
            radio.step(feeder is not None and feeder.is_energised, dt_s)

    def snapshot(self) -> bytes:
        """The whole state, random streams included."""
        state = {key: value for key, value in self.__dict__.items() if key != "hub"}
        return pickle.dumps(state)

    def restore(self, snapshot: bytes) -> None:
        """Back to a snapshot of this plant."""
        state: dict[str, Any] = pickle.loads(snapshot)
        self.__dict__.update(state)

    # -- what the POI's instrument sees ------------------------------------------------------------------------------
    @property
    def grid_side(self) -> complex:
        """Voltage at the grid side of the POI, pu."""
        if self.poi.position is BreakerPosition.CLOSED:
            return self.bus
        return self.grid.source

    @property
    def grid_voltage_v(self) -> PhaseValues:
        """Grid side, phase to neutral."""
        return self.grid.per_phase(abs(self.grid_side) * self.hub.nominal_voltage_v)

    @property
    def bus_voltage_v(self) -> PhaseValues:
        """Bus side, phase to neutral; a lost phase is lost on both sides of a closed breaker."""
        volts = abs(self.bus) * self.hub.nominal_voltage_v
        closed = self.poi.position is BreakerPosition.CLOSED
        return self.grid.per_phase(volts) if closed else PhaseValues.even(volts)

    @property
    def grid_frequency_hz(self) -> float | None:
        """None on a dead grid."""
        if abs(self.grid_side) < DEAD_RATIO:
            return None
        if self.poi.position is BreakerPosition.CLOSED and not self.grid.is_fed:
            return self.bus_frequency_hz
        return self.grid.frequency_hz

    @property
    def measured_bus_frequency_hz(self) -> float | None:
        """None on a dead bus."""
        return None if abs(self.bus) < DEAD_RATIO else self.bus_frequency_hz

    @property
    def angle_difference_deg(self) -> float | None:
        """Bus minus grid; None when a side is dead."""
        if min(abs(self.bus), abs(self.grid_side)) < DEAD_RATIO:
            return None
        return math.degrees(wrap(cmath.phase(self.bus) - cmath.phase(self.grid_side)))

    @property
    def poi_power_w(self) -> PhaseValues:
        """Positive into the hub."""
        return PhaseValues.even((self.bus * self.poi_current.conjugate()).real * BASE_VA / 3.0)

    @property
    def poi_current_a(self) -> PhaseValues:
        """Magnitude per conductor."""
        return PhaseValues.even(abs(self.poi_current) * BASE_VA / (3.0 * self.hub.nominal_voltage_v))

    def truth(self) -> Truth:
        """What is really so."""
        return Truth(
            now_s=self.now_s,
            poi_closed=self.poi.position is BreakerPosition.CLOSED,
            grid_live=self.grid.is_fed,
            bus_voltage_ratio=abs(self.bus),
            bus_frequency_hz=self.bus_frequency_hz,
            forming=self.forming,
            feeders_energised={name: feeder.is_energised for name, feeder in self.feeders.items()},
            backfeed_j=self.backfeed_j,
            out_of_phase_closures_count=self.out_of_phase_closures_count,
            closings=self.poi.closings,
            earthing_closed=self.earthing.position is BreakerPosition.CLOSED,
        )

    @property
    def forming(self) -> tuple[AssetId, ...]:
        """Who holds the bus now."""
        batteries = [name for name, battery in self.batteries.items() if battery.is_forming]
        return (*batteries, *(name for name, genset in self.gensets.items() if genset.is_forming))

    # -- inside -----------------------------------------------------------------------------------------------------
    def _sides(self) -> Sides:
        grid_hz = self.grid_frequency_hz
        return Sides(
            grid_ratio=min(self.grid_voltage_v) / self.hub.nominal_voltage_v,
            bus_ratio=abs(self.bus),
            angle_deg=self.angle_difference_deg or 0.0,
            slip_hz=0.0 if grid_hz is None else self.bus_frequency_hz - grid_hz,
        )

    def _emergency(self) -> None:
        """The button acts in hardware: POI open, sources off, whatever anybody orders."""
        if not self.safety.emergency_off:
            return
        self.poi.trip()
        for battery in self.batteries.values():
            battery.stop_now()
        for genset in self.gensets.values():
            genset.run_ordered = False
        for plant in self.pv.values():
            plant.trip()

    def _solve(self, dt_s: float) -> None:
        volts = abs(self.bus)
        weather = (self.weather.irradiance_w_per_m2, self.weather.temperature_c)
        shunt = 0j
        for feeder in self.feeders.values():
            shunt += feeder.step(volts, dt_s)
        square = max(volts * volts, 0.04)
        for battery in self.batteries.values():
            shunt -= battery.follow_power(self.bus, dt_s).conjugate() / square
        for plant in self.pv.values():
            shunt -= plant.step(volts, self.bus_frequency_hz, weather, dt_s) / square
        injections = {
            name: Injection(source.emf, source.admittance, source.current_max_pu)
            for name, source in self.batteries.items()
            if source.is_forming
        }
        for name, genset in self.gensets.items():
            if genset.is_forming:
                injections[name] = Injection(genset.emf, genset.admittance, math.inf)
        closed = self.poi.position is BreakerPosition.CLOSED
        if closed and self.grid.is_fed:
            injections["grid"] = Injection(self.grid.source, GRID_Y, math.inf)
        neighbours = NEIGHBOURS_PU if closed and not self.grid.is_fed else 0j
        self.bus, currents = solve(injections, shunt + neighbours, self.bus)
        self._settle(currents, neighbours, dt_s)

    def _settle(self, currents: dict[str, complex], neighbours: complex, dt_s: float) -> None:
        """Give each source its current; count energy; feed the dead feeder if the POI ties us to it."""
        ambient_c = self.weather.temperature_c
        for name, battery in self.batteries.items():
            battery.end_step(self.bus, currents.get(name, 0j), ambient_c, dt_s)
        for name, genset in self.gensets.items():
            genset.end_step(self.bus, currents.get(name, 0j), dt_s)
        square = abs(self.bus) ** 2
        self.poi_current = currents.get("grid", 0j) - neighbours * self.bus
        self.backfeed_j += square * neighbours.real * BASE_VA * dt_s
        delivered = sum((self.bus * i.conjugate()).real for i in currents.values())
        delivered += sum(b.power_va.real for b in self.batteries.values() if not b.is_forming)
        delivered += sum(p.power_pu for p in self.pv.values())
        used = sum(feeder.power_pu for feeder in self.feeders.values()) + square * neighbours.real
        self.source_j += delivered * BASE_VA * dt_s
        self.load_j += used * BASE_VA * dt_s

    def _measure_frequency(self, before: complex, dt_s: float) -> None:
        """From the bus angle over a 40 ms window; begins anew when the bus comes alive."""
        if abs(self.bus) < DEAD_RATIO or abs(before) < DEAD_RATIO:
            self._filter_age_s = 0.0
            self.bus_frequency_hz = NOMINAL_HZ
            return
        self._filter_age_s += dt_s
        instant_hz = NOMINAL_HZ + wrap(cmath.phase(self.bus) - cmath.phase(before)) / (TWO_PI * dt_s)
        instant_hz = max(40.0, min(60.0, instant_hz))
        self.bus_frequency_hz += (instant_hz - self.bus_frequency_hz) * min(1.0, dt_s / FREQUENCY_WINDOW_S)
