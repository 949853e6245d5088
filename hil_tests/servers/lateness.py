"""How late the plant was when it was stepped: the bench's own honesty."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

LATE_S = 0.02  # two plant steps: what a controller saw then was not what the clock said
KEPT_COUNT = 6000  # a minute of steps


@dataclass(slots=True)
class Lateness:
    """The newest minute of it, and the worst and the late ones since the start."""

    count: int = 0
    late_count: int = 0
    max_s: float = 0.0
    _newest_s: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT_COUNT))

    def add(self, late_s: float) -> None:
        """One waking; early counts as in time."""
        late_s = max(0.0, late_s)
        self.count += 1
        self.late_count += late_s > LATE_S
        self.max_s = max(self.max_s, late_s)
        self._newest_s.append(late_s)

    @property
    def p99_s(self) -> float:
        """Ninety-nine of a hundred wakings were no later; 0 before the first."""
        ordered = sorted(self._newest_s)
        return ordered[int(0.99 * (len(ordered) - 1))] if ordered else 0.0
