"""`hallig check` as a whole: everything at once, warnings that stop nothing, and what the hub can do."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from controller.config.abilities import NOT_BUILT, Can
from controller.config.errors import Severity
from controller.config.load import load_site
from controller.config.report import Report, check
from controller.core.resync import CLOSABLE
from controller.core.transitions import TRANSITIONS
from controller.model.reasons import Reason
from controller.model.words import Mode, Switcher
from hil_tests.benchmarks.check import DEVICES_COUNT, MISTAKES, big_hub, wrong_hub
from hil_tests.tests.config.stories import HERE, HYBRID, MUSTER, Mistake, changed
from hil_tests.tests.config.test_site_mistakes import MEANING, SHAPE

PAIRS_COUNT = 150


def hallig_check(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "controller.cli", "check", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def can(report: Report) -> dict[str, Can]:
    return {each.name: each.can for each in report.abilities}


# ---- warnings and errors --------------------------------------------------------------------------------------------


def test_warnings_are_told_and_change_nothing() -> None:
    report = check(MUSTER)
    assert report.is_ok
    assert report.warnings
    assert all(problem.severity is Severity.WARNING for problem in report.warnings)
    assert all(": warning: " in str(problem) for problem in report.warnings)
    done = hallig_check("musterhallig")
    assert (done.returncode, done.stderr) == (0, "")
    assert all(str(problem) in done.stdout for problem in report.warnings)
    assert f"{len(report.warnings)} warnings" in done.stdout


def test_errors_end_with_two_and_the_warnings_are_told_beside_them(tmp_path: Path) -> None:
    path, line, _ = changed(MUSTER, tmp_path, ("rating_w = 30_000", "▶rating_w = 0"))
    done = hallig_check(str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{path}:{line}:1: pv.pv_barn.rating_w: found 0, wanted more than 0" in done.stderr
    assert "warning: tiers.3" in done.stderr
    assert "1 problem, " in done.stderr
    assert "T2 unplanned islanding" not in done.stderr, "what a refused hub could do contradicts the refusal"
    assert "What this hub can do is told when nothing is wrong any more." in done.stderr
    assert "Nothing was sent to any device." in done.stderr


def test_an_editor_gets_the_same_as_json(tmp_path: Path) -> None:
    path, line, column = changed(MUSTER, tmp_path, ("rating_va = 60_000", "▶rating_kva = 60"))
    done = hallig_check(str(path), "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"], told["file"]) == (2, False, str(path))
    (error,) = told["errors"]
    assert (error["line"], error["column"], error["key"]) == (line, column, "batteries.battery_main.rating_kva")
    assert error["hint"] == "rating_va"
    assert told["transitions"] == []
    assert told["took_s"] > 0
    good = json.loads(hallig_check("hybridhof", "--json").stdout)
    assert (good["ok"], good["errors"]) == (True, [])
    assert len(good["transitions"]) == 8
    assert {warning["key"] for warning in good["warnings"]} >= {"tiers.2", "for_bench_only"}


def test_a_file_that_is_no_toml_is_reported_like_any_mistake(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text("name = \n", encoding="utf-8")
    report = check(path)
    assert not report.is_ok
    assert [(problem.line, problem.key) for problem in report.errors] == [(1, "name")]


# ---- what the hub can do --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "in_step", "by_permission"), [(MUSTER, Can.YES, Can.NO), (HYBRID, Can.NO, Can.YES)])
def test_the_shipped_hubs_close_in_their_own_ways(path: Path, in_step: Can, by_permission: Can) -> None:
    report = check(path)
    assert can(report) == {
        "T1 planned islanding": Can.NOT_YET,
        "T2 unplanned islanding": Can.YES,
        "T3 reconnection": Can.YES,
        "T4 black start": Can.NOT_YET,
        "closing in step, timed by us": in_step,
        "closing by permission to a sync relay": by_permission,
        "closing of a live grid onto a dead bus": Can.NOT_YET,
        "closing with both sides dead": Can.NOT_YET,
    }
    lines = list(report.lines())
    for each in report.abilities:
        assert each.reason
        assert any(each.name in line and each.reason in line for line in lines)


@pytest.mark.parametrize(
    ("old", "new", "cannot"),
    [
        ("can_form = true\ncan_set", "can_form = false\ncan_set", {"T1", "T2", "T4"}),
        ('opened_by = "controller"', 'opened_by = "device"', {"T1"}),
        ('closed_by = "controller"', 'closed_by = "device"', {"closing"}),
        ('closed_by = "controller"', 'closed_by = "open_transition"', {"T3", "closing"}),
        ('kind = "switched_by_us"', 'kind = "switched_by_device"', {"T4"}),
    ],
)
def test_each_lack_takes_away_its_own_transition(tmp_path: Path, old: str, new: str, cannot: set[str]) -> None:
    path, _, _ = changed(MUSTER, tmp_path, (old, HERE + new))
    before, after = can(check(MUSTER)), can(check(path))
    lost = {name.split()[0] for name in after if after[name] is Can.NO and before[name] is not Can.NO}
    assert lost == cannot


def test_what_is_called_not_built_has_no_rows_and_the_rest_has() -> None:
    """Whoever writes the rows of T1 or T4 takes it off the list."""
    reached = {row.target for row in TRANSITIONS if row.reason is not Reason.EMERGENCY_OFF}
    for key, mode in (("T1", Mode.PLANNED_ISLANDING), ("T4", Mode.BLACK_START)):
        assert (key in NOT_BUILT) == (mode not in reached), key
    assert {Mode.UNPLANNED_ISLANDING, Mode.RECONNECTION} <= reached
    assert {Switcher.CONTROLLER, Switcher.SYNC_RELAY, Switcher.DEVICE} == CLOSABLE
    out_of_the_dark = {row.target for row in TRANSITIONS if row.source is Mode.DARK and row.target in Mode}
    assert ("dead_bus" in NOT_BUILT) == (Mode.GRID_CONNECTED not in out_of_the_dark)


# ---- everything at once ---------------------------------------------------------------------------------------------


WHOLE = frozenset(
    {
        "no closing without steering",
        "instrument that sees one side",
        "nobody carries control",
        "nobody forms",
        "instrument polled too slowly",
        "breaker that scatters too much",
        "unknown tier",
    }
)
"""Judged of several entries together, and so not while one of them cannot be read."""


def test_no_mistake_hides_another_that_has_nothing_to_do_with_it(tmp_path: Path) -> None:
    """Two mistakes in two entries of a file: whatever each alone is told for, both together are told for."""
    chance, path, tried = random.Random(7), tmp_path / "site.toml", 0
    stories = [story for story in (*SHAPE, *MEANING) if story.name not in WHOLE]
    while tried < PAIRS_COUNT:
        first, second = chance.sample(stories, 2)
        text = _both(first, second)
        if text is None or _entry(first) == _entry(second):
            continue
        tried += 1
        path.write_text(text, encoding="utf-8")
        keys = {problem.key for problem in check(path).errors}
        assert {first.key, second.key} <= keys, f"{first} and {second}: {keys}"


def test_one_mistake_of_each_section_and_all_are_told(tmp_path: Path) -> None:
    """Eight slips of eight kinds in eight places, in one run."""
    slips = (
        ("breaker_opening_s = 0.2", "breaker_opening_ms = 200", "poi.breaker_opening_ms"),
        ('kind = "switched_by_us"', 'kind = "by_us"', "earthing.kind"),
        ("capacity_wh = 40_000", "capacity_kwh = 40", "batteries.battery_second.capacity_kwh"),
        ("rating_w = 30_000", "rating_w = 0", "pv.pv_barn.rating_w"),
        ("stop_above_soc_pct = 80", "stop_above_soc_pct = 8", "gensets.genset.start_below_soc_pct"),
        ("restore_above_soc_pct = 20", "restore_above_soc_pct = 12", "tiers.1.restore_above_soc_pct"),
        ('from = "io_module#5"', 'from = "io_module#9"', "feeders.ev_posts.from"),
        ('da = "Landsbyens radionet", ', "", "radios.radio_mesh.label.da"),
        ("unit = 12", "unit = 11", "devices.contactor_phones.unit"),
    )
    text = MUSTER.read_text(encoding="utf-8")
    for old, new, _ in slips:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path = tmp_path / "site.toml"
    path.write_text(text, encoding="utf-8")
    assert {problem.key for problem in check(path).errors} == {key for _, _, key in slips}


def _entry(story: Mistake) -> tuple[str, ...]:
    parts = story.key.split(".")
    return tuple(parts[: 1 if parts[0] in {"poi", "max_age_s"} else 2])


def _both(first: Mistake, second: Mistake) -> str | None:
    """The hub with both mistakes; None when one takes away what the other changes."""
    text = MUSTER.read_text(encoding="utf-8")
    for old, new in ((first.old, first.new), *first.also, (second.old, second.new), *second.also):
        if text.count(old) != 1:
            return None
        text = text.replace(old, new.replace(HERE, ""))
    return text


# ---- thirty devices -------------------------------------------------------------------------------------------------


def test_the_big_hub_of_the_benchmark_is_good_and_its_mistakes_are_found(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(big_hub(), encoding="utf-8")
    assert len(load_site(path).devices) == DEVICES_COUNT
    path.write_text(wrong_hub(), encoding="utf-8")
    assert len(check(path).errors) >= len(MISTAKES)
