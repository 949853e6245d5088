"""Feeders: loads behind a contactor, drawing more when they were cold. All have one shape, so the bus sees one sum."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from controller.model.hub import AssetId, Feeder
from controller.model.phases import PhaseValues
from controller.model.words import BreakerPosition
from hil_tests.plant.base import BASE_VA
from hil_tests.plant.rest import Rest, Setting

if TYPE_CHECKING:
    from hil_tests.plant.village import VillageNetwork

IMPEDANCE, CURRENT, POWER = 0.5, 0.2, 0.3  # shares of constant impedance, current, power
TAN_PHI = 0.2  # power factor 0.98
COLD_FULL_S = 1800.0
COLD_DECAY_S = 600.0
COLD_QUANTUM_RATIO = 1e-3  # what a feeder draws moves in such steps as it warms: finer is below its own noise
WARM_EVERY_S = 1.0
CONTACTOR_S = 0.03
USABLE_RATIO = 0.8


class LoadFeeder:
    """One feeder: `cold` grows with the time it was off and decays once it is on again."""

    __slots__ = ("_demand_ratio", "_drawn_cold", "_move_in_s", "_off_at_s", "_stuck", "_wanted", "base_pu", "cold",
                 "feeder", "has_fault", "is_energised", "loads", "position", "rest")  # fmt: skip

    demand_ratio = Setting[float]("demand_ratio")
    stuck = Setting[bool]("stuck")

    def __init__(self, feeder: Feeder, loads: Loads) -> None:
        self.feeder, self.loads = feeder, loads
        self.rest = loads  # what disturbs a feeder disturbs all: their sum is worked out anew
        self._demand_ratio = loads.demand_ratio
        self._stuck = False
        self.position = BreakerPosition.CLOSED
        self.has_fault = False
        self.is_energised = True
        self.base_pu = 0.0  # at nominal voltage; nothing while open
        self.cold = self._drawn_cold = 1.0
        self._off_at_s = 0.0
        self._wanted = BreakerPosition.CLOSED
        self._move_in_s = 0.0

    def set_closed(self, closed: bool) -> None:
        """Pull the contactor in, or let it drop."""
        wanted = BreakerPosition.CLOSED if closed else BreakerPosition.OPEN
        if wanted is not self._wanted:
            self._wanted, self._move_in_s = wanted, CONTACTOR_S
            self.rest.disturb()

    @property
    def is_ordered_closed(self) -> bool:
        """What the coil says now."""
        return self._wanted is BreakerPosition.CLOSED

    def trip(self) -> None:
        """Feeder-local protection: open, with a fault flag, against any order."""
        self.position = self._wanted = BreakerPosition.OPEN
        self.has_fault = True
        self.rest.disturb()

    @property
    def power_pu(self) -> float:
        """Drawn from the bus."""
        return self.base_pu * self.loads.drawn_ratio

    @property
    def power_w(self) -> PhaseValues:
        """Drawn from the bus."""
        return PhaseValues.shared(self.power_pu * BASE_VA, self.feeder.phases)

    def step(self, is_live: bool, now_s: float, dt_s: float) -> bool:
        """Move the contactor, and note when the load lost its supply. True while there is more to move."""
        if self._wanted is not self.position and not self._stuck:
            self._move_in_s -= dt_s
            if self._move_in_s <= 0.0:
                self.position = self._wanted
        is_closed = self.position is BreakerPosition.CLOSED
        is_energised = is_closed and is_live
        if is_energised and not self.is_energised:
            off_s = now_s - self._off_at_s
            self.cold = self._drawn_cold = 1.0 + (self.feeder.pickup_ratio - 1.0) * min(1.0, off_s / COLD_FULL_S)
        elif self.is_energised and not is_energised:
            self._off_at_s = now_s
        self.is_energised = is_energised
        self.base_pu = self.feeder.rated_w * self._demand_ratio * self._drawn_cold / BASE_VA if is_closed else 0.0
        return self._wanted is not self.position and not self._stuck

    def warm(self, dt_s: float) -> bool:
        """Decay towards the usual draw. True when what is drawn has moved."""
        if self.cold == 1.0 or not self.is_energised:
            return False
        self.cold = 1.0 + (self.cold - 1.0) * math.exp(-dt_s / COLD_DECAY_S)
        if self.cold - 1.0 < COLD_QUANTUM_RATIO:
            self.cold = 1.0
        if self.cold != 1.0 and abs(self.cold - self._drawn_cold) < COLD_QUANTUM_RATIO:
            return False
        self._drawn_cold = self.cold
        return True


class Loads:
    """All feeders of one bus. They are looked at one by one only when one of them may have changed."""

    __slots__ = ("_base_pu", "_feeders", "_is_live", "_is_stale", "_now_s", "_warm_age_s", "demand_ratio",
                 "drawn_ratio", "lines", "rest")  # fmt: skip

    def __init__(self, demand_ratio: float, rest: Rest) -> None:
        self.demand_ratio = demand_ratio  # of every feeder at the start
        self.rest = rest
        self.lines: VillageNetwork | None = None  # between the bus and the feeders, for who wants them
        self.drawn_ratio = 0.0  # of the nominal draw, at the voltage of the last step
        self._feeders: tuple[LoadFeeder, ...] = ()
        self._base_pu = 0.0
        self._is_live = True
        self._is_stale = True
        self._now_s = 0.0
        self._warm_age_s = 0.0

    def of(self, feeders: Mapping[AssetId, Feeder]) -> dict[AssetId, LoadFeeder]:
        """The feeders of a hub, hung onto this bus."""
        loads = {feeder.id: LoadFeeder(feeder, self) for feeder in feeders.values()}
        self._feeders = tuple(loads.values())
        return loads

    @property
    def power_pu(self) -> float:
        """Drawn from the bus by all."""
        return self._base_pu * self.drawn_ratio + (self.lines.power_pu if self.lines is not None else 0.0)

    @property
    def is_still(self) -> bool:
        """No contactor moves."""
        return not self._is_stale

    def disturb(self) -> None:
        """A feeder was ordered or its demand set: look at all of them in the next step."""
        self._is_stale = True
        self.rest.disturb()

    def step(self, voltage_ratio: float, dt_s: float) -> complex:
        """Admittance for the next solve. P = P0 cold (z v^2 + i v + p); below 0.7 Un all of it is impedance."""
        self._now_s += dt_s
        is_live = voltage_ratio > USABLE_RATIO
        if self._is_stale or is_live is not self._is_live:
            self._look(is_live, dt_s)
        v = max(voltage_ratio, 0.7)
        conductance = IMPEDANCE + CURRENT / v + POWER / (v * v)
        self.drawn_ratio = conductance * voltage_ratio * voltage_ratio
        conductance *= self._base_pu
        added = self.lines.admittance(voltage_ratio) if self.lines is not None else 0j
        return complex(conductance, -conductance * TAN_PHI) + added

    def make_up(self, rested_s: float) -> None:
        """Time that passed at rest."""
        self._now_s += rested_s

    def warm(self, elapsed_s: float) -> None:
        """Let those that were cold warm up, once a second."""
        self._warm_age_s += elapsed_s
        if self._warm_age_s < WARM_EVERY_S - 1e-9:
            return
        age_s, self._warm_age_s = self._warm_age_s, 0.0
        moved = [feeder for feeder in self._feeders if feeder.warm(age_s)]
        self._is_stale = self._is_stale or bool(moved)

    def _look(self, is_live: bool, dt_s: float) -> None:
        self._is_live, self._is_stale, self._base_pu = is_live, False, 0.0
        for feeder in self._feeders:
            if feeder.step(is_live, self._now_s, dt_s):
                self._is_stale = True
            self._base_pu += feeder.base_pu
