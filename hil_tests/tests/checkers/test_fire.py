"""Every checker fires at the wrong it is for; the list of them is complete."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from controller.model.reasons import EventKind, Reason
from controller.model.words import Authority, BreakerPosition, Mode
from hil_tests.checkers.base import devices_of
from hil_tests.checkers.catalogue import all_checkers
from hil_tests.plant.plant import PlantOptions
from hil_tests.tests.checkers import lawful
from hil_tests.tests.checkers import wrongs_of_the_island as island
from hil_tests.tests.checkers.stage import Stage
from hil_tests.tests.checkers.ways import LAWFUL, OTHER_WAYS, WRONGS


@pytest.mark.parametrize(("name", "wrong"), [*WRONGS.items(), *OTHER_WAYS])
def test_it_fires(name: str, wrong: Callable[[], Stage]) -> None:
    stage = wrong()
    assert name in stage.ids, stage.watch.findings


@pytest.mark.parametrize("name", LAWFUL)
def test_it_is_silent_beside_it(name: str) -> None:
    stage = LAWFUL[name]()
    assert name not in stage.ids, stage.watch.findings


def test_every_checker_has_its_wrong_and_its_lawful_neighbour() -> None:
    assert set(WRONGS) == set(LAWFUL) == {checker.about.id for checker in all_checkers()}


def test_what_a_person_lets_wait_is_not_passed_over() -> None:
    assert "I6b" not in lawful.leaves_waiting_what_a_person_holds().ids


@pytest.mark.parametrize(("point", "expected"), [("", True), ("battery.mode", True), ("battery.voltage_l3_v", False)])
def test_one_odd_voltage_hides_nobody(point: str, expected: bool) -> None:
    stage = Stage()
    stage.begin()
    (device,) = devices_of(stage.scene, "battery_main")
    stage.scene.active_faults.append((device, "map_drift"))
    stage.scene.fault_points[device, "map_drift"] = {point}
    stage.order("battery_main", "mode_set", "grid_following")
    stage.run(11.0)
    stage.order("battery_main", "mode_set", "grid_forming")
    stage.run(0.1)
    assert ("I10" in stage.ids) is expected


def test_a_contact_onto_a_grid_that_has_just_left_its_window_is_nobodys_fault() -> None:
    for left_for_s, expected in ((0.4, True), (0.05, False)):
        stage = Stage(PlantOptions(irradiance_w_per_m2=0.0, demand_ratio=0.2))
        stage.island()
        stage.order("poi", "settings_group", "grid")
        stage.run(stage.site.hub.grid_code.return_window.observation_s + 1.0)
        stage.plant.grid.sag(0.7, 2.0)
        stage.run(left_for_s)
        island.close_the_poi(stage)
        stage.run(0.2)
        assert stage.plant.poi.closings
        assert ("I18" in stage.ids) is expected


def test_a_sag_that_is_over_between_two_polls_begins_no_observation_anew() -> None:
    """Found by seed 1081 of the fuzzer."""
    for sag_s, expected in ((0.2, True), (0.02, False)):
        stage = Stage(PlantOptions(irradiance_w_per_m2=0.0, demand_ratio=0.2))
        stage.island()
        stage.order("poi", "settings_group", "grid")
        stage.run(stage.site.hub.grid_code.return_window.observation_s + 1.0)
        stage.plant.grid.sag(0.7, sag_s)
        stage.run(3.0)
        island.close_the_poi(stage)
        stage.run(0.2)
        assert stage.plant.poi.closings
        assert ("I18" in stage.ids) is expected, sag_s


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
        island.close_the_poi(stage)
        stage.run(0.2)
        assert ("I2" in stage.ids) is expected


@pytest.mark.parametrize(
    ("jump_deg", "is_shed", "expected"), [(0.0, False, True), (0.0, True, False), (10.0, True, True)]
)
def test_a_shed_under_way_leaves_the_hard_limits(jump_deg: float, is_shed: bool, expected: bool) -> None:
    """20 degrees without a jump, 30 with it; the shed makes 0.13 Hz, which alone would be too much."""
    stage = Stage()
    stage.island()
    stage.order("poi", "settings_group", "grid")
    stage.plant.grid.phase_jump(jump_deg)
    stage.run(0.2)
    if is_shed:
        stage.order("ev_posts", "closed", False)
    island.close_the_poi(stage)
    stage.run(0.2)
    assert ("I2" in stage.ids) is expected


def test_a_dark_desk_behind_the_emergency_button_is_right() -> None:
    stage = Stage()
    stage.begin()
    stage.plant.safety.emergency_off = True
    stage.run(stage.site.hub.timing.restore_settle_s + 2.0)
    assert "D2" not in stage.ids


def test_a_feeder_that_tripped_by_itself_is_no_breach_of_the_order() -> None:
    stage = Stage(PlantOptions(demand_ratio=0.2))
    stage.island()
    stage.order("medical", "closed", False)
    stage.plant.feeders["medical"].trip()
    stage.run(2.0)
    assert "I5" not in stage.ids


@pytest.mark.parametrize("is_open", [True, False])
def test_an_order_to_one_that_is_open_sheds_nobody(is_open: bool) -> None:
    """It tripped, was mended, and is ordered open until it is to close again."""
    stage = Stage(PlantOptions(demand_ratio=0.2))
    stage.island()
    if is_open:
        stage.plant.feeders["medical"].trip()
        stage.plant.feeders["medical"].clear_fault()
    stage.run(1.0)
    stage.order("medical", "closed", False)
    stage.run(2.0)
    assert ("I5" in stage.ids) is not is_open


def test_a_stuck_contact_is_not_what_the_controller_believes() -> None:
    stage = Stage()
    stage.island()
    stage.plant.poi.stuck_feedback = BreakerPosition.CLOSED
    stage.puppet.mode = Mode.GRID_CONNECTED
    stage.run(4.0)
    assert "I23" not in stage.ids


@pytest.mark.parametrize(("fault", "expected"), [("suspend", False), ("starved", True), ("", True)])
def test_who_sleeps_opens_no_poi(fault: str, expected: bool) -> None:
    """Fuzz seed 2762: two naps, one into the other, six seconds in all. Waking and sleeping by turns is no sleep."""
    stage = Stage(PlantOptions(relay_enabled=False))
    stage.begin()
    stage.scene.active_faults += [("", fault)] if fault else []
    stage.puppet.is_asleep = bool(fault)
    stage.plant.grid.blackout()
    stage.run(6.0)
    assert ("I1b" in stage.ids) is expected
    stage.puppet.is_asleep = False
    stage.run(3.0)
    assert ("I1b" in stage.ids) is expected, "awake, it has its time again"
    stage.run(2.0)
    assert "I1b" in stage.ids


def test_who_only_watches_leaves_the_poi_as_it_is() -> None:
    stage = Stage(PlantOptions(relay_enabled=False))
    stage.begin()
    stage.puppet.authority = Authority.OBSERVE
    stage.plant.grid.blackout()
    stage.run(6.0)
    assert "I1b" not in stage.ids


@pytest.mark.parametrize("kind", ["unit_swap", "map_drift"])
def test_a_number_that_was_taken_for_another_was_not_ordered(kind: str) -> None:
    stage = Stage()
    stage.begin()
    stage.scene.active_faults += [(device, kind) for device in devices_of(stage.scene, "pv_school")]
    stage.order("pv_school", "limit_set_w", -8_000)
    stage.run(0.1)
    assert "I8" not in stage.ids


def test_charging_in_frost_by_pv_that_obeys_nobody_is_excused() -> None:
    stage = Stage(PlantOptions(demand_ratio=0.05, irradiance_w_per_m2=800.0))
    stage.island()
    stage.plant.batteries["battery_main"].temperature_c = -5.0
    stage.scene.active_faults.append(("pv_school", "ignores_setpoints"))
    stage.run(11.0)
    assert "I9" not in stage.ids


def test_charging_in_frost_while_it_only_observes_is_not_its_own() -> None:
    """Fuzz seed 2083: an engine goes on charging, and nobody may tell it anything."""
    stage = Stage(PlantOptions(demand_ratio=0.05, irradiance_w_per_m2=800.0))
    stage.island()
    stage.puppet.authority = Authority.OBSERVE
    stage.plant.batteries["battery_main"].temperature_c = -5.0
    stage.run(11.0)
    assert "I9" not in stage.ids


@pytest.mark.parametrize(("after_s", "expected"), [(3.0, False), (11.0, True)])
def test_another_register_map_has_to_be_doubted_before_it_counts(after_s: float, expected: bool) -> None:
    stage = Stage()
    stage.begin()
    stage.scene.active_faults.append(("io_module", "map_drift"))
    stage.order("n_pe", "closed", False)
    stage.run(after_s)
    stage.order("n_pe", "closed", True)
    stage.run(0.1)
    assert ("I10" in stage.ids) is expected


@pytest.mark.parametrize(("until_s", "expected"), [(None, False), (18.0, False), (5.0, True)])
def test_an_order_that_could_not_be_delivered_was_explained_when_it_was_given(
    until_s: float | None, expected: bool
) -> None:
    stage = Stage()
    stage.begin()
    began_s = stage.plant.now_s
    stage.say(EventKind.ORDERED_OPEN, "ev_posts")
    stage.run(20.0)
    ended_s = math.inf if until_s is None else began_s + until_s
    for device in devices_of(stage.scene, "ev_posts"):
        stage.scene.last_trouble[device] = (began_s, ended_s)
    stage.order("ev_posts", "closed", False, explained=False)
    stage.run(2.0)
    assert ("I12" in stage.ids) is expected


@pytest.mark.parametrize("why", ["full", "dead"])
def test_a_line_that_cannot_be_durable_is_not_missed(why: str) -> None:
    stage = Stage()
    stage.begin()
    stage.run(6.0)
    stage.order("ev_posts", "closed", False, explained=False)
    if why == "full":
        stage.scene.active_faults.append(("", "disk_full"))
    else:
        stage.puppet.is_running = False
    stage.run(2.0)
    assert "I12" not in stage.ids


@pytest.mark.parametrize("was_vetoed", [True, False])
def test_an_order_that_the_guard_held_back_was_explained_when_it_was_given(was_vetoed: bool) -> None:
    stage = Stage()
    stage.begin()
    stage.say(EventKind.ORDERED_CRANK, "genset")
    if was_vetoed:
        stage.say(EventKind.VETOED, "genset", Reason.VETO_STALE)
    stage.run(11.0)
    stage.order("genset", "run", True, explained=False)
    stage.run(2.0)
    assert ("I12" in stage.ids) is not was_vetoed
