"""How long to wait before asking again: doubling, with full jitter, so that many waiters never fall into step."""

from __future__ import annotations

import random
from collections.abc import Callable

FIRST_S = 0.1
MAX_S = 5.0
MAX_ISLANDED_S = 1.0  # in the island a lost device may be a lost hour of supply
DOUBLINGS_MAX = 16


class Patience:
    """The longest wait of all links of a hub; shorter while islanded."""

    def __init__(self, jitter: Callable[[], float] = random.random) -> None:
        self._jitter = jitter
        self.max_s = MAX_S

    def set_islanded(self, islanded: bool) -> None:
        """Waits grow to 1 s at most while islanded, to 5 s else."""
        self.max_s = MAX_ISLANDED_S if islanded else MAX_S

    def wait_s(self, failures: int) -> float:
        """A wait after so many failures in a row, in seconds."""
        return self._jitter() * min(self.max_s, FIRST_S * 2.0 ** min(failures, DOUBLINGS_MAX))
