"""The whole hub as one object: `step(dt_s)`, `advance_to`, `snapshot` and `restore`, and the truth about it.

Step order: orders have arrived; breakers move; followers and loads become admittances; the star network is solved;
forming sources answer; batteries and radios follow; the bus frequency is measured. Classes are mutable with slots:
a step must cost microseconds. After `restore` take the parts anew from the plant; old references are another plant's.
"""

from __future__ import annotations

import cmath
import math
import pickle
from typing import Any

from controller.model.hub import AssetId, Hub
from controller.model.phases import PhaseValues
from controller.model.words import GridSource
from hil_tests.plant import poi_view
from hil_tests.plant.base import BASE_VA, NOMINAL_HZ, TWO_PI
from hil_tests.plant.breaker import CLOSED, Sides
from hil_tests.plant.grid import IMPEDANCE_PU, NEIGHBOURS_PU
from hil_tests.plant.impact import Impact, impact_of
from hil_tests.plant.meters import Instruments, Reader
from hil_tests.plant.network import Source, solve
from hil_tests.plant.options import PlantOptions
from hil_tests.plant.parts import Parts
from hil_tests.plant.rest import SLOW_S, STEP_S, Resting, Setting
from hil_tests.plant.truth import Truth, truth_of

__all__ = ["STEP_S", "Plant", "PlantOptions", "Truth"]

FREQUENCY_WINDOW_S = 0.04
GRID_Y = 1.0 / IMPEDANCE_PU
DEAD_RATIO = 0.05


class Plant:
    """One hub, its public grid and its weather."""

    def __init__(self, hub: Hub, seed: int = 1, options: PlantOptions | None = None) -> None:
        options = options or PlantOptions()
        self.hub, self.now_s = hub, 0.0
        self.parts = parts = Parts(hub, seed, options)
        self.rest, self.grid, self.poi, self.earthing = parts.rest, parts.grid, parts.poi, parts.earthing
        self.batteries, self.pv, self.gensets = parts.batteries, parts.pv, parts.gensets
        self.loads, self.feeders, self.radios = parts.loads, parts.feeders, parts.radios
        self.weather, self.safety, self.dso = parts.weather, parts.safety, parts.dso
        self.transfers = parts.transfers  # of the inverters that transfer by themselves
        self.impacts: tuple[Impact, ...] = ()  # of the live closings, the last 64
        self.instruments = Instruments(options.instruments, seed)
        self.phase_book = parts.book
        self._readers: dict[str, Reader] = {}  # of the instruments; they belong to the device servers, not to the state
        self._grid_source = GridSource.PUBLIC
        self.bus = cmath.rect(1.0, 0.0)
        self.bus_frequency_hz = NOMINAL_HZ
        self.poi_current = 0j  # pu, positive into the hub
        self.backfeed_j, self.out_of_phase_closures_count = 0.0, 0
        self.source_j = self.load_j = 0.0  # up to the last whole step: no older than SLOW_S
        self.is_emergency, self._yield_ratio = False, 0.0
        self._slow_age_s = 0.0
        self._resting = Resting()

    grid_source = Setting[GridSource]("grid_source")

    # -- time -----------------------------------------------------------------------------------------------------
    def advance_to(self, instant_s: float) -> None:
        """Step until the plant's clock has reached this instant."""
        while self.now_s + STEP_S <= instant_s + 1e-9:
            self.step(STEP_S)

    def step(self, dt_s: float) -> None:
        """One step of physics. At rest, only time and angles move."""
        self.now_s += dt_s
        if self.rest.holds and dt_s == STEP_S:
            resting = self._resting
            resting.steps_count += 1
            if resting.steps_count >= resting.steps_max_count:
                self.rest.holds = False
            if resting.is_turning:
                self._turn(resting.spin)
        else:
            self._step_whole(dt_s)
        if self._readers:
            self.instruments.step(self._readers, self.now_s, self.rest)

    def bind_instrument(self, name: str, reader: Reader) -> Reader:
        """An imperfect instrument reads this from now on, at every step. Returns what reads the instrument."""
        self._readers[name] = reader
        return lambda: self.instruments.shown(name)

    def hold_instruments(self, held_s: float) -> None:
        """Nothing has moved for so long."""
        if self._readers:
            self.instruments.hold(self._readers, self.now_s - held_s, self.now_s, self.rest)

    def trip_all_pv(self) -> None:
        """Every PV inverter goes at once: a firmware's limit, a dip that all of them saw."""
        for pv in self.pv.values():
            pv.trip()

    def snapshot(self) -> bytes:
        """The whole state, random streams included."""
        state = {key: value for key, value in self.__dict__.items() if key not in {"hub", "_readers"}}
        return pickle.dumps(state)

    def restore(self, snapshot: bytes) -> None:
        """Back to a snapshot of this plant."""
        state: dict[str, Any] = pickle.loads(snapshot)
        self.__dict__.update(state)

    # -- what the POI's instrument sees ------------------------------------------------------------------------------
    @property
    def grid_side(self) -> complex:
        """Voltage at the grid side of the POI, pu."""
        if self.poi.position is CLOSED:
            return self.bus
        return self.grid.source

    @property
    def grid_voltage_v(self) -> PhaseValues:
        """Grid side, phase to neutral."""
        return poi_view.grid_voltage_v(self)

    @property
    def bus_voltage_v(self) -> PhaseValues:
        """Bus side, phase to neutral."""
        return poi_view.bus_voltage_v(self)

    @property
    def rotation_equal(self) -> bool:
        """Both sides turn the same way; what is dead does not differ."""
        return not self.grid.rotation_is_swapped or self.poi.position is CLOSED or not self.grid.is_fed

    @property
    def grid_frequency_hz(self) -> float | None:
        """None on a dead grid."""
        if abs(self.grid_side) < DEAD_RATIO:
            return None
        if self.poi.position is CLOSED and not self.grid.is_fed:
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
        return math.degrees(cmath.phase(self.bus * self.grid_side.conjugate()))

    @property
    def poi_power_w(self) -> PhaseValues:
        """Positive into the hub."""
        return poi_view.poi_power_w(self)

    @property
    def poi_current_a(self) -> PhaseValues:
        """Magnitude per conductor."""
        return poi_view.poi_current_a(self)

    def truth(self) -> Truth:
        """What is really so."""
        return truth_of(self)

    @property
    def forming(self) -> tuple[AssetId, ...]:
        """Who holds the bus now."""
        batteries = [name for name, battery in self.batteries.items() if battery.is_forming]
        return (*batteries, *(name for name, genset in self.gensets.items() if genset.is_forming))

    # -- inside -----------------------------------------------------------------------------------------------------
    def _step_whole(self, dt_s: float) -> None:
        self.rest.changes_count += 1
        was_resting = self._resting.steps_count > 0
        if was_resting:
            self._make_up(self._resting.steps_count * STEP_S)
        is_touched, self.rest.is_touched = self.rest.is_touched, False
        if is_touched:
            self.is_emergency, self._yield_ratio = self.safety.emergency_off, self.weather.yield_ratio
        self.grid.step(dt_s)
        if self.is_emergency:
            self.parts.stop_in_emergency()
        self.earthing.step(dt_s)
        self.step_poi(dt_s)
        before = self.bus
        if self.transfers:
            for transfer in self.transfers.values():
                transfer.step(abs(before), self.bus_frequency_hz, dt_s)
        self.parts.begin_step(before, dt_s)
        self._solve(dt_s)
        self._measure_frequency(before, dt_s)
        self._slow_age_s += dt_s
        is_due = self._slow_age_s >= SLOW_S - 1e-9
        if is_due:
            self.parts.step_slowly(abs(self.bus), self._slow_age_s)
            self._slow_age_s = 0.0
        if is_due or was_resting or self._resting.is_near:
            self._look_for_rest(before, is_due=is_due)

    def step_poi(self, dt_s: float) -> None:
        """Breaker and relay look at both sides, and move."""
        sides = self._sides(dt_s)
        if self.poi.step(sides, self.now_s, dt_s) and self.poi.position is CLOSED:
            formers = [(former.admittance, former.rated_pu) for former in self.parts.formers()]
            impact = impact_of(self.poi.closings[-1], sides.bus_ratio, sides.best_grid_ratio, formers)
            self.impacts = (*self.impacts, impact)[-64:]
            self.poi.wear_ratio += impact.wear_ratio
            self.out_of_phase_closures_count += impact.is_out_of_phase

    def _sides(self, dt_s: float) -> Sides:
        grid, volts = self.grid, abs(self.bus)
        ratio = volts if (closed := self.poi.position is CLOSED) else grid.ratio
        worst = 0.0 if grid.missing else ratio
        if ratio < DEAD_RATIO:
            return Sides(worst, volts, 0.0, 0.0)
        slip_hz = self.bus_frequency_hz - grid.frequency_hz
        if closed:
            if grid.is_fed:
                return Sides(worst, volts, 0.0, slip_hz, grid.frequency_hz)
            return Sides(worst, volts, 0.0, 0.0, self.bus_frequency_hz, is_ours=True)
        bus = self.bus * cmath.rect(1.0, TWO_PI * (self.bus_frequency_hz - NOMINAL_HZ) * dt_s)  # the grid has turned on
        angle_deg = 0.0 if volts < DEAD_RATIO else math.degrees(cmath.phase(bus * grid.source.conjugate()))
        return Sides(worst, volts, angle_deg, slip_hz, grid.frequency_hz, self.rotation_equal, best_grid_ratio=ratio)

    def _solve(self, dt_s: float) -> None:
        """Loads and followers are admittances at the last voltage; who forms, and the grid, are sources."""
        volts = abs(self.bus)
        load_y = self.loads.step(volts, self.bus_frequency_hz, dt_s)
        followed = self.parts.follow(volts, self.bus_frequency_hz, self._yield_ratio, dt_s)
        followed_y = followed.conjugate() / max(volts * volts, 0.04)
        formers = self.parts.formers()
        sources: list[Source] = [(former.emf, former.admittance, former.current_max_pu) for former in formers]
        closed, fed = self.poi.position is CLOSED, self.grid.is_fed
        self.parts.book.grid_is_stiff = closed and fed
        if closed and fed:
            sources.append((self.grid.source, GRID_Y, math.inf))
        neighbours = NEIGHBOURS_PU if closed and not fed else 0j
        bus, currents = solve(sources, load_y + neighbours - followed_y, self.bus)
        self.bus = bus
        for former, current in zip(formers, currents, strict=False):
            former.carry(bus, current, dt_s)
        for battery in self.batteries.values():
            battery.end_step(bus, dt_s)
        self.poi_current = (currents[-1] if closed and fed else 0j) - neighbours * bus
        square = bus.real * bus.real + bus.imag * bus.imag
        delivered_pu = followed_y.real * square + (bus * sum(currents).conjugate()).real
        self._count_energy(delivered_pu, load_y.real * square, neighbours.real * square, dt_s)

    def _count_energy(self, delivered_pu: float, drawn_pu: float, fed_pu: float, dt_s: float) -> None:
        """What sources give and loads take; a dead feeder is a load if the POI ties us to it."""
        self.backfeed_j += fed_pu * BASE_VA * dt_s
        self._resting.source_w = delivered_pu * BASE_VA
        self._resting.load_w = (drawn_pu + fed_pu) * BASE_VA
        self.source_j += self._resting.source_w * dt_s
        self.load_j += self._resting.load_w * dt_s

    def _measure_frequency(self, before: complex, dt_s: float) -> None:
        """Over a 40 ms window, anew when the bus comes alive: f = 50 + d(arg V) / 2 pi dt. Source: a definition."""
        if abs(self.bus) < DEAD_RATIO or abs(before) < DEAD_RATIO:
            self.bus_frequency_hz = NOMINAL_HZ
            return
        instant_hz = NOMINAL_HZ + cmath.phase(self.bus * before.conjugate()) / (TWO_PI * dt_s)
        instant_hz = max(40.0, min(60.0, instant_hz))
        self.bus_frequency_hz += (instant_hz - self.bus_frequency_hz) * min(1.0, dt_s / FREQUENCY_WINDOW_S)

    # -- rest -------------------------------------------------------------------------------------------------------
    def _look_for_rest(self, before: complex, *, is_due: bool) -> None:
        """Two steps in a row that left everything where it was, and no timer that ends soon: nothing will move."""
        resting, state = self._resting, [abs(self.bus), self.bus_frequency_hz / NOMINAL_HZ, *self.parts.fast_state()]
        is_same = resting.keeps(state)
        resting.is_near = is_due and not is_same
        self.rest.holds = is_same and not self.rest.is_touched and self._may_rest()
        resting.begin(before, self.bus, turns=self.grid.turn_rad_per_s != 0.0, left_s=SLOW_S - self._slow_age_s)

    def _may_rest(self) -> bool:
        """Not while a dead street is being fed."""
        feeds = self.poi.position is CLOSED and not self.grid.is_fed and self.bus != 0
        return not feeds and self.parts.is_still()

    def _turn(self, spin: complex) -> None:
        """At rest in a frame that turns. Where both sides of an open POI live, its ANSI 25 watches them pass."""
        self.grid.turn(STEP_S)
        if self.poi.position is not CLOSED and self.grid.is_fed and self.bus != 0:
            self.rest.turns_count += 1
            self.step_poi(STEP_S)
        self.bus *= spin
        self.poi_current *= spin

    def _make_up(self, rested_s: float) -> None:
        """What went on while at rest, in closed form."""
        resting, volts = self._resting, abs(self.bus)
        resting.steps_count = 0
        self._slow_age_s += rested_s
        self.source_j += resting.source_w * rested_s
        self.load_j += resting.load_w * rested_s
        self.parts.make_up(volts, rested_s)
