"""Wrongs of switching, shedding and set-points, one for each checker."""

from __future__ import annotations

from dataclasses import replace

from controller.model.reasons import EventKind
from hil_tests.checkers.base import devices_of
from hil_tests.plant.engine import GensetBehaviour
from hil_tests.plant.plant import PlantOptions
from hil_tests.tests.checkers.stage import Stage


def close_the_poi(stage: Stage) -> None:
    stage.order("poi", "open", False)
    stage.order("poi", "close", True)


def feeds_a_dead_street() -> Stage:
    stage = Stage(PlantOptions(relay_enabled=False))
    stage.begin()
    stage.plant.poi.fails_to_open = True
    stage.order("battery_main", "mode_set", "grid_forming")
    stage.plant.grid.blackout()
    stage.run(5.0)
    return stage


def stays_on_a_lost_grid() -> Stage:
    stage = Stage(PlantOptions(relay_enabled=False))
    stage.begin()
    stage.plant.grid.blackout()
    stage.run(6.0)
    return stage


def closes_out_of_sync() -> Stage:
    stage = Stage()
    stage.island()
    stage.order("poi", "settings_group", "grid")
    stage.plant.grid.phase_jump(120.0)
    stage.run(1.0)
    close_the_poi(stage)
    stage.run(0.2)
    return stage


def forms_two() -> Stage:
    stage = Stage()
    stage.island()
    second = stage.plant.batteries["battery_second"]
    second.battery = replace(second.battery, capabilities=replace(second.battery.capabilities, can_form=True))
    stage.order("battery_second", "mode_set", "grid_forming")
    stage.run(1.0)
    return stage


def sheds_medical_first() -> Stage:
    stage = Stage(PlantOptions(demand_ratio=0.2))
    stage.island()
    stage.order("medical", "closed", False)
    stage.run(2.0)
    return stage


def restores_all_at_once() -> Stage:
    stage = Stage(PlantOptions(demand_ratio=0.2))
    stage.begin()
    for feeder in ("warm_room", "cold_chain"):
        stage.order(feeder, "closed", False)
    stage.island()
    for feeder in ("warm_room", "cold_chain"):
        stage.order(feeder, "closed", True)
    stage.run(0.5)
    return stage


def restores_the_least_first() -> Stage:
    stage = Stage(PlantOptions(demand_ratio=0.2))
    stage.begin()
    for feeder in ("medical", "ev_posts"):
        stage.order(feeder, "closed", False)
    stage.island()
    stage.order("ev_posts", "closed", True)
    stage.run(0.5)
    return stage


def restores_below_the_reserve() -> Stage:
    stage = Stage(PlantOptions(demand_ratio=0.2))
    stage.begin()
    stage.order("ev_posts", "closed", False)
    stage.island()
    stage.plant.batteries["battery_main"].soc_pct = 20.0
    stage.order("ev_posts", "closed", True)
    stage.run(0.5)
    return stage


def raises_the_unseen() -> Stage:
    stage = Stage()
    stage.begin()
    stage.order("pv_school", "limit_set_w", 1_000)
    for device in devices_of(stage.scene, "pv_school"):
        stage.scene.active_faults.append((device, "silent"))
    stage.order("pv_school", "limit_set_w", 500)
    stage.run(3.0)
    stage.order("pv_school", "limit_set_w", 2_000)
    stage.run(0.1)
    return stage


def forms_with_two_rigid_gensets() -> Stage:
    """As if a hub had two: the first is given a twin that is loaded as well."""
    stage = Stage(PlantOptions(demand_ratio=0.2, gensets={"genset": GensetBehaviour(is_isochronous=True)}))
    stage.island()
    stage.order("genset", "run", True)
    while not stage.plant.gensets["genset"].is_forming:
        stage.run(1.0)
    stage.plant.gensets["twin"] = stage.plant.gensets["genset"]
    stage.run(0.1)
    return stage


def closes_with_the_phases_swapped() -> Stage:
    stage = Stage()
    stage.island()
    stage.order("poi", "settings_group", "grid")
    stage.plant.grid.rotation_is_swapped = True
    stage.run(1.0)
    while abs(stage.plant.angle_difference_deg or 0.0) > 5.0:
        stage.run(0.01)
    close_the_poi(stage)
    stage.run(0.2)
    return stage


def serves_below_the_reserve() -> Stage:
    stage = Stage(PlantOptions(demand_ratio=0.2))
    stage.island()
    stage.plant.batteries["battery_main"].soc_pct = 20.0
    stage.run(31.0)
    return stage


def asks_too_much_of_an_inverter() -> Stage:
    stage = Stage()
    stage.begin()
    stage.order("pv_school", "limit_set_w", 80_000)
    stage.run(0.1)
    return stage


def orders_a_charge_in_frost() -> Stage:
    stage = Stage(PlantOptions(temperature_c=-5.0))
    stage.begin()
    stage.order("battery_main", "power_set_w", -20_000)
    stage.run(0.1)
    return stage


def charges_in_frost() -> Stage:
    stage = Stage(PlantOptions(demand_ratio=0.05, irradiance_w_per_m2=800.0))
    stage.island()
    stage.plant.batteries["battery_main"].temperature_c = -5.0
    stage.run(11.0)
    return stage


def orders_the_unseen() -> Stage:
    stage = Stage()
    stage.begin()
    stage.scene.active_faults.append(("io_module", "silent"))
    stage.order("n_pe", "closed", False)
    stage.run(3.0)
    stage.order("n_pe", "closed", True)
    stage.run(0.1)
    return stage


def moves_before_it_has_looked() -> Stage:
    stage = Stage()
    stage.run(0.1)
    stage.order("n_pe", "closed", True)
    stage.run(0.1)
    return stage


def acts_without_a_word() -> Stage:
    stage = Stage()
    stage.begin()
    stage.run(5.0)
    stage.puppet.events.clear()
    stage.order("ev_posts", "closed", False, explained=False)
    stage.run(2.0)
    return stage


def does_not_mind_a_deaf_contactor() -> Stage:
    stage = Stage()
    stage.begin()
    stage.run(61.0)
    stage.plant.feeders["ev_posts"].stuck = True
    stage.order("ev_posts", "closed", False, explained=False)
    stage.run(7.0)
    return stage


def hammers() -> Stage:
    stage = Stage()
    stage.begin()
    for _ in range(7):
        stage.order("ev_posts", "closed", False)
        stage.run(0.5)
        stage.order("ev_posts", "closed", True)
        stage.run(0.5)
    return stage


def cranks_for_ever() -> Stage:
    stage = Stage()
    stage.begin()
    stage.plant.gensets["genset"].fails_to_crank = True
    for _ in range(5):
        stage.say(EventKind.ORDERED_CRANK, "genset")
        stage.run(20.0)
    return stage
