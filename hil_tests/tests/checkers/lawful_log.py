"""The lawful neighbours of gensets, people, belief and the log."""

from __future__ import annotations

from dataclasses import replace

from controller.model.reasons import EventKind, Reason
from controller.model.words import Authority, GridSource, Mode
from hil_tests.plant.plant import PlantOptions
from hil_tests.tests.checkers.lawful import LITTLE, begun, in_the_island
from hil_tests.tests.checkers.stage import Stage, the_site
from hil_tests.tests.checkers.wrongs_of_the_island import close_the_poi
from hil_tests.tests.checkers.wrongs_of_the_log import reclosed_gently, start_the_genset


def cranks_as_often_as_it_may() -> Stage:
    stage = begun()
    for _ in range(stage.site.hub.gensets["genset"].start_attempts_max):
        stage.say(EventKind.ORDERED_CRANK, "genset")
        stage.run(20.0)
    return stage


def stops_one_of_two() -> Stage:
    stage = in_the_island(LITTLE)
    start_the_genset(stage)
    stage.order("genset", "run", False)
    stage.run(0.1)
    return stage


def runs_its_time() -> Stage:
    hub = the_site().hub
    quick = replace(hub.gensets["genset"], min_run_s=20.0)
    stage = Stage(LITTLE, replace(the_site(), hub=replace(hub, gensets={"genset": quick})))
    stage.island()
    stage.puppet.mode = Mode.ISLANDED
    start_the_genset(stage)
    stage.run(20.0)
    stage.order("genset", "run", False)
    stage.run(0.1)
    return stage


def loads_the_genset() -> Stage:
    stage = in_the_island(PlantOptions(demand_ratio=0.5))
    start_the_genset(stage)
    stage.order("genset", "power_set_w", 5_000)
    stage.run(10.0)
    return stage


def announces_a_dying_radio() -> Stage:
    stage = begun()
    stage.plant.radios["radio_mesh"].energy_wh = 10.0
    stage.say(EventKind.ALARM, "radio_mesh", Reason.RADIO_DOWN)
    stage.order("desk", "closed", False)
    stage.run(1.0)
    return stage


def recloses_what_it_opened() -> Stage:
    stage = begun()
    stage.order("water", "closed", False)
    stage.run(0.5)
    stage.order("water", "closed", True)
    stage.run(0.5)
    return stage


def returns_after_watching() -> Stage:
    stage = reclosed_gently(watched_s=stage_observation_s() + 1.0)
    stage.run(1.0)
    return stage


def stage_observation_s() -> float:
    return Stage().site.hub.grid_code.return_window.observation_s


def returns_in_the_dark() -> Stage:
    stage = reclosed_gently()
    stage.run(30.0)
    return stage


def takes_what_was_agreed() -> Stage:
    stage = begun(PlantOptions(demand_ratio=0.3, irradiance_w_per_m2=0.0))
    stage.run(1.0)
    stage.dim(1.02 * stage.plant.poi_power_w.total)
    stage.run(62.0)
    return stage


def closes_what_a_person_lets_go() -> Stage:
    stage = begun()
    stage.say(EventKind.REQUESTED, "water", what="open_feeder")
    stage.order("water", "closed", False)
    stage.run(1.0)
    stage.puppet.authority = Authority.MANUAL
    stage.run(3.0)
    stage.say(EventKind.REQUESTED, "water", what="close_feeder")
    stage.order("water", "closed", True)
    stage.run(0.1)
    return stage


def believes_rightly() -> Stage:
    stage = in_the_island()
    stage.puppet.mode = Mode.ISLANDED
    stage.run(4.0)
    return stage


def keeps_its_energy() -> Stage:
    stage = begun()
    stage.run(10.0)
    stage.watch.finish()
    return stage


def speaks_twenty_times() -> Stage:
    stage = begun()
    for _ in range(20):
        stage.say(EventKind.ALARM, "poi", Reason.POI_STUCK)
        stage.run(0.5)
    return stage


def earths_before_it_forms() -> Stage:
    return in_the_island()


def brings_the_desk_back_in_time() -> Stage:
    stage = begun()
    stage.order("poi", "open", True)
    stage.run(3.0)
    stage.order("n_pe", "closed", True)
    stage.run(0.1)
    stage.order("battery_main", "mode_set", "grid_forming")
    stage.run(5.0)
    return stage


def is_broken_by_the_bench() -> Stage:
    stage = begun()
    stage.scene.active_faults.append(("battery_second", "inverter_trip"))
    stage.plant.batteries["battery_second"].trip()
    stage.run(0.1)
    return stage


def stops_in_emergency() -> Stage:
    stage = begun()
    stage.plant.safety.emergency_off = True
    stage.run(1.0)
    stage.order("ev_posts", "closed", False)
    stage.run(0.1)
    return stage


def only_observes() -> Stage:
    stage = begun()
    stage.puppet.authority = Authority.OBSERVE
    stage.run(1.0)
    return stage


def stays_open_beside_a_genset() -> Stage:
    stage = in_the_island()
    stage.plant.grid_source = GridSource.GENSET
    stage.run(1.0)
    stage.plant.grid_source = GridSource.PUBLIC
    stage.order("poi", "settings_group", "grid")
    stage.run(1.0)
    close_the_poi(stage)
    stage.run(0.1)
    return stage


def power_cycles_the_desk() -> Stage:
    stage = begun()
    stage.say(EventKind.ORDERED_OPEN, "desk", Reason.RADIO_DOWN, what="power_cycle")
    stage.order("desk", "closed", False, explained=False)
    stage.run(29.0)
    stage.order("desk", "closed", True)
    stage.run(5.0)
    return stage


def is_vetoed_on_a_broken_device() -> Stage:
    stage = begun()
    stage.scene.active_faults.append(("poi_relay", "stuck"))
    stage.say(EventKind.VETOED, "poi", Reason.VETO_OUT_OF_SYNC)
    stage.run(0.1)
    return stage
