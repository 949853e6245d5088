"""PV inverters by their codes: curves, trips, the ten-minute mean, the way back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hil_tests.plant.mean_voltage import MeanVoltage
from hil_tests.plant.plant import STEP_S, Plant, PlantOptions
from hil_tests.plant.pv_codes import CODES, OFFGRID, Q_OF_U, VDE4105_2018, VDE4105_2026, VOLT_WATT, PvCode
from hil_tests.plant.rest import Rest
from hil_tests.plant.solar import SolarInverter
from hil_tests.tests.core import hubs
from hil_tests.tests.plant.stands import bare, run_until


def sunny(code: PvCode = VDE4105_2018) -> Plant:
    options = PlantOptions(irradiance_w_per_m2=900.0, pv_code=code, relay_enabled=False)
    plant = bare(options=options, pv=hubs.hub().pv)
    plant.advance_to(3.0)
    return plant


def grid_at(plant: Plant, ratio: float, for_s: float) -> None:
    plant.grid.move_voltage(ratio)
    plant.advance_to(plant.now_s + for_s)


def test_every_code_has_its_name_and_the_unverified_one_says_so() -> None:
    assert {name: code.name for name, code in CODES.items()} == {name: name for name in CODES}
    assert replace(VDE4105_2026, name="vde4105_2018") == VDE4105_2018
    assert not any(code.is_verified for code in CODES.values())


@pytest.mark.parametrize(("hz", "share"), [(50.2, 1.0), (50.7, 0.8), (51.2, 0.6)])
def test_power_follows_frequency(hz: float, share: float) -> None:
    plant = sunny()
    full_w = plant.pv["pv"].power_w.total
    plant.grid.drift(hz, 10.0)
    plant.advance_to(8.0)
    assert plant.pv["pv"].power_w.total == pytest.approx(share * full_w, rel=0.01)


@pytest.mark.parametrize(
    ("ratio", "earliest_s", "latest_s"), [(0.78, 2.9, 3.1), (0.42, 0.25, 0.35), (1.27, 0.08, 0.14)]
)
def test_a_voltage_outside_trips_after_its_time(ratio: float, earliest_s: float, latest_s: float) -> None:
    plant = sunny()
    plant.grid.move_voltage(ratio)
    assert earliest_s <= run_until(plant, lambda p: not p.pv["pv"].is_connected, 5.0) <= latest_s


def test_reactive_power_follows_voltage_and_pulls_it_down() -> None:
    plain, supported = sunny(), sunny(replace(VDE4105_2018, reactive_curve=Q_OF_U))
    for plant in (plain, supported):
        grid_at(plant, 1.08, 30.0)
    assert plain.pv["pv"].power_va.imag == 0.0
    assert supported.pv["pv"].power_va.imag == pytest.approx(-0.436 * 0.5, rel=0.05)
    assert abs(supported.bus) < abs(plain.bus)


def test_power_gives_way_to_a_high_voltage() -> None:
    plant = sunny(replace(VDE4105_2018, power_curve=VOLT_WATT, mean_voltage_max_ratio=None))
    grid_at(plant, 1.104, 10.0)
    volts = abs(plant.bus)
    assert plant.pv["pv"].power_w.total == pytest.approx(50_000.0 * (1.12 - volts) / 0.03, rel=0.05)


def test_a_mean_of_ten_minutes_above_1_10_trips_and_keeps_it_off() -> None:
    """From nominal, 1.15 lifts the mean above 1.10 after two thirds of ten minutes."""
    plant = sunny()
    plant.grid.move_voltage(1.15)
    took_s = run_until(plant, lambda p: not p.pv["pv"].is_connected, 500.0)
    assert took_s == pytest.approx(400.0, abs=30.0), "a little sooner: PV lifts the bus beyond the grid"
    grid_at(plant, 1.08, 62.0)
    assert not plant.pv["pv"].is_connected


def test_a_lag_of_the_pll_delays_the_answer() -> None:
    """After one time constant a first-order lag has seen 63 % of the step."""
    quick, slow = sunny(), sunny(replace(VDE4105_2018, pll_s=2.0))
    for plant in (quick, slow):
        plant.grid.returns(1.0, 51.2, 0.0)
        plant.advance_to(5.5)
    assert slow.pv["pv"].power_pu > quick.pv["pv"].power_pu * 1.1


@pytest.mark.parametrize(("code", "waits_s"), [(VDE4105_2018, 60.0), (OFFGRID, 5.0)])
def test_all_can_trip_at_once_and_come_back_by_their_code(code: PvCode, waits_s: float) -> None:
    plant = sunny(code)
    plant.trip_all_pv()
    assert run_until(plant, lambda p: p.pv["pv"].is_connected, 70.0) == pytest.approx(waits_s, abs=0.1)
    plant.advance_to(plant.now_s + 30.0)
    ramped_w = 50_000.0 * min(1.0, code.ramp_pct_per_min / 100.0 / 2.0)
    assert plant.pv["pv"].power_w.total == pytest.approx(min(ramped_w, 41_000.0), rel=0.06)


SIDES = {
    "undervoltage": ("ratio", -1, 0.002),
    "overvoltage": ("ratio", 1, 0.002),
    "underfrequency": ("hz", -1, 0.02),
    "overfrequency": ("hz", 1, 0.02),
}
STAGES = [(code, side, limit) for code in CODES.values() for side in SIDES for limit, _ in getattr(code, side)]


@pytest.mark.parametrize(("code", "side", "limit"), STAGES)
def test_every_stage_of_every_code_trips_in_its_time_and_not_before_its_limit(
    code: PvCode, side: str, limit: float
) -> None:
    """The inverter alone: just within for long, just beyond for the shortest time of all stages that are crossed."""
    quantity, way, little = SIDES[side]

    def times_s(value: float) -> list[float]:
        return [hold_s for at, hold_s in getattr(code, side) if (value - at) * way > 0.0]

    for value in (limit - way * little, limit + way * little):
        took_s = seconds_to_trip(alone(code), quantity, value)
        assert took_s == (pytest.approx(min(times_s(value)), abs=0.011) if times_s(value) else None)


def alone(code: PvCode) -> SolarInverter:
    inverter = SolarInverter(hubs.hub().pv["pv"], Rest(), MeanVoltage(), code)
    for _ in range(200):
        inverter.step(1.0, 50.0, 0.8, STEP_S)
    return inverter


def seconds_to_trip(inverter: SolarInverter, quantity: str, value: float) -> float | None:
    """None: not within ten seconds."""
    for step in range(round(10.0 / STEP_S)):
        ratio, hz = (value, 50.0) if quantity == "ratio" else (1.0, value)
        inverter.step(ratio, hz, 0.8, STEP_S)
        if not inverter.is_connected:
            return (step + 1) * STEP_S
    return None


@pytest.mark.parametrize("code", CODES.values(), ids=lambda code: code.name)
def test_every_code_waits_for_its_window_and_ramps(code: PvCode) -> None:
    """Outside its window it never comes back; inside after its time, and at most by its ramp."""
    inverter = alone(code)
    inverter.trip()
    outside_hz = code.reconnect_hz[1] + 0.05
    for _ in range(round(2.0 * code.reconnect_s / STEP_S)):
        inverter.step(1.0, outside_hz, 0.8, STEP_S)
    assert not inverter.is_connected
    waited_s = 0.0
    while not inverter.is_connected:
        inverter.step(1.0, 50.0, 0.8, STEP_S)
        waited_s += STEP_S
    assert waited_s == pytest.approx(code.reconnect_s, abs=0.02)
    for _ in range(100):
        inverter.step(1.0, 50.0, 0.8, STEP_S)
    assert inverter.power_pu / inverter.rated_pu <= code.ramp_pct_per_min / 100.0 / 60.0 * 1.02
