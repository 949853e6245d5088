"""The POI's instrument falls silent while a source is on its way to form: what was proven open is not stuck.

Its feed is the hub's own, and that goes at the same instant. Locked out for it, nobody would form ever again between
two dead sides: nothing differs there that could prove anything.
"""

from __future__ import annotations

import pytest

from controller.core.poi import FORM_ATTEMPTS_MAX
from controller.core.sides import SKEW_S
from controller.model.commands import BatteryCommand
from controller.model.frozen import replace
from controller.model.image import EarthingSeen, PoiSeen, ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, Mode
from hil_tests.tests.core.hubs import CLOSED, LIVE, dark, islanded, on_grid, with_poi
from hil_tests.tests.core.watched import Image, Watched


def open_and_dead(at_s: float) -> ProcessImage:
    """Between the opening and the first voltage; the island is earthed."""
    return replace(dark(at_s), earthing=EarthingSeen(at_s, CLOSED))


def not_open_yet(at_s: float) -> ProcessImage:
    return with_poi(dark(at_s), position=CLOSED)


def blind(at_s: float) -> ProcessImage:
    return replace(open_and_dead(at_s), poi=PoiSeen())


def contact_unseen(at_s: float) -> ProcessImage:
    """The contact is another device's than the voltages."""
    return with_poi(open_and_dead(at_s), position=None)


def forming() -> Watched:
    """The grid has gone, the POI is proven open, the order to form is out."""
    watched = Watched()
    watched.see(on_grid, 0.5)
    until_s = watched.run.now_s + 5.0
    while not any(command.form for command in watched.run.commands.batteries.values()):
        watched.see(open_and_dead if watched.run.commands.poi.open else not_open_yet)
        assert watched.run.now_s < until_s, "nobody is told to form"
    return watched


@pytest.mark.parametrize("image", [blind, contact_unseen])
@pytest.mark.parametrize("blind_s", [0.05, 0.5, 2.0])
def test_what_was_proven_open_is_not_stuck_for_being_unseen(image: Image, blind_s: float) -> None:
    watched = forming()
    watched.see(image, blind_s)
    assert watched.mode is Mode.UNPLANNED_ISLANDING
    watched.see(open_and_dead, 0.3)
    assert watched.run.commands.batteries["battery"].form is not None
    watched.see(islanded, 0.3)
    assert (watched.mode, watched.run.memory.reason) == (Mode.ISLANDED, Reason.ISLAND_FORMED)
    assert watched.vetoes == []


@pytest.mark.parametrize("image", [blind, contact_unseen])
def test_unseen_for_long_it_is_unproven_and_seen_again_the_island_forms_all_the_same(image: Image) -> None:
    """Nobody may form blindly; but nothing has lied, and the village is dark."""
    watched = forming()
    watched.see(image, 10.0)
    assert (watched.mode, watched.run.memory.reason) == (Mode.LOCKED_OUT, Reason.POI_UNPROVEN)
    assert watched.run.commands.batteries["battery"].form is None
    watched.see(open_and_dead, 0.5)
    assert (watched.mode, watched.run.memory.reason) == (Mode.UNPLANNED_ISLANDING, Reason.POI_PROVEN_OPEN)
    assert watched.run.commands.batteries["battery"].form is not None
    watched.see(islanded, 0.3)
    assert watched.mode is Mode.ISLANDED
    assert watched.vetoes == []


def seen(at_s: float, position: BreakerPosition) -> ProcessImage:
    return with_poi(open_and_dead(at_s), position=position)


@pytest.mark.parametrize("position", [BreakerPosition.CLOSED, BreakerPosition.BAD, BreakerPosition.INTERMEDIATE])
def test_seen_otherwise_afterwards_the_order_is_taken_back_at_once_and_soon_it_is_stuck(
    position: BreakerPosition,
) -> None:
    watched = forming()
    watched.see(lambda t: seen(t, position))
    assert watched.run.commands.batteries["battery"].follow
    assert watched.mode is Mode.UNPLANNED_ISLANDING
    watched.see(lambda t: seen(t, position), 0.5)
    assert (watched.mode, watched.run.memory.reason) == (Mode.LOCKED_OUT, Reason.POI_STUCK)
    assert watched.vetoes == []


@pytest.mark.parametrize("position", [BreakerPosition.CLOSED, BreakerPosition.BAD, BreakerPosition.INTERMEDIATE])
def test_one_spoilt_answer_costs_a_moment_and_not_the_night(position: BreakerPosition) -> None:
    watched = forming()
    watched.see(lambda t: seen(t, position), 0.1)
    watched.see(open_and_dead, 0.3)
    assert watched.mode is Mode.UNPLANNED_ISLANDING
    assert watched.run.commands.batteries["battery"].form is not None
    assert watched.vetoes == []


def test_a_false_current_between_two_dead_sides_convicts_no_contact() -> None:
    watched = forming()
    watched.see(lambda t: with_poi(open_and_dead(t), current_a=PhaseValues.even(20.0)), 0.15)
    watched.see(open_and_dead, 0.3)
    assert watched.mode is Mode.UNPLANNED_ISLANDING
    assert watched.run.commands.batteries["battery"].form is not None


def test_told_to_form_and_unseen_it_is_told_to_follow_in_the_second_cycle() -> None:
    """One lost answer in ten: a slow inverter that began anew with each of them would never form."""
    watched = forming()
    watched.see(blind)
    command = watched.run.commands.batteries["battery"]
    assert (command.form, command.follow) == (None, False)
    watched.see(blind)
    assert watched.run.commands.batteries["battery"] == BatteryCommand(follow=True, cause=Reason.POI_UNPROVEN)


def test_one_lost_answer_says_nothing_to_the_inverter_until_it_is_told_to_form_again() -> None:
    watched, told = forming(), []
    for image in (blind, *[open_and_dead] * 3):
        watched.see(image)
        told.append(watched.run.commands.batteries["battery"])
    assert not any(command.follow or command.stop for command in told)
    assert told[-1].form is not None


def unseen_island(at_s: float) -> ProcessImage:
    """It has formed, and the POI's relay says nothing: nobody knows what it feeds."""
    return replace(islanded(at_s), poi=PoiSeen())


def test_what_was_formed_on_the_word_of_a_contact_ends_when_it_stays_unseen() -> None:
    """The contact may have lied, and the street be live."""
    watched = forming()
    watched.see(unseen_island, 0.2)
    assert not watched.run.commands.batteries["battery"].stop, "a lost answer is borne"
    watched.see(unseen_island, 0.1)
    assert watched.run.commands.batteries["battery"].stop
    watched.see(unseen_island, 10.0)
    assert watched.mode is Mode.LOCKED_OUT, "who does not hear is no island"


def test_once_its_sides_have_differed_it_is_an_island_seen_or_unseen() -> None:
    watched = forming()
    watched.see(islanded)
    assert watched.mode is Mode.ISLANDED
    watched.see(unseen_island, 10.0)
    assert watched.mode is Mode.ISLANDED
    assert not watched.run.commands.batteries["battery"].stop


def test_a_long_wait_for_a_former_is_no_missing_proof() -> None:
    """In the sixth second of the transfer one sample lacks the current."""
    watched = forming()
    watched.see(open_and_dead, 5.5)
    assert watched.mode is Mode.UNPLANNED_ISLANDING
    watched.see(lambda t: with_poi(open_and_dead(t), current_a=None))
    assert watched.mode is Mode.UNPLANNED_ISLANDING


def test_unseen_before_it_was_proven_it_is_stuck_after_its_time() -> None:
    watched = Watched()
    watched.see(on_grid, 0.5)
    watched.see(not_open_yet, 0.3)
    assert watched.run.commands.poi.open
    watched.see(contact_unseen, 0.7)
    assert (watched.mode, watched.run.memory.reason) == (Mode.LOCKED_OUT, Reason.POI_STUCK)


def test_blinking_by_turns_it_is_tried_three_times_and_no_more() -> None:
    """Whoever does not form, though told to, is not told for ever."""
    watched = forming()
    for _ in range(40):
        watched.see(blind, 7.0)
        watched.see(open_and_dead, 1.0)
    attempts = [event for event in watched.run.events if event.kind.value == "ordered_form"]
    assert len(attempts) <= FORM_ATTEMPTS_MAX
    assert {veto.subject for veto in watched.vetoes} <= {"n_pe"}, "in the dark the guard keeps it until it sees the bus"


def told_in_the_dark() -> Watched:
    """A black start whose battery has just been told to form."""
    watched = Watched()
    watched.see(dark, 0.5)
    until_s = watched.run.now_s + 10.0
    while not any(command.form for command in watched.run.commands.batteries.values()):
        watched.see(open_and_dead)
        assert watched.run.now_s < until_s, "nobody is told to form"
    return watched


def starting() -> Watched:
    """A black start whose sides have differed: the bus lives, the street is dead."""
    watched = told_in_the_dark()
    watched.see(islanded, SKEW_S + 0.05)
    assert watched.mode is Mode.BLACK_START
    return watched


def joined_unseen(at_s: float) -> ProcessImage:
    """Somebody has closed the POI onto the dead street, and its contact is not seen."""
    return with_poi(islanded(at_s), position=None, grid_voltage_v=LIVE, current_a=PhaseValues.even(20.0))


def test_current_between_two_sides_that_live_as_one_ends_what_was_apart() -> None:
    watched = starting()
    watched.see(lambda t: with_poi(islanded(t), position=None))
    watched.see(joined_unseen)
    assert not watched.run.memory.poi.sides.have_differed
    assert watched.run.commands.batteries["battery"].stop
    watched.see(unseen_island, 1.0)
    assert watched.mode is not Mode.ISLANDED, "what is not seen any more had been joined when it was"
    assert watched.run.commands.batteries["battery"].stop


@pytest.mark.parametrize("position", [BreakerPosition.CLOSED, BreakerPosition.BAD, BreakerPosition.INTERMEDIATE])
def test_one_spoilt_answer_stops_nobody_whose_sides_differ(position: BreakerPosition) -> None:
    watched = starting()
    watched.see(lambda t: with_poi(islanded(t), position=position))
    assert not watched.run.commands.batteries["battery"].stop
