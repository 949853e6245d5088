"""A load that goes throws the bus about: no closing just behind a shed, and one that is on its way is called back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.guard.vet import Verdict
from controller.model.commands import BatteryCommand, Commands, Order, PoiCommand, SwitchCommand
from controller.model.hub import Hub
from controller.model.reasons import Reason
from controller.model.words import Switcher
from hil_tests.tests.guard.hubs import HUB, hub_closed_by
from hil_tests.tests.guard.scene import (
    CYCLE_S,
    NOTHING,
    Watch,
    battery,
    islanded,
    on_grid,
    poi_close,
    ready_to_return,
    reasons,
    shed,
    watch_after,
    with_feeder,
    with_open,
)

SHOWS_S = 0.5
UNDER_WAY_S = 0.0625 + 0.03125 + 0.15625  # the breaker's time, its spread, and until it is seen
RETURN = ready_to_return()
SHED = shed("ev_posts")


def closing(hub: Hub = HUB) -> tuple[Watch, Order]:
    """In sync, and an order to close has just passed."""
    watch = watch_after(islanded(), RETURN, hub=hub)
    order = watch.order()
    assert watch.sees(RETURN, poi_close(order)).vetoes == ()
    return watch, order


def with_close(wish: Commands, order: Order) -> Commands:
    return replace(wish, poi=PoiCommand(close=order))


def is_called_back(verdict: Verdict) -> bool:
    return verdict.allowed.poi.open and verdict.allowed.poi.close is None


# ---- while the contact is on its way


def test_a_shed_passes_and_calls_the_breaker_back() -> None:
    watch, _ = closing()
    verdict = watch.sees(RETURN, SHED)
    assert (verdict.vetoes, verdict.allowed.feeders, is_called_back(verdict)) == ((), SHED.feeders, True)


def test_whoever_asks_for_the_closing_all_the_same_hears_of_it() -> None:
    watch, order = closing()
    verdict = watch.sees(RETURN, with_close(SHED, order))
    assert (reasons(verdict), is_called_back(verdict)) == ([Reason.VETO_OUT_OF_SYNC], True)
    verdict = watch.sees(RETURN, poi_close(order))
    assert (reasons(verdict), is_called_back(verdict)) == ([Reason.VETO_OUT_OF_SYNC], True)


@pytest.mark.parametrize("wish", [SHED, Commands(poi=PoiCommand(open=True))], ids=["by a shed", "by an order to open"])
def test_it_is_held_open_until_the_contact_could_have_come(wish: Commands) -> None:
    watch, _ = closing()
    watch.sees(RETURN, wish)
    watch.now_s += UNDER_WAY_S - 2 * CYCLE_S
    assert is_called_back(watch.sees(RETURN))
    watch, _ = closing()
    watch.sees(RETURN, wish)
    watch.now_s += UNDER_WAY_S - 2 * CYCLE_S + 0.001
    assert watch.sees(RETURN).allowed == NOTHING


def test_a_contact_that_has_come_is_left_alone() -> None:
    watch, _ = closing()
    watch.sees(RETURN, SHED)
    assert not watch.sees(on_grid()).allowed.poi.open


def test_called_back_the_set_points_are_free() -> None:
    watch, _ = closing()
    watch.sees(RETURN, SHED)
    wish = battery(frequency_set_hz=51.0)
    verdict = watch.sees(RETURN, wish)
    assert (verdict.vetoes, verdict.allowed.batteries) == ((), {"main": BatteryCommand(frequency_set_hz=51.0)})


@pytest.mark.parametrize("position", ["seen open", "no feeder of ours", "not opened"])
def test_what_throws_nothing_about_calls_nothing_back(position: str) -> None:
    watch, order = closing()
    seen = with_open(RETURN, "ev_posts") if position == "seen open" else RETURN
    name = "ghost" if position == "no feeder of ours" else "ev_posts"
    wish = Commands(feeders={name: SwitchCommand(open=position != "not opened")})
    assert not watch.sees(seen, with_close(wish, order)).allowed.poi.open


def test_one_whose_position_is_not_seen_may_still_go() -> None:
    watch, _ = closing()
    assert is_called_back(watch.sees(with_feeder(RETURN, "ev_posts", position=None), SHED))
    watch = watch_after(with_feeder(islanded(), "ev_posts", position=None))
    seen = with_feeder(RETURN, "ev_posts", position=None)
    watch.sees(seen)
    watch.sees(seen, poi_close(watch.order()))
    assert is_called_back(watch.sees(seen, SHED))


def test_one_that_was_spoken_to_before_and_not_told_to_open_is_newly_told() -> None:
    watch, order = closing()
    watch.sees(RETURN, with_close(Commands(feeders={"ev_posts": SwitchCommand()}), order))
    assert is_called_back(watch.sees(RETURN, SHED))


def test_a_relay_finds_its_own_instant() -> None:
    watch, order = closing(hub_closed_by(Switcher.SYNC_RELAY))
    verdict = watch.sees(RETURN, with_close(SHED, order))
    assert (verdict.vetoes, verdict.allowed.poi.close) == ((), order)


# ---- and before it


def test_no_closing_in_the_same_breath() -> None:
    watch = watch_after(islanded(), RETURN)
    verdict = watch.sees(RETURN, with_close(SHED, watch.order()))
    assert (reasons(verdict), verdict.allowed.poi) == ([Reason.VETO_OUT_OF_SYNC], PoiCommand())
    assert verdict.allowed.feeders == SHED.feeders


def test_nor_before_the_bus_shows_it() -> None:
    for late_s, vetoes in ((0.0, []), (-0.001, [Reason.VETO_OUT_OF_SYNC])):
        watch = watch_after(islanded(), RETURN)
        watch.sees(RETURN, SHED)
        watch.now_s += SHOWS_S - CYCLE_S + late_s
        assert reasons(watch.sees(RETURN, poi_close(watch.order()))) == vetoes


def test_one_that_does_not_follow_bars_no_return() -> None:
    watch = watch_after(islanded(), RETURN)
    watch.sees_for(RETURN, SHOWS_S, SHED)
    watch.sees(RETURN, SHED)
    assert watch.sees(RETURN, with_close(SHED, watch.order())).vetoes == ()


def test_told_anew_it_counts_anew() -> None:
    watch = watch_after(islanded(), RETURN)
    watch.sees_for(RETURN, SHOWS_S, SHED)
    watch.sees(RETURN)
    assert reasons(watch.sees(RETURN, with_close(SHED, watch.order()))) == [Reason.VETO_OUT_OF_SYNC]
