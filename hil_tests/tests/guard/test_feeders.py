"""Feeders and the earth: what we opened we may close, in order, earthed, and not too often. Openings pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.guard.memory import Track
from controller.guard.vet import Verdict
from controller.model.commands import Commands, SwitchCommand
from controller.model.image import EarthingSeen, ProcessImage
from controller.model.phases import ZERO
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, BusSide
from hil_tests.tests.guard.hubs import hub_with_feeder
from hil_tests.tests.guard.scene import (
    CYCLE_S,
    OPEN,
    Watch,
    close,
    islanded,
    on_grid,
    reasons,
    shed,
    watch_after,
    with_feeder,
    with_open,
    with_poi,
)


def after_shedding(*names: str, **setting: object) -> Watch:
    """An island in which the guard has let these be shed and has seen them open."""
    watch = watch_after(islanded(), islanded(), **setting)
    watch.sees(islanded(), shed(*names))
    watch.sees(with_open(islanded(), *names), shed(*names))
    return watch


def ask_to_close(watch: Watch, name: str, *still_open: str) -> Verdict:
    return watch.sees(with_open(islanded(), name, *still_open), close(watch.order(), name))


def test_what_we_shed_we_may_close_again() -> None:
    verdict = ask_to_close(after_shedding("water"), "water")
    assert verdict.vetoes == ()
    assert verdict.allowed.feeders["water"].close is not None


# ---- no re-closing of what was not opened by us


def test_what_opened_by_itself_stays_open() -> None:
    watch = watch_after(islanded(), with_open(islanded(), "water"))
    wish = Commands(feeders={"water": SwitchCommand(close=watch.order(), cause=Reason.RESTORE)})
    verdict = watch.sees(with_open(islanded(), "water"), wish)
    assert [(v.subject, v.reason) for v in verdict.vetoes] == [("water", Reason.VETO_NOT_OURS)]
    assert verdict.allowed.feeders["water"] == SwitchCommand(open=True, cause=Reason.RESTORE)


def test_wishing_it_open_afterwards_makes_it_not_ours() -> None:
    tripped = with_open(islanded(), "water")
    watch = watch_after(islanded(), tripped)
    watch.sees(tripped, shed("water"))
    watch.sees(tripped, shed("water"))
    assert reasons(ask_to_close(watch, "water")) == [Reason.VETO_NOT_OURS]


def test_a_person_lets_us_close_what_had_opened_by_itself() -> None:
    tripped = with_open(islanded(), "water")
    watch = watch_after(islanded(), tripped, more={"released": frozenset({"water"})})
    watch.more = {}
    assert ask_to_close(watch, "water").vetoes == ()


def test_a_release_of_a_closed_feeder_is_not_kept_for_later() -> None:
    watch = watch_after(islanded(), more={"released": frozenset({"water"})})
    watch.more = {}
    watch.sees(with_open(islanded(), "water"))
    assert reasons(ask_to_close(watch, "water")) == [Reason.VETO_NOT_OURS]


def test_a_release_of_what_was_never_seen_open_is_worth_nothing() -> None:
    moving = with_feeder(islanded(), "water", position=BreakerPosition.INTERMEDIATE)
    watch = watch_after(moving, more={"released": frozenset({"water"})})
    assert reasons(watch.sees(moving, close(watch.order(), "water"))) == [Reason.VETO_NOT_OURS]


def test_a_release_covers_the_feeder_that_it_names() -> None:
    watch = watch_after(islanded(), with_open(islanded(), "water"), more={"released": frozenset({"medical"})})
    assert reasons(ask_to_close(watch, "water")) == [Reason.VETO_NOT_OURS]


def test_after_a_restart_the_durable_list_is_believed_of_what_is_first_seen_open() -> None:
    for name, expected in (("water", []), ("medical", [Reason.VETO_NOT_OURS])):
        watch = watch_after(with_open(islanded(), name), more={"shed_by_us": frozenset({"water"})})
        assert reasons(ask_to_close(watch, name)) == expected


def test_the_durable_list_says_nothing_of_what_the_guard_saw_open_itself() -> None:
    watch = watch_after(islanded(), with_open(islanded(), "water"), more={"shed_by_us": frozenset({"water"})})
    assert reasons(ask_to_close(watch, "water")) == [Reason.VETO_NOT_OURS]


def test_blindness_in_between_changes_nothing() -> None:
    watch = after_shedding("water")
    watch.sees(with_feeder(islanded(), "water", position=None))
    watch.sees(with_feeder(islanded(), "water", position=BreakerPosition.INTERMEDIATE))
    assert ask_to_close(watch, "water").vetoes == ()


def test_an_opening_long_after_our_command_was_not_ours() -> None:
    for wait_s, ours in ((5.0, True), (5.0 + CYCLE_S, False)):
        watch = watch_after(islanded(), islanded())
        watch.sees(islanded(), shed("water"))
        watch.now_s += wait_s - CYCLE_S
        watch.sees(with_open(islanded(), "water"))
        assert watch.memory.tracks["water"].is_ours is ours


def test_a_slow_contactor_is_ours_although_the_wish_has_changed() -> None:
    watch = watch_after(islanded(), islanded())
    watch.sees(islanded(), shed("water"))
    order = watch.order()
    assert watch.sees(islanded(), close(order, "water")).vetoes == ()
    watch.sees(with_open(islanded(), "water"))
    assert watch.memory.tracks["water"].is_ours


def test_closed_by_hand_and_tripped_it_is_not_ours_any_more() -> None:
    watch = after_shedding("water")
    watch.sees(islanded())
    watch.sees(with_open(islanded(), "water"))
    assert reasons(ask_to_close(watch, "water")) == [Reason.VETO_NOT_OURS]


def test_closed_by_order_and_tripped_it_is_not_ours_any_more() -> None:
    watch = after_shedding("water")
    ask_to_close(watch, "water")
    watch.sees(islanded())
    watch.sees(with_open(islanded(), "water"))
    assert reasons(ask_to_close(watch, "water")) == [Reason.VETO_NOT_OURS]


def test_a_fault_of_its_own_keeps_it_open() -> None:
    watch = after_shedding("water")
    faulty = with_feeder(with_open(islanded(), "water"), "water", has_fault=True)
    assert reasons(watch.sees(faulty, close(watch.order(), "water"))) == [Reason.VETO_NOT_OURS]
    silent = with_feeder(with_open(islanded(), "water"), "water", has_fault=None)
    assert watch.sees(silent, close(watch.order(), "water")).vetoes == ()


def test_a_shed_of_an_unseen_feeder_is_remembered_until_it_is_seen() -> None:
    unseen = with_feeder(islanded(), "water", position=None)
    watch = watch_after(unseen)
    watch.sees(unseen, shed("water"))
    assert ask_to_close(watch, "water").vetoes == ()


# ---- who may close at all


UNSEEN = [None, BreakerPosition.BAD]


@pytest.mark.parametrize("position", UNSEEN)
def test_what_is_not_seen_is_not_closed_and_not_opened_either(position: BreakerPosition | None) -> None:
    watch = after_shedding("water")
    verdict = watch.sees(with_feeder(islanded(), "water", position=position), close(watch.order(), "water"))
    assert reasons(verdict) == [Reason.VETO_STALE]
    assert verdict.allowed.feeders["water"] == SwitchCommand()


def test_a_feeder_that_the_image_does_not_hold_is_not_closed() -> None:
    watch = Watch()
    verdict = watch.sees(ProcessImage(emergency_off=False, local_control=False), close(watch.order(), "water"))
    assert reasons(verdict) == [Reason.VETO_STALE]


def test_a_feeder_on_its_way_is_no_reason_to_stop() -> None:
    watch = after_shedding("water")
    order = watch.order()
    watch.sees(with_open(islanded(), "water"), close(order, "water"))
    moving = with_feeder(islanded(), "water", position=BreakerPosition.INTERMEDIATE)
    assert watch.sees(moving, close(order, "water")).vetoes == ()


def test_held_open_by_a_person_it_stays_open() -> None:
    for setting in ({"held_open": frozenset({"water"})}, {"latched": frozenset({"water"})}):
        assert reasons(ask_to_close(after_shedding("water", **setting), "water")) == [Reason.VETO_LOCKED_OUT]
    assert ask_to_close(after_shedding("water", held_open=frozenset({"phones"})), "water").vetoes == ()


# ---- earth before load


def test_in_the_island_no_load_without_earth() -> None:
    watch = after_shedding("water")
    bare = replace(with_open(islanded(), "water"), earthing=EarthingSeen(0.0, OPEN))
    assert reasons(watch.sees(bare, close(watch.order(), "water"))) == [Reason.VETO_NO_EARTHING]


def test_on_grid_the_public_earth_serves() -> None:
    watch = watch_after(on_grid())
    watch.sees(on_grid(), shed("water"))
    watch.sees(with_open(on_grid(), "water"))
    assert watch.sees(with_open(on_grid(), "water"), close(watch.order(), "water")).vetoes == ()


def test_a_contact_that_says_closed_against_all_voltage_is_no_grid() -> None:
    watch = watch_after(on_grid())
    watch.sees(on_grid(), shed("water"))
    apart = with_poi(with_open(on_grid(), "water"), grid_voltage_v=ZERO)
    assert reasons(watch.sees(apart, close(watch.order(), "water"))) == [Reason.VETO_NO_EARTHING]


def test_a_feeder_on_the_grid_side_needs_no_earth_of_ours() -> None:
    watch = after_shedding("water", hub=hub_with_feeder("water", bus=BusSide.GRID_SIDE))
    bare = replace(with_open(islanded(), "water"), earthing=EarthingSeen(0.0, OPEN))
    assert watch.sees(bare, close(watch.order(), "water")).vetoes == ()


# ---- wear


def test_a_contactor_rests_a_second_between_two_closings() -> None:
    watch = after_shedding("water")
    ask_to_close(watch, "water")
    watch.now_s += 1.0 - 2 * CYCLE_S
    assert reasons(ask_to_close(watch, "water")) == [Reason.VETO_HAMMERING]
    assert ask_to_close(watch, "water").vetoes == ()


def test_three_closings_a_minute_are_enough() -> None:
    watch = after_shedding("water")
    for _ in range(3):
        assert ask_to_close(watch, "water").vetoes == ()
        watch.now_s += 10.0
    assert reasons(ask_to_close(watch, "water")) == [Reason.VETO_HAMMERING]
    watch.now_s += 30.0
    assert ask_to_close(watch, "water").vetoes == ()


def test_first_sight_of_a_feeder_is_no_closing() -> None:
    watch = watch_after(islanded())
    assert watch.memory.tracks["water"] == Track(is_on=True, is_answered=True)
