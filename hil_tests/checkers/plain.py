"""The six invariants of the first bench, as one checker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hil_tests.bench.scene import Scene
from hil_tests.bench.verdict import Finding
from hil_tests.simulation.invariants import Invariants


@dataclass(slots=True)
class PlainChecker:
    """Closings, backfeed, earthing, one reference, tier 0, trips."""

    invariants: Invariants
    id: str = "I0"
    is_waiting: bool = True
    _said_count: int = 0

    def look(self, scene: Scene) -> Iterator[Finding]:
        """As they were found."""
        del scene
        self.invariants.watch()
        new, self._said_count = self.invariants.violations[self._said_count :], len(self.invariants.violations)
        for violation in new:
            yield Finding(self.id, violation.at_s, f"{violation.name}: {violation.detail}")

    def finish(self, scene: Scene) -> Iterator[Finding]:
        """Nothing more."""
        del scene
        yield from ()
