"""What excuses an order is about that order: the same asset, the same wish, and not long past."""

from __future__ import annotations

import pytest

from controller.model.reasons import EventKind, Reason
from hil_tests.tests.checkers.stage import Stage


def begun() -> Stage:
    stage = Stage()
    stage.begin()
    stage.run(6.0)
    return stage


@pytest.mark.parametrize("was_vetoed", [True, False])
def test_a_veto_explains_no_opening(was_vetoed: bool) -> None:
    stage = begun()
    stage.say(EventKind.ALARM, "hub", Reason.POI_STUCK)
    stage.run(20.0)
    if was_vetoed:
        stage.say(EventKind.VETOED, "ev_posts", Reason.VETO_TIER_ORDER)
    stage.run(20.0)
    stage.order("ev_posts", "closed", False, explained=False)
    stage.run(2.0)
    assert "I12" in stage.ids


@pytest.mark.parametrize(
    ("kind", "subject", "expected"),
    [
        (EventKind.ORDERED_CRANK, "genset", False),
        (EventKind.ORDERED_STOP, "genset", True),
        (EventKind.ALARM, "hub", True),
    ],
)
def test_what_was_held_back_is_explained_by_its_own_line_alone(kind: EventKind, subject: str, expected: bool) -> None:
    stage = begun()
    stage.say(kind, subject)
    stage.say(EventKind.VETOED, "genset", Reason.VETO_STALE)
    stage.run(11.0)
    stage.order("genset", "run", True, explained=False)
    stage.run(2.0)
    assert ("I12" in stage.ids) is expected
