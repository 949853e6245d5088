"""The record of full runs: what is said of each part, and that a part which failed is not hidden."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hil_tests.bench.loading import SCENARIOS
from hil_tests.docs.evidence import evidence_page
from hil_tests.evidence import __main__ as command
from hil_tests.evidence import record
from hil_tests.evidence.parts import Part, parts, summary
from hil_tests.tests import tree


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["pass  ISL-001", "26 runs: 25 pass, 1 known gap", "with --report"], "26 runs: 25 pass, 1 known gap"),
        (["1 run: 1 pass"], "1 run: 1 pass"),
        (["4 stories of seeds 1 to 4, 0 broke", ""], "4 stories of seeds 1 to 4, 0 broke"),
        (["CTL-060: 90 crashes, 0.1 s each, 0 broke something", "  3 ended in a known gap: dark"],
         "CTL-060: 90 crashes, 0.1 s each, 0 broke something; 3 ended in a known gap: dark"),
        (["something else", "in the end", ""], "in the end"),
        ([], "nothing"),
    ],
)  # fmt: skip
def test_the_line_that_says_what_came_of_it(lines: list[str], said: str) -> None:
    assert summary(lines) == said


def test_a_part_is_recorded_with_its_day_whatever_came_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(record, "RECORD", tmp_path / "record.toml")
    monkeypatch.setattr(tree, "ROOT", tmp_path)
    told = {"t0": ("7 runs: 7 pass", 0), "guard": ("3 mutants, 2 killed", 1)}
    monkeypatch.setattr(
        command,
        "parts",
        lambda *_: [
            Part(name, name, (sys.executable, "-c", f"print({said!r}); raise SystemExit({code})"))
            for name, (said, code) in told.items()
        ],
    )
    assert command.main([]) == 1
    page = (tmp_path / "docs" / "evidence.md").read_text()
    assert page == evidence_page()
    assert "passed: 7 runs: 7 pass" in page
    assert "FAILED: 3 mutants, 2 killed" in page
    assert page.count("not run in full yet") == len(parts(1, 1)) - 2
    assert command.main(["--only", "t0"]) == 0
    assert "FAILED" in evidence_page(), "what is not run again stays as it was"


def test_a_command_is_shown_as_a_person_would_type_it() -> None:
    lines = {part.name: part.line for part in parts(5000, 2)}
    assert lines["t0"] == "hallig bench run --tier t0 -j 2"
    assert lines["fuzz"] == "python -m hil_tests.fuzz --seeds 1..5000 --jobs 2"


def test_real_time_leaves_no_scenario_out() -> None:
    families = [word for part in parts(1, 1) if part.name.startswith("t2") for word in part.command if word.isupper()]
    assert sorted(families) == sorted({path.stem[:3] for path in SCENARIOS.glob("*.toml")})
