"""A feeder that was told to open and stays on: a person has to hear of it, and of its end."""

from __future__ import annotations

import pytest

from controller.core.stays_on import STAYS_ON_S
from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.frozen import replace
from controller.model.image import FeederSeen, ProcessImage
from controller.model.reasons import EventKind, Reason
from controller.model.words import BreakerPosition
from hil_tests.tests.core.hubs import hub, islanded
from hil_tests.tests.core.run import Run

FEEDER = "warm_room"


def at(position: BreakerPosition | None, at_s: float) -> ProcessImage:
    seen = islanded(at_s)
    return replace(seen, feeders={**seen.feeders, FEEDER: replace(seen.feeders[FEEDER], position=position)})


def closed(at_s: float) -> ProcessImage:
    return at(BreakerPosition.CLOSED, at_s)


def opened(at_s: float) -> ProcessImage:
    return at(BreakerPosition.OPEN, at_s)


def unseen(at_s: float) -> ProcessImage:
    seen = islanded(at_s)
    return replace(seen, feeders={**seen.feeders, FEEDER: FeederSeen()})


def ask(run: Run, kind: RequestKind, feeder: str | None = None) -> None:
    wish = OperatorRequest(kind.value, kind, feeder, "duty officer", True, run.now_s + 10.0)
    run.see(closed, advice=Advice(requests=(wish,)))


def told(run: Run) -> list[EventKind]:
    return [event.kind for event in run.events if event.reason is Reason.FEEDER_STAYS_ON and event.subject == FEEDER]


@pytest.fixture
def run() -> Run:
    """In the island, a person wants it open, and it was not seen to open in half its time."""
    run = Run(hub())
    run.see(closed, 1.0)
    ask(run, RequestKind.OPEN_FEEDER, FEEDER)
    assert run.commands.feeders[FEEDER].open
    run.see(closed, STAYS_ON_S / 2.0)
    assert not told(run)
    return run


def test_it_is_told_once_and_its_end_as_well(run: Run) -> None:
    run.see(closed, STAYS_ON_S)
    run.see(unseen, 1.0)
    run.see(closed, 10.0)
    assert told(run) == [EventKind.ALARM]
    run.see(opened, 0.1)
    assert told(run) == [EventKind.ALARM, EventKind.ALARM_CLEARED]


def test_one_that_opens_in_its_time_is_nobodys_business(run: Run) -> None:
    run.see(opened, 20.0)
    assert not told(run)


def test_who_is_not_seen_is_not_accused(run: Run) -> None:
    run.see(opened, 0.1)
    run.see(unseen, 20.0)
    assert not told(run)


def test_who_is_told_nothing_is_not_accused() -> None:
    run = Run(hub())
    run.see(closed, 1.0)
    ask(run, RequestKind.OBSERVE_ON)
    ask(run, RequestKind.OPEN_FEEDER, FEEDER)
    run.see(closed, 20.0)
    assert not told(run)


def test_a_restart_begins_anew(run: Run) -> None:
    run.see(closed, STAYS_ON_S)
    run.restart()
    run.events.clear()
    run.see(closed, STAYS_ON_S / 2.0)
    assert not told(run)
    run.see(closed, STAYS_ON_S + 1.0)
    assert told(run) == [EventKind.ALARM]
