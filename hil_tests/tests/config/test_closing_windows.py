"""The core's closing window must lie inside the guard's: else every return that the core orders is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from controller.config import checks_poi, load
from controller.config.errors import Problem, Severity
from controller.config.load import examine
from controller.config.paths import configs_dir
from controller.core import calm, resync
from hil_tests.tests.config.stories import HYBRID, MUSTER, problems_of

ANGLE = "sync_angle_max_deg = { value = 10.0"
ERROR = "sync_angle_error_deg = { value = 1.0"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped data, of which a story may change what it likes."""
    copy = tmp_path / "configs"
    shutil.copytree(configs_dir(), copy)
    monkeypatch.setattr(load, "configs_dir", lambda: copy)
    return copy


def with_envelope(folder: Path, old: str, new: str) -> None:
    path = folder / "envelopes" / "standard.toml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def told(path: Path) -> list[tuple[str, str, str]]:
    return [(problem.key, problem.found, problem.wanted) for problem in problems_of(path)]


def test_an_instrument_that_the_envelope_thinks_worse_of_than_the_site(folder: Path) -> None:
    with_envelope(folder, ERROR, "sync_angle_error_deg = { value = 2.5")
    (problem,) = problems_of(MUSTER)
    assert (problem.key, problem.found, problem.hint) == ("poi.angle_error_deg", "1", "1.5")
    assert "the guard adds sync_angle_error_deg 2.5" in problem.wanted
    assert written_at(problem).startswith("angle_error_deg")


def written_at(problem: Problem) -> str:
    return problem.file.read_text(encoding="utf-8").splitlines()[problem.line - 1]


def test_a_difference_that_the_narrower_window_makes_up_for_is_no_mistake(folder: Path) -> None:
    with_envelope(folder, ERROR, "sync_angle_error_deg = { value = 2.0")
    assert told(MUSTER) == []


@pytest.mark.parametrize(
    ("old", "new", "found", "wanted"),
    [
        (ANGLE, "sync_angle_max_deg = { value = 8.9", "sync_angle_max_deg 8.9", "at least 9: "),
        ("sync_slip_max_hz = { value = 0.1", "sync_slip_max_hz = { value = 0.08", "sync_slip_max_hz 0.08", "0.09: "),
        (
            "sync_voltage_difference_max_ratio = { value = 0.05",
            "sync_voltage_difference_max_ratio = { value = 0.01",
            "sync_voltage_difference_max_ratio 0.01",
            "at least 0.02: ",
        ),
    ],
)
def test_an_envelope_narrower_than_the_core_is_named(folder: Path, old: str, new: str, found: str, wanted: str) -> None:
    with_envelope(folder, old, new)
    told_of = [one for one in told(MUSTER) if one[0] == "envelope"]
    assert [found in one[1] and wanted in one[2] for one in told_of] == [True]


def test_a_window_exactly_as_wide_is_enough(folder: Path) -> None:
    with_envelope(folder, ANGLE, "sync_angle_max_deg = { value = 9.0")
    with_envelope(folder, "sync_slip_max_hz = { value = 0.1", "sync_slip_max_hz = { value = 0.09")
    assert told(MUSTER) == []
    assert told(HYBRID) == []


def test_the_check_knows_the_windows_of_the_core() -> None:
    assert checks_poi.CORE_WINDOW_RATIO == calm.ENVELOPE_RATIO
    assert checks_poi.CORE_VOLTAGE_RATIO == checks_poi.CORE_AIM_RATIO == resync.OWN_WINDOW_RATIO


@pytest.mark.parametrize(
    ("error_deg", "expected"),
    [("3.9", []), ("4.0", ["4"]), ("4.5", ["4.5"])],
)
def test_an_instrument_too_coarse_for_any_closing_is_named(tmp_path: Path, error_deg: str, expected: list[str]) -> None:
    """It passed the check, and its island never came back to the grid."""
    text = MUSTER.read_text(encoding="utf-8")
    assert text.count("angle_error_deg = 1.0") == 1
    path = tmp_path / MUSTER.name
    path.write_text(text.replace("angle_error_deg = 1.0", f"angle_error_deg = {error_deg}"), encoding="utf-8")
    assert [found for key, found, wanted in told(path) if key == "poi.angle_error_deg"] == expected


@pytest.mark.parametrize(("error_deg", "expected"), [("3.5", []), ("3.9", ["3.9, which leaves 0.1 deg to aim at"])])
def test_one_that_leaves_next_to_nothing_is_asked_about(tmp_path: Path, error_deg: str, expected: list[str]) -> None:
    text = MUSTER.read_text(encoding="utf-8")
    path = tmp_path / MUSTER.name
    path.write_text(text.replace("angle_error_deg = 1.0", f"angle_error_deg = {error_deg}"), encoding="utf-8")
    asked = [each for each in examine(path).problems if each.key == "poi.angle_error_deg"]
    assert [each.found for each in asked] == expected
    assert all(each.severity is Severity.WARNING for each in asked)
