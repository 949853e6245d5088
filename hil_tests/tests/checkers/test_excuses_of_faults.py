"""What a fault makes of an order, or of a feeder, is not the controller's doing; and what it does not excuse."""

from __future__ import annotations

import pytest

from controller.model.decision import Event
from controller.model.reasons import EventKind, Reason
from hil_tests.checkers.base import devices_of
from hil_tests.checkers.tiers import LEFT_ALONE
from hil_tests.tests.checkers.stage import Stage
from hil_tests.tests.checkers.test_excuses import begun


@pytest.mark.parametrize(("factor", "expected"), [(10.0, False), (1.0, True)])
def test_ten_times_nothing_hides_nobody(factor: float, expected: bool) -> None:
    """Fuzz seed 1964: a roof at night. Something else than what is, read where nothing is, does hide it."""
    stage = begun()
    stage.order("pv_school", "limit_set_w", 500)
    stage.plant.weather.irradiance_w_per_m2 = 0.0
    binding = next(each for each in stage.site.bindings.values() if each.asset == "pv_school")
    ref = binding.reads["power_l1_w"][0]
    device = stage.scene.devices.device(ref.device)
    shift = 0.0 if factor > 1.0 else 100.0
    device.lies[ref.point] = [lambda value: None if value is None else float(value) * factor + shift]
    stage.scene.active_faults.append((ref.device, "map_drift"))
    stage.scene.fault_points[ref.device, "map_drift"] = {ref.point}
    stage.run(11.0)
    stage.order("pv_school", "limit_set_w", 1_500)
    stage.run(0.1)
    assert ("I10" in stage.ids) is expected


@pytest.mark.parametrize(("drawn_ratio", "expected"), [(8.0, False), (0.2, True)])
def test_who_drew_what_only_a_fault_draws_is_passed_over_after_it_has_ended(drawn_ratio: float, expected: bool) -> None:
    """Fuzz seed 1788: the motor had stopped by then, and nobody at the hub can know that."""
    stage = begun()
    stage.plant.feeders["medical"].demand_ratio = drawn_ratio
    for feeder in ("medical", "ev_posts"):
        stage.order(feeder, "closed", False)
    stage.run(0.1)
    stage.plant.feeders["medical"].demand_ratio = 0.2
    stage.island()
    stage.order("ev_posts", "closed", True)
    stage.run(1.0)
    assert ("I6b" in stage.ids) is expected


@pytest.mark.parametrize(
    ("fault", "waits_s", "is_left", "expected"),
    [("stuck", 2.0, True, False), ("stuck", 2.0, False, True), ("", 2.0, True, True), ("stuck", 5.0, True, True)],
)
def test_who_was_not_seen_to_follow_and_is_left_to_a_person_is_passed_over(
    fault: str, waits_s: float, is_left: bool, expected: bool
) -> None:
    """Fuzz seed 2165: its contact was stuck, and it was opened again for that. What is merely forgotten is not."""
    stage = begun()
    for feeder in ("medical", "ev_posts"):
        stage.order(feeder, "closed", False)
    stage.run(0.1)
    stage.island()
    stage.scene.active_faults += [(device, fault) for device in devices_of(stage.scene, "medical") if fault]
    stage.order("medical", "closed", True)
    stage.run(waits_s)
    if is_left:
        left = Event(EventKind.ALARM, Reason.PICKUP_COLLAPSE, "medical", {}, LEFT_ALONE)
        stage.puppet.events.append((stage.plant.now_s, left))
    stage.order("medical", "closed", False)
    stage.run(0.1)
    stage.scene.active_faults.clear()
    stage.run(5.0)
    stage.order("ev_posts", "closed", True)
    stage.run(1.0)
    assert ("I6b" in stage.ids) is expected


@pytest.mark.parametrize(("old_s", "expected"), [(1.0, False), (3.0, True)])
def test_a_limit_that_has_just_fallen_is_not_known_yet(old_s: float, expected: bool) -> None:
    """Fuzz seed 2773: half a minute nobody was told anything; then the frost came, and an order in the same instant."""
    stage = begun()
    stage.order("battery_second", "power_set_w", -4_000.0)
    stage.run(30.0)
    stage.plant.batteries["battery_second"].temperature_c = -20.0
    stage.run(old_s)
    stage.order("battery_second", "power_set_w", -5_000.0)
    stage.run(0.1)
    assert ("I8b" in stage.ids) is expected


@pytest.mark.parametrize(
    ("was_swapped", "is_told", "expected"),
    [(True, False, set()), (False, False, {"D2", "D9"}), (True, True, {"D2", "D9"})],
)
def test_what_was_meant_for_another_device_opens_tier_0_by_mistake(
    was_swapped: bool, is_told: bool, expected: set[str]
) -> None:
    """Fuzz seed 1980: two modules had changed places; nobody knows it, and nobody closes what he has not opened.

    A wish of the controller's own is none of that.
    """
    stage = Stage()
    stage.island()
    stage.run(6.0)
    swap = [(device, "unit_swap") for device in devices_of(stage.scene, "desk")] if was_swapped else []
    stage.scene.active_faults += swap
    stage.order("desk", "closed", False, explained=is_told)
    stage.run(1.0)
    stage.scene.active_faults.clear()
    stage.run(40.0)
    assert {*stage.ids} & {"D2", "D9"} == expected


def test_a_pick_up_that_is_taken_back_before_its_contact_is_opened_by_nobody_else() -> None:
    stage = Stage()
    stage.island()
    stage.order("desk", "closed", False)
    stage.run(3.0)
    stage.order("desk", "closed", True)
    stage.order("desk", "closed", False)
    stage.run(60.0)
    assert "D2" in stage.ids


@pytest.mark.parametrize(("tripped", "expected"), [(True, set()), (False, {"D2"})])
def test_what_had_tripped_before_it_was_kept_off_is_nobodys_to_close(tripped: bool, expected: set[str]) -> None:
    """Fuzz seed 2022: over a dead bus all coils are told to stay off, and so was one that had tripped."""
    stage = Stage()
    stage.island()
    if tripped:
        stage.plant.feeders["desk"].trip()
        stage.run(1.0)
    stage.order("desk", "closed", False)
    stage.run(1.0)
    stage.plant.feeders["desk"].clear_fault()
    stage.run(40.0)
    assert {*stage.ids} & {"D2"} == expected


@pytest.mark.parametrize(("is_read", "expected"), [(False, False), (True, True)])
def test_what_a_button_has_stopped_that_nobody_has_read_yet_is_no_disagreement(is_read: bool, expected: bool) -> None:
    """Fuzz seed 1910: the guard saw that who was to form did not, a tenth of a second before anybody saw why."""
    stage = Stage()
    stage.begin()
    stage.plant.safety.emergency_off = True
    if is_read:
        stage.say(EventKind.LATCHED, "emergency_off", Reason.EMERGENCY_OFF)
    stage.say(EventKind.VETOED, "battery_main", Reason.VETO_HAMMERING)
    stage.run(0.1)
    assert ("V1" in stage.ids) is expected


@pytest.mark.parametrize(("drawn_ratio", "expected"), [(8.0, False), (0.2, True)])
def test_tier_0_that_drew_what_only_a_fault_draws_waits_for_a_person(drawn_ratio: float, expected: bool) -> None:
    """Fuzz seed 2230."""
    stage = Stage()
    stage.island()
    stage.plant.feeders["desk"].demand_ratio = drawn_ratio
    stage.order("desk", "closed", False)
    stage.run(0.1)
    stage.plant.feeders["desk"].demand_ratio = 0.2
    stage.run(40.0)
    assert ("D2" in stage.ids) is expected


@pytest.mark.parametrize(("lever", "expected"), [("is_welded", False), ("fails_to_close", False), ("", True)])
def test_an_island_whose_relay_does_not_earth_it_stays_dark(lever: str, expected: bool) -> None:
    """Fuzz seed 2574: a relay that stands still where it is open; earthing comes before load."""
    stage = Stage()
    stage.begin()
    if lever:
        setattr(stage.plant.earthing, lever, True)
    stage.order("poi", "open", True)
    stage.run(40.0)
    assert ("D2" in stage.ids) is expected
