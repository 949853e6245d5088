"""A closing is not let begin when the bus may still move, by what its former is told, out of step before contact."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from controller.model.commands import BatteryCommand
from controller.model.hub import ShortTimePoint
from controller.model.image import ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import InverterMode
from hil_tests.tests.guard.hubs import hub_with_battery
from hil_tests.tests.guard.scene import (
    CYCLE_S,
    NOTHING,
    Watch,
    battery,
    islanded,
    poi_close,
    ready_to_return,
    reasons,
    watch_after,
    with_battery,
)


def steered(frequency_set_hz: float) -> Mapping[str, BatteryCommand]:
    return {"main": BatteryCommand(frequency_set_hz=frequency_set_hz)}


DROOP = hub_with_battery(droop_hz_per_w=0.125 / 8_000.0)
LOADED = with_battery(ready_to_return(slip_hz=0.0), power_w=PhaseValues(8_000.0, 0.0, 0.0))


@pytest.mark.parametrize(("set_hz", "passes"), [(50.25, True), (50.0, True), (50.251, False), (49.999, False)])
def test_the_bus_is_to_run_within_the_slip_by_what_its_former_is_told(set_hz: float, passes: bool) -> None:
    for is_told_now in (True, False):
        watch = watch_after(islanded(), ready_to_return(), hub=DROOP)
        watch.sees(LOADED, NOTHING if is_told_now else battery(frequency_set_hz=set_hz))
        told = steered(set_hz) if is_told_now else {}
        verdict = watch.sees(LOADED, replace(poi_close(watch.order()), batteries=told))
        assert reasons(verdict) == ([] if passes else [Reason.VETO_OUT_OF_SYNC])


UNKNOWN = [with_battery(LOADED, mode=InverterMode.GRID_FOLLOWING), replace(LOADED, batteries={})]


@pytest.mark.parametrize("seen", UNKNOWN, ids=["follows", "not seen"])
def test_who_does_not_form_forbids_nothing(seen: ProcessImage) -> None:
    watch = watch_after(islanded(), ready_to_return(), hub=DROOP)
    wish = replace(poi_close(watch.order()), batteries=battery(frequency_set_hz=51.0, voltage_set_v=250.0).batteries)
    assert Reason.VETO_OUT_OF_SYNC not in reasons(watch.sees(seen, wish))


def test_whose_load_is_not_seen_may_run_anywhere() -> None:
    watch = watch_after(islanded(), ready_to_return(), hub=DROOP)
    unseen = with_battery(LOADED, power_w=None)
    wish = replace(poi_close(watch.order()), batteries=steered(50.0))
    assert reasons(watch.sees(unseen, wish)) == [Reason.VETO_OUT_OF_SYNC]
    assert watch.sees(with_battery(LOADED, power_w=None), poi_close(watch.order())).vetoes != ()
    told = told_for(0.5, 50.5)
    wish = replace(poi_close(told.order()), batteries=steered(50.5))
    assert told.sees(unseen, wish).vetoes == (), "the bus has shown where that is"


def test_who_was_told_nothing_is_believed_by_what_is_measured() -> None:
    watch = watch_after(islanded(), ready_to_return(), hub=DROOP)
    assert watch.sees(LOADED, poi_close(watch.order())).vetoes == ()


def test_the_second_former_counts_as_well() -> None:
    seen = with_battery(LOADED, "second", mode=InverterMode.GRID_FORMING, power_w=PhaseValues(0.0, 0.0, 0.0))
    for told in (battery("second", frequency_set_hz=51.0), battery("second", voltage_set_v=250.0)):
        watch = watch_after(islanded(), ready_to_return(), hub=DROOP)
        wish = replace(poi_close(watch.order()), batteries=told.batteries)
        assert reasons(watch.sees(seen, wish)) == [Reason.VETO_OUT_OF_SYNC]


# ---- what it has had for half a second counts by what the bus does


def told_for(steady_s: float, *steps_hz: float | None, **more: Any) -> Watch:
    """Told these set-points one after the other, the last one for so long, while the bus runs in step all the same."""
    watch = watch_after(islanded(), ready_to_return(), hub=DROOP)
    for step_hz in steps_hz:
        watch.sees(LOADED, battery(frequency_set_hz=step_hz, **more))
    watch.sees_for(LOADED, steady_s, battery(frequency_set_hz=steps_hz[-1], **more))
    return watch


def closes(watch: Watch, set_hz: float | None, seen: ProcessImage = LOADED, **more: Any) -> bool:
    told = {} if set_hz is None else battery(frequency_set_hz=set_hz, **more).batteries
    return watch.sees(seen, replace(poi_close(watch.order()), batteries=told)).vetoes == ()


@pytest.mark.parametrize("set_hz", [50.5, 50.625, 50.375, None])
def test_a_former_with_another_droop_than_its_file_says_may_come_back(set_hz: float | None) -> None:
    assert closes(told_for(0.5, 50.5), set_hz)


@pytest.mark.parametrize("set_hz", [50.626, 50.374])
def test_a_step_beyond_the_slip_is_refused(set_hz: float) -> None:
    assert not closes(told_for(0.5, 50.5), set_hz)


def test_half_a_second_is_what_it_takes() -> None:
    assert not closes(told_for(0.5 - 2 * CYCLE_S, 50.5), 50.5)
    assert closes(told_for(0.5 - CYCLE_S, 50.5), 50.5)


def test_all_that_it_was_told_meanwhile_counts() -> None:
    """The bus may show any of it: a step there and back again as well."""
    for last_hz, lawful in ((50.5, True), (50.5625, True), (50.4, False)):
        watch = told_for(0.5, 50.5)
        watch.sees(LOADED, battery(frequency_set_hz=50.5625))
        assert closes(watch, last_hz) is lawful
    assert not closes(told_for(0.0, 50.5, 50.75), 50.5), "there and back"
    watch = told_for(0.5, 50.5)
    watch.sees(LOADED, battery(frequency_set_hz=50.75))
    watch.sees_for(LOADED, 0.5 - CYCLE_S, battery(frequency_set_hz=50.5))
    assert not closes(watch, 50.5)
    assert closes(watch, 50.5), "half a second after it was back"


def test_the_slip_and_the_angle_have_to_have_room_for_it() -> None:
    moved_hz, latest_s = 0.0625, 0.0625 + 0.03125
    room_deg = 10.0 - 1.0 - 360.0 * moved_hz * latest_s
    for angle_deg, lawful in ((room_deg, True), (-room_deg, True), (room_deg + 0.001, False)):
        seen = replace(LOADED, poi=replace(LOADED.poi, angle_difference_deg=angle_deg))
        assert closes(told_for(0.5, 50.5), 50.5 + moved_hz, seen) is lawful
    for slip_hz, lawful in ((0.0625, True), (0.0626, False)):
        seen = with_battery(ready_to_return(0.0, slip_hz), power_w=PhaseValues(8_000.0, 0.0, 0.0))
        assert closes(told_for(0.5, 50.5), 50.4375, seen) is lawful


def test_silence_in_between_keeps_what_it_was_told() -> None:
    watch = told_for(0.25, 50.5)
    watch.sees_for(LOADED, 0.25)
    assert closes(watch, 50.5)


def test_who_is_told_something_else_and_no_frequency_may_run_anywhere() -> None:
    watch = told_for(0.5, 50.5)
    watch.sees(LOADED, battery(voltage_set_v=230.0))
    watch.sees(LOADED, battery(frequency_set_hz=50.5))
    assert not closes(watch, 50.5)
    watch.sees_for(LOADED, 0.5, battery(frequency_set_hz=50.5))
    assert closes(watch, 50.5)


def test_what_is_remembered_is_bounded_and_not_made_anew() -> None:
    watch = watch_after(islanded(), ready_to_return(), hub=DROOP)
    for set_hz in (50.25, 50.5, 50.25):
        watch.sees(LOADED, battery(frequency_set_hz=set_hz))
    assert [each.frequency_set_hz for each in watch.memory.told["main"]] == [50.25, 50.5, 50.25]
    watch = told_for(0.5, 50.5)
    kept = watch.memory.told["main"]
    watch.sees(LOADED, battery(frequency_set_hz=50.5))
    assert (watch.memory.told["main"] is kept, len(kept)) == (True, 1)
    for set_hz in (50.25, 50.5, 50.25):
        watch.sees(LOADED, battery(frequency_set_hz=set_hz))
    assert len(watch.memory.told["main"]) == 4, "all of the last half second, and the last before it"
    watch.sees_for(LOADED, 0.5 - CYCLE_S, battery(frequency_set_hz=50.25))
    watch.sees(LOADED, battery(frequency_set_hz=50.5))
    assert [each.frequency_set_hz for each in watch.memory.told["main"]] == [50.25, 50.5]
    for number in range(200):
        watch.now_s += 0.001 - CYCLE_S
        watch.sees(LOADED, battery(frequency_set_hz=50.0 + number / 1024.0))
    assert len(watch.memory.told["main"]) == 64
    watch.sees_for(LOADED, 1.0, battery(frequency_set_hz=50.5))
    watch.sees(LOADED, battery(frequency_set_hz=50.25))
    assert [each.frequency_set_hz for each in watch.memory.told["main"]] == [50.5, 50.25]


# ---- the voltage as well


def told_volts(steady_s: float, *steps_v: float) -> Watch:
    watch = watch_after(islanded(), ready_to_return(), hub=DROOP)
    for step_v in steps_v:
        watch.sees(LOADED, battery(voltage_set_v=step_v))
    watch.sees_for(LOADED, steady_s, battery(voltage_set_v=steps_v[-1]))
    return watch


def holds(watch: Watch, set_v: float | None) -> bool:
    told = {} if set_v is None else battery(voltage_set_v=set_v).batteries
    return watch.sees(LOADED, replace(poi_close(watch.order()), batteries=told)).vetoes == ()


@pytest.mark.parametrize(
    ("set_v", "passes"), [(244.375, True), (219.625, True), (244.376, False), (219.624, False), (253.0, False)]
)
def test_what_it_holds_and_what_it_is_told_are_apart_by_less_than_the_sides_may_be(set_v: float, passes: bool) -> None:
    """Found by hostile hands: in step, and told another voltage in the very cycle of the order."""
    assert holds(watch_after(islanded(), ready_to_return(), hub=DROOP), set_v) is passes
    assert holds(told_volts(CYCLE_S, set_v), None) is passes


@pytest.mark.parametrize(("set_v", "passes"), [(250.0, True), (237.625, True), (237.624, False)])
def test_a_voltage_that_it_has_had_for_half_a_second_counts_by_what_the_bus_does(set_v: float, passes: bool) -> None:
    assert holds(told_volts(0.5 - CYCLE_S, 250.0), set_v) is passes
    assert not holds(told_volts(0.5 - 2 * CYCLE_S, 250.0), 250.0)


@pytest.mark.parametrize("power_w", [46_000.0, -46_000.0])
def test_a_voltage_that_moves_takes_the_load_with_it(power_w: float) -> None:
    """Found by hostile hands: told the grid's voltage, eleven volts higher, the bus fell behind by a tenth of a hertz.

    46 kW are 0.71875 Hz here, and ten volts more are a sixteenth of a hertz.
    """
    heavy = with_battery(LOADED, power_w=PhaseValues(power_w, 0.0, 0.0))
    for set_hz, lawful in ((50.0625, True), (50.063, False)):
        assert closes(told_for(0.5, 50.0, voltage_set_v=232.0), set_hz, heavy, voltage_set_v=242.0) is lawful


def test_a_load_that_is_not_seen_is_twice_the_rating_at_most() -> None:
    """Where it could be any, a hub whose inverter keeps its power to itself would never come back."""
    unseen = with_battery(LOADED, power_w=None)
    for set_hz, lawful in ((50.0625, True), (50.063, False)):
        small = hub_with_battery(droop_hz_per_w=0.125 / 8_000.0, rating_va=23_000.0)
        watch = watch_after(islanded(), ready_to_return(), hub=small)
        watch.sees_for(unseen, 0.5 + CYCLE_S, battery(frequency_set_hz=50.0, voltage_set_v=232.0))
        assert closes(watch, set_hz, unseen, voltage_set_v=242.0) is lawful


def test_or_what_its_curve_says_it_carries() -> None:
    """2.5 times for three seconds: by so much more may the frequency move with the voltage."""
    curve = (ShortTimePoint(1.0, math.inf), ShortTimePoint(2.5, 3.0))
    strong = hub_with_battery(droop_hz_per_w=0.125 / 8_000.0, rating_va=18_400.0, short_time=curve)
    unseen = with_battery(LOADED, power_w=None)
    for set_hz, lawful in ((50.0625, True), (50.063, False)):
        watch = watch_after(islanded(), ready_to_return(), hub=strong)
        watch.sees_for(unseen, 0.5 + CYCLE_S, battery(frequency_set_hz=50.0, voltage_set_v=232.0))
        assert closes(watch, set_hz, unseen, voltage_set_v=242.0) is lawful


def test_and_says_nothing_of_where_the_bus_would_run() -> None:
    """What its former has been told for less than half a second the bus does not show yet."""
    small = hub_with_battery(droop_hz_per_w=0.125 / 8_000.0, rating_va=16_000.0)
    watch = watch_after(islanded(), ready_to_return(), hub=small)
    assert not closes(watch, 50.0 + 2.0 * 0.125 * 2.0, with_battery(LOADED, power_w=None))
