"""`hallig bench list` and `run`, as a person types them: output, files and exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from controller.cli import main
from controller.commands.bench_parts import PARTS
from controller.commands.frame import COLUMNS, INTERRUPTED, INVALID, OK, PROBLEM, USAGE
from hil_tests.bench.runner import RUNNERS
from hil_tests.bench.scenario import Tier
from hil_tests.tests.bench_cli.files import failing, grown_gap, known_gap, scenario, shrunk_gap, wrong_mark

Capture = pytest.CaptureFixture[str]


def bench(*words: object) -> int:
    return main(["bench", *map(str, words)])


def test_what_is_as_expected_is_a_zero(tmp_path: Path, capsys: Capture) -> None:
    scenario(tmp_path, "ISL-901", seed='"7..8"')
    known_gap(tmp_path)
    assert bench("run", "--folder", tmp_path) == OK
    told = capsys.readouterr().out
    assert "known gap GAP-001: opens too late for this limit" in told
    assert "3 runs: 2 pass, 1 known gap" in told


@pytest.mark.parametrize("make", [failing, wrong_mark, grown_gap, shrunk_gap])
def test_a_failure_and_a_wrong_mark_are_a_one_with_the_line_that_repeats_it(
    make: type, tmp_path: Path, capsys: Capture
) -> None:
    path = make(tmp_path)
    assert bench("run", "--folder", tmp_path) == PROBLEM
    assert f"again: hallig bench run {path} --seeds 1 --tier t0" in capsys.readouterr().out
    assert bench("run", path, "--seeds", 1, "--tier", "t0") == PROBLEM, "and the line does"


def test_a_known_gap_that_grew_says_what_was_not_announced(tmp_path: Path, capsys: Capture) -> None:
    grown_gap(tmp_path)
    assert bench("run", "--folder", tmp_path) == PROBLEM
    assert "expect.1: not what the known gap announces, which is I1 (opens too late" in capsys.readouterr().out


def test_a_known_gap_that_shrank_says_what_is_healed(tmp_path: Path, capsys: Capture) -> None:
    shrunk_gap(tmp_path)
    assert bench("run", "--folder", tmp_path) == PROBLEM
    assert "I1: announced, and not wrong any more: take it out of `breaks`" in capsys.readouterr().out


def test_a_fault_of_the_bench_is_a_four(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def breaks(*_: object) -> None:
        raise OSError("no more ports")

    scenario(tmp_path, "ISL-901")
    monkeypatch.setattr("hil_tests.bench.runner.RUNNERS", {Tier.T0: breaks})
    assert bench("run", "--folder", tmp_path) == INVALID
    assert "bench at 0.00 s: the bench itself failed: OSError: no more ports" in capsys.readouterr().out


def test_with_json_there_is_one_document(tmp_path: Path, capsys: Capture) -> None:
    failing(tmp_path)
    assert bench("run", "--folder", tmp_path, "--json") == PROBLEM
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert (document["passed"], document["counts"]["fail"]) == (False, 1)
    assert document["runs"][0]["findings"][0]["source"] == "expect.1"
    assert "BAD-001[seed1-t0]" in err


def test_seeds_replace_those_of_the_scenario(tmp_path: Path, capsys: Capture) -> None:
    scenario(tmp_path, "ISL-901", seed='"42..61"')
    assert bench("run", "--folder", tmp_path, "--seeds", "3..4", "--json") == OK
    runs = json.loads(capsys.readouterr().out)["runs"]
    assert [run["seed"] for run in runs] == [3, 4]
    assert runs[0]["properties"]["grid_code"]


def test_two_processes_find_what_one_finds_in_the_same_order(tmp_path: Path, capsys: Capture) -> None:
    scenario(tmp_path / "in", "ISL-902", seed='"1..2"')
    failing(tmp_path / "in")
    reports = []
    for count in (1, 2):
        assert bench("run", "--folder", tmp_path / "in", "-j", count, "--report", tmp_path / str(count)) == PROBLEM
        reports.append(json.loads((tmp_path / str(count) / "results.json").read_text())["runs"])
    assert [run["scenario"] for run in reports[1]] == ["BAD-001", "ISL-902", "ISL-902"]
    assert [run["trace_hash"] for run in reports[0]] == [run["trace_hash"] for run in reports[1]]
    capsys.readouterr()
    assert bench("compare", tmp_path / "1", tmp_path / "2") == OK
    assert capsys.readouterr().out == "the same: 3 runs\n"


def test_a_report_is_written_rendered_again_and_compared(tmp_path: Path, capsys: Capture) -> None:
    scenario(tmp_path / "in", "ISL-901")
    assert bench("run", "--folder", tmp_path / "in", "--report", tmp_path / "one") == OK
    assert f"report: {tmp_path / 'one' / 'report.html'}" in capsys.readouterr().out
    (tmp_path / "one" / "report.html").unlink()
    assert bench("report", tmp_path / "one", "--baseline", tmp_path / "one") == OK
    assert "last green" in (tmp_path / "one" / "report.html").read_text()
    scenario(tmp_path / "in", "ISL-901", within="1 ms")
    assert bench("run", "--folder", tmp_path / "in", "--report", tmp_path / "two") == PROBLEM
    capsys.readouterr()
    assert bench("compare", tmp_path / "one", tmp_path / "two", "--json") == PROBLEM
    found = json.loads(capsys.readouterr().out)
    assert [one["what"] for one in found["differences"]] == ["verdict", "event"]


def test_list_tells_what_can_be_run(tmp_path: Path, capsys: Capture) -> None:
    scenario(tmp_path, "ISL-901", tiers='["t0", "t2"]')
    known_gap(tmp_path)
    assert bench("list", "--folder", tmp_path) == OK
    told = capsys.readouterr().out
    assert "ISL-901   A blackout, seen for three seconds\n          t0/t2, 1 seed, 3 s, quick" in told
    assert "(known gap)" in told
    assert bench("list", "isl", "--folder", tmp_path, "--json") == OK
    assert [one["id"] for one in json.loads(capsys.readouterr().out)["scenarios"]] == ["ISL-901"]


def test_a_file_may_be_named_beside_the_folder_that_holds_it(tmp_path: Path, capsys: Capture) -> None:
    path = scenario(tmp_path, "ISL-901")
    scenario(tmp_path, "BLK-901")
    assert bench("list", "BLK", path, path, "--folder", tmp_path, "--json") == OK
    assert [one["id"] for one in json.loads(capsys.readouterr().out)["scenarios"]] == ["BLK-901", "ISL-901"]
    assert bench("list", path, tmp_path, "--json") == OK
    assert len(json.loads(capsys.readouterr().out)["scenarios"]) == 2


MISTAKES = [
    (["run", "ISL-902"], "no scenario, family or tag 'ISL-902'; did you mean 'ISL-901'?"),
    (["run", "quik"], "did you mean 'quick'?"),
    (["run", "nowhere/ISL-001.toml"], "there is no nowhere/ISL-001.toml"),
    (["run", "--seeds", "9..3"], 'a range like "42..61"'),
    (["run", "--seeds", "many"], "--seeds many: wanted"),
    (["run", "--tier", "t3"], "--tier: 't3' is none of"),
    (["run", "-j", "0"], "at least one process"),
    (["run", "--baseline", "nowhere.json"], "there is no baseline nowhere.json"),
    (["rnu"], "did you mean 'run'?"),
    (["report", "nowhere"], "nowhere/results.json: No such file"),
    (["compare", "nowhere", "nowhere"], "A report is a folder that"),
    (["compare", "a", "b", "--tolerance", "7"], "a share from 0 to 1"),
    (["serve", "musterhalig"], "did you mean 'musterhallig'?"),
    (["serve", "musterhallig", "--port-base", "70000"], "--port-base 70000 is no port"),
    (["fuzz"], "missing: --seeds"),
    (["fuzz", "--seeds", "1", "--safety", "--liveness"], "not allowed with"),
    ([], "missing: PART"),
]


@pytest.mark.parametrize(("words", "says"), MISTAKES, ids=[" ".join(words) or "nothing" for words, _ in MISTAKES])
def test_a_mistake_is_told_in_a_line_that_helps(words: list[str], says: str, tmp_path: Path, capsys: Capture) -> None:
    scenario(tmp_path, "ISL-901")
    own = ["--folder", str(tmp_path)] if words[:1] == ["run"] else []
    assert bench(*words, *own) == USAGE
    out, err = capsys.readouterr()
    assert (says in err, out) == (True, ""), err


def test_a_scenario_with_mistakes_is_told_with_its_places_and_nothing_is_run(tmp_path: Path, capsys: Capture) -> None:
    path = scenario(tmp_path, "ISL-901")
    path.write_text(path.read_text().replace("grid.blackout", "grid.blakout", 1))
    assert bench("run", "--folder", tmp_path) == USAGE
    assert f"{path}:12:1: timeline.0.do" in capsys.readouterr().err


def test_a_tier_that_is_not_installed_is_told(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario(tmp_path, "ISL-901")
    monkeypatch.setattr("hil_tests.bench_cli.selection.RUNNERS", {Tier.T0: RUNNERS[Tier.T0]})
    assert bench("run", "--folder", tmp_path, "--tier", "t2") == USAGE
    assert "the tier t2 is not in this installation. There is t0." in capsys.readouterr().err
    assert bench("run", "--folder", tmp_path, "--tier", "all") == OK


def test_a_scenario_that_cannot_run_there_is_told(tmp_path: Path, capsys: Capture) -> None:
    scenario(tmp_path, "ISL-901", tiers='["t2"]')
    assert bench("run", "--folder", tmp_path) == USAGE
    assert "no chosen scenario can run in t0. Choose another --tier: ISL-901 (t2)." in capsys.readouterr().err
    scenario(tmp_path, "ISL-902")
    assert bench("run", "--folder", tmp_path) == OK
    assert "not played, for they run in other tiers: ISL-901 (t2)" in capsys.readouterr().out
    assert bench("run", "--folder", tmp_path, "--json") == OK
    assert json.loads(capsys.readouterr().out)["not_played"] == ["ISL-901 (t2)"]


def test_a_folder_with_a_broken_report_is_told_before_anything_is_played(tmp_path: Path, capsys: Capture) -> None:
    path, report = scenario(tmp_path, "ISL-901"), tmp_path / "report"
    report.mkdir()
    (report / "results.json").write_text('{"schema": 1}')
    assert bench("run", path, "--report", report) == USAGE
    out, err = capsys.readouterr()
    assert (out, "of schema 1, this hallig reads 2. Choose another folder" in err) == ("", True), err


@pytest.mark.parametrize("part", PARTS)
def test_the_help_of_each_part_teaches(part: str, capsys: Capture) -> None:
    with pytest.raises(SystemExit) as ended:
        bench(part, "--help")
    said = capsys.readouterr().out
    assert ended.value.code == OK
    assert said.startswith(f"usage: hallig bench {part} ")
    assert said.count(f"hallig bench {part}") >= 3, "its use, and two real examples"
    assert "exit codes:\n  0  " in said
    assert "\nnext: " in said
    assert max(map(len, said.splitlines())) <= COLUMNS


def test_a_full_disk_loses_no_verdict_and_not_the_report_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    path, report = scenario(tmp_path, "ISL-901"), tmp_path / "report"
    assert bench("run", path, "--report", report) == OK
    before = {each: each.read_bytes() for each in report.rglob("*") if each.is_file()}

    def full(_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hil_tests.reports.directory.report_page", full)
    capsys.readouterr()
    assert bench("run", path, "--report", report) == INVALID
    said = capsys.readouterr()
    assert "1 run: 1 pass" in said.out
    assert f"the report in {report} could not be written: No space left on device" in said.err
    assert {each: each.read_bytes() for each in report.rglob("*") if each.is_file()} == before
    assert bench("report", report) != OK
    assert {each: each.read_bytes() for each in report.rglob("*") if each.is_file()} == before


def test_where_nothing_was_played_a_report_that_was_there_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    scenario(tmp_path, "ISL-901")
    words = ("run", "--folder", tmp_path, "--report", tmp_path / "report")
    assert bench(*words) == OK
    before = (tmp_path / "report" / "results.json").read_bytes()
    monkeypatch.setattr("hil_tests.bench_cli.running.play_all", lambda *_: [])  # Ctrl-C in the first of them
    assert bench(*words) == INTERRUPTED
    assert "ended early: 1 of 1 runs were not played" in capsys.readouterr().out
    assert (tmp_path / "report" / "results.json").read_bytes() == before


# ---- folders ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["mine", "mine/", "./mine"])
def test_a_folder_is_meant_with_and_without_its_slash(
    word: str, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    scenario(tmp_path / "mine", "ISL-901")
    scenario(tmp_path / "mine", "BLK-901")
    assert bench("list", word, "--json") == OK
    assert [one["id"] for one in json.loads(capsys.readouterr().out)["scenarios"]] == ["BLK-901", "ISL-901"]


@pytest.mark.parametrize("words", [["run", "--folder"], ["list", "--folder"], ["run"], ["list"]], ids=" ".join)
def test_a_folder_without_a_scenario_is_called_so(
    words: list[str], tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ed").mkdir()
    assert bench(*words, "ed") == USAGE
    out, err = capsys.readouterr()
    assert (out, err) == (
        "",
        "hallig: there is no scenario in ed. A scenario is a TOML file: its name ends in .toml.\n",
    )


def test_a_tag_is_meant_beside_a_folder_of_its_name_that_is_empty(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quick").mkdir()
    scenario(tmp_path / "mine", "ISL-901")
    assert bench("list", "quick", "--folder", "mine", "--json") == OK
    assert len(json.loads(capsys.readouterr().out)["scenarios"]) == 1
