"""All feeders of one bus. All have one shape, so the bus sees one sum; motors and short circuits come on top."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.model.hub import AssetId, Feeder
from hil_tests.plant.base import NOMINAL_HZ
from hil_tests.plant.feeder import TAN_PHI, LoadFeeder
from hil_tests.plant.phase_book import Parts
from hil_tests.plant.rest import Rest

__all__ = ["LoadFeeder", "LoadShape", "Loads"]

if TYPE_CHECKING:
    from hil_tests.plant.village import VillageNetwork

WARM_EVERY_S = 1.0
USABLE_RATIO = 0.8


@dataclass(frozen=True, slots=True)
class LoadShape:
    """Shares of constant impedance, current and power, and how the sum follows the frequency (1: 1 % per 1 %)."""

    impedance: float = 0.5
    current: float = 0.2
    power: float = 0.3
    frequency_ratio: float = 0.0


VILLAGE_SHAPE = LoadShape(frequency_ratio=1.0)


class Loads:
    """All feeders of one bus. They are looked at one by one only when one of them may have changed."""

    __slots__ = (
        "_base_pu", "_by_phase", "_dynamic", "_dynamic_pu", "_feeders", "_is_live", "_is_moving", "_is_stale", "_now_s",
        "_warm_age_s", "demand_ratio", "drawn_ratio", "lines", "profile_ratio", "rest", "shape", "volts",
    )  # fmt: skip

    def __init__(self, demand_ratio: float, rest: Rest, shape: LoadShape | None = None) -> None:
        self.demand_ratio = demand_ratio  # of every feeder at the start
        self.profile_ratio = 1.0  # of all, by the time of day
        self.rest, self.shape = rest, shape or LoadShape()
        self.lines: VillageNetwork | None = None  # between the bus and the feeders, for who wants them
        self.drawn_ratio = 0.0  # of the nominal draw, at the voltage of the last step
        self.volts = 1.0
        self._feeders: tuple[LoadFeeder, ...] = ()
        self._dynamic: tuple[LoadFeeder, ...] = ()
        self._by_phase: tuple[float, float, float] | None = None  # worked out when somebody asks
        self._base_pu = self._dynamic_pu = 0.0
        self._is_live = self._is_stale = True
        self._is_moving = False
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
        beyond_pu = self.lines.power_pu if self.lines is not None else 0.0
        return self._base_pu * self.drawn_ratio + self._dynamic_pu + beyond_pu

    def power_by_phase(self) -> Parts:
        """Complex power drawn on each phase, in pu."""
        drawn = self.drawn_ratio * complex(1.0, TAN_PHI)
        if self._by_phase is None:
            self._by_phase = self._sum_by_phase()
        l1, l2, l3 = self._by_phase
        parts = (l1 * drawn, l2 * drawn, l3 * drawn)
        for feeder in self._dynamic:
            extra = feeder.power_va - feeder.base_pu * drawn
            s1, s2, s3 = feeder.share
            parts = (parts[0] + extra * s1, parts[1] + extra * s2, parts[2] + extra * s3)
        return parts

    @property
    def is_still(self) -> bool:
        """No contactor moves, no motor starts, no fault is about to be cleared."""
        return not self._is_stale and not self._is_moving

    def disturb(self) -> None:
        """A feeder was ordered or its demand set: look at all of them in the next step."""
        self._is_stale = True
        self.rest.disturb()

    def step(self, voltage_ratio: float, frequency_hz: float, dt_s: float) -> complex:
        """Admittance for the next solve. P = P0 cold (z v^2 + i v + p)(1 + k df/f0); below 0.7 Un all is impedance.

        Source: Kundur 1994, 7.1; impedance at a low voltage as power flow programs do (PQBRAK of PSS/E).
        """
        self._now_s += dt_s
        is_live = voltage_ratio > USABLE_RATIO
        if self._is_stale or is_live is not self._is_live:
            self._look(is_live, dt_s)
        v = max(voltage_ratio, 0.7)
        shape = self.shape
        conductance = shape.impedance + shape.current / v + shape.power / (v * v)
        if shape.frequency_ratio:
            conductance *= 1.0 + shape.frequency_ratio * (frequency_hz - NOMINAL_HZ) / NOMINAL_HZ
        self.volts = voltage_ratio
        self.drawn_ratio = conductance * voltage_ratio * voltage_ratio
        conductance *= self._base_pu
        admittance = complex(conductance, -conductance * TAN_PHI)
        if self.lines is not None:
            admittance += self.lines.admittance(voltage_ratio)
        return admittance + self._step_dynamic(voltage_ratio, dt_s) if self._dynamic else admittance

    def make_up(self, rested_s: float) -> None:
        """Time that passed at rest."""
        self._now_s += rested_s

    def warm(self, elapsed_s: float, ambient_c: float) -> None:
        """Let those that were cold warm up, once a second."""
        self._warm_age_s += elapsed_s
        if self._warm_age_s < WARM_EVERY_S - 1e-9:
            return
        age_s, self._warm_age_s = self._warm_age_s, 0.0
        moved = [feeder for feeder in self._feeders if feeder.warm(age_s, ambient_c)]
        self._is_stale = self._is_stale or bool(moved)

    def follow_profile(self, ratio: float) -> None:
        """What the village draws at this time of day, of its demand."""
        if ratio != self.profile_ratio:
            self.profile_ratio = ratio
            self.disturb()

    def _step_dynamic(self, volts: float, dt_s: float) -> complex:
        admittance = sum((feeder.step_dynamic(volts, dt_s) for feeder in self._dynamic), 0j)
        self._dynamic_pu = admittance.real * volts * volts
        self._is_moving = any(feeder.is_moving for feeder in self._dynamic)
        return admittance

    def _look(self, is_live: bool, dt_s: float) -> None:
        self._is_live, self._is_stale, self._base_pu = is_live, False, 0.0
        has_dynamic = False
        for feeder in self._feeders:
            if feeder.step(is_live, self._now_s, dt_s):
                self._is_stale = True
            self._base_pu += feeder.base_pu
            has_dynamic = has_dynamic or feeder.is_dynamic
        self._by_phase = None
        self._dynamic = tuple(feeder for feeder in self._feeders if feeder.is_dynamic) if has_dynamic else ()
        if not has_dynamic:
            self._dynamic_pu, self._is_moving = 0.0, False

    def _sum_by_phase(self) -> tuple[float, float, float]:
        l1 = l2 = l3 = 0.0
        for feeder in self._feeders:
            base, (s1, s2, s3) = feeder.base_pu, feeder.share
            l1, l2, l3 = l1 + base * s1, l2 + base * s2, l3 + base * s3
        return l1, l2, l3
