"""A load that goes throws the bus about: no closing just behind a shed. One that is on its way comes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.model.commands import BatteryCommand, Commands, Order, PoiCommand, SwitchCommand
from controller.model.hub import Hub
from controller.model.reasons import Reason
from controller.model.words import Switcher
from hil_tests.tests.guard.hubs import HUB, hub_closed_by
from hil_tests.tests.guard.scene import (
    CYCLE_S,
    Watch,
    battery,
    islanded,
    poi_close,
    ready_to_return,
    reasons,
    shed,
    watch_after,
    with_feeder,
    with_open,
)

SHOWS_S = 0.5
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


# ---- while the contact is on its way


def test_a_shed_passes_and_nothing_else_is_ordered_with_it() -> None:
    """The breaker was called back once: it closed all the same, opened again under load, and the island went dark."""
    watch, _ = closing()
    verdict = watch.sees(RETURN, SHED)
    assert (verdict.vetoes, verdict.allowed) == ((), SHED)


def test_whoever_asks_for_the_closing_all_the_same_hears_of_it() -> None:
    watch, order = closing()
    verdict = watch.sees(RETURN, with_close(SHED, order))
    assert (reasons(verdict), verdict.allowed) == ([Reason.VETO_OUT_OF_SYNC], SHED)


def test_an_order_to_open_ends_the_wait_for_the_contact() -> None:
    watch, _ = closing()
    watch.sees(RETURN, Commands(poi=PoiCommand(open=True)))
    wish = battery(frequency_set_hz=51.0)
    verdict = watch.sees(RETURN, wish)
    assert (verdict.vetoes, verdict.allowed.batteries) == ((), {"main": BatteryCommand(frequency_set_hz=51.0)})


@pytest.mark.parametrize("position", ["seen open", "no feeder of ours", "not opened"])
def test_what_throws_nothing_about_bars_no_closing(position: str) -> None:
    watch, order = closing()
    seen = with_open(RETURN, "ev_posts") if position == "seen open" else RETURN
    name = "ghost" if position == "no feeder of ours" else "ev_posts"
    wish = Commands(feeders={name: SwitchCommand(open=position != "not opened")})
    assert watch.sees(seen, with_close(wish, order)).allowed.poi.close == order


def test_one_whose_position_is_not_seen_may_still_go() -> None:
    watch = watch_after(with_feeder(islanded(), "ev_posts", position=None))
    seen = with_feeder(RETURN, "ev_posts", position=None)
    watch.sees(seen)
    order = watch.order()
    watch.sees(seen, poi_close(order))
    assert reasons(watch.sees(seen, with_close(SHED, order))) == [Reason.VETO_OUT_OF_SYNC]


def test_one_that_was_spoken_to_before_and_not_told_to_open_is_newly_told() -> None:
    watch, order = closing()
    watch.sees(RETURN, with_close(Commands(feeders={"ev_posts": SwitchCommand()}), order))
    assert reasons(watch.sees(RETURN, with_close(SHED, order))) == [Reason.VETO_OUT_OF_SYNC]


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
