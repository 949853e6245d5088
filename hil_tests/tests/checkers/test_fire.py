"""Every checker fires at the wrong it is for; the list of them is complete."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from controller.model.reasons import EventKind, Reason
from controller.model.words import Authority, BreakerPosition, GridSource, Mode
from hil_tests.checkers.catalogue import all_checkers
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
    stage.scene.active_faults.append(("io_module", "stale"))
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
        stage.order("genset", "run", True)
        stage.run(20.0)
        stage.order("genset", "run", False)
        stage.run(1.0)
    return stage


def stops_the_last_source() -> Stage:
    stage = Stage()
    stage.island()
    stage.order("battery_main", "mode_set", "off")
    stage.run(0.1)
    return stage


def drives_the_genset() -> Stage:
    stage = Stage(PlantOptions(demand_ratio=0.05, irradiance_w_per_m2=300.0))
    stage.island()
    genset = stage.plant.gensets["genset"]
    stage.order("genset", "run", True)
    while not genset.is_forming:
        stage.run(1.0)
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
    stage.scene.marks.append((stage.plant.now_s, "operator request=open_feeder subject=water"))
    stage.order("water", "closed", False)
    stage.run(1.0)
    stage.order("water", "closed", True)
    stage.run(0.1)
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
    stage.run(6.0)
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


WRONGS: dict[str, Callable[[], Stage]] = {
    "I1": feeds_a_dead_street,
    "I1b": stays_on_a_lost_grid,
    "I2": closes_out_of_sync,
    "I3": feeds_a_dead_street,
    "I4": forms_two,
    "I5": sheds_medical_first,
    "I6": restores_all_at_once,
    "I7": serves_below_the_reserve,
    "I8": asks_too_much_of_an_inverter,
    "I8b": orders_a_charge_in_frost,
    "I9": charges_in_frost,
    "I10": orders_the_unseen,
    "I11": moves_before_it_has_looked,
    "I12": acts_without_a_word,
    "I12b": does_not_mind_a_deaf_contactor,
    "I13": hammers,
    "I14": cranks_for_ever,
    "I14b": stops_the_last_source,
    "I15": drives_the_genset,
    "I16": lets_a_radio_die,
    "I17": recloses_what_tripped,
    "I18": returns_without_watching,
    "I23": believes_wrongly,
    "I26": loses_energy,
    "I27": cries,
    "D1": loads_without_earthing,
    "D2": leaves_the_desk_dark,
    "D3": lets_an_inverter_trip,
    "D4": acts_in_emergency,
    "D5": writes_while_observing,
    "D6": closes_onto_a_genset,
    "D9": darkens_the_desk,
    "V1": is_vetoed,
}


@pytest.mark.parametrize("name", WRONGS)
def test_it_fires(name: str) -> None:
    stage = WRONGS[name]()
    assert name in stage.ids, stage.watch.findings


def test_a_person_is_not_overridden() -> None:
    assert "I17" in overrides_a_person().ids


def test_every_checker_has_its_wrong() -> None:
    assert set(WRONGS) == {checker.about.id for checker in all_checkers()}


def test_a_quiet_grid_and_a_proper_island_are_no_finding() -> None:
    stage = Stage()
    stage.begin()
    stage.run(2.0)
    stage.island()
    stage.run(10.0)
    stage.watch.finish()
    assert stage.ids == []


def test_a_grid_that_dies_while_the_contact_moves_is_nobodys_fault() -> None:
    for dead_for_s, expected in ((2.0, True), (0.05, False)):
        stage = Stage(PlantOptions(relay_enabled=False))
        stage.island()
        stage.order("poi", "settings_group", "grid")
        stage.plant.grid.blackout()
        stage.run(dead_for_s)
        close_the_poi(stage)
        stage.run(0.2)
        assert ("I2" in stage.ids) is expected


def test_a_dark_desk_behind_the_emergency_button_is_right() -> None:
    stage = Stage()
    stage.begin()
    stage.plant.safety.emergency_off = True
    stage.run(6.0)
    assert "D2" not in stage.ids


def test_a_feeder_that_tripped_by_itself_is_no_breach_of_the_order() -> None:
    stage = Stage(PlantOptions(demand_ratio=0.2))
    stage.island()
    stage.order("medical", "closed", False)
    stage.plant.feeders["medical"].trip()
    stage.run(2.0)
    assert "I5" not in stage.ids


def test_a_stuck_contact_is_not_what_the_controller_believes() -> None:
    stage = Stage()
    stage.island()
    stage.plant.poi.stuck_feedback = BreakerPosition.CLOSED
    stage.puppet.mode = Mode.GRID_CONNECTED
    stage.run(4.0)
    assert "I23" not in stage.ids
