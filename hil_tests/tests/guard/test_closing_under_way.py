"""Between the order to close and the contact nothing may happen that makes the contact another than was judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from controller.model.commands import BatteryCommand, Commands, PoiCommand
from controller.model.hub import Hub
from controller.model.image import FeederSeen, ProcessImage
from controller.model.phases import ZERO
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, GensetState
from hil_tests.tests.guard.hubs import HUB
from hil_tests.tests.guard.scene import (
    CYCLE_S,
    LIVE,
    Watch,
    battery,
    close,
    crank,
    dark_and_earthed,
    form,
    islanded,
    on_grid,
    poi_close,
    ready_to_return,
    reasons,
    shed,
    watch_after,
    with_battery,
    with_genset,
    with_poi,
)

UNDER_WAY_S = 0.0625 + 0.03125 + 0.15625  # the breaker's time, its spread, and until it is seen
STOPPED = {name: BatteryCommand(stop=True) for name in HUB.batteries}


def steered(frequency_set_hz: float | None, **more: Any) -> Mapping[str, BatteryCommand]:
    return {"main": BatteryCommand(frequency_set_hz=frequency_set_hz, **more)}


def closing(first: Mapping[str, BatteryCommand] | None = None, hub: Hub = HUB) -> Watch:
    """In sync, and an order to close has just passed."""
    watch = watch_after(islanded(), ready_to_return(), hub=hub)
    wish = replace(poi_close(watch.order()), batteries=first or {})
    assert watch.sees(ready_to_return(), wish).vetoes == ()
    return watch


def closing_in_the_dark() -> Watch:
    """The grid is back, the bus has been dead for long, and an order to close has just passed."""
    seen = back_in_the_dark()
    watch = watch_after(seen)
    watch.sees_for(seen, 1.0)
    wish = replace(poi_close(watch.order()), batteries=STOPPED)
    assert watch.sees(seen, wish).vetoes == ()
    return watch


def back_in_the_dark() -> ProcessImage:
    seen = with_poi(dark_and_earthed(), grid_voltage_v=LIVE, grid_frequency_hz=50.0, settings_group=GRID)
    for name in HUB.batteries:
        seen = with_battery(seen, name, voltage_v=ZERO)
    return seen


GRID = ready_to_return().poi.settings_group


# ---- nobody comes onto the bus


def test_nobody_forms_onto_a_bus_that_the_grid_is_about_to_reach() -> None:
    watch = closing_in_the_dark()
    verdict = watch.sees(back_in_the_dark(), form(watch.order()))
    assert reasons(verdict) == [Reason.VETO_OUT_OF_SYNC]
    assert verdict.allowed.batteries["main"].form is None


def test_nor_cranks() -> None:
    watch = closing_in_the_dark()
    assert reasons(watch.sees(back_in_the_dark(), crank(watch.order()))) == [Reason.VETO_OUT_OF_SYNC]


def test_onto_a_live_bus_a_genset_is_cranked_all_the_while() -> None:
    """The contact comes within a third of a second; an engine has no voltage by then, and waits for the bus's phase."""
    watch = closing()
    order = watch.order()
    assert watch.sees(ready_to_return(), crank(order)).allowed.gensets["genset"].crank is order
    assert watch.sees(with_genset(ready_to_return(), GensetState.STARTING), crank(order)).vetoes == ()


def test_nor_takes_a_load_on() -> None:
    watch = watch_after(islanded(), ready_to_return())
    watch.sees(ready_to_return(), shed("ev_posts"))
    opened = replace(ready_to_return(), feeders=open_feeder())
    watch.sees_for(opened, 2.0)
    watch.sees(opened, poi_close(watch.order()))
    verdict = watch.sees(opened, close(watch.order(), "ev_posts"))
    assert reasons(verdict) == [Reason.VETO_OUT_OF_SYNC]
    watch.now_s += UNDER_WAY_S
    assert watch.sees(opened, close(watch.order(), "ev_posts")).vetoes == ()


def open_feeder() -> Mapping[str, FeederSeen]:
    seen = ready_to_return().feeders
    return {**seen, "ev_posts": replace(seen["ev_posts"], position=BreakerPosition.OPEN)}


def test_who_orders_it_open_has_called_it_back() -> None:
    watch = closing_in_the_dark()
    wish = replace(form(watch.order()), poi=PoiCommand(open=True))
    assert watch.sees(back_in_the_dark(), wish).vetoes == ()
    assert watch.sees(back_in_the_dark(), form(watch.order())).vetoes == ()


def test_a_contact_that_does_not_come_is_awaited_for_its_time_and_no_longer() -> None:
    watch = closing_in_the_dark()
    watch.now_s += UNDER_WAY_S - CYCLE_S
    assert reasons(watch.sees(back_in_the_dark(), form(watch.order()))) == [Reason.VETO_OUT_OF_SYNC]
    watch = closing_in_the_dark()
    watch.now_s += UNDER_WAY_S - CYCLE_S + 0.001
    assert watch.sees(back_in_the_dark(), form(watch.order())).vetoes == ()


def says_closed() -> ProcessImage:
    return with_poi(back_in_the_dark(), position=BreakerPosition.CLOSED)


def found_closed() -> Watch:
    """A start finds the contact closed beside a dead bus, and does not see that no current flows; an order passes."""
    watch = Watch()
    watch.sees_for(with_poi(says_closed(), current_a=None), 1.0)
    wish = replace(poi_close(watch.order()), batteries=STOPPED)
    assert watch.sees(with_poi(says_closed(), current_a=None), wish).vetoes == ()
    return watch


def test_a_contact_that_said_closed_before_the_order_is_not_the_one_that_comes() -> None:
    watch = found_closed()
    watch.sees(says_closed())
    assert reasons(watch.sees(says_closed(), form(watch.order()))) == [Reason.VETO_OUT_OF_SYNC]
    watch.now_s += UNDER_WAY_S
    watch.sees(says_closed())
    assert watch.sees(says_closed(), form(watch.order())).vetoes == ()


def test_not_even_between_sides_that_are_one() -> None:
    watch = found_closed()
    watch.sees(joined())
    assert watch.memory.closing is not None


def joined() -> ProcessImage:
    return with_poi(says_closed(), bus_voltage_v=LIVE, bus_frequency_hz=50.0, angle_difference_deg=0.0)


def test_one_that_says_closed_in_the_very_cycle_of_the_order_is_not_it_either() -> None:
    watch = closing_in_the_dark()
    order = watch.memory.allowed.poi.close
    assert order is not None
    assert watch.memory.closing is not None
    turned_s = watch.now_s + CYCLE_S
    watch.memory = replace(watch.memory, closing=replace(watch.memory.closing, began_s=turned_s, passed_at_s=turned_s))
    watch.sees(joined())
    assert watch.memory.closing is not None


def test_a_contact_has_not_come_while_its_sides_differ() -> None:
    watch = closing_in_the_dark()
    watch.sees(says_closed())
    assert reasons(watch.sees(says_closed(), form(watch.order()))) == [Reason.VETO_OUT_OF_SYNC]
    watch.sees(joined())
    assert watch.memory.closing is None


def test_one_that_says_nothing_has_not_come() -> None:
    watch = closing_in_the_dark()
    watch.sees(says_closed())
    watch.sees(replace(joined(), poi=replace(joined().poi, position=None)))
    assert watch.memory.closing is not None


def test_its_time_begins_anew_with_each_cycle_in_which_the_order_passes() -> None:
    watch = closing_in_the_dark()
    order = watch.memory.allowed.poi.close
    assert order is not None
    for _ in range(8):
        assert watch.sees(back_in_the_dark(), replace(poi_close(order), batteries=STOPPED)).vetoes == ()
    assert reasons(watch.sees(back_in_the_dark(), form(watch.order()))) == [Reason.VETO_OUT_OF_SYNC]


def test_from_the_last_cycle_in_which_it_passed() -> None:
    watch = closing_in_the_dark()
    order = watch.memory.allowed.poi.close
    assert order is not None
    for _ in range(3):
        watch.sees(back_in_the_dark(), replace(poi_close(order), batteries=STOPPED))
    watch.now_s += UNDER_WAY_S - CYCLE_S
    assert reasons(watch.sees(back_in_the_dark(), form(watch.order()))) == [Reason.VETO_OUT_OF_SYNC]


def test_a_contact_that_is_seen_ends_it() -> None:
    watch = closing()
    watch.sees(on_grid())
    assert watch.memory.closing is None


# ---- and the set-points stand


def test_small_steps_of_steering_are_held_without_a_word() -> None:
    watch = closing(steered(50.0, voltage_set_v=230.0, power_set_w=0.0))
    near = steered(50.099, voltage_set_v=241.5, power_set_w=3_000.0)
    verdict = watch.sees(ready_to_return(), Commands(batteries=near))
    assert verdict.vetoes == ()
    assert verdict.allowed.batteries == steered(50.0, voltage_set_v=230.0, power_set_w=0.0)
    again = Commands(batteries=steered(50.09, voltage_set_v=231.0, power_set_w=-3_000.0))
    assert watch.sees(ready_to_return(), again).allowed.batteries["main"].frequency_set_hz == 50.0


@pytest.mark.parametrize("angle_deg", [2.0, 90.0, None])
def test_timed_for_what_it_was_the_voltage_does_not_go_to_the_grids_either(angle_deg: float | None) -> None:
    """However far the angle has come: the order is out."""
    watch = closing(steered(50.0, voltage_set_v=222.0))
    seen = with_poi(ready_to_return(), angle_difference_deg=angle_deg)
    told = watch.sees(seen, Commands(batteries=steered(50.01, voltage_set_v=226.0))).allowed.batteries["main"]
    assert (told.frequency_set_hz, told.voltage_set_v) == (50.0, 222.0)


LEAPS = [
    {"frequency_set_hz": 50.101},
    {"frequency_set_hz": 49.899},
    {"voltage_set_v": 241.501},
    {"power_set_w": 3_000.001},
]


@pytest.mark.parametrize("leap", LEAPS)
def test_a_leap_is_vetoed_and_held(leap: dict[str, Any]) -> None:
    watch = closing(steered(50.0, voltage_set_v=230.0, power_set_w=0.0))
    verdict = watch.sees(ready_to_return(), Commands(batteries={"main": BatteryCommand(**leap)}))
    assert reasons(verdict) == [Reason.VETO_OUT_OF_SYNC]
    assert verdict.allowed.batteries == steered(50.0, voltage_set_v=230.0, power_set_w=0.0)


@pytest.mark.parametrize("first", [{}, {"main": BatteryCommand(follow=False)}], ids=["silence", "no set-point"])
def test_what_was_left_alone_is_left_alone(first: Mapping[str, BatteryCommand]) -> None:
    watch = closing(first)
    verdict = watch.sees(ready_to_return(), battery(frequency_set_hz=50.0))
    assert (reasons(verdict), verdict.allowed.batteries) == (
        [Reason.VETO_OUT_OF_SYNC],
        {"main": BatteryCommand()},
    )


def test_what_passed_with_the_first_cycle_counts_and_not_what_passed_with_the_last() -> None:
    watch = closing(steered(50.0))
    order = watch.memory.allowed.poi.close
    assert order is not None
    watch.sees(ready_to_return(), poi_close(order))
    assert watch.sees(ready_to_return(), battery(frequency_set_hz=50.0)).vetoes == ()


def test_silence_is_no_leap() -> None:
    watch = closing(steered(50.0))
    assert watch.sees(ready_to_return(), battery()).vetoes == ()


def test_behind_an_opening_the_set_points_are_free() -> None:
    watch = closing(steered(50.0))
    wish = Commands(poi=PoiCommand(open=True), batteries=steered(51.0))
    verdict = watch.sees(ready_to_return(), wish)
    assert (verdict.vetoes, verdict.allowed.batteries) == ((), steered(51.0))


def test_a_genset_that_starts_is_left_to_its_synchroniser() -> None:
    """What is cranking already comes onto a bus that lives by then."""
    watch = closing_in_the_dark()
    assert watch.sees(with_genset(back_in_the_dark(), GensetState.STARTING)).vetoes == ()
