"""A diesel generator set: sequence, voltage regulator, fuel. A voltage source behind its transient reactance."""

from __future__ import annotations

import cmath
import math
import random

from controller.model.hub import Genset
from controller.model.phases import PhaseValues
from controller.model.words import GensetState
from hil_tests.plant.base import BASE_VA, NOMINAL_HZ, TWO_PI
from hil_tests.plant.rest import CLOCK_S, SLOW_S, Rest, Setting
from hil_tests.plant.swing import Swing

REACTANCE_PU = 0.25
REGULATOR_S = 0.3
CRANK_S = 5.0
WARM_S = 10.0
SYNC_S = 2.0
COOL_S = 120.0
CRANK_SUCCESS = 0.9


class GeneratorSet:
    """One genset. Its synchroniser closes it in phase onto a live bus, or at once onto a dead one."""

    __slots__ = (
        "_delivered_j", "_fuel_l", "_loaded_s", "_power_set_w", "_rated", "_rng", "_run_ordered", "_timer_s",
        "admittance", "angle_rad", "current", "current_max_pu", "emf_pu", "fails_to_crank", "genset", "is_forming",
        "power_va", "rest", "state", "swing",
    )  # fmt: skip

    run_ordered = Setting[bool]("run_ordered")
    power_set_w = Setting[float]("power_set_w")
    fuel_l = Setting[float]("fuel_l")

    def __init__(self, genset: Genset, rng: random.Random, rest: Rest) -> None:
        self.genset, self._rng, self.rest = genset, rng, rest
        self._rated = genset.rating_va / BASE_VA
        self.current_max_pu = math.inf  # a synchronous machine gives what its reactance lets through
        self.admittance = self._rated / complex(0.01, REACTANCE_PU)
        self.state, self.is_forming = GensetState.STOPPED, False
        self._run_ordered = False
        self.fails_to_crank = False
        self._fuel_l = 0.75 * genset.fuel_capacity_l
        self._timer_s = 0.0
        self.swing = Swing()
        self.angle_rad, self.emf_pu = 0.0, 1.0
        self.current = 0j
        self.power_va = 0j
        self._power_set_w = 0.0
        self._delivered_j = self._loaded_s = 0.0  # since fuel was last counted

    def set_run(self, run: bool) -> None:
        """Run or stop."""
        self.run_ordered = run

    def set_power_w(self, power_w: float) -> None:
        """Load reference of the governor."""
        self.power_set_w = power_w

    @property
    def power_w(self) -> PhaseValues:
        """Delivered into the bus."""
        return PhaseValues.shared(self.power_va.real * BASE_VA, self.genset.phases)

    @property
    def fast_state(self) -> tuple[float, ...]:
        """All that moves fast, in a frame that turns with the bus."""
        swing, power = self.swing, self.power_va
        return power.real, power.imag, swing.speed, swing.governor, swing.mechanical, self.emf_pu

    @property
    def is_still(self) -> bool:
        """Stopped, or carrying load, or cooling down for some time yet."""
        match self.state:
            case GensetState.STOPPED:
                return not self._run_ordered
            case GensetState.LOADED:
                return self._run_ordered and self._fuel_l > 0.0
            case GensetState.COOLING:
                return self._timer_s < COOL_S - 2 * SLOW_S
            case _:
                return False

    @property
    def emf(self) -> complex:
        """Voltage behind the transient reactance."""
        return cmath.rect(self.emf_pu, self.angle_rad)

    def begin_step(self, bus: complex, dt_s: float) -> None:
        """The sequence: crank, warm, synchronise, carry load, cool down."""
        self._timer_s += dt_s
        if self.state is GensetState.STOPPED and not self._run_ordered:
            return
        match self.state:
            case GensetState.STOPPED if self._run_ordered and self._fuel_l > 0:
                self._enter(GensetState.STARTING)
            case GensetState.STARTING if self._timer_s >= CRANK_S + WARM_S:
                failed = self.fails_to_crank or self._rng.random() > CRANK_SUCCESS
                self._enter(GensetState.STOPPED if failed else GensetState.READY)
                self._run_ordered = not failed and self._run_ordered
            case GensetState.READY if self._timer_s >= SYNC_S:
                self._close_onto(bus)
            case GensetState.LOADED if not self._run_ordered or self._fuel_l <= 0:
                self.current, self.power_va = 0j, 0j
                self._enter(GensetState.COOLING)
            case GensetState.COOLING if self._timer_s >= COOL_S - CLOCK_S:
                self._enter(GensetState.STOPPED)
            case _:
                pass
        if self.state in {GensetState.STARTING, GensetState.READY} and not self._run_ordered:
            self._enter(GensetState.STOPPED)

    def carry(self, voltage: complex, current: complex, dt_s: float) -> None:
        """Loaded, after the solve: governor, swing and regulator."""
        self.current, self.power_va = current, voltage * current.conjugate()
        power = self.power_va.real
        speed = self.swing.step(power / self._rated, self._power_set_w / BASE_VA / self._rated, dt_s)
        self.angle_rad += TWO_PI * NOMINAL_HZ * speed * dt_s
        error = 1.0 + 0.04 - 0.04 * self.power_va.imag / self._rated - abs(voltage)
        self.emf_pu = max(0.5, min(1.6, self.emf_pu + error * dt_s / REGULATOR_S))
        self._delivered_j += power * BASE_VA * dt_s
        self._loaded_s += dt_s

    def end_slow_step(self) -> None:
        """Fuel for what was delivered since the last time: L/h = 0.246 P_kW + 0.0845 P_rated_kW, from memory."""
        used_wh = (0.246 * self._delivered_j + 0.0845 * self.genset.rating_va * self._loaded_s) / 3600.0
        self._fuel_l = max(0.0, self._fuel_l - used_wh / 1000.0)
        self._delivered_j = self._loaded_s = 0.0
        self.angle_rad = math.remainder(self.angle_rad, TWO_PI)

    def make_up(self, rested_s: float) -> None:
        """Time that passed at rest: timers run, a loaded engine turns and burns on."""
        self._timer_s += rested_s
        if self.is_forming:
            self.angle_rad += TWO_PI * NOMINAL_HZ * self.swing.speed * rested_s
            self._delivered_j += self.power_va.real * BASE_VA * rested_s
            self._loaded_s += rested_s

    def _close_onto(self, bus: complex) -> None:
        if abs(bus) > 0.5:
            self.angle_rad, self.emf_pu = cmath.phase(bus), abs(bus)
        self.swing.rest()
        self._enter(GensetState.LOADED)

    def _enter(self, state: GensetState) -> None:
        self.state, self._timer_s = state, 0.0
        self.is_forming = state is GensetState.LOADED
