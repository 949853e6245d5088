"""The mean of the bus voltage over ten minutes, moved on every three seconds (EN 50549-1, from memory)."""

from __future__ import annotations

from collections import deque

BLOCK_S = 3.0
BLOCKS_COUNT = 200


class MeanVoltage:
    """One for all inverters of a bus: they see the same voltage. It begins as after ten minutes at nominal voltage."""

    __slots__ = ("_age_s", "_blocks", "_sum", "_volt_s", "ratio")

    def __init__(self) -> None:
        self._blocks: deque[float] = deque([1.0] * BLOCKS_COUNT, maxlen=BLOCKS_COUNT)
        self._sum = float(BLOCKS_COUNT)
        self._age_s = self._volt_s = 0.0
        self.ratio = 1.0

    def step(self, voltage_ratio: float, dt_s: float) -> None:
        """So long at this voltage: the mean of the last 200 blocks of 3 s, moved on with each block.

        Source: ten minutes as in EN 50160; blocks of 3 s as in IEC 61000-4-30; the moving on is our simplification.
        """
        self._volt_s += voltage_ratio * dt_s
        self._age_s += dt_s
        if self._age_s < BLOCK_S - 1e-6:
            return
        mean = self._volt_s / self._age_s
        self._sum += mean - self._blocks[0]
        self._blocks.append(mean)
        self._age_s = self._volt_s = 0.0
        self.ratio = self._sum / BLOCKS_COUNT

    def hold(self, voltage_ratio: float, duration_s: float) -> None:
        """As `step`, for longer than a block."""
        while duration_s > 0.0:
            part_s = min(BLOCK_S - self._age_s, duration_s)
            self.step(voltage_ratio, part_s)
            duration_s -= part_s
