"""Wrongs of what is ordered: without a line that states it, or not followed and nobody told."""

from __future__ import annotations

from collections.abc import Callable

from controller.drivers.link import Value
from controller.model.reasons import EventKind, Reason
from hil_tests.plant.plant import PlantOptions
from hil_tests.tests.checkers.stage import Stage


def acts_beside_another_line(asset: str, name: str, value: Value) -> Callable[[], Stage]:
    """The hub has just said something, and nothing of this."""

    def wrong() -> Stage:
        stage = Stage()
        stage.begin()
        stage.run(10.0)
        stage.say(EventKind.GRID_VERDICT, "hub", Reason.GRID_OK)
        stage.say(EventKind.DEVICE, asset, Reason.DEVICE_BACK)
        stage.run(4.0)
        stage.order(asset, name, value, explained=False)
        stage.run(3.0)
        return stage

    return wrong


def sheds_on_a_change_of_mode() -> Stage:
    stage = Stage()
    stage.begin()
    stage.run(10.0)
    stage.say(EventKind.MODE_CHANGED, "hub", Reason.GRID_DEAD)
    stage.order("ev_posts", "closed", False, explained=False)
    stage.run(3.0)
    return stage


def does_not_mind_a_stuck_poi() -> Stage:
    stage = Stage(PlantOptions(relay_enabled=False))
    stage.begin()
    stage.plant.poi.fails_to_open = True
    stage.order("poi", "open", True)
    stage.run(7.0)
    return stage


def does_not_mind_a_poi_that_stays_open() -> Stage:
    """The order is taken back in time, and that is all."""
    stage = Stage(PlantOptions(relay_enabled=False))
    stage.island()
    stage.plant.poi.fails_to_close = True
    stage.order("poi", "settings_group", "grid")
    stage.order("poi", "open", False)
    stage.order("poi", "close", True)
    stage.run(2.0)
    stage.order("poi", "close", False)
    stage.run(12.0)
    return stage


def does_not_mind_a_stuck_earth() -> Stage:
    stage = Stage()
    stage.plant.earthing.fails_to_close = True
    stage.begin()
    stage.order("poi", "open", True)
    stage.run(1.0)
    stage.order("n_pe", "closed", True)
    stage.run(13.0)
    return stage


def does_not_mind_a_second_bond() -> Stage:
    stage = Stage()
    stage.begin()
    stage.order("n_pe", "closed", True)
    stage.run(1.0)
    stage.plant.earthing.is_welded = True
    stage.order("n_pe", "closed", False)
    stage.run(7.0)
    return stage


def does_not_mind_that_nobody_forms() -> Stage:
    stage = Stage()
    stage.begin()
    stage.order("poi", "open", True)
    stage.run(1.0)
    stage.plant.batteries["battery_main"].trip()
    stage.order("battery_main", "mode_set", "grid_forming")
    stage.run(20.0)
    return stage


def does_not_mind_an_engine_that_does_not_start() -> Stage:
    stage = Stage()
    stage.begin()
    stage.plant.gensets["genset"].fails_to_crank = True
    stage.order("genset", "run", True)
    stage.run(stage.site.hub.gensets["genset"].start_time_s + 15.0)
    return stage
