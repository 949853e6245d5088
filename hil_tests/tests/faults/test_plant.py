"""Faults of the plant: what physics then does, and that healing gives back what was taken."""

from __future__ import annotations

import pytest

from controller import clock
from controller.model.words import BreakerPosition, GensetState, InverterMode
from hil_tests.tests.faults.hubs import Faulted

OPEN, CLOSED = BreakerPosition.OPEN, BreakerPosition.CLOSED
MAIN = "battery_main"


@pytest.fixture
def hub() -> Faulted:
    hub = Faulted()
    hub.bench.stop_controller()  # nobody interferes, and no dead-man does
    for device in hub.bench.devices.all():
        device.fed_at_s = 1e9
    hub.run(0.5)  # what it had sent has arrived
    return hub


def test_the_poi_fails_to_open_and_to_close(hub: Faulted) -> None:
    poi = hub.bench.plant.poi
    heal = hub.inject("poi", "fails_to_open")
    poi.trip()
    hub.run(0.5)
    assert poi.position is CLOSED
    heal()
    poi.trip()
    hub.run(0.5)
    assert poi.position is OPEN
    heal = hub.inject("poi", "fails_to_close")
    poi.close()
    hub.run(0.5)
    assert poi.position is OPEN
    heal()
    poi.close()
    hub.run(0.5)
    assert poi.position is CLOSED


def test_faults_that_overlap_leave_nothing_behind(hub: Faulted) -> None:
    """In whatever turn they end. (Fuzz seed 1748: five of them, and the POI was stuck for good.)"""
    poi = hub.bench.plant.poi
    first, second = hub.inject("poi", "fails_to_open"), hub.inject("poi", "fails_to_open")
    first()
    assert poi.fails_to_open, "the other one goes on"
    second()
    assert not poi.fails_to_open
    closed, open_ = (hub.inject("poi", "false_feedback", shows=shows) for shows in ("closed", "open"))
    assert poi.reported_position is OPEN, "the newest counts"
    open_()
    assert poi.stuck_feedback is CLOSED, "as long as it goes on"
    closed()
    assert poi.stuck_feedback is None


@pytest.mark.parametrize("first_to_end", [0, 1])
def test_clocks_that_were_set_twice_go_right_again(hub: Faulted, first_to_end: int) -> None:
    real = clock.unix_s
    jumps = [hub.inject("", "clock_jump", by_s=by_s) for by_s in (3600.0, 60.0)]
    assert clock.unix_s() - real() == pytest.approx(3660.0, abs=1.0)
    jumps.pop(first_to_end)()
    jumps.pop()()
    assert clock.unix_s is real


def test_the_earthing_relay_fails_to_close(hub: Faulted) -> None:
    earthing = hub.bench.plant.earthing
    heal = hub.inject("earthing", "fails_to_close")
    earthing.set_closed(True)
    hub.run(0.5)
    assert earthing.position is OPEN
    heal()
    hub.run(0.5)
    assert earthing.position is CLOSED


def test_a_slow_breaker_opens_late(hub: Faulted) -> None:
    poi = hub.bench.plant.poi
    hub.inject("poi", "slow_breaker")
    poi.trip()
    hub.run(0.4)
    assert poi.position is CLOSED
    hub.run(0.2)
    assert poi.position is OPEN


@pytest.mark.parametrize(("shows", "reported"), [("as_it_is", CLOSED), ("open", OPEN)])
def test_the_feedback_lies(hub: Faulted, shows: str, reported: BreakerPosition) -> None:
    poi = hub.bench.plant.poi
    heal = hub.inject("poi", "false_feedback", shows=shows)
    poi.trip()
    hub.run(0.5)
    assert (poi.position, poi.reported_position) == (OPEN, reported)
    heal()
    assert poi.reported_position is OPEN


def test_an_inverter_trips(hub: Faulted) -> None:
    battery = hub.bench.plant.batteries[MAIN]
    hub.inject(MAIN, "inverter_trip")
    hub.run(0.1)
    assert battery.mode is InverterMode.FAULT
    solar = hub.bench.plant.pv["pv_school"]
    hub.inject("pv_school", "inverter_trip")
    assert not solar.is_connected


def test_the_bms_trips(hub: Faulted) -> None:
    hub.inject(MAIN, "bms_trip")
    hub.run(0.2)
    battery = hub.bench.plant.batteries[MAIN]
    assert battery.discharge_limit_w == 0.0
    assert not battery.is_forming


def test_no_charging_is_allowed(hub: Faulted) -> None:
    battery = hub.bench.plant.batteries[MAIN]
    before_w = battery.charge_limit_w
    heal = hub.inject(MAIN, "no_charging")
    assert battery.charge_limit_w == 0.0 < before_w
    heal()
    assert battery.charge_limit_w == pytest.approx(before_w)


def test_set_points_are_ignored(hub: Faulted) -> None:
    device, battery = hub.bench.devices.device("inverter_main"), hub.bench.plant.batteries[MAIN]
    heal = hub.inject(MAIN, "ignores_setpoints")
    device.write("battery.mode_set", "grid_forming")
    device.write("battery.power_set_w", -5_000.0)
    device.write("battery.heartbeat", 4711)
    assert device.fed_at_s == hub.bench.plant.now_s, "a heartbeat is heard"
    hub.run(1.0)
    assert battery.mode is InverterMode.GRID_FOLLOWING
    assert battery.power_w.total == pytest.approx(0.0, abs=100.0)
    heal()
    device.write("battery.power_set_w", -5_000.0)
    hub.run(1.0)
    assert battery.power_w.total == pytest.approx(-5_000.0, rel=0.01)


def test_an_engine_does_not_fire(hub: Faulted) -> None:
    genset = hub.bench.plant.gensets["genset"]
    heal = hub.inject("genset", "fails_to_crank")
    genset.set_run(True)
    hub.run(90.0)
    assert genset.state in {GensetState.STOPPED, GensetState.FAULT, GensetState.STARTING}
    assert not genset.is_forming
    heal()
    assert not genset.fails_to_crank


def test_an_engine_stalls(hub: Faulted) -> None:
    genset = hub.bench.plant.gensets["genset"]
    hub.bench.plant.poi.trip()
    genset.set_run(True)
    hub.bench.run_until(lambda bench: bench.plant.gensets["genset"].state is GensetState.LOADED, 200.0)
    hub.inject("genset", "stalls")
    hub.run(5.0)
    assert genset.state is not GensetState.LOADED
    assert genset.power_w.total == 0.0


def test_the_tank_is_empty(hub: Faulted) -> None:
    genset = hub.bench.plant.gensets["genset"]
    before_l = genset.fuel_l
    heal = hub.inject("genset", "fuel_empty")
    genset.set_run(True)
    hub.run(5.0)
    assert (genset.fuel_l, genset.state) == (0.0, GensetState.STOPPED)
    heal()
    assert genset.fuel_l == before_l


def test_a_motor_starts_and_runs(hub: Faulted) -> None:
    feeder = hub.bench.plant.feeders["warm_room"]
    before_w = feeder.power_w.total
    heal = hub.inject("warm_room", "motor_start", power_w=1000.0, inrush_ratio=6.0, start_s=0.5)
    hub.run(0.3)
    assert feeder.power_w.total == pytest.approx(before_w + 6000.0, rel=0.1)
    hub.run(0.5)
    assert feeder.power_w.total == pytest.approx(before_w + 1000.0, rel=0.1)
    heal()
    hub.run(0.1)
    assert feeder.power_w.total == pytest.approx(before_w, rel=0.05)


def test_a_contactor_is_welded(hub: Faulted) -> None:
    feeder = hub.bench.plant.feeders["water"]
    heal = hub.inject("water", "welded")
    feeder.set_closed(False)
    hub.run(0.5)
    assert feeder.position is CLOSED
    heal()
    hub.run(0.5)
    assert feeder.position is OPEN


def test_the_poles_of_the_poi_are_welded(hub: Faulted) -> None:
    poi = hub.bench.plant.poi
    hub.inject("poi", "welded")
    poi.trip()
    hub.run(0.5)
    assert (poi.position, poi.reported_position) == (CLOSED, OPEN)


def test_a_charger_gives_nothing(hub: Faulted) -> None:
    radio = hub.bench.plant.radios["radio_tetra"]
    radio.energy_wh = 500.0
    hub.inject("radio_tetra", "charger_dead")
    hub.run(60.0)
    assert radio.energy_wh < 500.0


def test_all_pv_trips(hub: Faulted) -> None:
    hub.inject("", "pv_mass_trip")
    hub.run(0.1)
    assert not any(plant.is_connected for plant in hub.bench.plant.pv.values())
    hub.run(70.0)
    assert all(plant.is_connected for plant in hub.bench.plant.pv.values()), "each by its own code"


def test_a_short_in_the_island(hub: Faulted) -> None:
    hub.bench.plant.batteries[MAIN].set_mode(InverterMode.GRID_FORMING)
    hub.bench.plant.poi.trip()
    hub.run(1.0)
    hub.inject("warm_room", "short_circuit")
    hub.run(0.05)
    assert abs(hub.bench.plant.bus) < 0.5


def test_a_restored_plant_is_healed_too(hub: Faulted) -> None:
    heal = hub.inject("poi", "fails_to_open")
    snapshot = hub.bench.plant.snapshot()
    hub.bench.plant.restore(snapshot)
    heal()
    assert not hub.bench.plant.poi.fails_to_open
