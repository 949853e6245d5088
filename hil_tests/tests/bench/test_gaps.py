"""A known gap excuses what follows from it, and nothing else of the same name."""

from __future__ import annotations

from controller.model.reasons import EventKind
from hil_tests.bench.verdict import Finding, Result
from hil_tests.fuzz.gaps import Gap, unexplained
from hil_tests.tests.reports.results import result

SUNNY = Finding("I18b", 11.0, "PV gives 20000 W more within a minute")


def _forms_an_island(played: Result, finding: Finding) -> bool:
    return any(
        event.kind is EventKind.MODE_CHANGED and 0.0 <= finding.at_s - at_s <= 5.0 for at_s, event in played.events
    )


GAPS = (Gap("too much sun beside a new island", "ISL-003", frozenset({"I18b"}), shows=_forms_an_island),)


def test_what_follows_from_a_gap_is_known() -> None:
    assert unexplained(result(findings=(SUNNY,)), GAPS) == []


def test_the_same_without_what_shows_the_gap_is_a_finding() -> None:
    assert unexplained(result(findings=(SUNNY,), events=()), GAPS) == [SUNNY]


def test_the_same_long_after_it_is_a_finding() -> None:
    late = Finding("I18b", 71.0, SUNNY.detail)
    assert unexplained(result(findings=(late,)), GAPS) == [late]


def test_another_finding_in_the_same_run_is_one() -> None:
    other = Finding("I2", 11.0, "closed 14 degrees apart")
    assert unexplained(result(findings=(SUNNY, other)), GAPS) == [other]


def test_a_soft_finding_is_none() -> None:
    soft = Finding("I27", 11.0, "chatty", is_hard=False)
    assert unexplained(result(findings=(soft,)), GAPS) == []
