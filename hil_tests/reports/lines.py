"""A signal as a line of a drawing: thinned to what a screen can show, so that sixty scenarios stay a small page."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from hil_tests.bench.signals import Sample

WIDTH, HEIGHT = 1000, 400  # of a panel, in its own units; the page stretches it
COLUMNS = 240  # at most four points in each
SPARSE_RATIO = 5.0  # dense samples are 0.02 s apart, sparse ones 0.25 s or 5 s
Dot = tuple[int, int]
Scale = tuple[float, float]


def path(t_s: Sequence[float], values: Sequence[Sample], window_s: Scale, scale: Scale) -> str:
    """The `d` of an SVG path. Where the signal has no value the line has a gap."""
    parts = []
    for stretch in _stretches(t_s, values, window_s):
        dots = _straightened([_dot(at_s, value, window_s, scale) for at_s, value in _thinned(stretch, window_s)])
        if len(dots) == 1:
            dots = [dots[0], (dots[0][0] + 1, dots[0][1])]  # a lone sample is seen too
        parts.append(f"M{dots[0][0]} {dots[0][1]}" + "".join(_steps(dots)))
    return "".join(parts)


def extent(t_s: Sequence[float], values: Sequence[Sample], window_s: Scale) -> Scale | None:
    """Lowest and highest within the window; None when there is nothing."""
    seen = [value for stretch in _stretches(t_s, values, window_s) for _, value in stretch]
    return (min(seen), max(seen)) if seen else None


def _stretches(t_s: Sequence[float], values: Sequence[Sample], window_s: Scale) -> Iterator[list[tuple[float, float]]]:
    """Runs of samples without a gap; one sample beyond each end, so that lines reach the edge.

    A trace is sparse until something happens and dense from then on: so the last value before holds until then.
    """
    first = max(0, bisect_left(t_s, window_s[0]) - 1)
    last = min(len(t_s), bisect_right(t_s, window_s[1]) + 1)
    stretch: list[tuple[float, float]] = []
    for at in range(first, last):
        value = values[at]
        if isinstance(value, int | float) and math.isfinite(value):
            if stretch and _begins_dense(t_s, at):
                stretch.append((t_s[at], stretch[-1][1]))
            stretch.append((t_s[at], float(value)))
        elif stretch:
            yield stretch
            stretch = []
    if stretch:
        yield stretch


def _begins_dense(t_s: Sequence[float], at: int) -> bool:
    """The sample before lies far back, the next one is near."""
    return at + 1 < len(t_s) and t_s[at] - t_s[at - 1] > SPARSE_RATIO * (t_s[at + 1] - t_s[at])


def _thinned(stretch: list[tuple[float, float]], window_s: Scale) -> Iterator[tuple[float, float]]:
    """Of each column of the screen the first, the lowest, the highest and the last, in the order of time."""
    column_s = max((window_s[1] - window_s[0]) / COLUMNS, 1e-9)
    at = 0
    while at < len(stretch):
        column = math.floor((stretch[at][0] - window_s[0]) / column_s)
        end = at
        while end < len(stretch) and math.floor((stretch[end][0] - window_s[0]) / column_s) == column:
            end += 1
        low = min(range(at, end), key=lambda number: stretch[number][1])
        high = max(range(at, end), key=lambda number: stretch[number][1])
        yield from (stretch[number] for number in sorted({at, low, high, end - 1}))
        at = end


def _dot(at_s: float, value: float, window_s: Scale, scale: Scale) -> Dot:
    x = (at_s - window_s[0]) / max(window_s[1] - window_s[0], 1e-9) * WIDTH
    y = (scale[1] - value) / max(scale[1] - scale[0], 1e-12) * HEIGHT
    return round(min(max(x, -WIDTH), 2 * WIDTH)), round(min(max(y, -HEIGHT), 2 * HEIGHT))


def _straightened(dots: list[Dot]) -> list[Dot]:
    """Without the points that lie on the line between their neighbours."""
    kept: list[Dot] = []
    for dot in dots:
        if kept and dot == kept[-1]:
            continue
        if len(kept) >= 2 and _is_straight(kept[-2], kept[-1], dot):
            kept[-1] = dot
        else:
            kept.append(dot)
    return kept


def _is_straight(one: Dot, two: Dot, three: Dot) -> bool:
    before, after = (two[0] - one[0], two[1] - one[1]), (three[0] - two[0], three[1] - two[1])
    is_turning = before[0] * after[1] != before[1] * after[0]
    return not is_turning and before[0] * after[0] + before[1] * after[1] > 0


def _steps(dots: list[Dot]) -> Iterator[str]:
    """Relative moves: shorter than places."""
    for (x, y), (to_x, to_y) in pairwise(dots):
        if to_y == y:
            yield f"h{to_x - x}"
        elif to_x == x:
            yield f"v{to_y - y}"
        else:
            yield f"l{to_x - x} {to_y - y}"
