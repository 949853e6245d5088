"""Feeders: motors, short circuits, contactors that do not do as they are told, and refrigerators."""

from __future__ import annotations

import pytest

from controller.model.words import BreakerPosition
from hil_tests.plant.base import forked
from hil_tests.plant.cold_chain import FridgeGroup, Fridges
from hil_tests.plant.loads import VILLAGE_SHAPE, LoadShape
from hil_tests.plant.motor import Motor, MotorState
from hil_tests.plant.plant import Plant, PlantOptions
from hil_tests.tests.core import hubs
from hil_tests.tests.plant.stands import MAIN, bare, island, run_until, state_of

OPEN, CLOSED = BreakerPosition.OPEN, BreakerPosition.CLOSED


@pytest.mark.parametrize(
    ("shape", "exponent"), [(LoadShape(1, 0, 0), 2), (LoadShape(0, 1, 0), 1), (LoadShape(0, 0, 1), 0)]
)
def test_power_goes_with_the_voltage_as_its_shares_say(shape: LoadShape, exponent: int) -> None:
    plant = bare(options=PlantOptions(demand_ratio=1.0, load_shape=shape))
    plant.grid.move_voltage(0.9)
    plant.advance_to(5.0)
    assert plant.feeders["load"].power_w.total == pytest.approx(20_000.0 * abs(plant.bus) ** exponent, rel=1e-6)


def test_a_village_draws_one_per_cent_less_per_per_cent_of_frequency() -> None:
    plant = bare(options=PlantOptions(demand_ratio=1.0, load_shape=VILLAGE_SHAPE))
    plant.advance_to(2.0)
    before_w = plant.feeders["load"].power_w.total
    plant.grid.drift(49.0, 5.0)
    plant.advance_to(10.0)
    assert plant.feeders["load"].power_w.total == pytest.approx(0.98 * before_w, rel=1e-3)


def test_a_motor_draws_six_times_its_current_and_then_runs() -> None:
    plant = bare(1_000.0)
    plant.advance_to(2.0)
    plant.feeders["load"].start_motor(Motor(5_000.0, inrush_s=0.8))
    plant.advance_to(2.5)
    power = plant.feeders["load"].power_va
    assert abs(power) * 100_000.0 == pytest.approx(31_000.0 * abs(plant.bus) ** 2, rel=0.04)
    assert power.real / abs(power) == pytest.approx(0.32, abs=0.02)
    plant.advance_to(4.0)
    assert plant.feeders["load"].motor is not None
    assert plant.feeders["load"].motor.state is MotorState.RUNNING
    assert plant.feeders["load"].power_w.total == pytest.approx(6_000.0, rel=0.02)


def test_a_motor_does_not_run_up_on_a_low_voltage_and_its_own_relay_ends_it() -> None:
    plant = bare(1_000.0)
    plant.poi.relay_enabled = False
    plant.grid.move_voltage(0.6)
    plant.advance_to(1.0)
    plant.feeders["load"].start_motor(Motor(3_000.0, inrush_s=0.5, trips_after_s=4.0))
    motor = plant.feeders["load"].motor
    assert motor is not None
    plant.advance_to(3.0)
    assert motor.state is MotorState.STARTING
    plant.advance_to(6.0)
    assert state_of(motor) is MotorState.TRIPPED
    plant.grid.move_voltage(1.0)
    plant.feeders["load"].set_closed(False)
    plant.advance_to(7.0)
    plant.feeders["load"].set_closed(True)
    plant.advance_to(9.0)
    assert state_of(motor) is MotorState.RUNNING


def test_a_deep_dip_stalls_a_running_motor_and_a_short_one_does_not() -> None:
    for duration_s, state in ((0.1, MotorState.RUNNING), (0.4, MotorState.STARTING)):
        plant = bare(options=PlantOptions(demand_ratio=1.0, motors={"load": Motor(5_000.0, inrush_s=2.0)}))
        plant.advance_to(1.0)
        plant.grid.sag(0.5, duration_s)
        plant.advance_to(1.5)
        motor = plant.feeders["load"].motor
        assert motor is not None
        assert motor.state is state, duration_s


def two_feeders() -> dict[str, object]:
    return {"load": hubs.feeder("load", 1, 8_000.0), "other": hubs.feeder("other", 2, 4_000.0)}


def test_a_short_circuit_takes_an_island_down_and_its_own_protection_gives_it_back() -> None:
    """An inverter's 2.4 pu do not blow a fuse at once: the bus sags to a third."""
    plant = island(bare(feeders=two_feeders()))
    plant.feeders["load"].short_circuit(trips_after_s=0.3)
    plant.advance_to(plant.now_s + 0.2)
    assert abs(plant.bus) < 0.3
    assert abs(plant.batteries[MAIN].current) == pytest.approx(2.4 * 0.6, rel=0.01)
    plant.advance_to(plant.now_s + 1.0)
    assert plant.feeders["load"].has_fault
    assert plant.feeders["load"].position is OPEN
    assert abs(plant.bus) > 0.95
    plant.feeders["load"].set_closed(True)
    plant.advance_to(plant.now_s + 1.0)
    assert plant.feeders["load"].position is OPEN, "it is still there"
    plant.feeders["load"].clear_fault()
    plant.feeders["load"].set_closed(True)
    plant.advance_to(plant.now_s + 1.0)
    assert plant.feeders["load"].position is CLOSED
    assert not plant.feeders["load"].has_fault


def test_one_that_nobody_clears_trips_the_inverter() -> None:
    plant = island(bare(feeders=two_feeders()))
    plant.feeders["load"].short_circuit(trips_after_s=None)
    took_s = run_until(plant, lambda p: not p.batteries[MAIN].is_forming, 20.0)
    assert 1.0 < took_s < 11.0


def test_contacts_weld_stick_lie_and_are_turned_by_hand() -> None:
    plant = bare(feeders=two_feeders())
    load, other = plant.feeders["load"], plant.feeders["other"]
    load.weld()
    load.set_closed(False)
    other.switch_by_hand(False)
    plant.advance_to(0.5)
    assert (load.position, load.is_ordered_closed, other.position, other.is_ordered_closed) == (
        CLOSED,
        False,
        OPEN,
        True,
    )
    other.stuck_feedback = CLOSED
    assert other.reported_position is CLOSED
    other.switch_by_hand(None)
    load.is_welded = False
    plant.advance_to(1.0)
    assert (load.position, other.position) == (OPEN, CLOSED)


def test_a_load_that_is_gone_draws_nothing_through_a_closed_contactor() -> None:
    plant = bare()
    plant.feeders["load"].load_is_gone = True
    plant.advance_to(0.5)
    assert plant.feeders["load"].position is CLOSED
    assert plant.feeders["load"].is_energised
    assert plant.feeders["load"].power_w.total == 0.0


def test_an_unpowered_refrigerator_warms_as_its_walls_let_it() -> None:
    """T = T_a + (T_0 - T_a) e^(-t / RC); above 8 degrees the minutes are counted."""
    fridges = Fridges(FridgeGroup(1, warms_s=8 * 3600.0), forked(1, "fridge"))
    first_c = fridges.temperatures_c[0]
    for _ in range(4 * 3600):
        fridges.step(20.0, 1.0, is_energised=False)
    assert fridges.temperatures_c[0] == pytest.approx(20.0 + (first_c - 20.0) * 0.6065, abs=0.01)
    assert fridges.warm_c_min > 100.0


def test_a_cold_chain_that_was_off_draws_more_from_the_first_principle() -> None:
    """Forty thermostats in step after an outage: that is what cold-load pick-up is made of."""
    group = FridgeGroup(40)
    options = PlantOptions(demand_ratio=0.0, temperature_c=20.0, fridges={"load": group})
    plant = bare(options=options)
    seen_w = []

    def coarsely(until_s: float) -> Plant:
        while plant.now_s < until_s:
            plant.step(1.0)
        return plant

    coarsely(3600.0)
    seen_w.append(plant.feeders["load"].power_w.total)
    fridges = plant.feeders["load"].fridges
    assert fridges is not None
    assert fridges.warm_c_min == 0.0
    plant.feeders["load"].set_closed(False)
    coarsely(3600.0 * 4)
    plant.feeders["load"].set_closed(True)
    coarsely(3600.0 * 4 + 5.0)
    assert plant.feeders["load"].power_w.total == pytest.approx(40 * 150.0, rel=0.02)
    assert plant.feeders["load"].power_w.total > 1.5 * seen_w[0] > 0.0
    assert fridges.warm_c_min > 0.0
