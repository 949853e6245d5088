"""Wrongs of gensets, people, belief and the log, one for each checker."""

from __future__ import annotations

from controller.model.reasons import EventKind, Reason
from controller.model.words import Authority, GridSource, Mode
from hil_tests.plant.plant import PlantOptions
from hil_tests.tests.checkers.stage import Stage
from hil_tests.tests.checkers.wrongs_of_the_island import close_the_poi


def stops_the_last_source() -> Stage:
    stage = Stage()
    stage.island()
    stage.order("battery_main", "mode_set", "off")
    stage.run(0.1)
    return stage


def start_the_genset(stage: Stage) -> None:
    stage.order("genset", "run", True)
    while not stage.plant.gensets["genset"].is_forming:
        stage.run(1.0)


def reclosed_gently(watched_s: float = 1.0, options: PlantOptions | None = None) -> Stage:
    """In sync: steered to the grid's frequency, the grid's angle moved to ours."""
    stage = Stage(options or PlantOptions(irradiance_w_per_m2=0.0, demand_ratio=0.2))
    stage.island()
    plant = stage.plant
    stage.order("poi", "settings_group", "grid")
    stage.order("battery_main", "frequency_set_hz", 100.0 - plant.bus_frequency_hz)
    stage.run(watched_s)
    plant.grid.phase_jump(plant.angle_difference_deg or 0.0)
    stage.run(0.3)
    close_the_poi(stage)
    stage.run(0.1)
    assert plant.poi.closings
    return stage


def drives_the_genset() -> Stage:
    stage = Stage(PlantOptions(demand_ratio=0.05, irradiance_w_per_m2=300.0))
    stage.island()
    start_the_genset(stage)
    stage.order("genset", "power_set_w", 0)
    stage.order("battery_main", "mode_set", "grid_following")
    stage.run(20.0)
    return stage


def lets_a_radio_die() -> Stage:
    stage = Stage()
    stage.begin()
    stage.plant.radios["radio_mesh"].energy_wh = 10.0
    stage.order("desk", "closed", False)
    stage.run(1.0)
    return stage


def recloses_what_tripped() -> Stage:
    stage = Stage()
    stage.begin()
    stage.plant.feeders["water"].trip()
    stage.run(0.5)
    stage.order("water", "closed", True)
    stage.run(0.1)
    return stage


def overrides_a_person() -> Stage:
    stage = Stage()
    stage.begin()
    stage.say(EventKind.REQUESTED, "water", what="open_feeder")
    stage.order("water", "closed", False)
    stage.run(1.0)
    stage.order("water", "closed", True)
    stage.run(0.1)
    return stage


def closes_while_the_key_is_local() -> Stage:
    stage = Stage()
    stage.begin()
    stage.order("water", "closed", False)
    stage.plant.safety.local_control = True
    stage.run(3.0)
    stage.order("water", "closed", True)
    stage.run(0.1)
    return stage


def restores_in_manual() -> Stage:
    stage = Stage()
    stage.begin()
    stage.order("water", "closed", False)
    stage.puppet.authority = Authority.MANUAL
    stage.run(3.0)
    stage.order("water", "closed", True)
    stage.run(0.1)
    return stage


def returns_in_manual() -> Stage:
    stage = Stage()
    stage.island()
    stage.puppet.authority = Authority.MANUAL
    stage.run(3.0)
    close_the_poi(stage)
    stage.run(0.1)
    return stage


def stops_a_cold_engine() -> Stage:
    stage = Stage(PlantOptions(demand_ratio=0.2))
    stage.island()
    stage.puppet.mode = Mode.ISLANDED
    start_the_genset(stage)
    stage.order("genset", "run", False)
    stage.run(0.1)
    return stage


def throws_all_its_sun_onto_the_grid() -> Stage:
    stage = reclosed_gently()
    stage.plant.weather.irradiance_w_per_m2 = 900.0
    stage.run(30.0)
    return stage


def takes_more_than_the_operator_allows() -> Stage:
    stage = Stage(PlantOptions(irradiance_w_per_m2=0.0))
    stage.begin()
    stage.dim(1_000.0)
    stage.run(62.0)
    return stage


def power_cycles_for_a_minute() -> Stage:
    stage = Stage()
    stage.begin()
    stage.say(EventKind.ORDERED_OPEN, "desk", Reason.RADIO_DOWN, what="power_cycle")
    stage.order("desk", "closed", False, explained=False)
    stage.run(31.0)
    return stage


def power_cycles_twice() -> Stage:
    stage = Stage()
    stage.begin()
    for _ in range(2):
        stage.say(EventKind.ORDERED_OPEN, "desk", Reason.RADIO_DOWN, what="power_cycle")
        stage.order("desk", "closed", False, explained=False)
        stage.run(10.0)
        stage.order("desk", "closed", True)
        stage.run(60.0)
    return stage


def returns_without_watching() -> Stage:
    stage = Stage()
    stage.island()
    stage.order("poi", "settings_group", "grid")
    stage.plant.grid.blackout()
    stage.run(1.0)
    stage.plant.grid.returns(angle_deg=0.0)
    stage.run(1.0)
    close_the_poi(stage)
    stage.run(0.2)
    return stage


def believes_wrongly() -> Stage:
    stage = Stage()
    stage.island()
    stage.puppet.mode = Mode.GRID_CONNECTED
    stage.run(4.0)
    return stage


def loses_energy() -> Stage:
    stage = Stage()
    stage.begin()
    stage.run(10.0)
    stage.plant.source_j *= 1.01
    stage.watch.finish()
    return stage


def cries() -> Stage:
    stage = Stage()
    stage.begin()
    for _ in range(30):
        stage.say(EventKind.ALARM, "poi", Reason.POI_STUCK)
        stage.run(0.5)
    return stage


def loads_without_earthing() -> Stage:
    stage = Stage()
    stage.begin()
    stage.order("poi", "open", True)
    stage.run(0.1)
    stage.order("battery_main", "mode_set", "grid_forming")
    stage.run(1.0)
    return stage


def leaves_the_desk_dark() -> Stage:
    stage = Stage()
    stage.begin()
    stage.order("poi", "open", True)
    stage.run(stage.site.hub.timing.restore_settle_s + 2.0)
    return stage


def lets_an_inverter_trip() -> Stage:
    stage = Stage()
    stage.begin()
    stage.plant.batteries["battery_second"].trip()
    stage.run(0.1)
    return stage


def acts_in_emergency() -> Stage:
    stage = Stage()
    stage.begin()
    stage.plant.safety.emergency_off = True
    stage.order("genset", "run", False)
    stage.run(1.0)
    stage.order("genset", "run", True)
    stage.run(0.1)
    return stage


def writes_while_observing() -> Stage:
    stage = Stage()
    stage.begin()
    stage.puppet.authority = Authority.OBSERVE
    stage.run(1.0)
    stage.order("pv_barn", "limit_set_w", 10_000)
    stage.run(0.1)
    return stage


def closes_onto_a_genset() -> Stage:
    stage = Stage()
    stage.island()
    stage.order("poi", "settings_group", "grid")
    stage.plant.grid_source = GridSource.GENSET
    stage.run(1.0)
    close_the_poi(stage)
    stage.run(0.1)
    return stage


def closes_under_the_lock() -> Stage:
    """Nothing but the lock has changed since anybody looked."""
    stage = Stage()
    stage.island()
    stage.order("poi", "settings_group", "grid")
    stage.run(1.0)
    stage.plant.poi.dso_lock = True
    stage.run(1.0)
    close_the_poi(stage)
    stage.run(0.1)
    return stage


def closes_with_island_settings() -> Stage:
    stage = Stage()
    stage.begin()
    stage.run(1.0)
    stage.order("poi", "settings_group", "island")
    stage.run(1.0)
    close_the_poi(stage)
    stage.run(0.1)
    return stage


def darkens_the_desk() -> Stage:
    stage = Stage()
    stage.begin()
    stage.order("desk", "closed", False)
    stage.run(0.1)
    return stage


def is_vetoed() -> Stage:
    stage = Stage()
    stage.begin()
    stage.say(EventKind.VETOED, "poi", Reason.VETO_OUT_OF_SYNC)
    stage.run(0.1)
    return stage
