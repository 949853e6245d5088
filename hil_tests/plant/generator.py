"""A diesel generator set: sequence, voltage regulator, fuel. A voltage source behind its transient reactance."""

from __future__ import annotations

import cmath
import math
import random

from controller.model.hub import Genset
from controller.model.phases import PhaseValues
from controller.model.words import GensetState
from hil_tests.plant.base import BASE_VA, NOMINAL_HZ, TWO_PI, toward
from hil_tests.plant.engine import Crank, GensetBehaviour, GensetFault, RunBook, Starter, StartStage
from hil_tests.plant.phase_book import PhaseBook
from hil_tests.plant.rest import CLOCK_S, SLOW_S, Rest, Setting
from hil_tests.plant.swing import Swing

REACTANCE_PU = 0.25
REGULATOR_S = 0.3
ISOCHRONOUS_GAIN = 10.0  # with a droop of 4 % the frequency is back after 1 / (R k_i) = 2.5 s
STOPPED, STARTING, LOADED, FAULT = GensetState.STOPPED, GensetState.STARTING, GensetState.LOADED, GensetState.FAULT
ACKNOWLEDGED_BY_ORDER = {GensetFault.FAILED_START, GensetFault.OUT_OF_FUEL}  # withdraw the order, and it may try again


class GeneratorSet:
    """One genset. Its synchroniser closes it in phase onto a live bus, or at once onto a dead one.

    The low-load limit below which it soots is its behaviour's; the hub's `min_load_w` is what the controller keeps to.
    """

    __slots__ = (
        "_fails_to_crank", "_fuel_l", "_hand_run", "_now_s", "_power_set_w", "_reference", "_reverse_s", "_run_ordered",
        "_starter", "_timer_s", "admittance", "angle_rad", "behaviour", "book", "current", "current_max_pu", "emf_pu",
        "fault", "genset", "is_forming", "power_va", "rated_pu", "rest", "run_book", "state", "swing",
    )  # fmt: skip

    run_ordered = Setting[bool]("run_ordered")
    hand_run = Setting[bool | None]("hand_run")  # the switch on its panel; None: it listens to orders
    fails_to_crank = Setting[bool]("fails_to_crank")
    power_set_w = Setting[float]("power_set_w")
    fuel_l = Setting[float]("fuel_l")

    def __init__(
        self, genset: Genset, rng: random.Random, rest: Rest, book: PhaseBook, behaviour: GensetBehaviour
    ) -> None:
        self.genset, self.rest, self.book, self.behaviour = genset, rest, book, behaviour
        self.rated_pu = genset.rating_va / BASE_VA
        self.current_max_pu = math.inf  # a synchronous machine gives what its reactance lets through
        self.admittance = self.rated_pu / complex(0.01, REACTANCE_PU)
        self.state, self.is_forming = STOPPED, False
        self.fault: GensetFault | None = None
        self._run_ordered = False
        self._hand_run: bool | None = None
        self._fails_to_crank = False
        self._fuel_l = 0.75 * genset.fuel_capacity_l
        self._timer_s = self._now_s = self._reverse_s = 0.0
        self._starter = Starter(behaviour, rng)
        self.run_book = RunBook(genset.rating_va, behaviour.low_load_ratio)
        self.swing = Swing(
            power_min=behaviour.power_min_ratio,
            power_max=behaviour.power_max_ratio,
            isochronous_gain=ISOCHRONOUS_GAIN if behaviour.is_isochronous else 0.0,
        )
        self.angle_rad, self.emf_pu = 0.0, 1.0
        self.current = self.power_va = 0j
        self._power_set_w = self._reference = 0.0  # in the unit of its rating, as the governor has it now

    def set_run(self, run: bool) -> None:
        """Run or stop."""
        self.run_ordered = run

    def set_power_w(self, power_w: float) -> None:
        """Load reference of the governor."""
        self.power_set_w = power_w

    def stop_in_emergency(self) -> None:
        """Orders and the hand at the panel alike are overruled."""
        self.run_ordered, self.hand_run = False, None

    def trip(self, fault: GensetFault) -> None:
        """Its breaker opens and the engine stops, with a fault."""
        self.fault = fault
        self.current, self.power_va = 0j, 0j
        self._enter(GensetState.FAULT)
        self.rest.disturb()

    def reset(self) -> None:
        """A person acknowledges the fault at the panel."""
        if self.state is GensetState.FAULT:
            self.fault = None
            self._enter(STOPPED)
            self.rest.disturb()

    @property
    def wants_run(self) -> bool:
        """The hand at the panel, else the order."""
        return self._run_ordered if self._hand_run is None else self._hand_run

    @property
    def start_stage(self) -> StartStage | None:
        """Within STARTING."""
        return self._starter.stage if self.state is STARTING else None

    @property
    def cranks(self) -> tuple[Crank, ...]:
        """Every try of the starter motor, up to the last 64."""
        return self._starter.cranks

    @property
    def power_w(self) -> PhaseValues:
        """Delivered into the bus, with its share of an island's unbalance."""
        return self.book.of_former(self.power_va.real, self.rated_pu, self.genset.phases)

    @property
    def fast_state(self) -> tuple[float, ...]:
        """All that moves fast, in a frame that turns with the bus."""
        swing, power = self.swing, self.power_va
        return power.real, power.imag, swing.speed, swing.governor, swing.mechanical + swing.integral, self.emf_pu

    @property
    def is_still(self) -> bool:
        """Stopped, or carrying load, or cooling down for some time yet."""
        match self.state:
            case GensetState.STOPPED:
                return not self.wants_run or self._fuel_l <= 0.0
            case GensetState.LOADED:
                has_caught_up = self.behaviour.loads_up_s <= 0.0 or self._reference == self.reference_pu / self.rated_pu
                return has_caught_up and self.wants_run and self._fuel_l > 0.0 and self._reverse_s == 0.0
            case GensetState.COOLING:
                return self._timer_s < self.behaviour.cool_s - 2 * SLOW_S
            case GensetState.FAULT:
                return self.wants_run or self.fault not in ACKNOWLEDGED_BY_ORDER
            case _:
                return False

    @property
    def emf(self) -> complex:
        """Voltage behind the transient reactance."""
        return cmath.rect(self.emf_pu, self.angle_rad)

    def begin_step(self, bus: complex, ambient_c: float, dt_s: float) -> None:
        """The sequence: crank, warm, synchronise, carry load, cool down."""
        self._now_s += dt_s
        wants_run = self._run_ordered if self._hand_run is None else self._hand_run
        if self.state is STOPPED and not wants_run:
            return
        self._count(dt_s)
        match self.state:
            case GensetState.STOPPED if self._fuel_l > 0:
                self._starter.begin()
                self._enter(STARTING)
            case GensetState.STARTING:
                self._start(ambient_c, dt_s)
            case GensetState.READY if self._timer_s >= self.behaviour.sync_s - CLOCK_S:
                self._close_onto(bus)
            case GensetState.LOADED if self._fuel_l <= 0:
                self.trip(GensetFault.OUT_OF_FUEL)
            case GensetState.COOLING if self._timer_s >= self.behaviour.cool_s - CLOCK_S:
                self._enter(STOPPED)
            case _:
                pass
        if not wants_run:
            self._wind_down()

    def carry(self, voltage: complex, current: complex, dt_s: float) -> None:
        """Loaded, after the solve: governor, swing and regulator, E' = (1.04 - 0.04 q - V) / 0.3 s behind X'd.

        Source: classical machine (Kundur 1994, 3 and 5); the regulator is one lag where IEEE 421.5 has several.
        """
        self.current, self.power_va = current, voltage * current.conjugate()
        power = self.power_va.real
        speed = self.swing.step(power / self.rated_pu, self._load_up(dt_s), dt_s)
        self.angle_rad += TWO_PI * NOMINAL_HZ * speed * dt_s
        error = 1.0 + 0.04 - 0.04 * self.power_va.imag / self.rated_pu - abs(voltage)
        self.emf_pu = max(0.5, min(1.6, self.emf_pu + error * dt_s / REGULATOR_S))
        self.run_book.carry(power, dt_s)
        self._protect(power / self.rated_pu, speed, dt_s)

    @property
    def reference_pu(self) -> float:
        """What the governor is to give, on 100 kVA: what it is told, or what its heat is worth."""
        heat_share = self.behaviour.heat_share
        return self._power_set_w / BASE_VA if heat_share is None else heat_share * self.rated_pu

    def _load_up(self, dt_s: float) -> float:
        """The reference moves at most by dt / T, T from no load to the rating. Source: a definition."""
        wanted, loads_up_s = self.reference_pu / self.rated_pu, self.behaviour.loads_up_s
        self._reference = toward(self._reference, wanted, dt_s / loads_up_s) if loads_up_s > 0.0 else wanted
        return self._reference

    def end_slow_step(self) -> None:
        """Fuel for what was delivered since the last time."""
        self._fuel_l = max(0.0, self._fuel_l - self.run_book.end_slow_step())
        self.angle_rad = math.remainder(self.angle_rad, TWO_PI)

    def make_up(self, rested_s: float) -> None:
        """Time that passed at rest: timers run, a loaded engine turns and burns on."""
        self._now_s += rested_s
        self._count(rested_s)
        if self.is_forming:
            self.angle_rad += TWO_PI * NOMINAL_HZ * self.swing.speed * rested_s
            self.run_book.carry(self.power_va.real, rested_s)

    def _wind_down(self) -> None:
        """The order is gone: what has begun ends, and some faults are acknowledged by it."""
        if self.state in {STARTING, GensetState.READY}:
            self._starter.abort(self._now_s)
            self._enter(STOPPED)
        elif self.state is LOADED:
            self.current, self.power_va = 0j, 0j
            self._enter(GensetState.COOLING)
        elif self.state is GensetState.FAULT and self.fault in ACKNOWLEDGED_BY_ORDER:
            self.reset()

    def _count(self, dt_s: float) -> None:
        """Timers run, and hours are counted while the engine turns."""
        self._timer_s += dt_s
        stands = self.state is STOPPED or self.state is FAULT
        if not stands and (self.state is not STARTING or self._starter.stage is StartStage.WARMING):
            self.run_book.run_s += dt_s

    def _start(self, ambient_c: float, dt_s: float) -> None:
        has_started = self._starter.step(self._now_s, ambient_c, can_fire=not self._fails_to_crank, dt_s=dt_s)
        if has_started:
            self.run_book.starts_count += 1
            self._enter(GensetState.READY)
        elif has_started is False:
            self.trip(GensetFault.FAILED_START)

    def _protect(self, load_ratio: float, speed: float, dt_s: float) -> None:
        """ANSI 32, and an engine that is slower than it can run."""
        behaviour = self.behaviour
        self._reverse_s = self._reverse_s + dt_s if load_ratio < -behaviour.reverse_trip_ratio else 0.0
        if self._reverse_s >= behaviour.reverse_trip_s - CLOCK_S:
            self.trip(GensetFault.REVERSE_POWER)
        elif 1.0 + speed < behaviour.stall_ratio:
            self.trip(GensetFault.STALLED)

    def _close_onto(self, bus: complex) -> None:
        if abs(bus) > 0.5:
            self.angle_rad, self.emf_pu = cmath.phase(bus), abs(bus)
        self.swing.rest()
        self._enter(LOADED)

    def _enter(self, state: GensetState) -> None:
        self.state, self._timer_s, self._reverse_s, self._reference = state, 0.0, 0.0, 0.0
        self.is_forming = state is LOADED
