"""When the decision fails: hold the last allowed levels, shed in need, close nothing."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from controller.guard.fallback import fallback
from controller.model.commands import BatteryCommand, Commands, GensetCommand, PoiCommand, PvCommand, SwitchCommand
from controller.model.image import ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import Authority, InverterMode, SettingsGroup
from hil_tests.tests.guard.hubs import hub_with_battery, hub_with_feeder
from hil_tests.tests.guard.scene import (
    NOTHING,
    OPEN,
    Watch,
    islanded,
    on_grid,
    with_battery,
    with_feeder,
    with_open,
    with_poi,
)

PREPARED = ("ev_posts", "phones", "desk")


def falls_back(
    seen: ProcessImage, last: Commands = NOTHING, prepared: tuple[str, ...] = PREPARED, watch: Watch | None = None
) -> Commands:
    watch = watch or Watch()
    seen = with_poi(seen, measured_at_s=watch.now_s)
    return fallback(last, seen, watch.bounds, prepared, watch.now_s)


def shed_by(cause: Reason, *names: str) -> Commands:
    return Commands(feeders={name: SwitchCommand(open=True, cause=cause) for name in names})


def loaded(*power_w: float) -> ProcessImage:
    return with_battery(islanded(), power_w=PhaseValues(*power_w))


def test_levels_are_held_and_orders_are_not() -> None:
    order = Watch().order()
    last = Commands(
        poi=PoiCommand(open=True, close=order, settings_group=SettingsGroup.GRID, cause=Reason.GRID_DEAD),
        batteries={"main": BatteryCommand(form=order, follow=True, power_set_w=5.0)},
        pv={"school": PvCommand(limit_w=7.0)},
        gensets={"genset": GensetCommand(crank=order, power_set_w=9.0)},
        feeders={"water": SwitchCommand(open=True), "phones": SwitchCommand(close=order)},
        earthing=SwitchCommand(close=order, cause=Reason.EARTHING_FOLLOWS_MODE),
    )
    assert falls_back(islanded(), last) == Commands(
        poi=PoiCommand(open=True, settings_group=SettingsGroup.GRID, cause=Reason.GRID_DEAD),
        batteries={"main": BatteryCommand(follow=True, power_set_w=5.0)},
        pv={"school": PvCommand(limit_w=7.0)},
        gensets={"genset": GensetCommand(power_set_w=9.0)},
        feeders={"water": SwitchCommand(open=True), "phones": SwitchCommand()},
        earthing=SwitchCommand(cause=Reason.EARTHING_FOLLOWS_MODE),
    )


NEEDS = [  # what is seen, and why feeders open
    (loaded(25_000.0, 25_000.0, 25_000.0), None),
    (loaded(25_001.0, 0.0, 0.0), Reason.OVERLOAD),
    (loaded(0.0, 0.0, 25_001.0), Reason.OVERLOAD),
    (loaded(math.nan, 0.0, 0.0), None),
    (with_battery(loaded(30_000.0, 0.0, 0.0), mode=InverterMode.GRID_FOLLOWING), None),
    (with_battery(islanded(), power_w=None), None),
    (with_battery(islanded(), overload_pct=79.9), None),
    (with_battery(islanded(), overload_pct=80.0), Reason.OVERLOAD),
    (with_poi(islanded(), bus_frequency_hz=48.5), None),
    (with_poi(islanded(), bus_frequency_hz=48.4), Reason.UNDERFREQUENCY),
    (with_poi(islanded(), bus_frequency_hz=48.4, position=None), Reason.UNDERFREQUENCY),
    (with_poi(islanded(), bus_frequency_hz=None), None),
    (with_poi(on_grid(), bus_frequency_hz=48.4), None),  # on grid the frequency is everybody's
    (with_battery(with_poi(islanded(), bus_frequency_hz=48.4), overload_pct=90.0), Reason.OVERLOAD),
    (ProcessImage(), None),
]


@pytest.mark.parametrize(("seen", "cause"), NEEDS)
def test_in_need_the_prepared_set_opens(seen: ProcessImage, cause: Reason | None) -> None:
    expected = NOTHING if cause is None else shed_by(cause, "phones", "ev_posts")
    assert falls_back(seen) == expected


def test_a_single_phase_source_has_all_its_rating_on_one() -> None:
    single = hub_with_battery(phases=(next(iter(hub_with_battery().batteries["main"].phases)),))
    assert falls_back(loaded(75_000.0, 0.0, 0.0), watch=Watch(hub=single)) == NOTHING
    assert falls_back(loaded(75_001.0, 0.0, 0.0), watch=Watch(hub=single)) != NOTHING


def test_an_old_frequency_is_nobodys() -> None:
    watch = Watch()
    seen = with_poi(islanded(), bus_frequency_hz=48.0, measured_at_s=watch.now_s - 1.0)
    assert fallback(NOTHING, seen, watch.bounds, PREPARED, watch.now_s) == NOTHING
    assert fallback(NOTHING, seen, watch.bounds, PREPARED) == shed_by(Reason.UNDERFREQUENCY, "phones", "ev_posts")


OVERLOADED = loaded(30_000.0, 0.0, 0.0)


def test_what_is_open_already_is_not_counted() -> None:
    assert falls_back(with_open(OVERLOADED, "ev_posts")) == shed_by(Reason.OVERLOAD, "phones")


def test_when_the_prepared_set_is_open_the_next_tier_goes_at_once() -> None:
    seen = with_open(OVERLOADED, "ev_posts", "phones")
    assert falls_back(seen) == shed_by(Reason.OVERLOAD, "warm_room", "cold_chain")


def test_the_prepared_set_goes_before_its_tier_is_asked_for() -> None:
    assert falls_back(OVERLOADED, prepared=("warm_room", "water")) == shed_by(Reason.OVERLOAD, "water", "warm_room")


def test_without_a_prepared_set_the_highest_tier_goes() -> None:
    assert falls_back(OVERLOADED, prepared=()) == shed_by(Reason.OVERLOAD, "phones", "ev_posts")


def test_what_carries_control_is_never_shed() -> None:
    others = ("ev_posts", "phones", "warm_room", "cold_chain", "water", "medical")
    assert falls_back(with_open(OVERLOADED, *others)) == NOTHING
    late = hub_with_feeder("desk", tier=9)
    assert falls_back(OVERLOADED, prepared=(), watch=Watch(hub=late)) == shed_by(Reason.OVERLOAD, "phones", "ev_posts")


def test_an_unseen_feeder_is_opened_too() -> None:
    unseen = with_feeder(with_open(OVERLOADED, "phones"), "ev_posts", position=None)
    assert falls_back(unseen) == shed_by(Reason.OVERLOAD, "ev_posts")
    assert OPEN is unseen.feeders["phones"].position
    assert falls_back(replace(OVERLOADED, feeders={})) == shed_by(Reason.OVERLOAD, "phones", "ev_posts")


def test_a_shed_beats_the_level_that_was_held() -> None:
    last = Commands(feeders={"ev_posts": SwitchCommand(close=Watch().order()), "water": SwitchCommand(open=True)})
    held = falls_back(OVERLOADED, last)
    assert held.feeders["ev_posts"] == SwitchCommand(open=True, cause=Reason.OVERLOAD)
    assert held.feeders["water"] == SwitchCommand(open=True)


def test_a_closing_of_the_poi_is_neither_restated_nor_called_back_by_a_shed() -> None:
    """As everywhere: a contact on its way comes, a little out of step, and nothing is closed after the shed."""
    held = falls_back(OVERLOADED, Commands(poi=PoiCommand(close=Watch().order())))
    assert held == shed_by(Reason.OVERLOAD, "phones", "ev_posts")


def test_in_observe_nothing_at_all() -> None:
    last = Commands(poi=PoiCommand(open=True))
    assert falls_back(OVERLOADED, last, watch=Watch(authority=Authority.OBSERVE)) == NOTHING


@pytest.mark.parametrize("by_latch", [True, False])
def test_under_emergency_off_every_source_stops(by_latch: bool) -> None:
    watch = Watch(latched=frozenset({"emergency_off"}) if by_latch else frozenset())
    last = Commands(batteries={"main": BatteryCommand(power_set_w=-5_000.0)}, pv={"school": PvCommand(limit_w=1.0)})
    stop = Reason.EMERGENCY_OFF
    assert falls_back(replace(islanded(), emergency_off=not by_latch), last, watch=watch) == Commands(
        batteries={name: BatteryCommand(stop=True, cause=stop) for name in ("main", "second")},
        pv={"school": PvCommand(limit_w=1.0)},
        gensets={"genset": GensetCommand(stop=True, cause=stop)},
    )
