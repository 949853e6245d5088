"""What a checker is, and how long something may last before it is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from hil_tests.bench.scene import Scene
from hil_tests.bench.verdict import Finding


class Checker(Protocol):
    """One invariant. `look` is called after each step in which plant, orders or log changed, or while it waits."""

    @property
    def id(self) -> str:
        """As in the catalogue: "I2"."""
        ...

    @property
    def is_waiting(self) -> bool:
        """Time alone may make it fire: look in every step."""
        ...

    def look(self, scene: Scene) -> Iterator[Finding]:
        """What is wrong now and was not said before."""
        ...

    def finish(self, scene: Scene) -> Iterator[Finding]:
        """What can only be said at the end."""
        ...


@dataclass(slots=True)
class Spell:
    """How long something has lasted; says so once per spell, when its grace ends."""

    grace_s: float
    since_s: float | None = None
    was_said: bool = False

    @property
    def is_running(self) -> bool:
        """Time alone may end its grace."""
        return self.since_s is not None and not self.was_said

    def ends(self, is_so: bool, now_s: float) -> bool:
        """True once, in the step in which it has lasted longer than allowed."""
        if not is_so:
            self.since_s, self.was_said = None, False
            return False
        if self.since_s is None:
            self.since_s = now_s
        if self.was_said or now_s - self.since_s <= self.grace_s:
            return False
        self.was_said = True
        return True
