"""A known gap excuses what follows from it, and nothing else of the same name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import hil_tests
from hil_tests.bench.loading import load_scenario
from hil_tests.bench.runner import run
from hil_tests.bench.verdict import Result
from hil_tests.checkers.contract import RAMP_WINDOW_S
from hil_tests.fuzz.gaps import unexplained

SCENARIOS = Path(hil_tests.__file__).parent / "scenarios"


@pytest.fixture(scope="module")
def lying_contact() -> Result:
    """FUZ-003: on its way back beside a POI that is closed, and all sun is let go."""
    loaded = load_scenario(SCENARIOS / "FUZ-003.toml")
    result = run(loaded.scenario, loaded.site, 54)
    assert "I18b" in {finding.source for finding in result.findings}
    return result


def test_sun_that_is_let_go_in_a_return_is_a_known_gap(lying_contact: Result) -> None:
    assert unexplained(lying_contact) == []


def test_sun_that_is_let_go_without_one_is_a_finding(lying_contact: Result) -> None:
    stayed = [(at_s, event) for at_s, event in lying_contact.events if event.values.get("to") != "reconnection"]
    found = unexplained(replace(lying_contact, events=tuple(stayed)))
    assert [finding.source for finding in found] == ["I18b"]


def test_sun_that_is_let_go_long_after_one_is_a_finding(lying_contact: Result) -> None:
    late = [replace(finding, at_s=finding.at_s + RAMP_WINDOW_S) for finding in lying_contact.findings]
    earlier = [(at_s, event) for at_s, event in lying_contact.events if at_s < 11.0]
    found = unexplained(replace(lying_contact, findings=tuple(late), events=tuple(earlier)))
    assert [finding.source for finding in found] == ["I18b"]
