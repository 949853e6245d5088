"""A motor behind a feeder. A locked rotor is an impedance; one that runs draws its power while the voltage holds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from hil_tests.plant.base import BASE_VA
from hil_tests.plant.rest import CLOCK_S

RUNNING_TAN_PHI = 0.62  # power factor 0.85
STALL_RATIO = 0.65
STALL_S = 0.2  # a dip shorter than this is bridged by its own inertia


@dataclass(frozen=True, slots=True)
class Motor:
    """A direct-on-line motor."""

    rated_w: float
    inrush_ratio: float = 6.0  # NREL MGCP information packet, section 17.2
    inrush_s: float = 1.0  # 0.3 to 3 s
    inrush_power_factor: float = 0.3
    trips_after_s: float | None = 10.0  # a rotor that stands still at full current: class 10; None: never


class MotorState(Enum):
    """What the rotor does."""

    OFF = "off"
    STARTING = "starting"
    RUNNING = "running"
    TRIPPED = "tripped"  # by its own thermal relay; comes back when its feeder was off


class MotorLoad:
    """One motor. It starts whenever its feeder comes alive; too low a voltage holds it in its inrush."""

    __slots__ = ("_draws_s", "_low_s", "_run_up_s", "is_moving", "motor", "power_pu", "reactive_pu", "state")

    def __init__(self, motor: Motor, *, runs: bool) -> None:
        self.motor = motor
        self.state = MotorState.RUNNING if runs else MotorState.OFF
        self._run_up_s = self._draws_s = self._low_s = 0.0
        self.power_pu = self.reactive_pu = 0.0
        self.is_moving = False

    def step(self, volts: float, dt_s: float, *, is_energised: bool) -> complex:
        """Admittance for the next solve: Y = 6 S (0.3 - j0.95) while it starts, Y = (P - jQ) / V^2 while it runs.

        Source: NREL's packet, 17.2 (six times); a rotor that stands is an impedance (Kundur 1994, 7.2).
        """
        self._turn(volts, dt_s, is_energised=is_energised)
        motor = self.motor
        square = max(volts * volts, STALL_RATIO * STALL_RATIO)
        rated = motor.rated_w / BASE_VA
        if self.state is MotorState.STARTING:
            apparent = motor.inrush_ratio * rated
            conductance = apparent * motor.inrush_power_factor
            susceptance = apparent * (1.0 - motor.inrush_power_factor**2) ** 0.5
        elif self.state is MotorState.RUNNING:
            conductance, susceptance = rated / square, rated * RUNNING_TAN_PHI / square
        else:
            conductance = susceptance = 0.0
        self.power_pu, self.reactive_pu = conductance * volts * volts, susceptance * volts * volts
        return complex(conductance, -susceptance)

    def _turn(self, volts: float, dt_s: float, *, is_energised: bool) -> None:
        self.is_moving = False
        if not is_energised:
            self.state = MotorState.OFF
        elif self.state is MotorState.OFF:
            self.state, self.is_moving = MotorState.STARTING, True
            self._run_up_s = self._draws_s = 0.0
        elif self.state is MotorState.STARTING:
            self._run_up(volts, dt_s)
        elif self.state is MotorState.RUNNING:
            self._low_s = self._low_s + dt_s if volts < STALL_RATIO else 0.0
            self.is_moving = self._low_s > 0.0
            if self._low_s >= STALL_S - CLOCK_S:
                self.state = MotorState.STARTING
                self._run_up_s = self._draws_s = self._low_s = 0.0

    def _run_up(self, volts: float, dt_s: float) -> None:
        """Below the stall voltage it stands still and heats up."""
        self.is_moving = True
        self._draws_s += dt_s
        if volts >= STALL_RATIO:
            self._run_up_s += dt_s
        limit_s = self.motor.trips_after_s
        if self._run_up_s >= self.motor.inrush_s - CLOCK_S:
            self.state = MotorState.RUNNING
        elif limit_s is not None and self._draws_s >= limit_s - CLOCK_S:
            self.state = MotorState.TRIPPED
