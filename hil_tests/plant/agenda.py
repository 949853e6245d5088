"""What is yet to come, by the part's own clock: a sequence that survives a snapshot and lets the plant rest between."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hil_tests.plant.rest import CLOCK_S, SLOW_S


@dataclass(frozen=True, slots=True)
class Entry:
    """A method of the part, by its name, with its arguments."""

    at_s: float
    name: str
    values: tuple[float, ...]


class Agenda:
    """Entries in order of time; of two at one instant the first that was written comes first."""

    __slots__ = ("_entries", "now_s")

    def __init__(self) -> None:
        self.now_s = 0.0
        self._entries: tuple[Entry, ...] = ()

    def add(self, after_s: float, name: str, *values: float) -> None:
        """So long from now, call this."""
        entry = Entry(self.now_s + after_s, name, values)
        self._entries = tuple(sorted((*self._entries, entry), key=lambda each: each.at_s))

    def clear(self) -> None:
        """Nothing of it comes any more."""
        self._entries = ()

    @property
    def left_s(self) -> float:
        """Until the next entry; infinite where none is to come."""
        return self._entries[0].at_s - self.now_s if self._entries else math.inf

    @property
    def is_still(self) -> bool:
        """Nothing is due before the next look."""
        return self.left_s > 2 * SLOW_S

    @property
    def is_empty(self) -> bool:
        """Nothing is to come."""
        return not self._entries

    def step(self, dt_s: float) -> tuple[Entry, ...]:
        """Time passes; returns what is due now."""
        self.now_s += dt_s
        entries = self._entries
        if not entries or entries[0].at_s > self.now_s + CLOCK_S:
            return ()
        due = tuple(entry for entry in self._entries if entry.at_s <= self.now_s + CLOCK_S)
        self._entries = self._entries[len(due) :]
        return due
