"""The picture of a run: one time axis for modes, what the bench did, what the controller said, and the quantities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from hil_tests.bench.verdict import Result
from hil_tests.reports.lines import Scale
from hil_tests.reports.panels import Panel, panels
from hil_tests.reports.ticks import Tick, time_ticks

CROWD_PCT = 2.6  # flags nearer than this share one
CLOSE_BEFORE_S, CLOSE_AFTER_S = 1.0, 4.0
CAUSE_WITHIN_S = 10.0
CLOSE_WORTH_S = 12.0  # shorter runs need no close-up
MODE_KINDS = {
    "grid_connected": "calm",
    "islanded": "island",
    "dark": "dark",
    "locked_out": "bad",
    "none": "dark",
    "unknown": "dark",
}


@dataclass(frozen=True, slots=True)
class Flag:
    """One or several things at almost the same instant: their numbers in the log, "3" or "3–5"."""

    at_pct: float
    text: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Stay:
    """How long the controller was in a mode."""

    mode: str
    kind: str
    from_s: float
    to_s: float
    left_pct: float
    width_pct: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that shares one time axis."""

    from_s: float
    to_s: float
    unit: str
    ticks: tuple[Tick, ...]
    stays: tuple[Stay, ...]
    marks: tuple[Flag, ...]
    findings: tuple[Flag, ...]
    said_pct: tuple[float, ...]  # lines of the controller's log
    panels: tuple[Panel, ...]

    @property
    def mark_lines(self) -> tuple[float, ...]:
        """Where a line goes down through all panels, in panel units."""
        return tuple(round(flag.at_pct * 10.0, 1) for flag in self.marks)


def charts(result: Result) -> list[tuple[str, Chart]]:
    """The whole run; and where that is long, what happened around its most telling instant."""
    if not len(result.trace.t_s):
        return []
    whole = (0.0, max(result.plant_s, result.trace.t_s[-1], 1e-3))
    drawn = [("The whole run", _chart(result, whole))]
    window_s = _close_up(result, whole[1])
    if window_s is not None and whole[1] > CLOSE_WORTH_S:
        drawn.append((f"Close-up from {window_s[0]:.2f} to {window_s[1]:.2f} s", _chart(result, window_s)))
    return drawn


def _close_up(result: Result, end_s: float) -> Scale | None:
    """Around the first thing that was wrong and what the bench did just before; else the first thing that it did."""
    wrong_s = min((one.at_s for one in result.findings if one.is_hard and 0.0 < one.at_s < end_s - 0.5), default=None)
    done = [at_s for at_s, _ in result.marks]
    if wrong_s is not None:
        causes = [at_s for at_s in done if wrong_s - CAUSE_WITHIN_S <= at_s <= wrong_s]
        from_s, to_s = min(causes[-1:], default=wrong_s), wrong_s
    elif done:
        from_s = to_s = done[0]
    else:
        return None
    return max(0.0, from_s - CLOSE_BEFORE_S), min(end_s, max(from_s + CLOSE_AFTER_S, to_s + CLOSE_BEFORE_S))


def _chart(result: Result, window_s: Scale) -> Chart:
    ticks, unit = time_ticks(*window_s)
    return Chart(
        from_s=window_s[0],
        to_s=window_s[1],
        unit=unit,
        ticks=tuple(ticks),
        stays=tuple(_stays(result, window_s)),
        marks=tuple(_flags([at_s for at_s, _ in result.marks], window_s)),
        findings=tuple(_flags([one.at_s for one in result.findings], window_s)),
        said_pct=tuple(sorted({_pct(at_s, window_s) for at_s, _ in result.events if _is_within(at_s, window_s)})),
        panels=tuple(panels(result.trace, window_s)),
    )


def _stays(result: Result, window_s: Scale) -> list[Stay]:
    times, modes = result.trace.t_s, result.trace.columns.get("controller.mode", [])
    changes = [at for at in range(len(modes)) if at == 0 or modes[at] != modes[at - 1]]
    stays = []
    for at, following in zip_longest(changes, changes[1:]):
        from_s = max(times[at] if at else 0.0, window_s[0])
        to_s = min(times[following] if following is not None else window_s[1], window_s[1])
        if to_s > from_s:
            mode, left_pct = str(modes[at]), _pct(from_s, window_s)
            width_pct = round(_pct(to_s, window_s) - left_pct, 2)
            stays.append(Stay(mode, MODE_KINDS.get(mode, "moving"), from_s, to_s, left_pct, width_pct))
    return stays


def _flags(instants_s: Sequence[float], window_s: Scale) -> list[Flag]:
    """Numbered from one in the order in which they are told; neighbours become one."""
    groups: list[tuple[float, list[int]]] = []
    for number, at_s in enumerate(instants_s, start=1):
        if not _is_within(at_s, window_s):
            continue
        at_pct = _pct(at_s, window_s)
        if groups and at_pct - groups[-1][0] < CROWD_PCT:
            groups[-1][1].append(number)
        else:
            groups.append((at_pct, [number]))
    return [Flag(at_pct, _span(numbers), tuple(numbers)) for at_pct, numbers in groups]


def _span(numbers: list[int]) -> str:
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}–{numbers[-1]}"


def _is_within(at_s: float, window_s: Scale) -> bool:
    return window_s[0] - 1e-9 <= at_s <= window_s[1] + 1e-9


def _pct(at_s: float, window_s: Scale) -> float:
    return round(min(max((at_s - window_s[0]) / (window_s[1] - window_s[0]), 0.0), 1.0) * 100.0, 2)
