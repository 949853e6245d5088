"""Reads a span: samples as they were taken, or one point for each so many seconds. Bounded in rows and in values.

Points are in the order of boots and of the boot clock, and so are their steps: a wall clock that jumps doubles no point
and loses none. Where nothing was measured there is no point; where a channel was not known its value is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import groupby

from supervisor.telemetry.channels import Layout, joined
from supervisor.telemetry.means import WINDOW_S, window_of
from supervisor.telemetry.points import Point, part_of, points_of
from supervisor.telemetry.sampler import BLOCK_S
from supervisor.telemetry.store import ALWAYS, Row, Span, TelemetryStore

STEPS_S = (1, 10, 60, 600, 3600, 86_400)
"""1: samples as they were taken. From 600 on they come from the means, whose newest ends with its ten minutes."""
ROWS_MAX = 1500  # of one answer: a day of minutes
CELLS_MAX = 60_000  # rows times channels: a third of a second on a slow core
ROWS_OF_A_STEP = STEPS_S[-1] // WINDOW_S


@dataclass(frozen=True, slots=True)
class Series:
    """Points, and how to go on: `cursor` is None when that was all."""

    channels: Layout
    points: tuple[Point, ...]
    cursor: int | None
    unreadable_count: int  # minutes or means that are not as they were written


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for. `patterns` as file names have them: `battery.*.soc_pct`; none: everything."""

    span: Span = ALWAYS
    step_s: int = 1
    patterns: Sequence[str] = ()
    after: int = 0
    points_max: int = 1000
    is_for_everybody: bool = True


def chosen(layouts: Iterable[Layout], question: Question) -> Layout:
    """The channels that a question means."""
    return tuple(
        channel
        for channel in joined(layouts)
        if (channel.is_for_everybody or not question.is_for_everybody)
        and (not question.patterns or any(fnmatchcase(channel.name, pattern) for pattern in question.patterns))
    )


def read_series(store: TelemetryStore, question: Question) -> Series:
    """Raises sqlite3.Error, BusyError: it cannot be read now. ValueError: a list of channels is broken."""
    layouts = store.layouts()
    channels = chosen(layouts.values(), question)
    limit = min(ROWS_MAX, max(ROWS_OF_A_STEP + 1, CELLS_MAX // max(1, len(channels))))
    table = table_of(question.step_s)
    rows = store.rows(table, question.after, question.span, limit + 1)
    has_more, unreadable_count, last = len(rows) > limit, 0, question.after
    points: list[Point] = []
    for key, group in groupby(rows[:limit], key=lambda row: _step_of(row, question)):
        of_step = list(group)
        if has_more and points and key == _step_of(rows[limit], question):
            return Series(channels, tuple(points), last, unreadable_count)  # it goes on behind the limit
        parts = [part_of(row, layouts, channels, is_mean=table == "mean") for row in of_step]
        fresh = points_of([part for part in parts if part is not None], channels, question.step_s)
        if question.step_s == 1:  # a minute touches the span; of its samples those inside are meant
            fresh = [point for point in fresh if question.span.from_unix_s <= point.unix_s <= question.span.to_unix_s]
        if points and len(points) + len(fresh) > question.points_max:
            return Series(channels, tuple(points), last, unreadable_count)
        unreadable_count += parts.count(None)
        points, last = points + fresh, of_step[-1].id
    return Series(channels, tuple(points), last if has_more else None, unreadable_count)


def table_of(step_s: int) -> str:
    """Where steps of this length come from."""
    return "mean" if step_s >= WINDOW_S else "minute"


def _step_of(row: Row, question: Question) -> tuple[int, int]:
    return row.boot, window_of(row.first_ms, max(BLOCK_S, question.step_s))
