"""One feeder: what hangs on it, its contactor, and all that can be wrong with either."""

from __future__ import annotations

import math
from typing import Protocol

from controller.model.hub import Feeder
from controller.model.phases import PhaseValues
from controller.model.words import BreakerPosition
from hil_tests.plant.base import BASE_VA
from hil_tests.plant.cold_chain import Fridges
from hil_tests.plant.motor import Motor, MotorLoad, MotorState
from hil_tests.plant.phase_book import share_of
from hil_tests.plant.rest import CLOCK_S, Setting

COLD_FULL_S = 1800.0
COLD_DECAY_S = 600.0
COLD_QUANTUM_RATIO = 1e-3  # what a feeder draws moves in such steps as it warms: finer is below its own noise
CONTACTOR_S = 0.03
OPEN, CLOSED = BreakerPosition.OPEN, BreakerPosition.CLOSED
FAULT_Z_PU = complex(0.04, 0.02)  # of 100 kVA: 40 m of thin cable and a bolted short circuit
MOTOR_ALIVE_RATIO = 0.1
TAN_PHI = 0.2  # power factor 0.98


class Bus(Protocol):
    """What a feeder knows of the bus that it hangs on."""

    drawn_ratio: float
    volts: float
    demand_ratio: float
    profile_ratio: float

    def disturb(self) -> None:
        """Look at all feeders in the next step."""


class LoadFeeder:
    """One feeder: `cold` grows with the time it was off and decays once it is on again."""

    __slots__ = (
        "_by_hand", "_demand_ratio", "_drawn_cold", "_fault_s", "_fault_y", "_is_welded", "_load_is_gone", "_move_in_s",
        "_off_at_s", "_stuck", "_stuck_feedback", "_trips_after_s", "_wanted", "base_pu", "cold", "feeder", "fridges",
        "has_fault", "is_dynamic", "is_energised", "loads", "motor", "position", "rest", "share",
    )  # fmt: skip

    demand_ratio = Setting[float]("demand_ratio")
    stuck = Setting[bool]("stuck")
    is_welded = Setting[bool]("is_welded")
    load_is_gone = Setting[bool]("load_is_gone")
    stuck_feedback = Setting[BreakerPosition | None]("stuck_feedback")

    def __init__(self, feeder: Feeder, loads: Bus) -> None:
        self.feeder, self.loads, self.share = feeder, loads, share_of(feeder.phases)
        self.rest = loads  # what disturbs a feeder disturbs all: their sum is worked out anew
        self._demand_ratio = loads.demand_ratio
        self._stuck = self._is_welded = self._load_is_gone = False
        self._stuck_feedback: BreakerPosition | None = None
        self._by_hand: BreakerPosition | None = None
        self.position = BreakerPosition.CLOSED
        self.has_fault = False
        self.is_energised = True
        self.base_pu = 0.0  # at nominal voltage; nothing while open
        self.cold = self._drawn_cold = 1.0
        self.motor: MotorLoad | None = None
        self.fridges: Fridges | None = None
        self.is_dynamic = False  # it has more than a draw that follows the voltage
        self._fault_y: complex = 0j
        self._fault_s, self._trips_after_s = 0.0, 0.0
        self._off_at_s = 0.0
        self._wanted = BreakerPosition.CLOSED
        self._move_in_s = 0.0

    def set_closed(self, closed: bool) -> None:
        """Pull the contactor in, or let it drop."""
        wanted = BreakerPosition.CLOSED if closed else BreakerPosition.OPEN
        if wanted is not self._wanted:
            self._wanted, self._move_in_s = wanted, CONTACTOR_S
            self.loads.disturb()

    @property
    def is_ordered_closed(self) -> bool:
        """What the coil says now."""
        return self._wanted is CLOSED

    @property
    def reported_position(self) -> BreakerPosition:
        """What its mirror contact says: the truth, also of welded contacts, unless it sticks itself."""
        return self._stuck_feedback or self.position

    # -- what can be wrong with it -----------------------------------------------------------------------------------
    def trip(self) -> None:
        """Feeder-local protection: open, with a fault flag, against any order."""
        self.position = self._wanted = BreakerPosition.OPEN
        self.has_fault = True
        self.loads.disturb()

    def was_off_for(self, off_s: float) -> None:
        """Its load has gone cold for so long already, as it is found."""
        self._off_at_s -= off_s

    def weld(self) -> None:
        """Once closed, it does not open any more."""
        self.is_welded = True

    def switch_by_hand(self, closed: bool | None) -> None:
        """Somebody turns the switch at the board; orders move nothing until None gives it back."""
        self._by_hand = None if closed is None else CLOSED if closed else OPEN
        self._move_in_s = 0.0
        self.loads.disturb()

    def short_circuit(self, impedance_pu: complex = FAULT_Z_PU, trips_after_s: float | None = 0.1) -> None:
        """A fault behind the contactor; its own protection clears it after so long, or never. It stays till mended."""
        self._fault_y, self._fault_s, self.is_dynamic = 1.0 / impedance_pu, 0.0, True
        self._trips_after_s = math.inf if trips_after_s is None else trips_after_s
        self.loads.disturb()

    def clear_fault(self) -> None:
        """Found and mended; the flag goes out."""
        self._fault_y, self.has_fault, self.is_dynamic = 0j, False, self.motor is not None
        self.loads.disturb()

    def start_motor(self, motor: Motor, *, runs: bool = False) -> None:
        """A motor starts behind this feeder, and stays there; or it runs already."""
        self.motor, self.is_dynamic = MotorLoad(motor, runs=runs), True
        self.loads.disturb()

    @property
    def is_shorted(self) -> bool:
        """There is a short circuit behind it, whether it is closed or not."""
        return self._fault_y != 0

    # -- physics -----------------------------------------------------------------------------------------------------
    @property
    def is_moving(self) -> bool:
        """Something behind the contactor is being timed."""
        faulty = self._fault_y != 0 and self.position is CLOSED and not math.isinf(self._trips_after_s)
        starts = self.motor is not None and self.motor.state is MotorState.OFF and self.is_energised
        return faulty or starts or (self.motor is not None and self.motor.is_moving)

    @property
    def power_va(self) -> complex:
        """Drawn from the bus, in pu; inductive is positive: the feeder's share of `Loads.step`, motor, and Y V^2.

        Source: Ohm's law for the fault; one power factor for all else is our simplification.
        """
        drawn = self.base_pu * self.loads.drawn_ratio
        total = complex(drawn, drawn * TAN_PHI)
        if self.motor is not None:
            total += complex(self.motor.power_pu, self.motor.reactive_pu)
        if self._fault_y and self.position is CLOSED:
            total += self._fault_y.conjugate() * self.loads.volts**2
        return total

    @property
    def power_pu(self) -> float:
        """Drawn from the bus."""
        return self.power_va.real

    @property
    def power_w(self) -> PhaseValues:
        """Drawn from the bus."""
        return PhaseValues.shared(self.power_pu * BASE_VA, self.feeder.phases)

    def step(self, is_live: bool, now_s: float, dt_s: float) -> bool:
        """Move the contactor, and note when the load lost its supply. True while there is more to move."""
        wanted = self._by_hand or self._wanted
        moves = wanted is not self.position and not self._stuck and not (self._is_welded and self.position is CLOSED)
        if moves:
            self._move_in_s -= dt_s
            if self._move_in_s <= 0.0:
                self.position, moves = wanted, False
        is_closed = self.position is CLOSED
        is_energised = is_closed and is_live
        if is_energised and not self.is_energised:
            off_s = now_s - self._off_at_s
            self.cold = self._drawn_cold = 1.0 + (self.feeder.pickup_ratio - 1.0) * min(1.0, off_s / COLD_FULL_S)
        elif self.is_energised and not is_energised:
            self._off_at_s = now_s
        self.is_energised = is_energised
        if not is_closed or self._load_is_gone:
            self.base_pu = 0.0
            return moves
        drawn_w = self.feeder.rated_w * self._demand_ratio * self.loads.profile_ratio * self._drawn_cold
        if self.fridges is not None:
            drawn_w += self.fridges.running_count * self.fridges.group.power_w
        self.base_pu = drawn_w / BASE_VA
        return moves

    def step_dynamic(self, volts: float, dt_s: float) -> complex:
        """Admittance of motor and fault for the next solve."""
        is_closed = self.position is CLOSED
        admittance = 0j
        if self.motor is not None:
            is_alive = is_closed and volts > MOTOR_ALIVE_RATIO and not self._load_is_gone
            admittance += self.motor.step(volts, dt_s, is_energised=is_alive)
        if self._fault_y and is_closed:
            admittance += self._fault_y
            self._fault_s += dt_s
            if self._fault_s >= self._trips_after_s - CLOCK_S:
                self._fault_s = 0.0
                self.trip()
        return admittance

    def warm(self, dt_s: float, ambient_c: float) -> bool:
        """Decay towards the usual draw, and thermostats switch. True when what is drawn has moved.

        cold = 1 + (c - 1) min(1, t_off / 30 min) exp(-t / 10 min). Source: delayed exponential of cold-load pick-up
        studies, its times from memory.
        """
        moved = self.fridges is not None and self.fridges.step(ambient_c, dt_s, is_energised=self.is_energised)
        if self.cold == 1.0 or not self.is_energised:
            return moved
        self.cold = 1.0 + (self.cold - 1.0) * math.exp(-dt_s / COLD_DECAY_S)
        if self.cold - 1.0 < COLD_QUANTUM_RATIO:
            self.cold = 1.0
        if self.cold != 1.0 and abs(self.cold - self._drawn_cold) < COLD_QUANTUM_RATIO:
            return moved
        self._drawn_cold = self.cold
        return True
