"""What was tried is kept for each asset and kind: one that is busy pushes nobody else's out."""

from __future__ import annotations

from controller.core.attempts import ATTEMPTS_MAX
from controller.model.decision import Event
from controller.model.image import ProcessImage
from controller.model.reasons import EventKind
from hil_tests.tests.core.hubs import CLOSED, hub, islanded, with_battery, with_poi
from hil_tests.tests.core.run import Run


def low(at_s: float) -> ProcessImage:
    """The battery has little left, and the genset is wanted; it does not come."""
    return with_battery(with_battery(islanded(at_s), soc_pct=20.0), "second", soc_pct=20.0)


def says_closed(at_s: float) -> ProcessImage:
    return with_poi(low(at_s), position=CLOSED)


def cranks(run: Run) -> list[Event]:
    return [event for event in run.events if event.kind is EventKind.ORDERED_CRANK]


def test_a_chattering_contact_forgets_no_crank() -> None:
    """Each turn of the POI's contact counts as a closing: after so many a cold engine was cranked anew."""
    run = Run(hub())
    run.see(low, 200.0, cycle_s=0.1)
    assert len(cranks(run)) == 3
    for _ in range(140):
        run.see(says_closed)
        run.see(low)
    run.see(low, 200.0, cycle_s=0.1)
    assert len(cranks(run)) == 3
    kinds = [attempt.kind for attempt in run.memory.durable.attempts]
    assert kinds.count("crank") == 3
    assert kinds.count("close") == ATTEMPTS_MAX
