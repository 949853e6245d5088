"""Who forms although the POI joins us to the street lets go, told or untold; silence is no way past the guard."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.guard.vet import Verdict
from controller.model.commands import BatteryCommand, Commands, PoiCommand
from controller.model.hub import Hub
from controller.model.image import ProcessImage
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, InverterMode
from hil_tests.tests.guard.hubs import ALWAYS_FORMS, HUB, POI, SOURCES, hub_with_battery
from hil_tests.tests.guard.scene import (
    CYCLE_S,
    NOTHING,
    battery,
    crank,
    dark_and_earthed,
    form,
    islanded,
    on_grid,
    reasons,
    watch_after,
    with_battery,
    with_poi,
)

LET_GO_S = 0.1875
WITHOUT_A_BREAK = hub_with_battery(capabilities=replace(SOURCES, forms_in_parallel=True))
FORMS = with_battery(on_grid(), mode=InverterMode.GRID_FORMING)
LET_GO = {"main": BatteryCommand(follow=True)}


def first_verdict_at(since_s: float, seen: ProcessImage, commands: Commands, hub: Hub = HUB) -> Verdict:
    """So long after the first sample in which somebody forms and both sides are one."""
    watch = watch_after(on_grid(), hub=hub)
    watch.sees(seen, commands)
    watch.now_s += since_s - CYCLE_S
    return watch.sees(seen, commands)


@pytest.mark.parametrize("hub", [ALWAYS_FORMS, WITHOUT_A_BREAK], ids=["always forms", "forms in parallel"])
def test_beside_a_healthy_grid_forms_who_is_made_for_it(hub: Hub) -> None:
    watch = watch_after(on_grid(), hub=hub)
    assert watch.sees(on_grid(), form(watch.order())).vetoes == ()


def test_nobody_else_does() -> None:
    watch = watch_after(on_grid())
    assert reasons(watch.sees(on_grid(), form(watch.order()))) == [Reason.VETO_NOT_PROVEN_OPEN]


@pytest.mark.parametrize("wish", [NOTHING, battery(frequency_set_hz=50.0)], ids=["silence", "goes on"])
def test_who_forms_on_the_street_lets_go(wish: Commands) -> None:
    assert first_verdict_at(LET_GO_S, FORMS, wish).allowed.batteries["main"].follow
    assert not first_verdict_at(LET_GO_S - 0.001, FORMS, wish).vetoes


def test_it_is_a_veto_with_a_reason_unless_it_was_wished() -> None:
    verdict = first_verdict_at(1.0, FORMS, NOTHING)
    assert (reasons(verdict), verdict.allowed.batteries) == ([Reason.VETO_NOT_PROVEN_OPEN], LET_GO)
    assert first_verdict_at(1.0, FORMS, battery(follow=True)).vetoes == ()


def test_an_order_to_form_is_taken_out_with_it() -> None:
    watch = watch_after(on_grid(), FORMS, FORMS, FORMS, FORMS)
    verdict = watch.sees(FORMS, form(watch.order(), follow=True))
    assert (reasons(verdict), verdict.allowed.batteries) == ([Reason.VETO_NOT_PROVEN_OPEN], LET_GO)


def test_one_that_is_locked_out_stops() -> None:
    watch = watch_after(on_grid(), FORMS, latched=frozenset({"main"}))
    stopped = {"main": BatteryCommand(stop=True, cause=Reason.VETO_LOCKED_OUT)}
    assert watch.sees(FORMS).allowed == NOTHING
    assert watch.sees_for(FORMS, LET_GO_S).allowed.batteries == stopped


def test_a_stop_stays_a_stop() -> None:
    assert first_verdict_at(1.0, FORMS, battery(stop=True)).allowed.batteries == {"main": BatteryCommand(stop=True)}


OPENS = Commands(poi=PoiCommand(open=True))


def test_who_may_take_over_beside_the_grid_has_the_time_of_opening_it() -> None:
    patience_s = LET_GO_S + POI.breaker_opening_s
    assert first_verdict_at(patience_s - 0.001, FORMS, OPENS, WITHOUT_A_BREAK).vetoes == ()
    assert first_verdict_at(patience_s, FORMS, OPENS, WITHOUT_A_BREAK).allowed.batteries == LET_GO


def test_who_may_not_or_does_not_open_it_has_none() -> None:
    assert first_verdict_at(LET_GO_S, FORMS, OPENS).allowed.batteries == LET_GO
    assert first_verdict_at(LET_GO_S, FORMS, NOTHING, WITHOUT_A_BREAK).allowed.batteries == LET_GO
    assert first_verdict_at(LET_GO_S - 0.001, FORMS, NOTHING, WITHOUT_A_BREAK).vetoes == ()


def test_who_cannot_follow_forms_for_ever() -> None:
    assert watch_after(FORMS, hub=ALWAYS_FORMS).sees_for(FORMS, 5.0, battery(frequency_set_hz=50.0)).vetoes == ()


def test_time_begins_anew_when_the_sides_part() -> None:
    watch = watch_after(on_grid(), FORMS)
    watch.sees(islanded())
    assert watch.sees_for(FORMS, LET_GO_S).vetoes == ()
    assert watch.sees(FORMS).allowed.batteries == LET_GO


def test_only_who_forms_lets_go() -> None:
    seen = with_battery(FORMS, "second", mode=InverterMode.GRID_FOLLOWING)
    assert set(watch_after(seen).sees_for(seen, 1.0).allowed.batteries) == {"main"}
    spoken_to = battery("second", power_set_w=0.0)
    assert (
        watch_after(seen, seen, seen, seen).sees(seen, spoken_to).allowed.batteries["second"]
        == (spoken_to.batteries["second"])
    )
    follows = with_battery(on_grid(), "second", mode=InverterMode.GRID_FOLLOWING)
    assert watch_after(follows).sees_for(follows, 1.0).allowed == NOTHING


def test_an_island_is_left_alone() -> None:
    assert watch_after(islanded(), islanded()).sees_for(islanded(), 5.0).allowed == NOTHING


def test_who_forms_through_a_stuck_poi_is_stopped_without_being_spoken_to() -> None:
    watch = watch_after(dark_and_earthed(), dark_and_earthed())
    watch.sees(dark_and_earthed(), form(watch.order()))
    stuck = with_poi(FORMS, position=BreakerPosition.OPEN)
    assert watch.sees(stuck).allowed.batteries == {"main": BatteryCommand(stop=True, cause=Reason.VETO_NOT_PROVEN_OPEN)}


def test_beside_a_healthy_grid_a_genset_is_cranked_although_the_bus_is_not_seen() -> None:
    seen = with_poi(on_grid(), bus_voltage_v=None)
    watch = watch_after(seen)
    assert watch.sees(seen, crank(watch.order())).vetoes == ()


# ---- blind is not apart

BLIND = with_poi(
    FORMS, position=None, grid_voltage_v=None, bus_voltage_v=None, angle_difference_deg=None, current_a=None
)


def lets_go_after(*images: ProcessImage, age_s: float = 0.0) -> bool:
    """Somebody forms beside the grid for one sample, and then this is seen for as long as it takes."""
    watch = watch_after(on_grid(), FORMS)
    began_s = watch.now_s
    while watch.now_s - began_s < LET_GO_S - CYCLE_S:
        for seen in images:
            watch.sees(seen, age_s=age_s)
    return watch.sees(images[-1], age_s=age_s).allowed.batteries == LET_GO


def test_an_instrument_that_falls_silent_behind_the_contact_saves_nobody() -> None:
    """Found by hostile hands: a battery formed beside the grid for as long as nobody could see that it did."""
    assert lets_go_after(BLIND)
    assert not watch_after(on_grid(), BLIND).sees_for(BLIND, 5.0).vetoes, "nobody was seen beside it"


def test_who_is_shown_apart_is_not_beside_it_any_more() -> None:
    assert not lets_go_after(with_poi(BLIND, position=BreakerPosition.OPEN))
    assert not lets_go_after(with_poi(BLIND, angle_difference_deg=20.001))
    assert lets_go_after(with_poi(BLIND, angle_difference_deg=20.0))
    assert lets_go_after(with_poi(BLIND, angle_difference_deg=90.0), age_s=1.0), "that was long ago"
    assert not lets_go_after(with_poi(BLIND, angle_difference_deg=90.0), BLIND), "and it begins anew"
