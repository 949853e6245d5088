"""The plant against closed forms. Each case names its formula; the tolerance is what the 10 ms step allows."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace

import pytest

from controller.model.words import BreakerPosition, InverterMode
from hil_tests.plant.plant import Plant, PlantOptions
from hil_tests.plant.swing import Swing
from hil_tests.tests.core import hubs

STEP_S = 0.01
DELTA_P = 0.1
F0_HZ = 50.0


def test_v1_rate_of_change_of_frequency() -> None:
    """df/dt = dP f0 / 2H = 4.17 Hz/s for 10 % and H = 0.6 s."""
    swing = Swing(inertia_s=0.6, damping=0.0)
    slope = swing.step(DELTA_P, 0.0, 0.001) * F0_HZ / 0.001
    assert slope == pytest.approx(-DELTA_P * F0_HZ / 1.2, rel=1e-6)
    assert Swing(inertia_s=0.6, damping=0.0).step(DELTA_P, 0.0, STEP_S) * F0_HZ / STEP_S == pytest.approx(
        slope, rel=5e-4
    )


@pytest.mark.parametrize(
    ("h", "r", "t"), [(0.6, 0.04, 0.2), (1.0, 0.04, 0.3), (2.0, 0.05, 0.5), (0.3468, 0.05, 0.2), (0.1268, 0.05, 0.1)]
)
def test_v2_nadir_with_one_lag(h: float, r: float, t: float) -> None:
    """df = -dP R f0 (1 + sqrt(T / 2HR) e^(-zeta w_n t_n)), t_n = atan2(w_d, zeta w_n - 1/T) / w_d."""
    natural = math.sqrt(1.0 / (2 * h * r * t))
    decay = 1.0 / (2 * t)
    damped = math.sqrt(natural**2 - decay**2)
    at_s = math.atan2(damped, decay - 1.0 / t) / damped
    expected_hz = -DELTA_P * r * F0_HZ * (1 + math.sqrt(t / (2 * h * r)) * math.exp(-decay * at_s))
    swing = Swing(inertia_s=h, droop=r, governor_s=t, engine_s=1e-4, damping=0.0)
    lowest_hz = min(swing.step(DELTA_P, 0.0, STEP_S) * F0_HZ for _ in range(500))
    assert lowest_hz == pytest.approx(expected_hz, rel=2e-3)


def test_v3_steady_state_is_the_droop() -> None:
    """df = -dP R f0."""
    swing = Swing(damping=0.0, droop=0.04)
    for _ in range(20_000):
        swing.step(DELTA_P, 0.0, STEP_S)
    assert swing.speed * F0_HZ == pytest.approx(-DELTA_P * 0.04 * F0_HZ, abs=1e-9)


def two_formers() -> Plant:
    big = replace(hubs.battery("big", 60_000.0), droop_hz_per_w=0.5 / 60_000.0)
    small = replace(hubs.battery("small", 30_000.0), droop_hz_per_w=1.0 / 30_000.0)
    hub = hubs.hub(batteries={"big": big, "small": small}, pv={}, gensets={}, feeders=only_feeder(45_000.0))
    plant = Plant(hub, options=PlantOptions(demand_ratio=1.0))
    plant.poi.trip()
    plant.advance_to(0.2)
    for battery in plant.batteries.values():
        battery.set_mode(InverterMode.GRID_FORMING)
    return plant


def only_feeder(rated_w: float) -> dict[str, object]:
    return {"load": hubs.feeder("load", 1, rated_w)}


def test_v4_two_droops_share_by_their_slopes() -> None:
    """60 kVA at 1 % and 30 kVA at 2 %: P_a / P_b = 4 and f = 50 - m_a P_a."""
    plant = two_formers()
    plant.advance_to(30.0)
    big, small = (plant.batteries[name].power_w.total for name in ("big", "small"))
    assert big / small == pytest.approx(4.0, rel=1e-6)
    assert plant.bus_frequency_hz == pytest.approx(50.0 - 0.5 * big / 60_000.0, abs=1e-6)


def test_v5_energy_balances() -> None:
    """Sum of sources = sum of loads at the bus, over a blackout and an island."""
    plant = Plant(hubs.hub(), options=PlantOptions(irradiance_w_per_m2=600.0))
    plant.advance_to(5.0)
    plant.poi.trip()
    plant.advance_to(5.2)
    plant.batteries["battery"].set_mode(InverterMode.GRID_FORMING)
    plant.advance_to(60.0)
    assert plant.source_j == pytest.approx(plant.load_j, rel=1e-12), "followers are admittances within a step"
    source_j, load_j = settled_energy(plant)
    plant.advance_to(120.0)
    after = settled_energy(plant)
    assert after[0] - source_j == pytest.approx(after[1] - load_j, rel=1e-9)


def settled_energy(plant: Plant) -> tuple[float, float]:
    """At rest the counters wait for the next whole step: make one."""
    plant.rest.disturb()
    plant.step(STEP_S)
    return plant.source_j, plant.load_j


def test_a_bus_without_a_source_is_dead() -> None:
    plant = Plant(hubs.hub())
    plant.poi.trip()
    plant.advance_to(0.3)
    assert plant.bus == 0
    assert not any(feeder.is_energised for feeder in plant.feeders.values())


@pytest.mark.parametrize(
    ("delay_s", "low_j", "high_j"), [(0.05, 500, 5_000), (0.2, 3_000, 10_000), (1.0, 20_000, 40_000)]
)
def test_a_late_opening_feeds_the_dead_line(delay_s: float, low_j: float, high_j: float) -> None:
    plant = Plant(hubs.hub(pv={}))
    plant.batteries["battery"].set_mode(InverterMode.GRID_FORMING)
    plant.advance_to(1.0)
    plant.grid.blackout()
    plant.advance_to(1.0 + delay_s)
    plant.poi.trip()
    plant.advance_to(5.0)
    assert low_j < plant.backfeed_j < high_j


@pytest.mark.parametrize(("angle_deg", "low", "high"), [(0.0, 0.0, 0.5), (5.0, 0.4, 1.1), (10.0, 0.9, 2.0)])
def test_the_current_of_a_closing_grows_with_the_angle(angle_deg: float, low: float, high: float) -> None:
    """About 2 sin(delta / 2) / Z behind 0.1 pu; the field quotes 0.17, 0.64 and 1.42 pu."""
    plant = Plant(hubs.hub(pv={}, feeders=only_feeder(3_000.0)))
    plant.poi.trip()
    plant.grid.blackout()
    plant.advance_to(0.3)
    plant.batteries["battery"].set_mode(InverterMode.GRID_FORMING)
    plant.advance_to(1.0)
    plant.grid.returns()
    plant.step(STEP_S)  # the relay sees the voltage before it lets anybody close
    while abs((plant.angle_difference_deg or 0.0) - angle_deg) > 0.5:
        plant.grid.phase_jump((plant.angle_difference_deg or 0.0) - angle_deg)
    plant.poi.close()
    peak = 0.0
    for _ in range(100):
        plant.step(STEP_S)
        peak = max(peak, abs(plant.batteries["battery"].current) / 0.6)
    assert plant.poi.position is BreakerPosition.CLOSED
    assert low <= peak <= high


def test_a_snapshot_repeats_to_the_bit() -> None:
    plant = Plant(hubs.hub())
    plant.advance_to(3.0)
    kept = plant.snapshot()
    plant.grid.returns()
    plant.advance_to(8.0)
    first = (plant.bus, plant.poi_current)
    plant.restore(kept)
    plant.grid.returns()
    plant.advance_to(8.0)
    assert (plant.bus, plant.poi_current) == first


def test_the_same_seed_gives_the_same_run_in_another_process() -> None:
    code = (
        "from hil_tests.plant.plant import Plant\nfrom hil_tests.tests.core import hubs\n"
        "p = Plant(hubs.hub(), seed=7)\np.poi.trip()\np.advance_to(1.0)\np.grid.returns()\np.advance_to(2.0)\n"
        "print(p.grid.angle_rad, p.poi.operations_count, p.bus)"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(runs) == 1


def test_pv_reduces_with_frequency_trips_and_waits_a_minute() -> None:
    plant = Plant(hubs.hub(), options=PlantOptions(irradiance_w_per_m2=900.0))
    plant.advance_to(3.0)
    full_w = plant.pv["pv"].power_w.total
    plant.grid.drift(51.2, 5.0)
    plant.advance_to(8.0)
    assert plant.pv["pv"].power_w.total == pytest.approx(0.6 * full_w, rel=0.05), "40 % per Hz above 50.2 Hz"
    plant.grid.drift(51.6, 5.0)
    plant.advance_to(9.0)
    assert not plant.pv["pv"].is_connected
    plant.grid.drift(50.0, 5.0)
    plant.advance_to(60.0)
    assert not plant.pv["pv"].is_connected
    plant.advance_to(75.0)
    assert plant.pv["pv"].is_connected


@pytest.mark.parametrize(("celsius", "c_rate"), [(-5.0, 0.0), (5.0, 0.2), (25.0, 0.5), (55.0, 0.0)])
def test_the_bms_charges_by_temperature(celsius: float, c_rate: float) -> None:
    plant = Plant(hubs.hub(), options=PlantOptions(soc_pct=50.0, temperature_c=celsius))
    assert plant.batteries["battery"].charge_limit_w == pytest.approx(c_rate * 120_000.0)


def test_an_overload_beyond_the_curve_trips_the_inverter() -> None:
    plant = Plant(hubs.hub(pv={}, feeders=only_feeder(100_000.0)), options=PlantOptions(demand_ratio=1.0))
    plant.poi.trip()
    plant.advance_to(0.3)
    plant.batteries["battery"].set_mode(InverterMode.GRID_FORMING)
    plant.advance_to(40.0)
    assert plant.batteries["battery"].mode is InverterMode.FAULT


def coarsely(plant: Plant, until_s: float) -> None:
    while plant.now_s < until_s:
        plant.step(0.1)


def test_cold_loads_draw_more_and_warm_up() -> None:
    plant = Plant(hubs.hub())
    plant.advance_to(1.0)
    before_w = plant.feeders["warm_room"].power_w.total
    plant.feeders["warm_room"].set_closed(False)
    coarsely(plant, 1801.0)
    plant.feeders["warm_room"].set_closed(True)
    coarsely(plant, 1802.0)
    assert plant.feeders["warm_room"].power_w.total == pytest.approx(1.5 * before_w, rel=0.02)
    coarsely(plant, 5000.0)
    assert plant.feeders["warm_room"].power_w.total == pytest.approx(before_w, rel=0.02)
