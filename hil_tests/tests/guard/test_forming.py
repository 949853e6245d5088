"""Who may form the island: one, behind the proof, onto a dead bus, earthed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.guard.vet import Verdict
from controller.model.commands import BatteryCommand, Commands, Order, SwitchCommand
from controller.model.hub import Earthing
from controller.model.image import EarthingSeen, ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import BusSide, GensetState, GridSource, InverterMode, IslandEarthing
from hil_tests.tests.guard.hubs import (
    ALWAYS_FORMS,
    SOURCES,
    hub_with,
    hub_with_battery,
)
from hil_tests.tests.guard.scene import (
    CLOSED,
    CYCLE_S,
    LIVE,
    NOTHING,
    OPEN,
    Watch,
    battery,
    dark,
    dark_and_earthed,
    form,
    islanded,
    on_grid,
    ready_to_return,
    reasons,
    watch_after,
    with_battery,
    with_genset,
    with_poi,
)

WITHOUT_A_BREAK = hub_with_battery(capabilities=replace(SOURCES, forms_in_parallel=True))
FORMING, FOLLOWING = InverterMode.GRID_FORMING, InverterMode.GRID_FOLLOWING


def proven(**setting: object) -> Watch:
    return watch_after(dark_and_earthed(), dark_and_earthed(), **setting)


def ask_to_form(seen: ProcessImage, watch: Watch | None = None, name: str = "main") -> Verdict:
    watch = watch or proven()
    return watch.sees(seen, form(watch.order(), name))


def test_behind_the_proof_on_a_dead_bus_with_earth_a_source_forms() -> None:
    verdict = ask_to_form(dark_and_earthed())
    assert verdict.vetoes == ()
    assert verdict.allowed.batteries["main"].form is not None


HALF_DEAD = with_poi(dark_and_earthed(), grid_voltage_v=LIVE, bus_voltage_v=PhaseValues.even(58.0))
REFUSED = [
    (dark(), Reason.VETO_NO_EARTHING),
    (with_poi(dark_and_earthed(), position=CLOSED), Reason.VETO_NOT_PROVEN_OPEN),
    (with_battery(dark_and_earthed(), mode=None), Reason.VETO_STALE),
    (with_battery(dark_and_earthed(), "second", mode=FORMING), Reason.VETO_SECOND_FORMER),
    (with_genset(dark_and_earthed(), GensetState.LOADED), Reason.VETO_SECOND_FORMER),
    (with_poi(dark_and_earthed(), bus_voltage_v=LIVE), Reason.VETO_SECOND_FORMER),
    (with_poi(dark_and_earthed(), bus_voltage_v=PhaseValues(0.0, 0.0, 58.0)), Reason.VETO_NOT_PROVEN_OPEN),
    (
        with_poi(dark_and_earthed(), grid_voltage_v=LIVE, bus_voltage_v=PhaseValues.even(58.0)),
        Reason.VETO_SECOND_FORMER,
    ),
    (replace(dark_and_earthed(), earthing=EarthingSeen(0.0, None)), Reason.VETO_NO_EARTHING),
    (replace(dark_and_earthed(), emergency_off=None), Reason.VETO_STALE),
    (replace(dark_and_earthed(), batteries={}), Reason.VETO_STALE),
]


@pytest.mark.parametrize("row", REFUSED)
def test_each_missing_condition_refuses_by_itself(row: tuple[ProcessImage, Reason]) -> None:
    seen, reason = row
    verdict = ask_to_form(seen)
    assert reasons(verdict) == [reason]
    assert verdict.allowed.batteries == {"main": BatteryCommand()}


def test_not_before_the_second_sample() -> None:
    watch = watch_after(on_grid())
    order = watch.order()
    assert reasons(watch.sees(dark_and_earthed(), form(order))) == [Reason.VETO_NOT_PROVEN_OPEN]
    assert watch.sees(dark_and_earthed(), form(order)).vetoes == ()


def test_a_source_that_cannot_form_is_not_asked_to() -> None:
    cannot = hub_with_battery(capabilities=replace(SOURCES, can_form=False))
    assert reasons(ask_to_form(dark_and_earthed(), proven(hub=cannot))) == [Reason.VETO_NOT_OURS]


def test_a_source_on_the_grid_side_never_comes_first() -> None:
    outside = hub_with_battery(bus=BusSide.GRID_SIDE)
    assert reasons(ask_to_form(dark_and_earthed(), proven(hub=outside))) == [Reason.VETO_NOT_PROVEN_OPEN]


@pytest.mark.parametrize("kind", [IslandEarthing.PERMANENT, IslandEarthing.SWITCHED_BY_DEVICE])
def test_permanent_earth_need_not_be_seen_any_other_must(kind: IslandEarthing) -> None:
    watch = watch_after(dark(), dark(), hub=hub_with(earthing=Earthing(kind, None)))
    expected = [] if kind is IslandEarthing.PERMANENT else [Reason.VETO_NO_EARTHING]
    assert reasons(ask_to_form(dark(), watch)) == expected


def test_an_earth_that_is_being_taken_away_is_none() -> None:
    watch = proven()
    wish = replace(form(watch.order()), earthing=SwitchCommand(open=True))
    assert reasons(watch.sees(dark_and_earthed(), wish)) == [Reason.VETO_NO_EARTHING]


def test_an_expired_order_forms_nothing() -> None:
    watch = proven()
    order = Order(Reason.ISLAND_FORMED, watch.now_s - 3.0, watch.now_s - 1.0, 1)
    assert reasons(watch.sees(dark_and_earthed(), form(order))) == [Reason.VETO_STALE]


# ---- the dead-bus token


def test_two_ask_in_one_breath_and_one_may() -> None:
    watch = proven()
    order = watch.order()
    wish = Commands(batteries={"main": BatteryCommand(form=order), "second": BatteryCommand(form=order)})
    verdict = watch.sees(dark_and_earthed(), wish)
    assert [(v.subject, v.reason) for v in verdict.vetoes] == [("second", Reason.VETO_SECOND_FORMER)]
    assert verdict.allowed.batteries["main"].form is order
    assert verdict.allowed.batteries["second"].form is None


def test_who_only_follows_asks_for_no_token() -> None:
    watch = proven()
    order = watch.order()
    wish = Commands(batteries={"main": BatteryCommand(follow=True), "second": BatteryCommand(form=order)})
    assert watch.sees(dark_and_earthed(), wish).allowed == wish


def test_the_token_stays_with_who_was_let_to_until_its_time_is_over() -> None:
    watch = proven()
    first = watch.order(hold_s=4.0)
    watch.sees(dark_and_earthed(), form(first))
    watch.now_s = first.expires_at_s - CYCLE_S
    assert reasons(ask_to_form(dark_and_earthed(), watch, "second")) == [Reason.VETO_SECOND_FORMER]
    assert reasons(ask_to_form(dark_and_earthed(), watch, "second")) == []


def test_a_token_is_kept_for_as_long_as_an_answer_may_take_however_short_its_order() -> None:
    watch = proven()
    watch.sees(dark_and_earthed(), form(watch.order(hold_s=0.0)))
    passed_at_s = watch.now_s
    watch.now_s = passed_at_s + 2.0 - CYCLE_S
    assert reasons(ask_to_form(dark_and_earthed(), watch, "second")) == [Reason.VETO_SECOND_FORMER]
    watch.now_s += 0.001
    assert reasons(ask_to_form(dark_and_earthed(), watch, "second")) == []


def test_the_token_is_free_again_when_its_holder_has_formed_and_fallen() -> None:
    """Not at once: what is seen may be older than the last order that is on the wire."""
    watch = proven()
    watch.sees(dark_and_earthed(), form(watch.order()))
    passed_at_s = watch.now_s
    watch.sees(islanded())
    for _ in range(2):
        watch.sees(dark_and_earthed())
    watch.now_s = passed_at_s + 0.3125 - CYCLE_S
    assert reasons(ask_to_form(dark_and_earthed(), watch, "second")) == [Reason.VETO_SECOND_FORMER]
    watch.now_s += 0.001
    assert reasons(ask_to_form(dark_and_earthed(), watch, "second")) == []


def test_an_order_restated_to_who_forms_keeps_the_token_too() -> None:
    """It may have been told to follow meanwhile, and the picture of it is old."""
    watch = proven()
    order = watch.order()
    watch.sees(dark_and_earthed(), form(order))
    watch.sees_for(islanded(), 5.0)
    again = watch.order()
    watch.sees(islanded(), form(again))
    watch.sees(islanded(), form(again))
    passed_at_s = watch.now_s
    watch.sees(dark_and_earthed())
    watch.now_s = passed_at_s + 0.3125 - CYCLE_S
    assert reasons(ask_to_form(dark_and_earthed(), watch, "second")) == [Reason.VETO_SECOND_FORMER]


def test_the_order_may_be_restated_while_the_bus_comes_up() -> None:
    watch = proven()
    order = watch.order()
    watch.sees(dark_and_earthed(), form(order))
    rising = with_poi(dark_and_earthed(), bus_voltage_v=LIVE)
    assert watch.sees(rising, form(order)).vetoes == ()
    assert watch.sees(islanded(), form(order)).vetoes == ()


def test_who_forms_already_may_be_asked_again() -> None:
    watch = watch_after(islanded(), islanded())
    assert ask_to_form(islanded(), watch).vetoes == ()


def test_formed_and_fallen_needs_a_new_order() -> None:
    watch = proven()
    order = watch.order()
    watch.sees(dark_and_earthed(), form(order))
    watch.sees(islanded(), form(order))
    assert reasons(watch.sees(dark_and_earthed(), form(order))) == [Reason.VETO_HAMMERING]


# ---- beside a healthy grid: who may at all is told in test_beside_the_grid


BESIDE = [
    {"source": GridSource.GENSET},
    {"grid_frequency_hz": 51.0, "bus_frequency_hz": 51.0},
    {"grid_voltage_v": PhaseValues.even(150.0), "bus_voltage_v": PhaseValues.even(150.0)},
    {"grid_voltage_v": None},
    {"position": OPEN},
    {"position": None},
    {"angle_difference_deg": 30.0},
]


@pytest.mark.parametrize("change", BESIDE)
def test_beside_anything_else_it_may_not(change: dict[str, object]) -> None:
    seen = with_poi(on_grid(), **change)
    assert reasons(ask_to_form(seen, watch_after(seen, hub=WITHOUT_A_BREAK))) == [Reason.VETO_NOT_PROVEN_OPEN]


def test_beside_an_old_sample_it_may_not() -> None:
    watch = watch_after(on_grid(), hub=WITHOUT_A_BREAK)
    assert reasons(watch.sees(on_grid(), form(watch.order()), age_s=0.2)) == [Reason.VETO_NOT_PROVEN_OPEN]


def test_not_while_the_poi_is_being_opened() -> None:
    watch = watch_after(on_grid(), hub=WITHOUT_A_BREAK)
    wish = replace(form(watch.order()), poi=replace(NOTHING.poi, open=True))
    assert reasons(watch.sees(on_grid(), wish)) == [Reason.VETO_NOT_PROVEN_OPEN]


# ---- the safe level of a refused forming


def test_a_source_that_always_forms_is_stopped() -> None:
    verdict = ask_to_form(dark(), watch_after(dark(), dark(), hub=ALWAYS_FORMS))
    assert verdict.allowed.batteries["main"] == BatteryCommand(stop=True, cause=Reason.VETO_NO_EARTHING)


def test_one_that_had_been_let_to_form_goes_back_to_following() -> None:
    watch = proven()
    order = watch.order()
    watch.sees(dark_and_earthed(), form(order))
    verdict = watch.sees(with_poi(dark_and_earthed(), position=CLOSED), form(order))
    assert verdict.allowed.batteries["main"] == BatteryCommand(follow=True)


def test_one_that_forms_already_is_not_thrown_off_by_a_lost_proof() -> None:
    watch = proven()
    order = watch.order()
    watch.sees(dark_and_earthed(), form(order))
    in_step = with_poi(ready_to_return(0.0, 0.0, 230.0))
    verdict = watch.sees(in_step, form(order))
    assert reasons(verdict) == [Reason.VETO_NOT_PROVEN_OPEN]
    assert verdict.allowed.batteries["main"] == BatteryCommand()


def test_a_short_blindness_takes_nothing_back() -> None:
    watch = proven()
    order = watch.order()
    watch.sees(dark_and_earthed(), form(order))
    verdict = watch.sees(with_battery(dark_and_earthed(), mode=None), form(order))
    assert verdict.allowed.batteries["main"] == BatteryCommand()


def test_a_wish_to_follow_stays_when_forming_is_refused() -> None:
    watch = proven()
    verdict = watch.sees(dark(), form(watch.order(), follow=True, power_set_w=70_000.0))
    assert reasons(verdict) == [Reason.VETO_NO_EARTHING, Reason.VETO_OUT_OF_RANGE]
    assert verdict.allowed.batteries["main"] == BatteryCommand(follow=True, power_set_w=60_000.0)


def test_stop_beats_everything_beside_it() -> None:
    watch = proven()
    verdict = watch.sees(dark_and_earthed(), form(watch.order(), stop=True, power_set_w=1e9, cause=Reason.OPERATOR))
    assert verdict.allowed.batteries["main"] == BatteryCommand(stop=True, cause=Reason.OPERATOR)
    assert verdict.vetoes == ()


def test_following_is_never_refused() -> None:
    for seen in (on_grid(), dark(), islanded(), ProcessImage()):
        assert watch_after(seen).sees(seen, battery(follow=True)).allowed == battery(follow=True)
