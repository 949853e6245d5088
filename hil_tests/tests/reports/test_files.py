"""What programs read: JUnit, traces, logs and results; the same run gives the same bytes."""

from __future__ import annotations

import csv
import gzip
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from hil_tests.bench.verdict import Finding, Verdict
from hil_tests.reports.directory import read, write
from hil_tests.reports.events import event_lines
from hil_tests.reports.junit import junit
from hil_tests.reports.records import ReportError, read_report
from hil_tests.reports.traces import read_trace, trace_bytes
from hil_tests.tests.reports.results import ABOUT, BROKEN, one_of_each, report, result, trace


def test_junit_tells_each_outcome_in_its_own_word() -> None:
    root = ET.fromstring(junit(report()))
    suite = root[0]
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "6", "failures": "2", "errors": "1", "skipped": "1"}
    told = {case.get("name"): [child.tag for child in case] for case in suite}
    assert told["ISL-001[seed42-t0]"] == ["properties", "system-out"]
    assert told["ISL-002[seed42-t0]"] == ["properties", "failure", "system-out"]
    assert told["BLK-001[seed42-t0]"] == ["properties", "skipped", "system-out"]
    assert told["BLK-002[seed42-t0]"] == ["properties", "failure", "system-out"], "the mark is wrong"
    assert told["COM-001[seed42-t2]"] == ["properties", "error", "system-out"]


def test_junit_has_the_evidence_beside_each_case() -> None:
    suite = ET.fromstring(junit(report()))[0]
    case = next(one for one in suite if one.get("name") == "ISL-002[seed42-t0]")
    known = {one.get("name"): one.get("value") for one in case.iter("property")}
    assert (
        known.items()
        >= {"seed": "42", "tier": "t0", "hub": "musterhallig", "plant_hash": "feed", "git": "abc123"}.items()
    )
    assert (known["metric.backfeed_j"], known["version"]) == ("12.5", "9.8.7")
    failure = case.find("failure")
    assert failure is not None
    assert str(BROKEN) in (failure.text or "")
    assert "again: hallig bench run ISL-002 --seeds 42 --tier t0" in (failure.text or "")
    gap = next(one for one in suite.iter("skipped"))
    assert gap.get("message") == "known gap: waits for a person"


def test_junit_stays_xml_whatever_a_device_said() -> None:
    odd = result(verdict=Verdict.FAIL, findings=(Finding("I1", 0.0, "a \x00 \x1b[31m and \ud800 in a name"),))
    assert ET.fromstring(junit(report([odd])))[0].get("failures") == "1"


def test_a_trace_comes_back_as_it_was_and_its_bytes_do_not_know_the_hour(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv.gz"
    path.write_bytes(trace_bytes(trace()))
    again = read_trace(path)
    assert again.t_s == trace().t_s
    assert again.columns == trace().columns
    assert trace_bytes(again) == path.read_bytes()
    assert path.read_bytes()[4:8] == bytes(4), "no time of writing in it"
    with gzip.open(path, "rt") as file:
        assert next(csv.reader(file))[:2] == ["t_s", "bus.voltage_ratio"]


def test_the_log_has_three_voices_in_the_order_of_time() -> None:
    lines = [json.loads(line) for line in event_lines([result(verdict=Verdict.FAIL, findings=(BROKEN,))])]
    assert [line["source"] for line in lines] == ["bench", "controller", "checker", "controller"]
    assert lines[1]["text"] == "Power grid failed – no voltage in the grid"
    assert (lines[1]["kind"], lines[1]["inputs"]) == ("grid_verdict", {"held_s": 0.1})
    assert {(line["scenario"], line["tier"], line["seed"]) for line in lines} == {("ISL-003", "t0", 42)}


def test_a_report_comes_back_as_it_was(tmp_path: Path) -> None:
    sound = [one for one in one_of_each() if one.metrics.keys() != {"cycle_p99_s"}]  # nan is not equal to itself
    written = write(tmp_path, sound, ABOUT)
    assert read(tmp_path) == written
    files = {path.name for path in tmp_path.iterdir()}
    assert files == {"report.html", "junit.xml", "results.json", "events.jsonl", "traces"}


def test_what_is_no_number_is_null_and_comes_back(tmp_path: Path) -> None:
    write(tmp_path, one_of_each(), ABOUT)
    document = json.loads((tmp_path / "results.json").read_text(), parse_constant=pytest.fail)
    invalid = next(run for run in document["runs"] if run["scenario"] == "COM-001")
    assert invalid["metrics"] == {"cycle_p99_s": None}
    assert read(tmp_path).results


def test_the_report_before_is_the_baseline_and_a_failure_does_not_become_one(tmp_path: Path) -> None:
    write(tmp_path, [result(metrics={"backfeed_j": 10.0})], ABOUT)
    write(tmp_path, [result(metrics={"backfeed_j": 99.0}, verdict=Verdict.FAIL, findings=(BROKEN,))], ABOUT)
    third = write(tmp_path, [result(metrics={"backfeed_j": 11.0})], ABOUT)
    name = "ISL-003[seed42-t0]"
    assert (third.green_before[name].metrics, third.green[name].metrics) == ({"backfeed_j": 10.0}, {"backfeed_j": 11.0})
    assert third.green_before[name].log[0] == "10.00 s bench grid.blackout fall_s=0.02"
    elsewhere = write(tmp_path / "other", [result()], ABOUT, baseline=tmp_path)
    assert elsewhere.green_before == third.green
    (tmp_path / "events.jsonl").unlink()
    alone = write(tmp_path / "another", [result()], ABOUT, baseline=tmp_path / "results.json")
    assert (alone.green_before[name].log, alone.green_before[name].metrics) == ((), {"backfeed_j": 11.0})


def test_traces_of_the_report_before_do_not_stay(tmp_path: Path) -> None:
    write(tmp_path, [result("ISL-001"), result("ISL-002")], ABOUT)
    write(tmp_path, [result("ISL-002")], ABOUT)
    assert [path.name for path in (tmp_path / "traces").iterdir()] == ["ISL-002-42-t0.csv.gz"]


@pytest.mark.parametrize("text", [None, "", "[]", '{"schema": 1}', '{"schema": 77}', "{}"])
def test_what_is_no_report_is_told(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "results.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ReportError, match=r"results\.json"):
        read_report(path)


def test_a_report_without_its_traces_is_told(tmp_path: Path) -> None:
    write(tmp_path, [result()], ABOUT)
    (tmp_path / "traces" / "ISL-003-42-t0.csv.gz").write_bytes(gzip.compress(b"nonsense\n"))
    with pytest.raises(ReportError, match="no trace"):
        read(tmp_path)
    (tmp_path / "traces" / "ISL-003-42-t0.csv.gz").unlink()
    with pytest.raises(ReportError, match="No such file"):
        read(tmp_path)


def test_nothing_run_is_a_report_too(tmp_path: Path) -> None:
    empty = replace(report(), results=())
    assert write(tmp_path, [], ABOUT) == replace(empty, green_before={})
