"""The fuzzer: lawful hubs, repeatable stories, small reproducers, and crashes at every step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from hil_tests.bench.loading import load_scenario
from hil_tests.bench.runner import run
from hil_tests.bench.scenario import Scenario
from hil_tests.fuzz import play
from hil_tests.fuzz.__main__ import main as fuzz_by_module
from hil_tests.fuzz.crash import CrashOptions, crash_everywhere, windows
from hil_tests.fuzz.files import as_toml, write_scenario
from hil_tests.fuzz.hubs import random_hub
from hil_tests.fuzz.main import FuzzOptions, exit_code, fuzz, summary_lines
from hil_tests.fuzz.minimise import ddmin, minimised
from hil_tests.fuzz.stories import Aim, random_scenario
from hil_tests.plant.feeder import LoadFeeder
from hil_tests.tests.checkers.stage import the_site


def test_hubs_are_lawful_differ_and_repeat(tmp_path: Path) -> None:
    hubs = [random_hub(seed, tmp_path)[1].hub for seed in range(12)]
    assert len({len(hub.feeders) for hub in hubs}) > 3
    assert len({len(hub.tiers) for hub in hubs}) > 1
    assert {bool(hub.gensets) for hub in hubs} == {True, False}
    assert random_hub(3, tmp_path)[1].hub == hubs[3]


def test_a_seed_tells_the_same_story(tmp_path: Path) -> None:
    path, site = random_hub(5, tmp_path)
    for aim in Aim:
        first, second = (random_scenario(5, site, path.name, aim) for _ in range(2))
        assert first == second
    assert random_scenario(6, site, path.name, Aim.SAFETY) != random_scenario(5, site, path.name, Aim.SAFETY)


def test_ddmin_finds_the_two_that_matter() -> None:
    asked: list[int] = []

    def breaks(items: Sequence[int]) -> bool:
        asked.append(1)
        return {3, 17} <= set(items)

    assert ddmin(range(40), breaks) == [3, 17]
    assert len(asked) < 120
    assert ddmin([1], lambda _: True) == []


def scenario(**more: object) -> Scenario:
    return Scenario.model_validate({"id": "TST-001", "title": "A test", "until": "20 s", **more})


def test_a_timeline_is_made_small_and_written_and_read_again(tmp_path: Path) -> None:
    timeline = [
        {"at": "5 s", "do": "weather.set", "irradiance_w_per_m2": 100.0},
        {"at": "6 s", "do": "load.scale", "factor": 0.9},
        {"at": "7 s", "do": "poi.trip"},
        {"at": "8 s", "do": "feeder.trip", "feeder": "phones"},
    ]
    long = scenario(timeline=timeline, start={"soc_pct": 40.0})

    def breaks(candidate: Scenario) -> float | None:
        return 7.5 if any(action.do == "poi.trip" for action in candidate.timeline) else None

    small = minimised(long, breaks)
    assert [action.do for action in small.timeline] == ["poi.trip"]
    assert small.start.soc_pct == 85.0
    assert small.until == 8.5
    path = write_scenario(small, tmp_path)
    assert load_scenario(path).scenario == small


def test_every_expectation_survives_the_way_to_a_file_and_back(tmp_path: Path) -> None:
    expected = [
        {"that": "poi.open", "within": "500 ms", "after": "loss"},
        {"always": "bus.live", "during": ["1 s", "2 s"]},
        {"signal": "bus.frequency_hz", "is_constant": [49.0, 51.0]},
        {"event": "mode_changed", "count_max": 3},
    ]
    repeated = {"at": "1 s", "do": "grid.sag", "voltage_ratio": 0.7, "for_s": 0.1, "name": "loss",
                "repeat": {"every": "2 s", "times": 3}}  # fmt: skip
    before = scenario(expect=expected, timeline=[repeated], tiers=("t0",), expected="fail", gap="not yet")
    path = tmp_path / "TST-001.toml"
    path.write_text(as_toml(before))
    assert load_scenario(path).scenario == before


def test_a_seed_that_breaks_leaves_a_reproducer_and_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = scenario(
        until="14 s",
        timeline=[
            {"at": "12 s", "do": "feeder.trip", "feeder": "desk"},
            {"at": "13 s", "do": "load.scale", "factor": 1},
        ],
        expect=[{"never": "feeder.desk.fault"}],
    )
    monkeypatch.setattr(play, "random_scenario", lambda *_: told)
    assert fuzz(FuzzOptions(2, 2, (Aim.SAFETY,), jobs=1, folder=tmp_path)) == 1
    said = capsys.readouterr().out
    assert "seed 2 safety: expect.1 at 12.00 s" in said
    assert f"1 events are enough: hallig bench run {tmp_path}/TST-001.toml" in said
    assert "1 broke" in said


@pytest.mark.parametrize(
    ("raised_in", "code"), [(play.CONTROLLER / "core" / "decide.py", 1), (play.BENCH / "plant" / "feeder.py", 4)]
)
def test_what_is_raised_is_made_small_and_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], raised_in: Path, code: int
) -> None:
    """It was called invalid, whoever had raised it, and nothing was left that repeats it."""
    told = scenario(
        until="14 s",
        timeline=[
            {"at": "11 s", "do": "load.scale", "factor": 1},
            {"at": "12 s", "do": "feeder.trip", "feeder": "desk"},
        ],
    )
    names: dict[str, Callable[..., None]] = {}
    exec(compile("def raises(*_):\n    raise ValueError('no such number')", str(raised_in), "exec"), names)
    monkeypatch.setattr(play, "random_scenario", lambda *_: told)
    monkeypatch.setattr(LoadFeeder, "trip", names["raises"])
    assert fuzz(FuzzOptions(2, 2, (Aim.SAFETY,), jobs=1, folder=tmp_path)) == code
    said = capsys.readouterr().out
    assert f"ValueError: no such number ({raised_in.name}, line 2)" in said
    assert f"1 events are enough: hallig bench run {tmp_path}/TST-001.toml" in said


def test_a_known_gap_alone_is_counted_and_fails_nothing() -> None:
    known = play.Told(1, Aim.SAFETY, 60.0, 1.0, "", gaps=("no black start",))
    broken = play.Told(2, Aim.SAFETY, 60.0, 1.0, "", broke=("I2 at 1.00 s: closed out of sync",))
    beside = play.Told(3, Aim.SAFETY, 60.0, 1.0, "", broke=("ValueError: ?",), is_invalid=True)
    assert exit_code([known, known]) == 0
    assert exit_code([known, broken, beside]) == 1
    assert exit_code([known, beside]) == 4
    said = list(summary_lines(FuzzOptions(1, 2), [known, broken]))
    assert "1 broke" in said[0]
    assert "1 ended in a known gap: no black start" in said[1]


def test_one_seed_is_a_range_of_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fuzz_by_module(["--seeds", "3", "--aim", "safety", "--jobs", "1", "--folder", str(tmp_path)]) == 0
    assert "1 story of seed 3," in capsys.readouterr().out


@pytest.mark.parametrize("jobs", [1, 2])
def test_good_seeds_end_with_zero_on_one_core_and_on_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], jobs: int
) -> None:
    assert fuzz(FuzzOptions(2, 3, (Aim.SAFETY,), jobs=jobs, folder=tmp_path)) == 0
    assert "0 broke" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_a_crash_around_a_transfer_moves_nothing_without_a_cause() -> None:
    told = scenario(until="14 s", timeline=[{"at": "10 s", "do": "grid.blackout"}])
    options = CrashOptions(every_s=0.4)
    where, ends_in = windows(told, the_site(), options)
    assert ends_in == "islanded"
    assert "opening the POI: poi True" in [move for window in where for move in window.moves]
    crashes = list(crash_everywhere(told, the_site(), options, where, ends_in))
    assert len(crashes) > 4
    assert not [crash for crash in crashes if crash.findings]


def test_the_same_seed_gives_the_same_trace() -> None:
    timeline = [{"at": "10 s", "do": "grid.blackout"}, {"at": "12 s", "do": "grid.return"}]  # at any angle
    told = scenario(until="14 s", timeline=timeline)
    hashes = {run(told, the_site(), 7).trace_hash for _ in range(2)}
    assert len(hashes) == 1
    assert run(told, the_site(), 8).trace_hash not in hashes
