"""One point of a device: its bounds, what was said last, and what is doubted about it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from controller.config.types import Device
from controller.drivers.emptiness import said_of_zero
from controller.drivers.limits import Limit
from controller.drivers.link import IMPOSSIBLE, Reading, Said, Value
from controller.drivers.schedule import poll_period_s

FORGET_POLLS = 4.0  # after so many without a fact, what comes next is judged by nothing
FORGET_MIN_S = 0.5
LACK_POLLS = 1.1  # a point that is missing in one reply is missing in the next before this


@dataclass(slots=True)
class PointDoubt:
    """One point: its bounds, what was said last, and what is doubted about it."""

    name: str
    limit: Limit
    forget_s: float
    lack_s: float
    is_telling: bool  # has bounds
    zero: Value | None  # what an empty device says of it
    newest: Reading | None = None
    newest_at_s: float = -math.inf  # when it was looked at: its sample may have moved on since
    suspect: Value | None = None
    agreeing_count: int = 0
    suspects_count: int = 0  # samples in a row that contradict the fact
    lacks_since_s: float | None = None

    @property
    def doubted_at_s(self) -> float:
        """When what is doubted was said, or was first missing."""
        newest_s = -math.inf if self.newest is None else self.newest.at_s
        return max(newest_s, -math.inf if self.lacks_since_s is None else self.lacks_since_s)

    def is_possible(self, value: Value) -> bool:
        """Within what the thing behind it can be at all."""
        limit = self.limit
        return not limit.is_number or isinstance(value, str) or limit.low <= value <= limit.high

    def follows(self, fact: Reading, value: Value, at_s: float) -> bool:
        """This value is one that can come after that fact."""
        before, sample = fact
        if value == before:
            return True
        age_s = at_s - sample.at_s
        return age_s > self.forget_s or self._is_near(before, value, age_s)

    def suspects(self, reading: Reading, *, is_borne_out: bool) -> bool:
        """One more sample contradicts the fact. True when it is enough to make a new one."""
        value = reading.value
        is_same = self.suspect is not None and self._is_near(self.suspect, value, 0.0)
        self.agreeing_count = self.agreeing_count + 1 if is_same else 1
        self.suspects_count += 1
        self.suspect = value
        needed, limit = self.limit.samples_count, self.limit
        moves = limit.is_number and self.suspects_count > needed  # a value on its way never agrees with itself
        return (is_borne_out and not limit.stands_alone) or moves or self.agreeing_count >= needed

    def _is_near(self, before: Value, value: Value, age_s: float) -> bool:
        limit = self.limit
        if not limit.is_number or isinstance(before, str) or isinstance(value, str):
            return value == before
        moved = abs(value - before)
        if limit.turns:
            moved = min(moved, 360.0 - moved)
        return moved <= limit.step + limit.step_per_s * age_s


def point_doubt(name: str, limit: Limit, device: Device) -> PointDoubt:
    """Nothing was said yet."""
    point = device.table.points[name]
    period_s = poll_period_s(device, point.group)
    has_bounds = None not in {point.minimum, point.maximum} or point.enum is not None or limit.high < math.inf
    return PointDoubt(
        name,
        limit,
        forget_s=max(FORGET_MIN_S, FORGET_POLLS * period_s),
        lack_s=LACK_POLLS * period_s,
        is_telling=has_bounds,
        zero=_as_value(said_of_zero(point)),
    )


def plain_step(limit: Limit) -> float:
    """How far a value may always go, time and bounds apart; -1 for words, angles and what nothing contradicts."""
    is_plain = limit.is_number and not limit.turns and limit.step < math.inf
    return limit.step if is_plain else -1.0


def _as_value(said: Said) -> Value | None:
    return None if said is IMPOSSIBLE else said
