"""Circuit breakers: a device that does not answer is asked less and less often, and never at the cost of the others.

Each device has one. Closed: it is asked when its turn comes. Open: it is not asked. Half open: it is asked one thing;
an answer closes it, another silence opens it for longer. And each wire has a budget: all its absent devices together
take at most a tenth of its time, however many they are and however long their time-outs.
"""

from __future__ import annotations

from controller.drivers.backoff import Patience
from controller.drivers.board import FAILURES_TO_DOWN, Board

PROBES_SHARE_RATIO = 0.1  # of a shared wire's time: half of what a full poll plan leaves (checks_devices: 80 %)


class Breaker:
    """That of one device; its board counts the failures."""

    def __init__(self, board: Board, failures_to_open: int, patience: Patience) -> None:
        self.until_s = 0.0  # not asked before
        self._board = board
        self._failures_to_open = failures_to_open
        self._patience = patience

    @property
    def is_absent(self) -> bool:
        """So many silences in a row that nobody is there."""
        return self._board.failures >= FAILURES_TO_DOWN

    def failed(self, now_s: float, at_least_s: float = 0.0) -> None:
        """It did not answer, or not sensibly."""
        self._board.failed()
        over = self._board.failures - self._failures_to_open
        wait_s = self._patience.wait_s(over) if over >= 0 else 0.0
        self.until_s = now_s + max(wait_s, at_least_s)


class ProbeBudget:
    """What asking absent devices may take of a wire that others need."""

    def __init__(self) -> None:
        self.free_at_s = 0.0  # when the next may be asked

    def spent(self, took_s: float, now_s: float) -> None:
        """One was asked in vain: for so long, quiet time included, the wire was lost to the others."""
        self.free_at_s = now_s + took_s * (1.0 / PROBES_SHARE_RATIO - 1.0)
