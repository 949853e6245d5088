"""Faults of the controller's process and of the clocks, in virtual time."""

from __future__ import annotations

import time

import pytest

from controller import clock
from controller.model.advice import RequestKind
from controller.model.words import Mode
from hil_tests.tests.faults.hubs import SOC, Faulted


@pytest.fixture
def hub() -> Faulted:
    return Faulted()


def test_killed_and_started_again_by_the_service_manager(hub: Faulted) -> None:
    hub.inject("", "kill", down_s=2.0)
    assert not hub.bench.is_running
    hub.run(1.9)
    assert not hub.bench.is_running
    hub.run(0.2)
    assert hub.bench.is_running
    assert hub.bench.run_to(Mode.GRID_CONNECTED, 10.0) < 10.0


def test_killed_until_healed(hub: Faulted) -> None:
    heal = hub.inject("", "kill")
    hub.run(5.0)
    assert not hub.bench.is_running
    heal()
    assert hub.bench.is_running


def test_killed_at_the_third_order(hub: Faulted) -> None:
    taken_at_s: list[float] = []
    for device in hub.bench.devices.all():
        device.listeners.append(lambda: taken_at_s.append(hub.bench.plant.now_s))
    hub.inject("", "kill", after="orders", count=3)
    hub.bench.plant.grid.blackout()
    hub.bench.run_until(lambda bench: not bench.is_running, 10.0)
    assert taken_at_s[2] == hub.bench.plant.now_s, "what was on the wire in the same step still arrives"


def test_killed_at_a_frame_the_same_one_every_time() -> None:
    instants = []
    for _ in range(2):
        hub = Faulted()
        hub.inject("", "kill", after="frames", count=777)
        hub.bench.run_until(lambda bench: not bench.is_running, 60.0)
        instants.append(hub.bench.plant.now_s)
    assert instants[0] == instants[1]


def test_a_kill_that_is_taken_back_never_comes(hub: Faulted) -> None:
    hub.inject("", "kill", after="frames", count=50)()
    hub.run(5.0)
    assert hub.bench.is_running


def test_terminated_in_order_keeps_what_was_under_way(hub: Faulted) -> None:
    hub.bench.journal.write_s = 5.0
    hub.bench.request(RequestKind.OPEN_FEEDER, "ev_posts")
    hub.run(0.5)
    hub.inject("", "terminate", down_s=0.5)
    hub.run(1.0)
    assert "ev_posts" in hub.bench.durable.held_open


def test_a_power_cycle_loses_what_was_under_way_and_the_last_page(hub: Faulted) -> None:
    hub.bench.request(RequestKind.OPEN_FEEDER, "phones")
    hub.run(0.5)
    hub.bench.request(RequestKind.OPEN_FEEDER, "ev_posts")
    hub.run(0.5)
    kept, before = hub.bench.journal.kept, hub.bench.durable
    hub.inject("", "power_cycle", down_s=1.0, torn=True)
    assert before.held_open == {"phones", "ev_posts"}
    assert hub.bench.journal.kept != kept
    hub.run(1.1)
    assert hub.bench.durable.held_open == {"phones"}


def test_a_full_disk_takes_nothing_until_it_is_cleared(hub: Faulted) -> None:
    heal = hub.inject("", "disk_full")
    hub.bench.request(RequestKind.OPEN_FEEDER, "ev_posts")
    hub.run(2.0)
    assert "ev_posts" not in (hub.bench.journal.kept or ("", ""))[1]
    heal()
    hub.run(1.0)
    assert "ev_posts" in (hub.bench.journal.kept or ("", ""))[1]


def test_starved_of_the_processor_it_reads_late(hub: Faulted) -> None:
    heal = hub.inject("", "starved", stop_s=0.5, run_s=0.2)
    ages = []
    for _ in range(300):
        hub.run(0.01)
        ages.append(hub.age_s("inverter_main", SOC))
    assert 0.4 < max(ages) < 0.7
    assert min(ages) < 0.1
    heal()
    hub.run(1.0)
    assert not hub.bench.is_frozen


def test_suspended_while_the_plant_goes_on(hub: Faulted) -> None:
    hub.inject("", "suspend", lasts_s=30.0)
    hub.bench.plant.grid.blackout()
    hub.run(29.9)
    assert hub.bench.mode is Mode.GRID_CONNECTED, "it knows nothing"
    assert hub.age_s("poi_relay", "poi.position") > 29.0
    hub.run(10.0)
    assert hub.bench.mode is not Mode.GRID_CONNECTED


def test_the_controls_lose_their_supply(hub: Faulted) -> None:
    heal = hub.inject("", "control_supply_low", lasts_s=1.0)
    hub.run(0.9)
    assert hub.bench.is_running
    hub.run(0.2)
    assert not hub.bench.is_running
    heal()
    assert hub.bench.is_running


# -- clocks ------------------------------------------------------------------------------------------------------------


def test_the_wall_clock_jumps_and_decides_nothing() -> None:
    hashes = []
    for by_s in (0.0, -7200.0):
        hub = Faulted()
        before_s = clock.unix_s()
        heal = hub.inject("", "clock_jump", by_s=by_s)
        assert clock.unix_s() - before_s == pytest.approx(by_s, abs=60.0)
        hub.bench.plant.grid.blackout()
        hub.run(10.0)
        heal()
        assert clock.unix_s() - before_s == pytest.approx(0.0, abs=60.0)
        hashes.append(hub.bench.trace_hash())
    assert hashes[0] == hashes[1]


def test_the_end_of_32_bits(hub: Faulted) -> None:
    heal = hub.inject("", "year_2038", before_s=100.0)
    assert time.gmtime(clock.unix_s())[:4] == (2038, 1, 19, 3)
    heal()
    assert clock.unix_s() < 2**31


def test_summer_time_moves_local_time_alone(hub: Faulted) -> None:
    unix_s, before = clock.unix_s(), time.localtime(86_400.0 * 30)
    heal = hub.inject("", "dst", by_s=3600.0)
    assert time.localtime(86_400.0 * 30).tm_gmtoff == 7200
    assert clock.unix_s() - unix_s < 60.0
    heal()
    assert time.localtime(86_400.0 * 30) == before


def test_what_was_not_healed_ends_with_the_run(hub: Faulted) -> None:
    real = clock.unix_s
    hub.inject("", "clock_jump", by_s=1e6)
    hub.inject("inverter_main", "silent")
    hub.desk.close()
    assert clock.unix_s is real
    assert hub.bench.links["inverter_main"].is_up
