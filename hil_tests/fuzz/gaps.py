"""What the controller cannot do yet, as far as random stories run into it. A gap that is closed is taken out here.

A run counts as a known gap only when everything that it found is explained by one of these; the summary counts them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from controller.model.reasons import EventKind, Reason
from hil_tests.bench.verdict import Result, Verdict


@dataclass(frozen=True, slots=True)
class Gap:
    """One function that is missing, the findings that follow from it, and how a run shows that it was needed."""

    name: str
    sources: frozenset[str]
    was_needed: Callable[[Result], bool]


def _was_dark(result: Result) -> bool:
    return any(
        event.kind in {EventKind.MODE_CHANGED, EventKind.RECOVERED}
        and (event.values.get("to") == "dark" or event.reason is Reason.RECOVERED_DARK)
        for _, event in result.events
    )


GAPS = (
    Gap("no black start: a hub that has gone dark stays dark", frozenset({"D2", "expect.1"}), _was_dark),
)  # fmt: skip


def known_gap(result: Result) -> Gap | None:
    """The gap that explains everything this run found; None when nothing does, or nothing was found."""
    sources = {finding.source for finding in result.findings if finding.is_hard}
    if result.verdict is not Verdict.FAIL:
        return None
    return next((gap for gap in GAPS if sources <= gap.sources and gap.was_needed(result)), None)
