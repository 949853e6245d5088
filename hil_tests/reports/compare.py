"""What differs between two reports: verdicts, metrics, and the first thing that happened otherwise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import zip_longest

from hil_tests.bench.scenario import Tier
from hil_tests.bench.verdict import Result
from hil_tests.reports.events import Said, said
from hil_tests.reports.names import label
from hil_tests.reports.records import Report

SAME_INSTANT_S = 1e-6


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same."""

    run: str
    what: str  # "runs", "verdict", "metric", "event", "trace"
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.run}: {self.what}: {self.before} -> {self.after}"


def compare(before: Report, after: Report, tolerance_ratio: float) -> list[Difference]:
    """By run. Metrics may differ by this share; instants and traces are compared in virtual time only."""
    left, right = ({label(one): one for one in report.results} for report in (before, after))
    found: list[Difference] = []
    for name in sorted({*left, *right}):
        if name not in left or name not in right:
            there = (name in left, name in right)
            found.append(Difference(name, "runs", *("there" if is_there else "not run" for is_there in there)))
        else:
            found += _differences(left[name], right[name], tolerance_ratio)
    return found


def as_json(found: list[Difference]) -> dict[str, object]:
    """For programs."""
    return {"same": not found, "differences": [asdict(one) for one in found]}


def _differences(one: Result, other: Result, tolerance_ratio: float) -> Iterator[Difference]:
    name = label(one)
    if one.outcome != other.outcome:
        yield Difference(name, "verdict", one.outcome, other.outcome)
    for metric in sorted({*one.metrics, *other.metrics}):
        if not _is_alike(one.metrics, other.metrics, metric, tolerance_ratio):
            values = (_value(each.metrics, metric) for each in (one, other))
            yield Difference(name, f"metric {metric}", *values)
    if one.tier is Tier.T2:
        return  # no two runs in real time are alike
    first = _first_event(one, other)
    if first is not None:
        yield Difference(name, "event", *first)
    elif one.trace_hash != other.trace_hash:
        yield Difference(name, "trace", one.trace_hash[:12], other.trace_hash[:12])


def _is_alike(one: Mapping[str, float], other: Mapping[str, float], metric: str, tolerance_ratio: float) -> bool:
    if metric not in one or metric not in other:
        return False
    values = one[metric], other[metric]
    if any(math.isnan(value) for value in values):
        return all(math.isnan(value) for value in values)
    return math.isclose(*values, rel_tol=tolerance_ratio, abs_tol=1e-9)


def _value(metrics: Mapping[str, float], metric: str) -> str:
    return f"{metrics[metric]:.6g}" if metric in metrics else "none"


def _first_event(one: Result, other: Result) -> tuple[str, str] | None:
    for left, right in zip_longest(said(one), said(other)):
        if left is None or right is None or not _is_same(left, right):
            return told(left), told(right)
    return None


def _is_same(left: Said, right: Said) -> bool:
    is_together = abs(left.at_s - right.at_s) <= SAME_INSTANT_S
    return is_together and (left.source, left.text, left.fields) == (right.source, right.text, right.fields)


def told(line: Said | str | None) -> str:
    """A line of a log, or that it has ended."""
    return "nothing more" if line is None else str(line)
