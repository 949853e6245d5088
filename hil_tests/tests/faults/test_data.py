"""Faults of data in virtual time: what the controller's link then has, and that it ends."""

from __future__ import annotations

import math

import pytest

from hil_tests.faults.types import CannotInjectError
from hil_tests.servers.encoding import raw_of, value_of, words_of
from hil_tests.tests.faults.hubs import GRID_V, SOC, Faulted

MAIN, SECOND, RELAY = "inverter_main", "inverter_second", "poi_relay"


@pytest.fixture
def hub() -> Faulted:
    return Faulted()


def test_stuck(hub: Faulted) -> None:
    heal = hub.inject(MAIN, "stuck", point=SOC)
    hub.bench.plant.batteries["battery_main"].soc_pct = 30.0
    hub.run(2.0)
    assert hub.seen(MAIN, SOC) == pytest.approx(85.0, abs=0.2)
    assert hub.age_s(MAIN, SOC) < 0.2, "fresh, and wrong"
    heal()
    hub.run(2.0)
    assert hub.seen(MAIN, SOC) == pytest.approx(30.0, abs=0.2)


def test_no_number_is_the_sentinel_where_there_is_one(hub: Faulted) -> None:
    heal = hub.inject(MAIN, "no_number", point=SOC)
    hub.run(1.0)
    assert hub.seen(MAIN, SOC) is None
    heal()
    hub.run(1.0)
    assert hub.seen(MAIN, SOC) == pytest.approx(85.0, abs=0.2)


def test_no_number_in_a_float_is_nan_and_the_driver_refuses_it(hub: Faulted) -> None:
    hub.inject(SECOND, "no_number", point=SOC)
    said = hub.bench.devices.device(SECOND).read(SOC)
    assert isinstance(said, float)
    assert math.isnan(said)
    hub.run(1.0)
    assert hub.seen(SECOND, SOC) is None


def test_no_number_without_a_sentinel_is_an_extreme_that_looks_like_one(hub: Faulted) -> None:
    hub.inject(MAIN, "no_number", point="battery.power_l1_w")
    hub.run(1.0)
    assert hub.seen(MAIN, "battery.power_l1_w") == -327_680.0


def test_miscalibrated(hub: Faulted) -> None:
    before = hub.seen(RELAY, GRID_V)
    assert isinstance(before, float)
    heal = hub.inject(RELAY, "miscalibrated", point=GRID_V, gain_ratio=1.2, offset=-5.0)
    hub.run(1.0)
    assert hub.seen(RELAY, GRID_V) == pytest.approx(before * 1.2 - 5.0, abs=3.0)
    heal()
    hub.run(1.0)
    assert hub.seen(RELAY, GRID_V) == pytest.approx(before, abs=3.0)


def test_a_value_beyond_its_register_saturates(hub: Faulted) -> None:
    hub.inject(MAIN, "miscalibrated", point="battery.charge_limit_w", gain_ratio=100.0)
    hub.run(1.0)
    assert hub.seen(MAIN, "battery.charge_limit_w") == 655_350.0


def test_spikes_come_and_go_while_the_plant_rests(hub: Faulted) -> None:
    hub.inject(MAIN, "spikes", point=SOC, ratio=0.3, factor=0.1)
    seen = []
    for _ in range(100):
        hub.run(0.1)
        seen.append(hub.seen(MAIN, SOC))
    low = sum(isinstance(value, float) and value < 10.0 for value in seen)
    assert 15 <= low <= 50


def test_the_same_seed_spikes_alike_and_moves_nothing_else() -> None:
    hashes = []
    for _ in range(2):
        hub = Faulted(seed=7)
        hub.inject(MAIN, "spikes", ratio=0.1)
        hub.run(5.0)
        hashes.append(hub.bench.trace_hash())
    assert hashes[0] == hashes[1]


def test_a_count_begins_again_or_wraps(hub: Faulted) -> None:
    device = hub.bench.devices.device(MAIN)
    heal = hub.inject(MAIN, "counter_reset", point=SOC)
    assert device.read(SOC) == 0.0
    heal()
    heal = hub.inject(MAIN, "counter_reset", point=SOC, modulus=50.0)
    assert device.read(SOC) == pytest.approx(35.0, abs=0.2)
    heal()
    assert device.read(SOC) == pytest.approx(85.0, abs=0.2)


def test_stale(hub: Faulted) -> None:
    heal = hub.inject(MAIN, "stale", point=SOC, age_s=3.0)
    hub.bench.plant.batteries["battery_main"].soc_pct = 40.0
    hub.run(2.5)
    assert hub.seen(MAIN, SOC) == pytest.approx(85.0, abs=0.2)
    assert hub.age_s(MAIN, SOC) < 0.2
    hub.run(1.0)
    assert hub.seen(MAIN, SOC) == pytest.approx(40.0, abs=0.2)
    heal()


def test_soc_jump(hub: Faulted) -> None:
    heal = hub.inject(MAIN, "soc_jump", jump_pct=-30.0)
    hub.run(1.0)
    assert hub.seen(MAIN, SOC) == pytest.approx(55.0, abs=0.2)
    heal()
    hub.run(1.0)
    assert hub.seen(MAIN, SOC) == pytest.approx(85.0, abs=0.2)


def test_disagree(hub: Faulted) -> None:
    device = hub.bench.devices.device(RELAY)
    before, frequency_hz = device.read(GRID_V), device.read("poi.grid_frequency_hz")
    heal = hub.inject(RELAY, "disagree", by_ratio=0.05)
    said = device.read(GRID_V)
    assert isinstance(before, float)
    assert said == pytest.approx(before * 1.05)
    assert device.read("poi.grid_frequency_hz") == frequency_hz
    heal()
    assert device.read(GRID_V) == before


def test_torn_mixes_the_words_of_two_readings(hub: Faulted) -> None:
    device = hub.bench.devices.device(SECOND)
    point = device.device.table.points["battery.power_l1_w"]
    device.readers[point.id] = lambda: value[0]
    value = [70_000.0]
    heal = hub.inject(SECOND, "torn", point=point.id, ratio=1.0)
    value[0] = -1_234.5
    high, low = words_of(point, raw_of(point, 70_000.0))[0], words_of(point, raw_of(point, -1_234.5))[1]
    said = device.read(point.id)
    assert isinstance(said, float)
    assert words_of(point, said) == [high, low]
    assert device.read(point.id) == value_of(point, raw_of(point, -1_234.5)), "both halves are of now"
    heal()


def test_faults_of_one_point_heal_in_any_order(hub: Faulted) -> None:
    device = hub.bench.devices.device(MAIN)
    first, second = hub.inject(MAIN, "stuck", point=SOC), hub.inject(MAIN, "soc_jump", jump_pct=-10.0)
    assert device.read(SOC) == pytest.approx(75.0, abs=0.2)
    first()
    first()  # a second time is nothing
    hub.bench.plant.batteries["battery_main"].soc_pct = 60.0
    assert device.read(SOC) == pytest.approx(50.0)
    second()
    assert device.read(SOC) == pytest.approx(60.0)
    assert device.lies == {}


def test_a_device_without_such_a_point_says_so(hub: Faulted) -> None:
    with pytest.raises(CannotInjectError, match="poi_relay has no point for soc_jump"):
        hub.inject(RELAY, "soc_jump")
