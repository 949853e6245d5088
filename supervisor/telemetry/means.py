"""Ten minutes of samples as one: means of what can be added up, and of words the one that held the longest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import repeat

from supervisor.telemetry.block import MS, Block, missing
from supervisor.telemetry.channels import MISSING, Channel, joined

WINDOW_S = 600


def window_of(at_ms: int, length_s: int = WINDOW_S) -> int:
    """Which window of the boot clock an instant lies in."""
    return at_ms // (length_s * MS)


def mean_of(blocks: Sequence[Block]) -> Block:
    """One sample for all of them, at the instant of their first. They are of one boot, and not empty."""
    layout = joined(block.layout for block in blocks)
    columns: dict[str, list[int]] = {channel.name: [] for channel in layout}
    for block in blocks:
        for channel, column in zip(block.layout, block.columns, strict=True):
            columns[channel.name] += column if channel in layout else missing(block.count)
    values = tuple((typical(channel, columns[channel.name]),) for channel in layout)
    first = blocks[0]
    return Block(first.boot_id, layout, first.instants_ms[:1], first.offsets_ms[:1], values)


def typical(channel: Channel, values: Sequence[int], weights: Sequence[int] | None = None) -> int:
    """The mean of what is known, rounded; of words the one that held the longest, of equals the later; or MISSING."""
    if len(values) == 1:
        return values[0]
    known = [(value, weight) for value, weight in zip(values, weights or repeat(1), strict=False) if value != MISSING]
    if not known:
        return MISSING
    if channel.words:
        held: Counter[int] = Counter()
        for value, weight in reversed(known):
            held[value] += weight
        return max(held.items(), key=lambda item: item[1])[0]
    return round(sum(value * weight for value, weight in known) / sum(weight for _, weight in known))
