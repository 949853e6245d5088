"""Rest: while nothing is touched and nothing moves, a step of the plant has nothing to work out.

Whatever the world may set at any time is a `Setting`, or a method that calls `disturb`: rest cannot outlive its cause.
"""

from __future__ import annotations

import cmath
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

T = TypeVar("T")

STEP_S = 0.01
CLOCK_S = 1e-6
"""A timer that was advanced in steps and one that was advanced in one go end in the same step."""

SLOW_S = 0.1
"""How often charge, heat, fuel and radios are worked out, from the mean power since; rest is looked for as often."""


TOLERANCE = 1e-11  # pu in one step: the slowest fast state, a voltage regulator, is then 3e-10 from its end


class Rest:
    """Shared by the parts of one plant. While the counts stand, everything reads as it did, but for the time.

    `turns_count` counts the steps at rest in which only the angle across an open POI moved.
    """

    __slots__ = ("changes_count", "holds", "is_touched", "turns_count")

    def __init__(self) -> None:
        self.changes_count = self.turns_count = 0
        self.holds = False
        self.is_touched = True

    def disturb(self) -> None:
        """Something was ordered or has changed: the next step is a whole one, and looks at every part."""
        self.changes_count += 1
        self.holds = False
        self.is_touched = True


class Resting:
    """What a plant goes by while it rests."""

    __slots__ = ("is_near", "is_turning", "load_w", "source_w", "spin", "state", "steps_count", "steps_max_count")

    def __init__(self) -> None:
        self.state: list[float] = []
        self.is_near = False  # the next whole step is worth a look
        self.is_turning = False
        self.spin = 1 + 0j  # by which everything on the bus turns in a step
        self.source_w = self.load_w = 0.0
        self.steps_count = 0  # since the last whole step
        self.steps_max_count = 0

    def keeps(self, state: list[float]) -> bool:
        """Nothing has moved since the last look at it; from now on this is what it is held against."""
        before, self.state = self.state, state
        if len(before) != len(state):
            return False
        for now, then in zip(state, before, strict=True):  # noqa: SIM110  # a generator would cost half as much again
            if not -TOLERANCE <= now - then <= TOLERANCE:
                return False
        return True

    def begin(self, before: complex, bus: complex, *, turns: bool, left_s: float) -> None:
        """Go on turning as in the last step, until the next slow step is due."""
        turn_rad = cmath.phase(bus * before.conjugate())
        self.spin = cmath.rect(1.0, turn_rad)
        self.is_turning = turns or abs(turn_rad) > 1e-14
        self.steps_max_count = max(1, round(left_s / STEP_S) - 1)


class Setting(property, Generic[T]):
    """An attribute that the world sets: another value ends the rest. Inside its class, `_name` is the same thing."""

    def __init__(self, name: str) -> None:
        slot = f"_{name}"

        def change(part: Any, value: T) -> None:
            if getattr(part, slot) != value:
                setattr(part, slot, value)
                part.rest.disturb()

        super().__init__(attrgetter(slot), change)

    if TYPE_CHECKING:

        @overload  # type: ignore[override]
        def __get__(self, part: None, owner: type) -> Setting[T]: ...
        @overload
        def __get__(self, part: object, owner: type) -> T: ...
        def __get__(self, part: object | None, owner: type | None = None) -> Any: ...
