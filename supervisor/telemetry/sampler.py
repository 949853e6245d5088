"""Gathers samples into blocks of a minute. Pure: it is handed statuses, and gives blocks that are complete.

A block ends with its minute of the boot clock, with its boot, when the boot clock of a status goes back (a machine that
cannot tell its boots apart has begun another), and when a channel turns up that was not there before. So at most one
minute of samples is anywhere but on disk.
"""

from __future__ import annotations

from controller.status import Status
from supervisor.telemetry.block import MS, Block
from supervisor.telemetry.channels import CHANNELS_MAX, MISSING, Layout, Sample, joined, sample_of

BLOCK_S = 60
SPACING_S = 0.5  # looked for once a second, a snapshot is old by a quarter and more, and never by as much each time


class Sampler:
    """Of one hub."""

    def __init__(self) -> None:
        self._layout: Layout = ()
        self._boot_id = ""
        self._instants_ms: list[int] = []
        self._offsets_ms: list[int] = []
        self._samples: list[Sample] = []
        self._last: tuple[str, int] = ("", 0)

    @property
    def began_s(self) -> float | None:
        """Boot-clock instant of the oldest sample that is not given out yet."""
        return self._instants_ms[0] / MS if self._instants_ms else None

    def add(self, status: Status) -> list[Block]:
        """Take a sample; the blocks that are complete by it: none or one. One that is known already is no sample."""
        at_ms = round(status.written_at_s * MS)
        boot_id, before_ms = self._last
        is_same_boot = status.boot_id == boot_id
        if is_same_boot and 0 <= at_ms - before_ms < SPACING_S * MS:
            return []
        sample = sample_of(status)
        is_in_turn = is_same_boot and at_ms > before_ms and _minute(at_ms) == _minute(before_ms)
        new = sample.keys() - set(self._layout)
        done = self.take() if new or not is_in_turn else []
        if new:
            self._layout = joined((self._layout, tuple(new)))[:CHANNELS_MAX]
        self._boot_id, self._last = status.boot_id, (status.boot_id, at_ms)
        self._instants_ms.append(at_ms)
        self._offsets_ms.append(round(status.unix_s * MS) - at_ms)
        self._samples.append(sample)
        return done

    def take(self) -> list[Block]:
        """What was gathered so far, as a block; nothing when there is none."""
        if not self._instants_ms:
            return []
        columns = tuple(tuple(sample.get(channel, MISSING) for sample in self._samples) for channel in self._layout)
        block = Block(self._boot_id, self._layout, tuple(self._instants_ms), tuple(self._offsets_ms), columns)
        self._instants_ms, self._offsets_ms, self._samples = [], [], []
        return [block]


def _minute(at_ms: int) -> int:
    return at_ms // (BLOCK_S * MS)
