"""A closing is not let begin when the bus is told to run out of step before contact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from controller.guard.proof import Case
from controller.guard.rules import Ask
from controller.guard.sync import is_steered_away
from controller.model.commands import BatteryCommand
from controller.model.image import ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, InverterMode
from hil_tests.tests.guard.hubs import POI, hub_with_battery
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
    with_poi,
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


UNKNOWN = [
    with_battery(LOADED, power_w=None),
    with_battery(LOADED, mode=InverterMode.GRID_FOLLOWING),
    replace(LOADED, batteries={}),
]


@pytest.mark.parametrize("seen", UNKNOWN, ids=["power not seen", "follows", "not seen"])
def test_what_is_not_known_of_it_forbids_nothing(seen: ProcessImage) -> None:
    watch = watch_after(islanded(), ready_to_return(), hub=DROOP)
    wish = replace(poi_close(watch.order()), batteries=steered(51.0))
    assert Reason.VETO_OUT_OF_SYNC not in reasons(watch.sees(seen, wish))


def test_without_a_measured_grid_the_rule_is_silent_and_another_speaks() -> None:
    watch = watch_after(islanded(), ready_to_return(), hub=DROOP)
    unseen, order = with_poi(LOADED, grid_frequency_hz=None), watch.order()
    wish = replace(poi_close(order), batteries=steered(51.0))
    case = Case(watch.memory, wish, unseen, watch.bounds, watch.now_s)
    assert not is_steered_away(case, Ask(POI.id, order, BreakerPosition.OPEN))


def test_who_was_told_nothing_is_believed_by_what_is_measured() -> None:
    watch = watch_after(islanded(), ready_to_return(), hub=DROOP)
    assert watch.sees(LOADED, poi_close(watch.order())).vetoes == ()


def test_the_second_former_counts_as_well() -> None:
    seen = with_battery(LOADED, "second", mode=InverterMode.GRID_FORMING, power_w=PhaseValues(0.0, 0.0, 0.0))
    watch = watch_after(islanded(), ready_to_return(), hub=DROOP)
    wish = replace(poi_close(watch.order()), batteries=battery("second", frequency_set_hz=51.0).batteries)
    assert reasons(watch.sees(seen, wish)) == [Reason.VETO_OUT_OF_SYNC]


# ---- what it has had for some time counts by what the bus does


def told_for(steady_s: float, *steps_hz: float) -> Watch:
    """Told these set-points one after the other, the last one for so long, while the bus runs in step all the same."""
    watch = watch_after(islanded(), ready_to_return(), hub=DROOP)
    for step_hz in steps_hz:
        watch.sees(LOADED, battery(frequency_set_hz=step_hz))
    watch.sees_for(LOADED, steady_s, battery(frequency_set_hz=steps_hz[-1]))
    return watch


def closes(watch: Watch, set_hz: float | None) -> bool:
    told = {} if set_hz is None else steered(set_hz)
    return watch.sees(LOADED, replace(poi_close(watch.order()), batteries=told)).vetoes == ()


@pytest.mark.parametrize("set_hz", [50.5, 50.5625, 50.4375, None])
def test_a_former_with_another_droop_than_its_file_says_may_come_back(set_hz: float | None) -> None:
    assert closes(told_for(0.5, 50.5), set_hz)


@pytest.mark.parametrize("set_hz", [50.563, 50.437])
def test_a_step_away_from_it_is_judged_by_the_file(set_hz: float) -> None:
    assert not closes(told_for(0.5, 50.5), set_hz)


def test_half_a_second_is_what_it_takes() -> None:
    assert not closes(told_for(0.5 - 2 * CYCLE_S, 50.5), 50.5)
    assert closes(told_for(0.5 - CYCLE_S, 50.5), 50.5)


def test_creeping_away_is_a_step() -> None:
    assert closes(told_for(0.5, 50.46875, 50.5), 50.5), "near enough to count as the same"
    watch = told_for(0.5, 50.46875, 50.5)
    watch.sees(LOADED, battery(frequency_set_hz=50.5625))
    assert not closes(watch, 50.5625)


def test_silence_in_between_keeps_what_it_was_told() -> None:
    watch = told_for(0.25, 50.5)
    watch.sees_for(LOADED, 0.25)
    assert closes(watch, 50.5)


def test_who_is_told_something_else_and_no_frequency_has_none() -> None:
    watch = told_for(0.5, 50.5)
    watch.sees(LOADED, battery(voltage_set_v=230.0))
    watch.sees(LOADED, battery(frequency_set_hz=50.5))
    assert not closes(watch, 50.5)
    watch.sees_for(LOADED, 0.5, battery(frequency_set_hz=50.5))
    assert closes(watch, 50.5)


def test_where_it_has_stepped_to_counts_half_a_second_later() -> None:
    assert closes(told_for(0.5, 50.5, 50.75), 50.75)
