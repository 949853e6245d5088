"""The sign of life that a device's own watchdog waits for. It is fed by a completed, vetted cycle and by nothing else:
a driver that goes on by itself while the judgement hangs would hold the hub in a state that nobody judges.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from controller.drivers.board import Board

CYCLES_MAX = 3  # a vetted cycle older than this is no sign of life
PERIOD_MAX_S = 1.0
BEATS_PER_REVERSION = 4.0  # three may be lost
COUNT_MAX = 0x7FFF  # fits every register type


class Heart:
    """Counts up the heartbeat points of all devices that have one."""

    def __init__(
        self,
        boards: Iterable[Board],
        cycle_s: float,
        clock: Callable[[], float],
        vetted_at: Callable[[], float | None],
    ) -> None:
        """`vetted_at` tells when a cycle was last completed and vetted, in seconds; None before the first."""
        self._beating = [(board, name) for board in boards if (name := board.device.table.heartbeat) is not None]
        self._cycle_s = cycle_s
        self._clock = clock
        self._vetted_at = vetted_at
        self._count = 0

    async def run(self) -> None:
        """Beat until cancelled."""
        period_s = min((_period_s(board) for board, _ in self._beating), default=PERIOD_MAX_S)
        while True:
            self.beat()
            await asyncio.sleep(period_s)

    def beat(self) -> None:
        """Count up every heartbeat point, if the last vetted cycle is young enough."""
        vetted_at_s = self._vetted_at()
        if vetted_at_s is None or self._clock() - vetted_at_s > CYCLES_MAX * self._cycle_s:
            return
        self._count = self._count % COUNT_MAX + 1
        for board, point in self._beating:
            board.write(point, self._count)


def _period_s(board: Board) -> float:
    reversion_s = board.device.table.reversion_s
    return PERIOD_MAX_S if reversion_s is None else min(PERIOD_MAX_S, reversion_s / BEATS_PER_REVERSION)
