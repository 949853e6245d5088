"""`hallig bench fuzz` plays what was typed, and says what it found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from controller.cli import main
from hil_tests.fuzz import play
from hil_tests.tests.bench.test_fuzz import scenario


def test_it_plays_and_ends_with_zero(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "fuzz", "--seeds", "3", "-j", "1", "--safety", "--folder", str(tmp_path)]) == 0
    assert "1 story of seed 3," in capsys.readouterr().out


def test_what_it_finds_is_machine_readable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = scenario(until="2 s", expect=[{"always": "poi.open"}])
    monkeypatch.setattr(play, "random_scenario", lambda *_: broken)
    assert main(["bench", "fuzz", "--seeds", "2", "-j", "1", "--safety", "--json", "--folder", str(tmp_path)]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["passed"] is False
    assert answer["found"][0]["seed"] == 2
    assert Path(answer["found"][0]["reproducer"]).exists()
