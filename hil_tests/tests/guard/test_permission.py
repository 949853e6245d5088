"""A permission to a synchro-check relay: given where nothing can come of it at once, or where what comes is in step.

While it stands, and as long after it as the breaker takes, the bus is led to the grid and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from controller.guard.vet import Verdict
from controller.model.commands import BatteryCommand, Commands, PoiCommand
from controller.model.hub import PoiSwitching
from controller.model.image import ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, Switcher
from hil_tests.tests.guard.hubs import hub_closed_by, hub_with_poi
from hil_tests.tests.guard.scene import (
    CYCLE_S,
    Watch,
    battery,
    close,
    islanded,
    on_grid,
    poi_close,
    ready_to_return,
    reasons,
    shed,
    watch_after,
    with_feeder,
    with_poi,
)

RELAY = hub_closed_by(Switcher.SYNC_RELAY)
FAR_DEG = 90.0
UNDER_WAY_S = 0.0625 + 0.03125 + 0.15625  # the breaker's time, its spread, and until it is seen
REFUSED = [Reason.VETO_OUT_OF_SYNC]
HELD = battery(frequency_set_hz=50.0, voltage_set_v=230.0, power_set_w=0.0).batteries


def at(angle_deg: float | None) -> ProcessImage:
    return with_poi(ready_to_return(), angle_difference_deg=angle_deg)


def first(angle_deg: float | None, age_s: float = 0.0, **setting: Any) -> Verdict:
    """Permitted in this cycle and not before."""
    watch = watch_after(islanded(), at(angle_deg), **{"hub": RELAY} | setting)
    return watch.sees(at(angle_deg), poi_close(watch.order()), age_s=age_s)


def standing(told: Mapping[str, BatteryCommand] | None = None) -> Watch:
    """It was given where the window was far away."""
    watch = watch_after(islanded(), at(FAR_DEG), hub=RELAY)
    wish = replace(poi_close(watch.order(hold_s=120.0)), batteries=told or HELD)
    assert watch.sees(at(FAR_DEG), wish).vetoes == ()
    return watch


def permits(watch: Watch, seen: ProcessImage, **told: Any) -> Verdict:
    """It goes on, and the former is told this."""
    order = watch.memory.allowed.poi.close
    assert order is not None
    return watch.sees(seen, replace(poi_close(order), batteries=battery(**told).batteries))


# ---- given anew


@pytest.mark.parametrize("angle_deg", [11.0, -11.0, 9.0, -10.5])
def test_where_the_relay_may_use_it_at_once_it_must_be_in_step(angle_deg: float) -> None:
    """Found by hostile hands: given at seven degrees on the way out, used at once, in contact at ten."""
    assert reasons(first(angle_deg)) == REFUSED


@pytest.mark.parametrize("angle_deg", [11.001, -11.001, FAR_DEG, 2.0, -2.0, None])
def test_far_from_its_window_or_well_inside_it_is_given(angle_deg: float | None) -> None:
    assert first(angle_deg).vetoes == ()


def test_an_old_sample_may_have_come_nearer_and_the_larger_error_counts() -> None:
    assert reasons(first(13.8125, age_s=0.0625)) == REFUSED
    assert first(13.813, age_s=0.0625).vetoes == ()
    assert reasons(first(13.8125, age_s=-0.0625)) == REFUSED
    erring = hub_with_poi(switching=PoiSwitching(Switcher.CONTROLLER, Switcher.SYNC_RELAY), angle_error_deg=2.0)
    assert (reasons(first(12.0, hub=erring)), first(12.001, hub=erring).vetoes) == (REFUSED, ())


@pytest.mark.parametrize("leads_away", [{"frequency_set_hz": 50.5}, {"voltage_set_v": 253.0}])
def test_nor_is_it_given_with_what_leads_the_bus_away(leads_away: dict[str, Any]) -> None:
    for angle_deg, refused in ((2.0, REFUSED), (FAR_DEG, [])):
        watch = watch_after(islanded(), at(angle_deg), hub=RELAY)
        wish = replace(poi_close(watch.order()), batteries=battery(**leads_away).batteries)
        assert reasons(watch.sees(at(angle_deg), wish)) == refused


def test_nor_with_a_load_that_goes() -> None:
    for angle_deg, refused in ((2.0, REFUSED), (FAR_DEG, [])):
        watch = watch_after(islanded(), at(angle_deg), hub=RELAY)
        wish = replace(shed("ev_posts"), poi=poi_close(watch.order()).poi)
        assert reasons(watch.sees(at(angle_deg), wish)) == refused


def test_one_that_stands_was_used_on_the_way_in_if_at_all() -> None:
    watch = standing()
    assert permits(watch, at(9.9)).vetoes == ()
    order = watch.memory.allowed.poi.close
    assert order is not None
    watch.sees(at(9.9))
    assert reasons(watch.sees(at(9.9), poi_close(order))) == REFUSED, "a blink is not standing"


def test_one_that_the_shell_has_held_back_does_not_stand() -> None:
    """For the disk, or because it came too late: the relay never had it, and would use it at once."""
    watch = standing()
    order = watch.memory.allowed.poi.close
    assert order is not None
    watch.more["closing_held_back"] = True
    assert reasons(watch.sees(at(9.9), poi_close(order))) == REFUSED
    watch = standing()
    watch.more["closing_held_back"] = True
    assert watch.sees(at(FAR_DEG), poi_close(order)).vetoes == ()
    watch.more["closing_held_back"] = False
    assert watch.sees(at(9.9), poi_close(order)).vetoes == (), "it stands again"


@pytest.mark.parametrize("bus_v", [PhaseValues.even(0.0), None], ids=["dead", "not seen"])
def test_onto_a_bus_that_is_not_live_none_stands(bus_v: PhaseValues | None) -> None:
    assert reasons(permits(standing(), with_poi(at(FAR_DEG), bus_voltage_v=bus_v))) == REFUSED


# ---- while it stands

NEAR_DEG = 10.0 + 1.0 + 360.0 * 0.125 * (0.0625 + 0.03125)


@pytest.mark.parametrize(("angle_deg", "is_held"), [(NEAR_DEG, True), (-NEAR_DEG, True), (15.219, False), (None, True)])
def test_where_the_contact_may_come_nothing_leaps(angle_deg: float | None, is_held: bool) -> None:
    verdict = permits(standing(), at(angle_deg), frequency_set_hz=50.5, voltage_set_v=230.0, power_set_w=0.0)
    told_hz = verdict.allowed.batteries["main"].frequency_set_hz
    assert (verdict.vetoes, told_hz) == ((), 50.0 + 0.0625 * CYCLE_S if is_held else 50.5)


def test_a_sample_of_nobody_knows_when_may_be_of_any_angle() -> None:
    verdict = standing().sees(at(FAR_DEG), battery(frequency_set_hz=50.5), age_s=None)
    assert verdict.allowed.batteries["main"].frequency_set_hz == 50.0 + 0.0625 * CYCLE_S


def test_steering_creeps_in_every_cycle_without_a_word() -> None:
    watch = standing()
    for count in (1, 2, 3):
        step_v = 0.03125 * CYCLE_S * 230.0
        verdict = permits(watch, at(2.0), frequency_set_hz=49.95, voltage_set_v=226.0, power_set_w=-1_000.0)
        told = verdict.allowed.batteries["main"]
        assert verdict.vetoes == ()
        assert told.frequency_set_hz == 50.0 - 0.0625 * CYCLE_S * count
        assert told.voltage_set_v == pytest.approx(230.0 - step_v * count)
        assert told.power_set_w == -1_000.0, "a BMS may take its leave back at any time"


def test_what_it_was_not_told_it_is_not_told_now() -> None:
    watch = standing({"main": BatteryCommand(follow=False)})
    verdict = permits(watch, at(2.0), frequency_set_hz=50.0)
    assert (verdict.vetoes, verdict.allowed.batteries) == ((), {"main": BatteryCommand()})


def test_powers_are_free() -> None:
    """A permission stands for minutes: a follower that its BMS forbade to charge was held at its charge."""
    watch = standing(battery("main", power_set_w=-6_000.0).batteries)
    for power_w in (0.0, 9_000.0):
        verdict = permits(watch, at(2.0), power_set_w=power_w)
        assert (verdict.vetoes, verdict.allowed.batteries["main"].power_set_w) == ((), power_w)


def test_the_voltage_goes_to_the_grids_as_fast_as_it_likes() -> None:
    high, step_v = battery(voltage_set_v=241.0).batteries, 0.03125 * CYCLE_S * 230.0
    assert permits(standing(high), at(2.0), voltage_set_v=230.5).allowed.batteries["main"].voltage_set_v == 230.5
    assert permits(standing(high), at(2.0), voltage_set_v=225.0).allowed.batteries["main"].voltage_set_v == 230 - step_v
    assert permits(standing(high), at(2.0), voltage_set_v=245.0).allowed.batteries["main"].voltage_set_v == 241 + step_v
    low = battery(voltage_set_v=220.0).batteries
    assert permits(standing(low), at(2.0), voltage_set_v=229.0).allowed.batteries["main"].voltage_set_v == 229.0
    unseen = with_poi(at(2.0), grid_voltage_v=None)
    watch = standing(high)
    told = watch.sees(unseen, battery(voltage_set_v=230.5)).allowed.batteries["main"].voltage_set_v
    assert told == 241.0 - step_v, "nobody knows where that is"


def test_no_load_comes_on_either() -> None:
    for angle_deg, refused in ((2.0, REFUSED), (FAR_DEG, [])):
        watch = watch_after(islanded(), at(FAR_DEG), hub=RELAY)
        watch.sees(at(FAR_DEG), shed("ev_posts"))
        opened = with_feeder(at(FAR_DEG), "ev_posts", position=BreakerPosition.OPEN)
        watch.sees_for(opened, 2.0)
        order = watch.order(hold_s=120.0)
        assert watch.sees(opened, poi_close(order)).vetoes == ()
        near = with_poi(opened, angle_difference_deg=angle_deg)
        wish = replace(close(watch.order(), "ev_posts"), poi=poi_close(order).poi)
        assert reasons(watch.sees(near, wish)) == refused


# ---- and after it


def test_withdrawn_it_may_have_been_used() -> None:
    watch = standing()
    watch.now_s += UNDER_WAY_S - CYCLE_S
    verdict = watch.sees(at(2.0), battery(frequency_set_hz=50.5))
    assert verdict.allowed.batteries["main"].frequency_set_hz == 50.0 + 0.0625 * UNDER_WAY_S
    watch = standing()
    watch.now_s += UNDER_WAY_S - CYCLE_S + 0.001
    assert watch.sees(at(2.0), battery(frequency_set_hz=50.5)).allowed.batteries["main"].frequency_set_hz == 50.5


def test_ordered_open_it_cannot_be_used() -> None:
    wish = Commands(poi=PoiCommand(open=True), batteries=battery(frequency_set_hz=50.5).batteries)
    assert standing().sees(at(2.0), wish).allowed.batteries["main"].frequency_set_hz == 50.5


def test_a_contact_that_is_seen_ends_it() -> None:
    watch = standing()
    watch.sees(on_grid())
    assert watch.memory.closing is None
