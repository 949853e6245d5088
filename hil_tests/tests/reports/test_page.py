"""The page: complete, self-contained, small, and every outcome in words."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hil_tests.bench.scenario import Tier
from hil_tests.bench.verdict import Result, Verdict
from hil_tests.reports.circumstances import circumstances
from hil_tests.reports.names import label
from hil_tests.reports.page import report_page
from hil_tests.reports.records import GreenRun
from hil_tests.tests.reports.results import BROKEN, ISLAND, LOST, busy_trace, one_of_each, report, result

PAGE_MAX_BYTES = 5_000_000


def text_of(html: str) -> str:
    """What a person reads."""
    body = re.sub(r"<(style|script)>.*?</\1>", "", html, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())


def test_nothing_comes_from_elsewhere() -> None:
    html = report_page(report())
    assert re.findall(r"https?:|@import|url\(|<link rel=.stylesheet|srcset", html) == []
    assert set(re.findall(r'(?:href|src)="([^#"]*)["#]', html)) <= {"data:,", ""}


def test_every_outcome_is_told_in_words() -> None:
    text = text_of(report_page(report()))
    assert text.count("2 of 6 runs failed") == 2, "title and heading"
    for word in ("pass 2/2", "known gap", "mark is wrong", "fail", "invalid", "not run"):
        assert word in text
    assert "I2 at 10.20 s: closed 14° apart &lt;b&gt;" in text, "and nothing that a device says is markup"
    assert "I27 at 11.00 s (note, does not fail the run): chatty" in text
    assert "Known gap: waits for a person" in text


def test_each_run_says_how_to_repeat_it() -> None:
    html = report_page(report())
    for one in one_of_each():
        assert f"<code>{one.repeat_line}</code>" in html


def test_the_verdict_of_all() -> None:
    assert "All 1 runs as expected" in report_page(report([result()]))
    gap = result(verdict=Verdict.FAIL, findings=(BROKEN,), expected_to_fail=True, gap="not yet")
    assert "All 1 runs as expected, 1 of them known gaps" in report_page(report([gap]))
    assert "1 of 1 runs are invalid" in report_page(report([result(verdict=Verdict.INVALID)]))
    assert "Nothing was run" in report_page(replace(report(), results=()))


def test_what_was_ended_early_is_not_called_all() -> None:
    """A page that is stapled to a protocol is read by its headline."""
    whole = report([result()])
    page = report_page(replace(whole, circumstances=replace(whole.circumstances, unplayed_count=35)))
    assert "Ended early: 1 runs as expected, 35 more were not played" in page
    assert "All 1 runs" not in page


def test_metrics_are_compared_with_the_last_green_run() -> None:
    before = {"ISL-003[seed42-t0]": green(metrics={"backfeed_j": 10.0, "poi_operations_count": 1.0})}
    text = text_of(report_page(report([result()], before)))
    assert "backfeed_j 12.5 10 +2.5" in text
    assert "poi_operations_count 1 1 same" in text


def green(**changes: Any) -> GreenRun:
    return report([result(**changes)]).green[label(result())]


@pytest.mark.parametrize(
    ("before", "now", "says"),
    [
        (green(), result(), "The same to the bit as the last green run of 2026-11-18 11:06 UTC, commit abc123."),
        (
            green(trace_hash="other"),
            result(events=((10.16, LOST), (12.0, ISLAND))),
            "First there: “10.46 s controller Island – own supply is up”; now: “12.00 s controller Island – own",
        ),
        (green(trace_hash="other", events=((10.16, LOST),)), result(), "First there: “nothing more”; now: “10.46 s"),
        (green(trace_hash="other"), result(), "the trace differs, and the log does not."),
        (replace(green(trace_hash="other"), log=()), result(), "the trace differs, and its log is not known."),
        (green(trace_hash="other"), result(tier=Tier.T2, events=()), "metrics only, for instants in real time never"),
    ],
    ids=["same", "later", "more", "only the trace", "no log", "real time"],
)
def test_what_is_otherwise_than_in_the_last_green_run_is_told(before: GreenRun, now: Result, says: str) -> None:
    assert says in text_of(report_page(report([now], {label(now): before})))


def test_each_run_says_on_what_it_was_played() -> None:
    told = {"hub": "hybridhof", "hub_hash": "beef", "hardware": "io_module at 192.0.2.1:502"}
    text = text_of(report_page(report([result(properties=told)])))
    assert "hub hybridhof hub hash beef hardware io_module at 192.0.2.1:502" in text


def test_what_was_demanded_and_what_was_not_stands_beside_the_verdict() -> None:
    run = result(demands=("poi.open within 2 s after grid.blackout",), exceptions=("I14: the tank is empty",))
    text = text_of(report_page(report([run])))
    assert "Demanded, beside the invariants poi.open within 2 s after grid.blackout" in text
    assert "Not demanded here: I14: the tank is empty" in text


def test_clauses_lead_to_their_scenarios() -> None:
    html = report_page(report([result("ISL-001"), result("ISL-002", clauses=("IEEE 2030.7 T2",))]))
    row = re.search(r'<th scope="row">IEEE 2030.7 T2</th><td>(.*?)</td>', html)
    assert row is not None
    assert re.findall(r'href="#([\w-]+)"', row[1]) == ["ISL-001", "ISL-002"]


def test_sixty_restless_scenarios_stay_a_small_page() -> None:
    busy = result("ISL-001", trace=busy_trace(1), plant_s=300.0)
    alone, two = (report_page(report(runs)) for runs in ([busy], [busy, replace(busy, scenario_id="ISL-002")]))
    each_bytes = len(two.encode()) - len(alone.encode())
    assert len(alone.encode()) + 59 * each_bytes < PAGE_MAX_BYTES, each_bytes


def test_circumstances_name_plant_and_command(tmp_path: Path) -> None:
    found = circumstances(["hallig", "bench", "run", str(tmp_path / "a b")])
    assert re.fullmatch(r"[0-9a-f]{12}", found.plant)
    assert found.command.endswith("a b'"), "a line that a shell would understand"
    assert found.date.endswith("UTC")
