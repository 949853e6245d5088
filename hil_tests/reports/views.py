"""What the page tells of each scenario and each run, in the order in which it tells it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby, zip_longest

from hil_tests.bench.scenario import Tier
from hil_tests.bench.verdict import Finding, Result
from hil_tests.reports.chart import Chart, charts
from hil_tests.reports.compare import told
from hil_tests.reports.events import said
from hil_tests.reports.names import case, in_order, label, worst
from hil_tests.reports.records import LOG_KEPT, Green, GreenRun

SHOWN_MAX = 3  # runs of one scenario with pictures: the worst of many seeds
LOG_MAX = 120  # lines beside the picture; all of them are in events.jsonl
RUNS_MAX = 40  # rows in the table of seeds
FINDINGS_MAX = 20


@dataclass(frozen=True, slots=True)
class LogRow:
    """One line beside the picture. `number` is that of its flag; 0 for the controller's own words."""

    at_s: float
    source: str
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One metric and how it moved since the last green run; `change` is empty when there was none."""

    name: str
    value: str
    before: str
    change: str


@dataclass(frozen=True, slots=True)
class RunView:
    """One run with its pictures."""

    result: Result
    label: str
    findings: tuple[tuple[int, Finding], ...]
    findings_left_count: int
    charts: tuple[tuple[str, Chart], ...]
    log: tuple[LogRow, ...]
    log_left_count: int
    since_green: str  # what is otherwise than in the last green run; empty when there was none
    metrics: tuple[MetricRow, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One tier of one scenario, over all its seeds; no outcome: not run."""

    outcome: str = ""
    count: int = 0
    of: int = 0


@dataclass(frozen=True, slots=True)
class ScenarioView:
    """All runs of a scenario."""

    id: str
    title: str
    outcome: str
    clauses: tuple[str, ...]
    tags: tuple[str, ...]
    demands: tuple[str, ...]
    exceptions: tuple[str, ...]
    gap: str
    cells: tuple[Cell, ...]
    shown: tuple[RunView, ...]
    others: tuple[Result, ...]
    others_left_count: int


def scenario_views(results: Iterable[Result], tiers: tuple[Tier, ...], green: Green) -> list[ScenarioView]:
    """By id."""
    grouped = groupby(in_order(tuple(results)), key=lambda one: one.scenario_id)
    return [_scenario(list(runs), tiers, green) for _, runs in grouped]


def traced_clauses(views: Iterable[ScenarioView]) -> list[tuple[str, list[ScenarioView]]]:
    """Clause by clause, the scenarios that prove it."""
    found: dict[str, list[ScenarioView]] = {}
    for view in views:
        for clause in view.clauses:
            found.setdefault(clause, []).append(view)
    return sorted(found.items())


def _scenario(runs: list[Result], tiers: tuple[Tier, ...], green: Green) -> ScenarioView:
    first, outcome = runs[0], worst([one.outcome for one in runs])
    shown = _shown(runs)
    others = [one for one in runs if one not in shown]
    return ScenarioView(
        id=first.scenario_id,
        title=first.title,
        outcome=outcome,
        clauses=first.clauses,
        tags=first.tags,
        demands=first.demands,
        exceptions=first.exceptions,
        gap=first.gap,
        cells=tuple(_cell([one for one in runs if one.tier is tier]) for tier in tiers),
        shown=tuple(_run(one, green.get(label(one))) for one in shown),
        others=tuple(others[:RUNS_MAX]),
        others_left_count=max(0, len(others) - RUNS_MAX),
    )


def _shown(runs: list[Result]) -> list[Result]:
    """The runs that nobody expected, at most three; else the first of the worst."""
    unexpected = [one for one in runs if not one.is_as_expected]
    if unexpected:
        return unexpected[:SHOWN_MAX]
    outcome = worst([one.outcome for one in runs])
    return [one for one in runs if one.outcome == outcome][:1]


def _cell(runs: list[Result]) -> Cell:
    if not runs:
        return Cell()
    outcome = worst([one.outcome for one in runs])
    return Cell(outcome, sum(one.outcome == outcome for one in runs), len(runs))


def _run(result: Result, before: GreenRun | None) -> RunView:
    log = _log(result)
    metrics = [_metric(name, value, before) for name, value in sorted(result.metrics.items())]
    return RunView(
        result=result,
        label=case(result.seed, result.tier),
        findings=tuple(enumerate(result.findings[:FINDINGS_MAX], start=1)),
        findings_left_count=max(0, len(result.findings) - FINDINGS_MAX),
        charts=tuple(charts(result)),
        log=tuple(log[:LOG_MAX]),
        log_left_count=max(0, len(log) - LOG_MAX),
        since_green=since_green(result, before),
        metrics=tuple(metrics),
    )


def since_green(result: Result, before: GreenRun | None) -> str:
    """In one sentence; no two runs in real time are alike, so those differ in metrics only."""
    if before is None:
        return ""
    when = f"the last green run of {before.date}{f', commit {before.git}' if before.git else ''}"
    if result.tier is Tier.T2:
        return f"Compared with {when}: metrics only, for instants in real time never repeat"
    if result.trace_hash == before.trace_hash:
        return f"The same to the bit as {when}"
    now = [str(line) for line in said(result)[:LOG_KEPT]]
    for left, right in zip_longest(before.log, now) if before.log else ():
        if left != right:
            return f"Otherwise than {when}. First there: “{told(left)}”; now: “{told(right)}”"
    return (
        f"Otherwise than {when}: the trace differs, and {'the log does not' if before.log else 'its log is not known'}"
    )


def _log(result: Result) -> list[LogRow]:
    """Bench, controller and checkers on one time axis; what is flagged in the picture carries its flag's number."""
    numbers = {"bench": 0, "controller": 0, "checker": 0}
    rows = []
    for line in said(result):
        if line.source != "controller":
            numbers[line.source] += 1
        rows.append(LogRow(line.at_s, line.source, numbers[line.source], line.text))
    return rows


def _metric(name: str, value: float, before: GreenRun | None) -> MetricRow:
    last = None if before is None else before.metrics.get(name)
    if last is None or not (math.isfinite(last) and math.isfinite(value)):
        return MetricRow(name, _number(value), "", "")
    change = value - last
    is_same = abs(change) <= 1e-9 * max(1.0, abs(last))
    return MetricRow(name, _number(value), _number(last), "same" if is_same else f"{change:+.3g}")


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "none"
    return f"{value:.0f}" if abs(value) >= 10_000.0 else f"{value:.5g}"
