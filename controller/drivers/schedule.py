"""When to read what. Polls keep a grid whose phase differs from connection to connection, so that twenty devices do not
all ask at once: the same work, a third of the delay at the 99th percentile.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from controller.config.types import Device, PollGroup
from controller.drivers.blocks import Block
from controller.drivers.link import Said

ROUNDING = 1e-3  # of a period: a turn that comes exactly on time is had, whatever the last bits say


def poll_period_s(device: Device, group: PollGroup) -> float:
    """How often a device is asked for the points of a group, in seconds."""
    return {PollGroup.FAST: device.fast_s, PollGroup.NORMAL: device.normal_s, PollGroup.SLOW: device.slow_s}[group]


@dataclass(slots=True)
class Timer:
    """The next turn of something periodic. The first turn is at once, later ones lie on the grid."""

    period_s: float
    phase_s: float
    due_s: float

    def done(self, now_s: float, at_least_s: float = 0.0) -> None:
        """Had its turn: the next is the first on the grid that is later than now; missed ones are not made up for."""
        after_s = max(now_s, now_s - self.period_s + at_least_s)
        turns = math.floor((after_s - self.phase_s) / self.period_s + ROUNDING) + 1
        self.due_s = self.phase_s + turns * self.period_s

    def lateness(self, now_s: float) -> float:
        """In periods, so that on a line with too much to do the slow groups get their share too."""
        return (now_s - self.due_s) / self.period_s


@dataclass(slots=True)
class Poll:
    """One block and its turns."""

    block: Block
    timer: Timer
    _heard: bytes = b""  # the last answer, and what it said
    _said: Sequence[Said] = ()

    def values(self, answer: bytes) -> Sequence[Said]:
        """What an answer says. Most are the last one again, and that is not worked out twice."""
        if answer != self._heard:
            self._heard, self._said = answer, self.block.decode(answer)
        return self._said


def polls(device: Device, blocks: Iterable[Block], phase: float, now_s: float) -> list[Poll]:
    """The polls of one device; `phase` (0 to 1) is its connection's share of the period."""
    result = []
    for block in blocks:
        period_s = poll_period_s(device, block.group)
        result.append(Poll(block, Timer(period_s, phase * period_s, now_s)))
    return result
