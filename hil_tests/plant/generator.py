"""A diesel generator set: sequence, voltage regulator, fuel. A voltage source behind its transient reactance."""

from __future__ import annotations

import cmath
import random

from controller.model.hub import Genset
from controller.model.phases import PhaseValues
from controller.model.words import GensetState
from hil_tests.plant.base import BASE_VA, NOMINAL_HZ, TWO_PI
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
        "_rated", "_rng", "_timer_s", "admittance", "angle_rad", "current", "emf_pu", "fails_to_crank", "fuel_l",
        "genset", "power_set_w", "power_va", "run_ordered", "state", "swing",
    )  # fmt: skip

    def __init__(self, genset: Genset, rng: random.Random) -> None:
        self.genset, self._rng = genset, rng
        self._rated = genset.rating_va / BASE_VA
        self.admittance = self._rated / complex(0.01, REACTANCE_PU)
        self.state = GensetState.STOPPED
        self.run_ordered = False
        self.fails_to_crank = False
        self.fuel_l = 0.75 * genset.fuel_capacity_l
        self._timer_s = 0.0
        self.swing = Swing()
        self.angle_rad, self.emf_pu = 0.0, 1.0
        self.current = 0j
        self.power_va = 0j
        self.power_set_w = 0.0

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
    def is_forming(self) -> bool:
        """Holds the bus with others or alone."""
        return self.state is GensetState.LOADED

    @property
    def emf(self) -> complex:
        """Voltage behind the transient reactance."""
        return cmath.rect(self.emf_pu, self.angle_rad)

    def begin_step(self, bus: complex, dt_s: float) -> None:
        """The sequence: crank, warm, synchronise, carry load, cool down."""
        self._timer_s += dt_s
        match self.state:
            case GensetState.STOPPED if self.run_ordered and self.fuel_l > 0:
                self._enter(GensetState.STARTING)
            case GensetState.STARTING if self._timer_s >= CRANK_S + WARM_S:
                failed = self.fails_to_crank or self._rng.random() > CRANK_SUCCESS
                self._enter(GensetState.STOPPED if failed else GensetState.READY)
                self.run_ordered = not failed and self.run_ordered
            case GensetState.READY if self._timer_s >= SYNC_S:
                self._close_onto(bus)
            case GensetState.LOADED if not self.run_ordered or self.fuel_l <= 0:
                self.current, self.power_va = 0j, 0j
                self._enter(GensetState.COOLING)
            case GensetState.COOLING if self._timer_s >= COOL_S:
                self._enter(GensetState.STOPPED)
            case _:
                pass
        if self.state in {GensetState.STARTING, GensetState.READY} and not self.run_ordered:
            self._enter(GensetState.STOPPED)

    def end_step(self, voltage: complex, current: complex, dt_s: float) -> None:
        """Governor, swing, regulator and fuel (L/h = 0.246 P_kW + 0.0845 P_rated_kW, from memory)."""
        if self.state is not GensetState.LOADED:
            return
        self.current, self.power_va = current, voltage * current.conjugate()
        reference = self.power_set_w / BASE_VA / self._rated
        speed = self.swing.step(self.power_va.real / self._rated, reference, dt_s)
        self.angle_rad += TWO_PI * NOMINAL_HZ * speed * dt_s
        error = 1.0 + 0.04 - 0.04 * self.power_va.imag / self._rated - abs(voltage)
        self.emf_pu = max(0.5, min(1.6, self.emf_pu + error * dt_s / REGULATOR_S))
        kw = self.power_va.real * BASE_VA / 1000.0
        self.fuel_l = max(0.0, self.fuel_l - (0.246 * kw + 0.0845 * self.genset.rating_va / 1000.0) * dt_s / 3600.0)

    def _close_onto(self, bus: complex) -> None:
        if abs(bus) > 0.5:
            self.angle_rad, self.emf_pu = cmath.phase(bus), abs(bus)
        self.swing.rest()
        self._enter(GensetState.LOADED)

    def _enter(self, state: GensetState) -> None:
        self.state, self._timer_s = state, 0.0
