"""One bond of neutral and earth: on grid the N-PE relay must not stay closed without anybody knowing."""

from __future__ import annotations

import pytest

from controller.model.frozen import replace
from controller.model.image import EarthingSeen, ProcessImage
from controller.model.reasons import EventKind, Reason
from controller.model.words import BreakerPosition
from hil_tests.tests.core.hubs import hub, islanded, on_grid
from hil_tests.tests.core.run import Run


def bonded(at_s: float) -> ProcessImage:
    return replace(on_grid(at_s), earthing=EarthingSeen(at_s, BreakerPosition.CLOSED))


def unseen(at_s: float) -> ProcessImage:
    return replace(on_grid(at_s), earthing=EarthingSeen())


def told(run: Run) -> list[tuple[EventKind, str]]:
    return [(event.kind, event.subject) for event in run.events if event.reason is Reason.TWO_BONDS]


def test_a_relay_that_stays_closed_after_the_return_is_told_once_and_its_end_as_well() -> None:
    run = Run(hub())
    run.see(islanded, 1.0)
    run.see(bonded, 4.9)
    assert not told(run)
    run.see(bonded, 3.0)
    assert told(run) == [(EventKind.ALARM, "n_pe")]
    assert run.commands.earthing.open, "and it is asked to open all the time"
    run.see(unseen, 1.0)
    assert len(told(run)) == 1, "blindness is not the end of it"
    run.see(on_grid, 0.1)
    assert told(run) == [(EventKind.ALARM, "n_pe"), (EventKind.ALARM_CLEARED, "n_pe")]


@pytest.mark.parametrize("image", [islanded, unseen, on_grid])
def test_the_one_bond_of_an_island_or_of_the_grid_is_no_alarm(image: object) -> None:
    run = Run(hub())
    run.see(image, 10.0)  # type: ignore[arg-type]
    assert not told(run)


def opened(run: Run) -> int:
    orders = [event for event in run.events if event.kind is EventKind.ORDERED_OPEN and event.subject == "n_pe"]
    assert all(event.reason is Reason.EARTHING_FOLLOWS_MODE and event.inputs for event in orders)
    return len(orders)


def doubtful(at_s: float) -> ProcessImage:
    """On grid by every sign, beside a contact that says open."""
    seen = bonded(at_s)
    return replace(seen, poi=replace(seen.poi, position=BreakerPosition.OPEN))


def test_the_log_says_once_when_the_relay_is_opened() -> None:
    run = Run(hub())
    run.see(islanded, 1.0)
    assert not opened(run)
    run.see(bonded, 1.0)
    run.see(unseen, 1.0)
    run.see(bonded, 1.0)
    assert opened(run) == 1, "one order, however long it stands"
    run.see(on_grid, 1.0)
    run.see(unseen, 1.0)
    run.see(on_grid, 1.0)
    assert opened(run) == 1, "what is seen open is not opened"
    run.see(islanded, 1.0)
    run.see(bonded, 1.0)
    assert opened(run) == 2


def test_the_log_says_it_as_well_where_the_contact_was_doubted_at_the_return() -> None:
    """Fuzz seed 1702: the mode had long changed when the contact was believed again and the relay opened."""
    run = Run(hub())
    run.see(islanded, 1.0)
    run.see(doubtful, 10.0)
    assert not run.commands.earthing.open
    assert not opened(run)
    run.see(bonded, 0.2)
    assert run.commands.earthing.open
    assert opened(run) == 1


def test_a_contact_that_blinks_makes_no_new_line() -> None:
    """A welded relay beside a bus that loses an answer now and then: one order, one line."""
    run = Run(hub())
    run.see(islanded, 1.0)
    run.see(bonded, 1.0)
    for _ in range(5):
        run.see(lambda t: replace(bonded(t), poi=replace(bonded(t).poi, position=None)))
        run.see(bonded, 1.0)
    assert opened(run) == 1
