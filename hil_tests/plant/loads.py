"""Feeders: loads behind a contactor, drawing more when they were cold."""

from __future__ import annotations

import math

from controller.model.hub import Feeder
from controller.model.phases import PhaseValues
from controller.model.words import BreakerPosition
from hil_tests.plant.base import BASE_VA

ZIP = (0.5, 0.2, 0.3)  # constant impedance, current, power
TAN_PHI = 0.2  # power factor 0.98
COLD_FULL_S = 1800.0
COLD_DECAY_S = 600.0
CONTACTOR_S = 0.03
USABLE_RATIO = 0.8


class LoadFeeder:
    """One feeder: `mult` grows with the time it was off and decays once it is on again."""

    __slots__ = ("_move_in_s", "_wanted", "cold", "demand_ratio", "feeder", "has_fault", "is_energised", "off_s",
                 "position", "power_pu", "stuck")  # fmt: skip

    def __init__(self, feeder: Feeder, demand_ratio: float = 0.6) -> None:
        self.feeder = feeder
        self.demand_ratio = demand_ratio
        self.position = BreakerPosition.CLOSED
        self.has_fault = False
        self.stuck = False
        self.is_energised = True
        self.power_pu = 0.0
        self.cold = 1.0
        self.off_s = 0.0
        self._wanted = BreakerPosition.CLOSED
        self._move_in_s = 0.0

    def set_closed(self, closed: bool) -> None:
        """Pull the contactor in, or let it drop."""
        wanted = BreakerPosition.CLOSED if closed else BreakerPosition.OPEN
        if wanted is not self._wanted:
            self._wanted, self._move_in_s = wanted, CONTACTOR_S

    @property
    def is_ordered_closed(self) -> bool:
        """What the coil says now."""
        return self._wanted is BreakerPosition.CLOSED

    def trip(self) -> None:
        """Feeder-local protection: open, with a fault flag, against any order."""
        self.position = self._wanted = BreakerPosition.OPEN
        self.has_fault = True

    @property
    def power_w(self) -> PhaseValues:
        """Drawn from the bus."""
        return PhaseValues.shared(self.power_pu * BASE_VA, self.feeder.phases)

    def step(self, voltage_ratio: float, dt_s: float) -> complex:
        """Admittance for the next solve. P = P0 mult (z v^2 + i v + p); below 0.7 Un all of it is impedance."""
        if self._wanted is not self.position and not self.stuck:
            self._move_in_s -= dt_s
            if self._move_in_s <= 0.0:
                self.position = self._wanted
        closed = self.position is BreakerPosition.CLOSED
        self.is_energised = closed and voltage_ratio > USABLE_RATIO
        self._temper(dt_s)
        if not closed:
            self.power_pu = 0.0
            return 0j
        base = self.feeder.rated_w * self.demand_ratio * self.cold / BASE_VA
        z, i, p = ZIP
        v = max(voltage_ratio, 0.7)
        drawn = base * (z * v * v + i * v + p)
        conductance = drawn / (v * v)
        self.power_pu = conductance * voltage_ratio * voltage_ratio
        return complex(conductance, -conductance * TAN_PHI)

    def _temper(self, dt_s: float) -> None:
        if self.is_energised:
            if self.off_s > 0.0:
                self.cold = 1.0 + (self.feeder.pickup_ratio - 1.0) * min(1.0, self.off_s / COLD_FULL_S)
                self.off_s = 0.0
            self.cold = 1.0 + (self.cold - 1.0) * math.exp(-dt_s / COLD_DECAY_S)
        else:
            self.off_s += dt_s
