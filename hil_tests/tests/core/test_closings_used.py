"""When the POI's closings of an hour are spent, the page counts down; somebody has to know why."""

from __future__ import annotations

from controller.core.resync import CLOSINGS_MAX, CLOSINGS_WINDOW_S
from controller.model.frozen import replace
from controller.model.memory import Attempt
from controller.model.reasons import EventKind, Reason
from hil_tests.tests.core.hubs import hub, islanded, on_grid
from hil_tests.tests.core.run import Run


def closed_so_often(count: int, kind: str = "close") -> Run:
    """On grid, the POI ordered closed so often within the last minutes, the oldest ten minutes ago."""
    run = Run(hub(), now_s=10_000.0)
    attempts = tuple(Attempt("poi", kind, run.now_s - 600.0 + 60.0 * n) for n in range(count))
    run.memory = replace(run.memory, durable=replace(run.memory.durable, attempts=attempts))
    run.see(on_grid, 0.2)
    return run


def told(run: Run) -> list[tuple[EventKind, str]]:
    return [(event.kind, event.subject) for event in run.events if event.reason is Reason.POI_CLOSINGS_USED]


def test_the_last_closing_of_an_hour_raises_the_alarm_once() -> None:
    run = closed_so_often(CLOSINGS_MAX)
    run.see(islanded, 1.0)
    assert told(run) == [(EventKind.ALARM, "poi")]


def test_it_ends_when_the_oldest_is_an_hour_old() -> None:
    run = closed_so_often(CLOSINGS_MAX)
    run.see(on_grid, CLOSINGS_WINDOW_S - 601.0, cycle_s=1.0)
    assert len(told(run)) == 1
    run.see(on_grid, 2.0)
    assert told(run) == [(EventKind.ALARM, "poi"), (EventKind.ALARM_CLEARED, "poi")]


def test_one_fewer_is_no_alarm_and_neither_is_anything_else_that_was_tried() -> None:
    assert told(closed_so_often(CLOSINGS_MAX - 1)) == []
    assert told(closed_so_often(CLOSINGS_MAX, "form")) == []
