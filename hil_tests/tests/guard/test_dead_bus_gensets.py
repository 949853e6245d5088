"""A genset that comes, or was last seen coming, bars the closing onto a dead bus: it is on it before it says so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.guard import rules
from controller.model.commands import PoiCommand
from controller.model.image import EarthingSeen, ProcessImage
from controller.model.memory import Attempt
from controller.model.reasons import Reason
from controller.model.words import GensetState
from hil_tests.tests.guard.hubs import HUB
from hil_tests.tests.guard.scene import CLOSED, CYCLE_S, Watch, crank, reasons, with_genset
from hil_tests.tests.guard.test_dead_bus import PROOF_S, grid_beside, stopping

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
