"""A synchro-check relay that we permit finds the instant; whether there is a bus to look at is ours to know."""

from __future__ import annotations

import pytest

from controller.core.calm import SWING_S
from controller.model.advice import Advice
from controller.model.frozen import replace
from controller.model.hub import PoiSwitching
from controller.model.reasons import Reason
from controller.model.words import Mode, Switcher
from hil_tests.tests.core.hubs import hub, with_poi
from hil_tests.tests.core.test_contact_on_the_way import beside, flows, near, says_closed, shows_open
from hil_tests.tests.core.watched import Watched


def with_a_relay() -> Watched:
    switching = PoiSwitching(Switcher.CONTROLLER, Switcher.SYNC_RELAY)
    return Watched(poi=replace(hub().poi, switching=switching))


def permitted() -> Watched:
    """A relay has had our permission for seconds, and has not found its instant yet."""
    watched = with_a_relay()
    watched.see(lambda t: beside(t, 90.0), 12.0)
    assert watched.run.commands.poi.close is not None
    for angle_deg in range(80, 0, -2):
        watched.see(lambda t, near_deg=angle_deg: beside(t, near_deg))  # type: ignore[misc]
    assert watched.vetoes == []
    return watched


def test_a_permission_that_stands_bears_out_no_contact() -> None:
    """It stands for minutes: a contact that lies meanwhile was believed, and the island's former stopped."""
    watched = permitted()
    watched.see(beside, 0.5)
    watched.see(says_closed, 0.5)
    assert watched.mode is Mode.RECONNECTION
    watched.see(shows_open, 1.5)
    assert watched.run.memory.poi.closed_is_refuted
    watched.see(says_closed, 60.0)
    assert watched.run.memory.mode in (Mode.ISLANDED, Mode.RECONNECTION)
    assert watched.run.commands.batteries["battery"].follow is False
    assert watched.vetoes == []


def test_a_relay_that_has_closed_is_believed_with_the_first_current() -> None:
    watched = permitted()
    watched.see(beside, 0.5)
    watched.see(says_closed, 0.1)
    watched.see(flows, 0.1)
    assert (watched.mode, watched.run.memory.reason) == (Mode.GRID_CONNECTED, Reason.RECONNECTED)
    assert len([each for each in watched.run.memory.durable.attempts if each.kind == "close"]) == 1
    assert watched.vetoes == []


def test_a_permission_is_held_back_while_the_slip_was_not_watched_and_is_the_same_one_afterwards() -> None:
    watched = permitted()
    order = watched.run.commands.poi.close
    watched.see(lambda t: with_poi(beside(t, 90.0), bus_frequency_hz=None))
    assert watched.run.commands.poi.close is None
    began_s = watched.run.now_s
    while watched.run.commands.poi.close is None:
        watched.see(lambda t: beside(t, 90.0))
        assert watched.run.now_s < began_s + 1.0
    assert watched.run.commands.poi.close == order
    assert watched.run.now_s - began_s >= SWING_S
    assert watched.vetoes == []


ANGLES = [(90.0, True), (14.5, True), (9.0, False), (-9.0, False), (2.0, True)]


def arriving(angle_deg: float) -> Watched:
    """The return is due, and the two sides are this far apart by now."""
    watched = with_a_relay()
    watched.see(lambda t: beside(t, 90.0), 9.0)
    watched.see(lambda t: with_poi(beside(t, angle_deg), bus_frequency_hz=50.0), 3.0)
    assert (watched.mode, watched.vetoes) == (Mode.RECONNECTION, [])
    return watched


@pytest.mark.parametrize(("angle_deg", "is_given"), ANGLES)
def test_it_is_given_in_step_or_far_from_it(angle_deg: float, is_given: bool) -> None:
    """Given on the way out of the window it was used at once, and the contact came outside."""
    assert (arriving(angle_deg).run.commands.poi.close is not None) is is_given


def test_what_stands_and_was_not_given_is_given_when_the_angle_has_come() -> None:
    watched = arriving(9.0)
    watched.see(lambda t: with_poi(beside(t, 2.0), bus_frequency_hz=50.0), 2.0)
    assert watched.run.commands.poi.close is not None
    assert len([each for each in watched.run.memory.durable.attempts if each.kind == "close"]) == 1
    assert watched.vetoes == []


HELD_BACK = Advice(closing_held_back=True)


def test_what_the_shell_has_held_back_does_not_stand_and_is_given_anew() -> None:
    """For the disk, or because it came too late: the relay never had it, and would use it at once."""
    watched = permitted()
    order = watched.run.commands.poi.close
    watched.see(lambda t: beside(t, 9.0))
    assert watched.run.commands.poi.close == order, "one that stands goes on"
    watched.see(lambda t: beside(t, 9.0), advice=HELD_BACK)
    assert watched.run.commands.poi.close is None
    watched.see(lambda t: beside(t, 9.0), 1.0)
    assert watched.run.commands.poi.close is None
    watched.see(lambda t: beside(t, 90.0))
    assert watched.run.commands.poi.close == order
    assert watched.vetoes == []


def closing(watched: Watched, advice: Advice) -> None:
    """A closing that we time, until it is over; nothing moves."""
    watched.see_until_closing(near)
    while watched.run.memory.poi.close is not None:
        watched.see(near, advice=advice)


def closings_count(watched: Watched) -> int:
    return sum(attempt.kind == "close" for attempt in watched.run.memory.durable.attempts)


@pytest.mark.parametrize(("advice", "is_latched"), [(HELD_BACK, False), (Advice(), True)])
def test_a_closing_that_never_went_out_was_no_try(advice: Advice, is_latched: bool) -> None:
    watched = Watched()
    watched.see(lambda t: beside(t, 90.0), 12.0)
    for _ in range(3):
        closing(watched, advice)
    watched.see(near, 1.0)
    assert (watched.run.memory.durable.latch("poi_close") is not None) is is_latched
    assert closings_count(watched) == (3 if is_latched else 0)
    assert watched.vetoes == []


def test_one_that_went_out_late_wears_like_any_other() -> None:
    watched = Watched()
    watched.see(lambda t: beside(t, 90.0), 12.0)
    watched.see_until_closing(near)
    watched.see(near, advice=HELD_BACK)
    assert closings_count(watched) == 0
    watched.see(near)
    assert closings_count(watched) == 1


def test_one_that_went_out_and_was_held_back_later_was_one() -> None:
    watched = Watched()
    watched.see(lambda t: beside(t, 90.0), 12.0)
    watched.see_until_closing(near)
    watched.see(near)
    watched.see(near, advice=HELD_BACK)
    while watched.run.memory.poi.close is not None:
        watched.see(near)
    assert watched.run.memory.poi.close_attempts == 1
