"""A genset that comes, or was last seen coming, bars the closing onto a dead bus: it is on it before it says so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.guard import rules
from controller.guard.memory import GuardMemory
from controller.guard.proof import Case
from controller.guard.rules import Ask
from controller.model.commands import PoiCommand
from controller.model.image import EarthingSeen, ProcessImage
from controller.model.memory import Attempt
from controller.model.reasons import Reason
from controller.model.words import GensetState
from hil_tests.tests.guard.hubs import HUB
from hil_tests.tests.guard.scene import CLOSED, CYCLE_S, LIVE, OPEN, Watch, crank, reasons, with_genset, with_poi
from hil_tests.tests.guard.test_dead_bus import LEFT_CLOSED, PROOF_S, all_dead, grid_beside, stopping

COMING_S = 2.0 * HUB.gensets["genset"].start_time_s  # an order may stand for as long as a start takes


def refusals(watch: Watch, seen: ProcessImage, after_s: float) -> list[Reason]:
    """What is said to a closing when this picture has been there for so long."""
    watch.sees_for(seen, after_s)
    return reasons(watch.sees(seen, stopping(PoiCommand(close=watch.order()))))


@pytest.mark.parametrize("state", [GensetState.STARTING, GensetState.READY, GensetState.LOADED])
def test_a_genset_whose_panel_fell_silent_while_it_came_forbids_it_for_two_starts(state: GensetState) -> None:
    for gone in (with_genset(grid_beside(), None), replace(grid_beside(), gensets={})):
        watch = Watch()
        watch.sees_for(with_genset(grid_beside(), state), PROOF_S)
        assert refusals(watch, gone, COMING_S - CYCLE_S) == [Reason.VETO_SECOND_FORMER]
        assert refusals(watch, gone, 0.0) == [], "a hub is not dark for ever beside a good grid"


def test_of_two_gensets_the_one_that_fell_silent_is_enough() -> None:
    other = replace(HUB.gensets["genset"], id="other")
    watch = Watch(hub=replace(HUB, gensets={**HUB.gensets, "other": other}))
    watch.sees_for(with_genset(grid_beside(), GensetState.STARTING), PROOF_S)
    assert refusals(watch, with_genset(grid_beside(), None), CYCLE_S) == [Reason.VETO_SECOND_FORMER]


def test_one_that_was_seen_off_since_forbids_nothing() -> None:
    watch = Watch()
    watch.sees_for(with_genset(grid_beside(), GensetState.STARTING), PROOF_S)
    watch.sees(with_genset(grid_beside(), GensetState.STOPPED))
    assert refusals(watch, with_genset(grid_beside(), None), CYCLE_S) == []


def cranked(watch: Watch) -> Watch:
    """A black start has ordered it to crank, and has been given up since."""
    seen = replace(grid_beside(), earthing=EarthingSeen(0.0, CLOSED))
    watch.sees_for(seen, PROOF_S)
    assert reasons(watch.sees(seen, crank(watch.order()))) == []
    return watch


def test_what_a_panel_says_while_our_crank_is_on_the_wire_is_older_than_the_crank() -> None:
    watch = cranked(Watch())
    assert refusals(watch, grid_beside(), rules.ANSWER_MAX_S - 2 * CYCLE_S) == [Reason.VETO_SECOND_FORMER]
    assert reasons(watch.sees(grid_beside(), stopping(PoiCommand(close=watch.order())))) == []


def test_a_genset_that_was_cranked_and_is_not_seen_since_forbids_it_for_two_starts() -> None:
    watch = cranked(Watch())
    gone = with_genset(grid_beside(), None)
    assert refusals(watch, gone, COMING_S - CYCLE_S) == [Reason.VETO_SECOND_FORMER]
    assert refusals(watch, gone, 0.0) == []


def test_so_does_one_that_was_cranked_before_our_restart() -> None:
    watch = Watch()
    watch.more["attempts"] = (Attempt("genset", "crank", watch.now_s),)
    gone = with_genset(grid_beside(), None)
    assert refusals(watch, gone, COMING_S - 2 * CYCLE_S) == [Reason.VETO_SECOND_FORMER]
    assert refusals(watch, gone, CYCLE_S) == []


STARTING = with_genset(grid_beside(), GensetState.STARTING)
ONE = [Reason.VETO_SECOND_FORMER]


def test_a_panel_that_says_starting_for_ever_forbids_it_for_two_starts() -> None:
    watch = Watch()
    watch.sees_for(grid_beside(), PROOF_S)
    assert refusals(watch, STARTING, COMING_S) == ONE
    assert refusals(watch, STARTING, 0.0) == [], "it is stuck: a hub is not dark for ever beside a good grid"
    assert refusals(watch, with_genset(grid_beside(), GensetState.READY), 0.0) == ONE, "and now it comes after all"


@pytest.mark.parametrize("state", [GensetState.READY, GensetState.LOADED])
def test_one_that_says_more_than_that_is_believed_for_as_long_as_it_does(state: GensetState) -> None:
    assert refusals(Watch(), with_genset(grid_beside(), state), 3.0 * COMING_S) == ONE
    watch = Watch()
    watch.sees_for(STARTING, 2.0 * COMING_S)
    assert refusals(watch, with_genset(grid_beside(), state), 0.0) == ONE


def test_its_two_starts_are_counted_over_a_dead_bus() -> None:
    watch = Watch()
    watch.sees_for(with_poi(STARTING, bus_voltage_v=LIVE), 2.0 * COMING_S)
    assert refusals(watch, STARTING, COMING_S) == ONE
    assert refusals(watch, STARTING, 0.0) == []


def test_beside_a_dead_grid_it_forbids_it_however_long() -> None:
    """The engine may fire after all, and would feed the street."""
    watch = Watch(hub=LEFT_CLOSED)
    seen = with_genset(all_dead(), GensetState.STARTING)
    assert refusals(watch, seen, 3.0 * COMING_S) == ONE
    assert refusals(Watch(hub=LEFT_CLOSED), all_dead(), PROOF_S) == []


def test_and_from_its_first_word() -> None:
    watch = Watch()
    watch.sees_for(grid_beside(), 2.0 * COMING_S)
    watch.sees_for(STARTING, COMING_S / 2.0)
    watch.sees(grid_beside())
    assert refusals(watch, STARTING, COMING_S) == ONE, "it said something else in between"
    assert refusals(watch, STARTING, 0.0) == []


@pytest.mark.parametrize("gone", [with_genset(grid_beside(), None), replace(grid_beside(), gensets={})])
def test_one_that_is_not_seen_for_a_moment_goes_on_saying_it(gone: ProcessImage) -> None:
    watch = Watch()
    watch.sees_for(STARTING, COMING_S - 2 * CYCLE_S)
    watch.sees_for(gone, 2 * CYCLE_S)
    assert refusals(watch, STARTING, CYCLE_S) == []


def test_a_crank_of_ours_begins_them_anew() -> None:
    watch = Watch()
    seen = replace(STARTING, earthing=EarthingSeen(0.0, CLOSED))
    watch.sees_for(seen, COMING_S)
    watch.sees(seen, crank(watch.order()))
    cranked_at_s = watch.now_s
    assert watch.memory.tracks["genset"].tries_at_s == (cranked_at_s,)
    assert refusals(watch, STARTING, COMING_S - CYCLE_S) == ONE
    assert refusals(watch, STARTING, CYCLE_S) == []


def test_of_a_genset_that_nobody_has_no_start_is_known() -> None:
    foreign = replace(grid_beside(), gensets={"foreign": STARTING.gensets["genset"]})
    assert refusals(Watch(), foreign, 2.0 * COMING_S) == ONE


def test_of_two_that_say_it_the_later_one_is_enough() -> None:
    other = replace(HUB.gensets["genset"], id="other")
    watch = Watch(hub=replace(HUB, gensets={**HUB.gensets, "other": other}))
    watch.sees_for(STARTING, COMING_S)
    both = replace(STARTING, gensets={**STARTING.gensets, "other": STARTING.gensets["genset"]})
    assert refusals(watch, both, COMING_S) == ONE
    assert refusals(watch, both, 0.0) == []


def test_a_guard_that_has_seen_nothing_yet_believes_it() -> None:
    watch = Watch()
    for memory in (GuardMemory(starting_since_s={"genset": 0.0}), GuardMemory(dead_since_s=0.0)):
        case = Case(memory, stopping(PoiCommand()), STARTING, watch.bounds, watch.now_s)
        assert rules.is_source_on(case, Ask("poi", watch.order(), OPEN))
