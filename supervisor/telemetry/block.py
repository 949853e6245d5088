"""The samples of one minute as one small body of bytes, and back.

Two rows of 64-bit instants (boot clock, and how far the wall clock was from it), then a row of 32-bit values for each
channel, everything little-endian, each row as its first value and the differences after it (modulo 2^32 or 2^64, so
that no jump is too far), all of it through zlib. Order is that of the boot clock: the wall clock is only a label.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from supervisor.telemetry.channels import MISSING, Layout

LEVEL = 6  # of zlib; 9 costs three times as much for a hundredth
SAMPLES_MAX = 10_000  # of one block: from ours, sixty
MS = 1000
_WORD, _LONG = array("i"), array("q")
assert (_WORD.itemsize, _LONG.itemsize) == (4, 8)


@dataclass(frozen=True, slots=True)
class Block:
    """Samples of one boot and one layout, in the order of the boot clock."""

    boot_id: str
    layout: Layout
    instants_ms: Sequence[int]  # since boot, rising
    offsets_ms: Sequence[int]  # wall clock minus boot clock: bent by whoever sets the clock
    columns: Sequence[Sequence[int]]  # one of each channel of the layout, as long as `instants_ms`

    @property
    def count(self) -> int:
        """How many samples."""
        return len(self.instants_ms)

    @property
    def unix_s(self) -> tuple[float, ...]:
        """What the wall clock showed at each."""
        return tuple((at + by) / MS for at, by in zip(self.instants_ms, self.offsets_ms, strict=True))

    def from_sample(self, first: int) -> Block:
        """Without the samples before this one."""
        columns = tuple(column[first:] for column in self.columns)
        return Block(self.boot_id, self.layout, self.instants_ms[first:], self.offsets_ms[first:], columns)


@dataclass(frozen=True, slots=True)
class Rows:
    """What a body holds: instants, and the columns that were asked for."""

    instants_ms: tuple[int, ...]
    offsets_ms: tuple[int, ...]
    columns: tuple[tuple[int, ...], ...]


def encode(block: Block) -> bytes:
    """The body of a block."""
    longs = array("q", [*_steps(block.instants_ms, 64), *_steps(block.offsets_ms, 64)])
    words = array("i", [step for column in block.columns for step in _steps(column, 32)])
    if sys.byteorder == "big":
        longs.byteswap()
        words.byteswap()
    return zlib.compress(longs.tobytes() + words.tobytes(), LEVEL)


def decode(body: bytes, count: int, channels_count: int, wanted: Sequence[int] | None = None) -> Rows:
    """The instants and the columns at the places `wanted`, in that order; None: all.

    Raises:
        ValueError: it is not the body of so many samples and channels.
    """
    size = count * (16 + 4 * channels_count)
    if not 0 < count <= SAMPLES_MAX:
        raise ValueError(f"{count} samples in a block")
    plain = _inflated(body, size)
    longs, words = array("q", plain[: 16 * count]), array("i", plain[16 * count :])
    if sys.byteorder == "big":
        longs.byteswap()
        words.byteswap()
    places = range(channels_count) if wanted is None else wanted
    columns = tuple(_sums(words[place * count : (place + 1) * count], 32) for place in places)
    return Rows(_sums(longs[:count], 64), _sums(longs[count:], 64), columns)


def _inflated(body: bytes, size: int) -> bytes:
    """Never more than was promised, whatever the body says of itself."""
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(body, size + 1)
    except zlib.error as error:
        raise ValueError(f"not as it was written: {error}") from None
    if len(plain) != size or not inflater.eof:
        raise ValueError(f"not as it was written: {len(plain)} bytes where {size} belong")
    return plain


def _steps(values: Sequence[int], bits: int) -> list[int]:
    if not values:
        return []
    half = 1 << (bits - 1)
    return [values[0], *(((after - before + half) & (2 * half - 1)) - half for before, after in pairwise(values))]


def _sums(steps: Sequence[int], bits: int) -> tuple[int, ...]:
    """Python's numbers do not wrap: that is done once, at the end, and only where it is needed."""
    half = 1 << (bits - 1)
    sums = tuple(accumulate(steps))
    if max(sums) < half and min(sums) >= -half:
        return sums
    return tuple(((value + half) & (2 * half - 1)) - half for value in sums)


def missing(count: int) -> tuple[int, ...]:
    """A column of a channel that was not there."""
    return (MISSING,) * count
