"""From kept minutes and means to points: samples as they were taken, or several as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, repeat

from supervisor.telemetry.block import MS, decode, missing
from supervisor.telemetry.channels import CLOCK_NAME, MISSING, Channel, Layout
from supervisor.telemetry.means import typical, window_of
from supervisor.telemetry.sampler import BLOCK_S
from supervisor.telemetry.store import Row

Value = float | str | None
Column = Sequence[int]


@dataclass(frozen=True, slots=True)
class Point:
    """One sample, or `count` of them as one. `unix_s` is what the wall clock showed at the first, and only a label."""

    boot: int
    boot_s: float
    unix_s: float
    clock: str | None
    count: int
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A minute, some samples of one, or a mean, as far as it was asked for. `weight`: samples behind each value."""

    boot: int
    instants_ms: Column
    offsets_ms: Column
    weight: int
    clock: tuple[Channel, Column]
    columns: tuple[Column, ...]

    def cut(self, begin: int, end: int) -> Part:
        """Some of its samples."""
        channel, column = self.clock
        columns = tuple(each[begin:end] for each in self.columns)
        instants_ms, offsets_ms = self.instants_ms[begin:end], self.offsets_ms[begin:end]
        return Part(self.boot, instants_ms, offsets_ms, self.weight, (channel, column[begin:end]), columns)


def part_of(row: Row, layouts: Mapping[int, Layout], channels: Layout, *, is_mean: bool) -> Part | None:
    """What a row says of these channels; None: it is not as it was written."""
    layout = layouts.get(row.layout)
    if layout is None:
        return None
    places = {channel.name: place for place, channel in enumerate(layout)}
    wanted = [places[name] for name in (CLOCK_NAME, *(each.name for each in channels)) if name in places]
    samples_count = 1 if is_mean else row.samples_count
    try:
        rows = decode(row.body, samples_count, len(layout), wanted)
    except ValueError:
        return None
    found = {layout[place].name: (layout[place], column) for place, column in zip(wanted, rows.columns, strict=True)}
    none = missing(samples_count)
    columns = tuple(_as(channel, *found.get(channel.name, (channel, none))) for channel in channels)
    clock = found.get(CLOCK_NAME, (Channel(CLOCK_NAME), none))
    return Part(row.boot, rows.instants_ms, rows.offsets_ms, row.samples_count // samples_count, clock, columns)


def points_of(parts: Sequence[Part], channels: Layout, step_s: int) -> list[Point]:
    """Points of parts that belong to one step, or, below a minute, of one part that holds several steps."""
    if step_s >= BLOCK_S:
        return [_joined(parts, channels)] if parts else []
    return [point for part in parts for point in _split(part, channels, step_s)]


def _split(part: Part, channels: Layout, step_s: int) -> list[Point]:
    if step_s == 1:
        return _samples(part, channels)
    steps = groupby(range(len(part.instants_ms)), key=lambda place: window_of(part.instants_ms[place], step_s))
    of_steps = (list(places) for _, places in steps)
    return [_joined([part.cut(places[0], places[-1] + 1)], channels) for places in of_steps]


def _samples(part: Part, channels: Layout) -> list[Point]:
    """As they were taken, a column at a time: an export asks for millions of them."""
    told = [channel.values_of(column) for channel, column in zip(channels, part.columns, strict=True)]
    channel, column = part.clock
    rows = zip(*told, strict=True) if told else repeat(())
    heads = zip(part.instants_ms, part.offsets_ms, channel.values_of(column), strict=True)
    return [
        Point(part.boot, at_ms / MS, (at_ms + offset_ms) / MS, clock if isinstance(clock, str) else None, 1, values)
        for (at_ms, offset_ms, clock), values in zip(heads, rows, strict=False)
    ]


def _joined(parts: Sequence[Part], channels: Layout) -> Point:
    first = parts[0]
    at_ms, offset_ms = first.instants_ms[0], first.offsets_ms[0]
    channel, column = first.clock
    weights = [part.weight for part in parts for _ in part.instants_ms]
    values = tuple(
        channel.value_of(typical(channel, [value for part in parts for value in part.columns[place]], weights))
        for place, channel in enumerate(channels)
    )
    clock = channel.value_of(column[0])
    told = clock if isinstance(clock, str) else None
    return Point(first.boot, at_ms / MS, (at_ms + offset_ms) / MS, told, sum(weights), values)


def _as(channel: Channel, own: Channel, column: Column) -> Column:
    """A column as another version of its channel would have kept it."""
    if own == channel:
        return column
    return tuple(_as_one(channel, own.value_of(raw)) for raw in column)


def _as_one(channel: Channel, value: Value) -> int:
    if isinstance(value, str):
        return channel.words.index(value) if value in channel.words else MISSING
    return MISSING if value is None or channel.words else round(value * channel.scale)
