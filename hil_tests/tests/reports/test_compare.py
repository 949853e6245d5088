"""Two reports, and what is not the same."""

from __future__ import annotations

from hil_tests.bench.scenario import Tier
from hil_tests.bench.verdict import Result, Verdict
from hil_tests.reports.compare import compare
from hil_tests.tests.reports.results import BROKEN, LOST, one_of_each, report, result


def told(before: Result, after: Result, tolerance_ratio: float = 1e-6) -> list[str]:
    return [str(one) for one in compare(report([before]), report([after]), tolerance_ratio)]


def test_the_same_is_the_same() -> None:
    assert compare(report(one_of_each()), report(one_of_each()), 1e-6) == []


def test_a_run_that_is_only_in_one_of_them() -> None:
    found = compare(report([result("ISL-001")]), report([result("ISL-002")]), 1e-6)
    assert [(one.run[:7], one.before, one.after) for one in found] == [
        ("ISL-001", "there", "not run"),
        ("ISL-002", "not run", "there"),
    ]


def test_verdict_and_first_other_event() -> None:
    failed = told(result(), result(verdict=Verdict.FAIL, findings=(BROKEN,)))
    assert failed[0] == "ISL-003[seed42-t0]: verdict: pass -> fail"
    assert failed[1].startswith("ISL-003[seed42-t0]: event: 10.46 s controller ")
    assert failed[1].endswith(f" -> 10.20 s checker I2: {BROKEN.detail}")
    fewer = result(events=((10.16, LOST),))
    assert told(result(), fewer)[0].endswith("-> nothing more")


def test_a_metric_beyond_the_tolerance() -> None:
    other = result(metrics={"backfeed_j": 12.6, "new_s": 1.0, "poi_operations_count": 1.0})
    assert told(result(), other) == [
        "ISL-003[seed42-t0]: metric backfeed_j: 12.5 -> 12.6",
        "ISL-003[seed42-t0]: metric new_s: none -> 1",
    ]
    assert told(result(), other, 0.01) == ["ISL-003[seed42-t0]: metric new_s: none -> 1"]


def test_in_real_time_no_two_runs_are_alike_and_nobody_says_so() -> None:
    one, other = (result(tier=Tier.T2, trace_hash=text, events=()) for text in ("a", "b"))
    assert told(one, other) == []
    assert told(result(), result(trace_hash="b")) == ["ISL-003[seed42-t0]: trace: f018ee049291 -> b"]
