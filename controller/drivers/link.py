"""What every connection to a device offers, whatever protocol it speaks."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple, Protocol

Value = float | str | bool
"""A point's value: a number in the point's unit, the name of an enum member's value, or a truth."""


class Impossible(Enum):
    """A device said something, and it cannot be: beyond the point's bounds, or a word that its table does not know."""

    IMPOSSIBLE = "impossible"


IMPOSSIBLE: Final = Impossible.IMPOSSIBLE
Said = Value | Impossible | None
"""What came of one answer. None: the device has no value now (a sentinel, a NaN, a bad status, a refusal)."""


class Sample:
    """What one answer of a device is an answer of: the instant at which the device held all that it said.

    A device that says the very same again, soon, has moved the instant of its sample on, and nothing else. Whoever has
    taken its readings has the newer instant too; most answers of most devices are of this kind.
    """

    __slots__ = ("at_s",)

    def __init__(self, at_s: float) -> None:
        self.at_s = at_s

    def __repr__(self) -> str:
        return f"Sample({self.at_s})"


class Reading(NamedTuple):
    """A value and the sample that it belongs to."""

    value: Value
    sample: Sample

    @property
    def at_s(self) -> float:
        """When the device held it (start of the request, less the device's own refresh)."""
        return self.sample.at_s


RENEWED_POLLS = 2.0
"""A sample moves on only if the answer that repeats it has come within so many polls of it: sooner than anything of it
can have grown stale, so that what was stale comes back as something new."""


class Link(Protocol):
    """One device. Reading never waits; writing leaves the newest wish per point and returns at once."""

    is_barred: bool
    """Not what its table describes: nothing is written to it, no sign of life either. Set by whoever screens it."""

    @property
    def is_up(self) -> bool:
        """The device answered lately."""
        ...

    @property
    def is_empty(self) -> bool:
        """It was away, or was never there before, and what it has said since is nothing but zeros."""
        ...

    @property
    def changes_count(self) -> int:
        """How often the device has said anything: while it stands still, every reading is what it was."""
        ...

    @property
    def values_count(self) -> int:
        """How often a reading has become another: while it stands still, samples have moved on at most."""
        ...

    def reading(self, point: str) -> Reading | None:
        """The newest value of a point, or None when there is none or the last one was implausible or a sentinel."""
        ...

    def impossible_at_s(self, point: str) -> float | None:
        """When the device held something that cannot be, if that is the newest it said of this point; else None.
        What is merely missing is not impossible.
        """
        ...

    def write(self, point: str, value: Value) -> None:
        """Want this value in the device. Writes go before reads, are read back where the point can be read, and are
        repeated only as the caller restates them.
        """
        ...
