"""Wrongs that a checker looks for beside the one it is best known for."""

from __future__ import annotations

from controller.model.reasons import EventKind
from hil_tests.plant.plant import PlantOptions
from hil_tests.tests.checkers.stage import Stage
from hil_tests.tests.checkers.wrongs_of_the_island import close_the_poi


def cranks_with_an_empty_tank() -> Stage:
    stage = Stage()
    stage.begin()
    stage.plant.gensets["genset"].fuel_l = 0.0
    stage.say(EventKind.ORDERED_CRANK, "genset")
    stage.run(0.1)
    return stage


def picks_up_while_overloaded() -> Stage:
    stage = Stage(PlantOptions(demand_ratio=0.2))
    stage.begin()
    stage.order("water", "closed", False)
    stage.island()
    for feeder in stage.plant.feeders.values():
        feeder.demand_ratio = 4.0
    while stage.plant.batteries["battery_main"].overload_pct < 55.0:
        stage.run(0.1)
    stage.order("water", "closed", True)
    stage.run(0.1)
    return stage


def closes_two_dead_sides_with_a_source_on() -> Stage:
    """The bus is dead by a short circuit; the former holds on at its limit."""
    stage = Stage(PlantOptions(relay_enabled=False))
    stage.island()
    stage.order("poi", "settings_group", "grid")
    stage.plant.grid.blackout()
    stage.plant.feeders["water"].short_circuit(trips_after_s=None)
    stage.run(1.0)
    close_the_poi(stage)
    stage.run(0.2)
    assert [closing.kind for closing in stage.plant.poi.closings] == ["dead_dead"]
    return stage


def takes_more_than_the_contract() -> Stage:
    stage = Stage(PlantOptions(irradiance_w_per_m2=0.0, demand_ratio=4.0))
    stage.begin()
    stage.run(62.0)
    return stage


def gives_more_than_the_contract() -> Stage:
    stage = Stage(PlantOptions(irradiance_w_per_m2=1100.0, demand_ratio=0.0))
    stage.begin()
    stage.order("battery_main", "power_set_w", 30_000)
    stage.run(62.0)
    return stage


def charges_in_heat() -> Stage:
    stage = Stage(PlantOptions(demand_ratio=0.05, irradiance_w_per_m2=800.0))
    stage.island()
    stage.plant.batteries["battery_main"].temperature_c = 55.0
    stage.run(11.0)
    return stage


def _in_emergency() -> Stage:
    stage = Stage()
    stage.begin()
    stage.order("poi", "open", True)
    stage.order("water", "closed", False)
    stage.run(1.0)
    stage.plant.safety.emergency_off = True
    stage.run(1.0)
    return stage


def closes_the_poi_in_emergency() -> Stage:
    stage = _in_emergency()
    close_the_poi(stage)
    stage.run(0.1)
    return stage


def closes_a_feeder_in_emergency() -> Stage:
    stage = _in_emergency()
    stage.order("water", "closed", True)
    stage.run(0.1)
    return stage


def forms_in_emergency() -> Stage:
    stage = _in_emergency()
    stage.order("battery_main", "mode_set", "grid_forming")
    stage.run(0.1)
    return stage
