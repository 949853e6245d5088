"""A genset beside the grid that pushes power out is stopped, told or untold: a dead street would live on it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from controller.model.commands import Commands, GensetCommand
from controller.model.image import ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, BusSide, GensetConnection, GensetState
from hil_tests.tests.guard.closed_contact import IN_STEP, refuted
from hil_tests.tests.guard.hubs import HUB, a_genset, hub_with
from hil_tests.tests.guard.scene import (
    CYCLE_S,
    NOTHING,
    OPEN,
    crank,
    genset,
    islanded,
    on_grid,
    reasons,
    shed,
    watch_after,
    with_genset,
    with_poi,
)

FEEDS_S = 1.25
OUT_W = 2_500.0  # a sixteenth of its 40 kVA
STOPPED = {"genset": GensetCommand(stop=True, cause=Reason.VETO_FEEDS_STREET)}


def feeding(out_w: float = 3 * 1_000.0, state: GensetState | None = GensetState.LOADED) -> ProcessImage:
    """The engine carries load, and so much leaves through the closed POI."""
    return with_genset(with_poi(on_grid(), power_w=PhaseValues.even(-out_w / 3.0)), state)


BLIND = with_poi(feeding(), position=None, power_w=None, grid_voltage_v=None, bus_voltage_v=None, current_a=None)


def allowed_at(since_s: float, seen: ProcessImage, commands: Commands = NOTHING) -> Commands:
    """So long after the first sample of it."""
    watch = watch_after(on_grid(), seen)
    watch.now_s += since_s - CYCLE_S
    return watch.sees(seen, commands).allowed


@pytest.mark.parametrize("wish", [NOTHING, genset(power_set_w=9_000.0)], ids=["silence", "goes on"])
def test_after_its_time_it_is_stopped(wish: Commands) -> None:
    assert allowed_at(FEEDS_S, feeding(), wish).gensets == STOPPED
    assert allowed_at(FEEDS_S - 0.001, feeding(), wish) == wish


def test_a_restated_start_is_stopped_too() -> None:
    watch = watch_after(on_grid())
    order = watch.order(hold_s=30.0)
    watch.sees_for(feeding(), FEEDS_S, crank(order))
    verdict = watch.sees(feeding(), crank(order))
    assert (reasons(verdict), verdict.allowed.gensets) == ([Reason.VETO_FEEDS_STREET], STOPPED)


def test_a_stop_that_was_wished_is_no_veto() -> None:
    watch = watch_after(on_grid(), feeding())
    verdict = watch.sees_for(feeding(), 2.0, genset(stop=True, cause=Reason.GENSET_FEEDS_STREET))
    assert (reasons(verdict), verdict.allowed.gensets["genset"].cause) == ([], Reason.GENSET_FEEDS_STREET)


def test_one_that_is_locked_out_is_stopped_all_the_same() -> None:
    watch = watch_after(on_grid(), feeding(), latched=frozenset({"genset"}))
    assert watch.sees_for(feeding(), FEEDS_S).allowed.gensets == STOPPED


@pytest.mark.parametrize("out_w", [OUT_W, 0.0, -15_000.0])
def test_what_the_governor_makes_of_the_grid_is_no_feeding(out_w: float) -> None:
    assert allowed_at(5.0, feeding(out_w)) == NOTHING
    assert allowed_at(5.0, feeding(OUT_W + 3.0)).gensets == STOPPED


@pytest.mark.parametrize("state", [s for s in GensetState if s is not GensetState.LOADED])
def test_the_sun_may_feed_what_it_likes(state: GensetState) -> None:
    assert allowed_at(5.0, feeding(state=state)) == NOTHING


def test_in_the_island_nobody_watches_the_street() -> None:
    seen = with_poi(with_genset(islanded(), GensetState.LOADED), power_w=None)
    assert allowed_at(5.0, with_poi(seen, position=OPEN)) == NOTHING


def test_what_a_meter_says_of_a_poi_that_is_proven_open_stops_nobody() -> None:
    island = with_genset(with_poi(islanded(), power_w=PhaseValues.even(-5_000.0)), GensetState.LOADED)
    watch = watch_after(islanded(), islanded())
    assert watch.sees_for(island, 5.0).allowed == NOTHING
    unproven = with_poi(island, grid_voltage_v=None, current_a=None)
    watch.sees(unproven)
    assert watch.sees_for(unproven, FEEDS_S - CYCLE_S).allowed == NOTHING, "it counts from when the proof was lost"
    assert watch.sees(unproven).allowed.gensets == STOPPED


@pytest.mark.parametrize(("beyond_w", "stopped"), [(0.0, STOPPED), (1.0, {}), (math.nan, {})])
def test_more_than_all_sources_could_give_is_no_reading(beyond_w: float, stopped: object) -> None:
    """Found by a seed: a relay that has no number shows -32 768 of something, and the island's genset was stopped."""
    seen = with_poi(feeding(HUB.most_out_w + beyond_w), position=BreakerPosition.INTERMEDIATE)
    assert allowed_at(FEEDS_S, seen).gensets == stopped


def test_an_island_that_is_not_seen_is_none_the_less_one() -> None:
    watch = watch_after(islanded(), islanded())
    assert watch.sees_for(BLIND, 5.0).allowed == NOTHING


@pytest.mark.parametrize("age_s", [0.0, 1.0], ids=["no power", "an old sample"])
def test_beside_a_grid_that_is_not_seen_it_stops(age_s: float) -> None:
    watch = watch_after(on_grid())
    seen = BLIND if age_s == 0.0 else feeding(-15_000.0)
    watch.sees(seen, age_s=age_s)
    watch.now_s += FEEDS_S - CYCLE_S
    assert watch.sees(seen, age_s=age_s).allowed.gensets == STOPPED


def test_not_seen_for_a_moment_it_goes_on_with_what_it_did() -> None:
    watch = watch_after(on_grid(), feeding())
    assert watch.sees_for(feeding(state=None), FEEDS_S).allowed == NOTHING
    assert watch.sees(feeding()).allowed.gensets == STOPPED


def test_never_seen_to_carry_load_it_does_nothing() -> None:
    watch = watch_after(on_grid())
    watch.sees_for(feeding(state=None), 2.0)
    assert watch.sees(feeding()).allowed == NOTHING


def test_time_begins_anew_when_the_power_turns() -> None:
    watch = watch_after(on_grid())
    watch.sees_for(feeding(), FEEDS_S)
    watch.sees(feeding(-15_000.0))
    assert watch.sees_for(feeding(), FEEDS_S).allowed == NOTHING
    assert watch.sees(feeding()).allowed.gensets == STOPPED


def test_only_the_genset_is_spoken_to() -> None:
    wish = replace(shed("ev_posts"), gensets={"genset": GensetCommand()})
    allowed = allowed_at(2.0, feeding(), wish)
    assert allowed == replace(wish, gensets=STOPPED)


ELSEWHERE = [{"bus": BusSide.GRID_SIDE}, *({"connection": kind} for kind in GensetConnection if kind.value != "bus")]


@pytest.mark.parametrize("place", ELSEWHERE)
def test_one_that_is_not_on_the_islands_bus_reaches_no_street(place: dict[str, Any]) -> None:
    watch = watch_after(on_grid(), hub=hub_with(gensets={"genset": a_genset(**place)}))
    assert watch.sees_for(feeding(), 3.0).allowed == NOTHING


def test_beside_one_that_feeds_another_is_left_alone() -> None:
    both = {"genset": a_genset(), "other": a_genset(id="other", connection=GensetConnection.HAND)}
    seen = feeding()
    seen = replace(seen, gensets={**seen.gensets, "other": seen.gensets["genset"]})
    watch = watch_after(on_grid(), hub=hub_with(gensets=both))
    assert watch.sees_for(seen, 3.0).allowed.gensets == STOPPED


def test_an_island_behind_a_lying_contact_is_none_the_less_one() -> None:
    watch = refuted()
    assert watch.sees_for(replace(BLIND, batteries=IN_STEP.batteries), 3.0).allowed == NOTHING
