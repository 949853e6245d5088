"""Faults of links in virtual time: what reaches the controller, what reaches the device, and that it ends."""

from __future__ import annotations

import struct
from random import Random
from types import SimpleNamespace

import pytest

from controller.config.paths import configs_dir
from controller.config.tables import load_table
from controller.config.types import Device
from controller.model.words import Mode
from hil_tests.faults.drift import DRIFT_FAULTS
from hil_tests.faults.stage import Injection
from hil_tests.faults.types import CannotInjectError
from hil_tests.servers.points import PlantDevice
from hil_tests.tests.faults.hubs import GRID_V, SOC, Faulted

MAIN, RELAY, WATER, PHONES = "inverter_main", "poi_relay", "contactor_water", "contactor_phones"
CLOSED = "feeder.closed"


@pytest.fixture
def hub() -> Faulted:
    return Faulted()


def ages_s(hub: Faulted, device: str, point: str, steps_count: int = 400) -> list[float]:
    ages = []
    for _ in range(steps_count):
        hub.run(0.01)
        ages.append(hub.age_s(device, point))
    return ages


def test_silent(hub: Faulted) -> None:
    heal = hub.inject(MAIN, "silent")
    hub.run(2.0)
    assert hub.age_s(MAIN, SOC) > 1.9
    heal()
    hub.run(0.5)
    assert hub.age_s(MAIN, SOC) < 0.2


def test_silent_twice_ends_with_the_second(hub: Faulted) -> None:
    first, second = hub.inject(MAIN, "silent"), hub.inject(MAIN, "silent")
    first()
    assert not hub.bench.links[MAIN].is_up
    second()
    assert hub.bench.links[MAIN].is_up


def test_slow_answers_are_older_by_as_much(hub: Faulted) -> None:
    usual_s = max(ages_s(hub, MAIN, SOC, 100))
    heal = hub.inject(MAIN, "slow", delay_s=0.15)
    hub.run(0.5)
    slow = ages_s(hub, MAIN, SOC)
    assert min(slow) >= 0.15 - 1e-6
    assert max(slow) <= 0.15 + usual_s + 0.15 + 0.02
    heal()
    hub.run(0.5)
    assert max(ages_s(hub, MAIN, SOC, 100)) == pytest.approx(usual_s)


def test_jitter_moves_every_answer(hub: Faulted) -> None:
    hub.inject(MAIN, "slow", delay_s=0.0, jitter_s=0.2)
    assert len({round(age_s, 4) for age_s in ages_s(hub, MAIN, SOC)}) > 15


def test_slower_than_the_time_out_is_nothing_at_all(hub: Faulted) -> None:
    hub.inject(MAIN, "slow", delay_s=0.5)
    hub.run(3.0)
    assert hub.age_s(MAIN, SOC) > 2.5


def test_slow_orders_come_later(hub: Faulted) -> None:
    device = hub.bench.devices.device(MAIN)
    hub.inject(MAIN, "slow", delay_s=0.2)
    link = hub.bench.links[MAIN]
    link.write("battery.power_set_w", -4_321.0)
    hub.run(0.15)
    assert device.written.get("battery.power_set_w") != -4_321.0
    heard = []
    device.on_write = lambda point, value: heard.append((point, value))
    hub.run(0.2)
    assert ("battery.power_set_w", -4_321.0) in heard


def test_drop_loses_some(hub: Faulted) -> None:
    heal = hub.inject(MAIN, "drop", ratio=0.3)
    ages = ages_s(hub, MAIN, SOC, 1000)
    assert 0.3 < max(ages) < 3.0
    heal()
    hub.run(1.0)
    assert max(ages_s(hub, MAIN, SOC, 100)) < 0.1


def test_drop_everything_is_silence(hub: Faulted) -> None:
    hub.inject(MAIN, "drop", ratio=1.0)
    hub.run(2.0)
    assert hub.age_s(MAIN, SOC) > 1.9


@pytest.mark.parametrize(("what", "reads", "writes"), [("all", 0, 0), ("reads", 0, 1), ("writes", 1, 0)])
def test_an_exception_refuses(hub: Faulted, what: str, reads: int, writes: int) -> None:
    device, heard = hub.bench.devices.device(MAIN), []
    hub.inject(MAIN, "exception", what=what)
    device.on_write = lambda point, _: heard.append(point)
    hub.bench.links[MAIN].write("battery.power_set_w", -1.0)
    hub.run(1.0)
    assert (hub.age_s(MAIN, SOC) < 0.2) == bool(reads)
    assert ("battery.power_set_w" in heard) == bool(writes)


def test_an_empty_restart_goes_through_its_three_times(hub: Faulted) -> None:
    hub.inject(MAIN, "empty_restart", down_s=1.0, empty_s=1.0)
    hub.run(0.9)
    assert hub.age_s(MAIN, SOC) > 0.8
    hub.run(0.5)
    assert (hub.seen(MAIN, SOC), hub.seen(MAIN, "battery.mode")) == (0.0, "off")
    hub.run(1.0)
    assert hub.seen(MAIN, SOC) == pytest.approx(85.0, abs=0.2)
    assert hub.bench.devices.device(MAIN).lies == {}


def test_map_drift_by_one_register_reads_the_neighbour(hub: Faulted) -> None:
    device = hub.bench.devices.device(MAIN)
    heal = hub.inject(MAIN, "map_drift", point=SOC)
    hub.run(0.5)
    # the charge limit in tens of watts stands behind the state of charge in tenths of a percent
    limit_w = device.truth("battery.charge_limit_w")
    assert isinstance(limit_w, float)
    assert device.read(SOC) == pytest.approx(limit_w / 100.0)
    assert hub.seen(MAIN, SOC) is None, "beyond a hundred percent"
    heal()
    hub.run(0.5)
    assert hub.seen(MAIN, SOC) == pytest.approx(85.0, abs=0.2)


def test_an_order_of_a_drifted_map_reaches_the_neighbour(hub: Faulted) -> None:
    device, heard = hub.bench.devices.device(MAIN), []
    device.on_write = lambda point, value: heard.append((point, value))
    heal = hub.inject(MAIN, "map_drift", drift="address_plus_one", point="battery.frequency_set_hz")
    device.write("battery.frequency_set_hz", 50.0)
    assert heard == [("battery.voltage_set_v", 5000.0)]
    heal()
    device.write("battery.frequency_set_hz", 50.0)
    assert heard[1:] == [("battery.frequency_set_hz", 50.0)]


@pytest.mark.parametrize(("drift", "factor"), [("sign", -1.0), ("scale_x10", 10.0)])
def test_map_drift_of_sign_and_scale(hub: Faulted, drift: str, factor: float) -> None:
    device = hub.bench.devices.device(MAIN)
    device.readers["battery.power_l1_w"] = lambda: 1200.0
    heal = hub.inject(MAIN, "map_drift", drift=drift)
    hub.run(0.5)
    assert hub.seen(MAIN, "battery.power_l1_w") == 1200.0 * factor
    assert hub.seen(MAIN, "battery.mode") == "grid_following", "a state has neither"
    heal()


def test_map_drift_swaps_the_words_of_long_numbers(hub: Faulted) -> None:
    table, problems = load_table(configs_dir() / "devices" / "eastron" / "sdm630.toml", "eastron/sdm630")
    assert table is not None, problems
    meter = PlantDevice(Device("meter", table), hub.bench.plant)
    point = "poi.power_l1_w"
    meter.readers[point] = lambda: 230.5
    stage = SimpleNamespace(devices=SimpleNamespace(device=lambda _: meter), plant=hub.bench.plant)
    values = {"drift": "word_swap", "point": ""}
    heal = DRIFT_FAULTS["map_drift"](Injection("map_drift", "meter", values, Random(1), stage))  # type: ignore[arg-type]
    assert meter.read(point) == struct.unpack(">f", bytes.fromhex("80004366"))[0], "230.5 is 4366 8000"
    heal()
    assert meter.read(point) == 230.5


def test_swapped_units_answer_and_obey_for_each_other(hub: Faulted) -> None:
    heal = hub.inject(WATER, "unit_swap", with_device=PHONES)
    hub.bench.devices.device(WATER).write(CLOSED, value=False)
    hub.run(0.5)
    feeders = hub.bench.plant.feeders
    assert feeders["phones"].position.value == "open"
    assert feeders["water"].position.value == "closed"
    assert hub.seen(WATER, "feeder.position") == "open"
    heal()
    hub.run(3.0)
    assert hub.seen(WATER, "feeder.position") == "closed"


def test_units_with_different_tables_cannot_be_swapped(hub: Faulted) -> None:
    with pytest.raises(CannotInjectError, match="another table"):
        hub.inject(WATER, "unit_swap", with_device="genset_panel")


def test_an_island_is_still_formed_over_a_slow_link(hub: Faulted) -> None:
    hub.inject(RELAY, "slow", delay_s=0.03, jitter_s=0.02)
    hub.bench.plant.grid.blackout()
    assert hub.bench.run_to(Mode.ISLANDED, 20.0) > 0.1
    assert hub.seen(RELAY, GRID_V) is not None


@pytest.mark.parametrize(("drift", "point"), [("sign", "battery.mode"), ("word_swap", SOC)])
def test_a_drift_that_would_change_nothing_is_refused(hub: Faulted, drift: str, point: str) -> None:
    with pytest.raises(CannotInjectError, match=f"no point {point} that {drift} would change"):
        hub.inject(MAIN, "map_drift", drift=drift, point=point)
