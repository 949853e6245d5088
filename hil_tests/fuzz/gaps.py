"""What the controller cannot do yet, as far as random stories run into it. A gap that is closed is taken out here.

A run counts as a known gap only when every hard finding is one that some gap here explains, and, where a gap is about
certain events, the same story without those events is free of all others. So nothing new hides behind it. The summary
counts them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from controller.model.reasons import EventKind, Reason
from hil_tests.bench.scenario import Action, Scenario
from hil_tests.bench.verdict import Finding, Result, Verdict

Replay = Callable[[Scenario], Result]


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that the controller gets wrong, the findings that follow from it, and how a run shows it."""

    name: str
    scenario: str  # the file that shows it, by its id
    sources: frozenset[str]
    is_cause: Callable[[Action], bool] | None = None  # the events without which it must not happen
    shows: Callable[[Result, Finding], bool] = lambda _, __: True


def _waits_for_an_engine(result: Result, finding: Finding) -> bool:
    """The black start that goes on is an engine's, and has begun."""
    modes = [event for at_s, event in result.events if event.kind is EventKind.MODE_CHANGED and at_s <= finding.at_s]
    return bool(modes) and modes[-1].reason is Reason.BLACK_START_GENSET


GAPS: tuple[Gap, ...] = (
    Gap(
        "an engine that is on its way is waited for, though a battery is back before it",
        "FUZ-008",
        frozenset({"D2"}),
        shows=_waits_for_an_engine,
    ),
)
"""Whatever else a random story finds is a finding."""


def unexplained(result: Result, gaps: Collection[Gap] = GAPS) -> list[Finding]:
    """The hard findings that no gap is about."""
    return [finding for finding in result.findings if finding.is_hard and not [*_explaining(result, finding, gaps)]]


def known_gaps(scenario: Scenario, result: Result, replay: Replay, gaps: Collection[Gap] = GAPS) -> tuple[Gap, ...]:
    """The gaps that explain everything this run found; none when something is left over, or nothing was found."""
    if result.verdict is not Verdict.FAIL or unexplained(result, gaps):
        return ()
    present = [gap for gap in gaps if gap.is_cause is None or any(map(gap.is_cause, scenario.timeline))]
    found = tuple(dict.fromkeys(gap for each in result.findings for gap in _explaining(result, each, present)))
    if not any(gap.is_cause for gap in found):
        return found
    timeline = tuple(
        action
        for action in scenario.timeline
        if not any(gap.is_cause is not None and gap.is_cause(action) for gap in found)
    )
    innocent = replay(scenario.model_copy(update={"timeline": timeline}))
    return () if unexplained(innocent, [gap for gap in gaps if gap.is_cause is None]) else found


def _explaining(result: Result, finding: Finding, gaps: Collection[Gap]) -> Iterator[Gap]:
    return (gap for gap in gaps if finding.source in gap.sources and gap.shows(result, finding))
