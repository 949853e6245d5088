"""The breaker at the POI: how it fails, what its relay sees, what a bad closing costs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.model.hub import PoiSwitching
from controller.model.words import BreakerPosition, InverterMode, Switcher
from hil_tests.plant.breaker import OPERATING_MAX_S, OPERATING_MIN_S, PoiBehaviour
from hil_tests.plant.plant import Plant, PlantOptions
from hil_tests.plant.relay import ACTIVE_RELAY, VDE4105_RELAY, RelaySettings
from hil_tests.tests.core import hubs
from hil_tests.tests.plant.stands import bare, island, run_until

OPEN, CLOSED = BreakerPosition.OPEN, BreakerPosition.CLOSED


def test_every_operation_takes_another_time_and_a_slow_one_half_a_second() -> None:
    plant, times_s = bare(), []
    for _ in range(8):
        plant.poi.trip()
        times_s.append(run_until(plant, lambda p: p.poi.position is OPEN, 1.0))
        plant.poi.close()
        run_until(plant, lambda p: p.poi.position is CLOSED, 1.0)
    assert OPERATING_MIN_S <= min(times_s) < max(times_s) <= OPERATING_MAX_S + 0.011
    plant.poi.is_slow = True
    plant.poi.trip_by_hand()
    assert run_until(plant, lambda p: p.poi.position is OPEN, 1.0) == pytest.approx(0.5, abs=0.011)


def test_welded_poles_stay_closed_while_the_contacts_say_open() -> None:
    plant = bare()
    plant.poi.is_welded = True
    plant.poi.trip()
    plant.advance_to(1.0)
    assert plant.poi.reported_position is OPEN
    assert plant.poi.position is CLOSED
    assert abs(plant.bus) > 0.95
    plant.poi.is_welded = False
    plant.poi.close()
    plant.advance_to(2.0)
    assert plant.poi.closings == (), "the poles were closed all the time"
    assert plant.poi.reported_position is CLOSED


def test_a_breaker_that_fails_moves_nothing_and_counts_nothing() -> None:
    plant = bare()
    plant.poi.fails_to_open = True
    plant.poi.trip()
    plant.advance_to(1.0)
    assert (plant.poi.position, plant.poi.operations_count) == (CLOSED, 0)


def test_the_25_refuses_where_it_is_in_force_and_counts_it() -> None:
    poi = replace(hubs.hub().poi, switching=PoiSwitching(Switcher.SYNC_RELAY, Switcher.SYNC_RELAY))
    plant = island(bare(poi=poi))
    plant.grid.returns(1.0, 50.0, 90.0)
    plant.advance_to(plant.now_s + 0.05)
    plant.poi.set_close_level(True)
    plant.poi.close_by_hand()
    plant.advance_to(plant.now_s + 0.2)
    assert (plant.poi.position, plant.poi.refused_by_25_count) == (OPEN, 2)
    plant.poi.bypass_25 = True
    plant.poi.close_by_hand()
    plant.advance_to(plant.now_s + 0.2)
    assert plant.poi.position is CLOSED
    assert plant.out_of_phase_closures_count == 1
    assert plant.poi.wear_ratio > 5.0


def closed_at(angle_deg: float, *, swapped: bool = False) -> Plant:
    plant = island(bare(3_000.0))
    plant.grid.returns(1.0, plant.bus_frequency_hz)
    plant.grid.rotation_is_swapped = swapped
    for _ in range(5):
        plant.step(0.01)
        plant.grid.phase_jump((plant.angle_difference_deg or 0.0) - angle_deg)
    plant.poi.close()
    plant.advance_to(plant.now_s + 0.2)
    return plant


@pytest.mark.parametrize(("angle_deg", "prospective_pu", "is_bad"), [(10.0, 1.57, False), (25.0, 3.9, True)])
def test_the_prospective_current_is_that_of_the_angle(angle_deg: float, prospective_pu: float, is_bad: bool) -> None:
    """I = 2 sin(delta / 2) / Z, on 60 kVA behind 0.1 pu and the grid's own impedance."""
    plant = closed_at(angle_deg)
    assert plant.impacts[-1].prospective_pu == pytest.approx(prospective_pu, rel=0.1)
    assert plant.impacts[-1].is_out_of_phase is is_bad
    assert plant.out_of_phase_closures_count == is_bad


def test_two_swapped_phases_are_seen_and_closing_onto_them_is_a_disaster() -> None:
    plant = closed_at(0.0, swapped=True)
    assert plant.out_of_phase_closures_count == 1
    assert not plant.poi.closings[-1].rotation_equal
    plant = island(bare())
    plant.grid.returns()
    assert plant.rotation_equal
    plant.grid.rotation_is_swapped = True
    assert not plant.rotation_equal


@pytest.mark.parametrize(
    ("ratio", "hz", "reason", "after_s"),
    [(0.7, 50.0, "27", 3.0), (1.3, 50.0, "59", 0.1), (1.0, 47.3, "81U", 0.1), (1.0, 51.7, "81O", 0.1)],
)
def test_the_full_relay_trips_for_each_of_its_reasons(ratio: float, hz: float, reason: str, after_s: float) -> None:
    plant = bare(options=PlantOptions(poi=PoiBehaviour(relay=VDE4105_RELAY)))
    plant.advance_to(1.0)
    plant.grid.returns(ratio, hz, 0.0)
    took_s = run_until(plant, lambda p: p.poi.position is OPEN, 5.0)
    assert plant.poi.relay.reason == reason
    assert after_s <= took_s <= after_s + 0.3


@pytest.mark.parametrize(("relay", "finds_it"), [(ACTIVE_RELAY, True), (VDE4105_RELAY, False)])
def test_only_active_detection_finds_a_street_that_we_hold_up(relay: RelaySettings, finds_it: bool) -> None:
    plant = bare(2_000.0, options=PlantOptions(poi=PoiBehaviour(relay=relay)))
    plant.batteries["battery"].order(InverterMode.GRID_FORMING)
    plant.advance_to(5.0)
    assert plant.poi.position is CLOSED, "beside a live grid nothing is found"
    plant.grid.blackout()
    plant.advance_to(5.7)
    assert plant.poi.position is CLOSED
    if finds_it:
        run_until(plant, lambda p: p.poi.relay_tripped, 0.2)
        assert plant.poi.relay.reason == "LOM"
    plant.advance_to(10.0)
    assert (plant.poi.position is OPEN) is finds_it


def test_a_measuring_window_overlooks_what_is_shorter() -> None:
    plant = bare(options=PlantOptions(poi=PoiBehaviour(relay=replace(VDE4105_RELAY, overvoltage=((1.25, 0.0),)))))
    plant.advance_to(1.0)
    plant.grid.swell(1.4, 0.02)
    plant.advance_to(2.0)
    assert plant.poi.position is CLOSED
    plant.grid.swell(1.4, 0.03)
    plant.advance_to(3.0)
    assert plant.poi.position is OPEN


def test_too_many_trips_lock_it_out_until_somebody_looks() -> None:
    plant = bare(options=PlantOptions(poi=PoiBehaviour(lock_out_trips_count=2)))
    for _ in range(2):
        plant.grid.blackout()
        run_until(plant, lambda p: p.poi.position is OPEN, 1.0)
        plant.grid.returns()
        plant.advance_to(plant.now_s + 0.1)
        plant.poi.close()
        plant.advance_to(plant.now_s + 0.2)
    assert plant.poi.locked_out
    assert plant.poi.position is OPEN
    plant.poi.reset()
    plant.poi.close()
    plant.advance_to(plant.now_s + 0.2)
    assert plant.poi.position is CLOSED


@pytest.mark.parametrize("frequency_hz", [49.3, 50.0, 50.4])
def test_off_nominal_the_angle_at_the_poles_is_that_of_one_instant(frequency_hz: float) -> None:
    """The grid has turned on in this step, the bus not yet: at 49.3 Hz that would be 2.5 degrees."""
    plant = island(bare())
    plant.batteries["battery"].steer(frequency_hz, 1.0)
    plant.grid.returns(1.0, frequency_hz, 20.0)
    plant.advance_to(plant.now_s + 3.0)
    for _ in range(30):
        plant.step(0.01)
        assert plant.poi.sides.angle_deg == pytest.approx(plant.angle_difference_deg, abs=0.05)
