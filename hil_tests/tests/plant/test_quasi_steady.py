"""Jumps between balances: they land where steps would have, see every timer, and hand back a plant that goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.model.words import BreakerPosition, GensetState, InverterMode, SettingsGroup
from hil_tests.plant.droops import genset_droop
from hil_tests.plant.plant import STEP_S, Plant, PlantOptions
from hil_tests.plant.power_flow import Droop, NoSteadyStateError, beside_grid, in_island
from hil_tests.plant.quasi_steady import QuasiSteady
from hil_tests.tests.core import hubs
from hil_tests.tests.plant.test_verification import two_formers

SPAN_S = 300.0


def on_grid() -> Plant:
    plant = Plant(hubs.hub(), options=PlantOptions(irradiance_w_per_m2=500.0))
    plant.advance_to(5.0)
    plant.batteries["battery"].set_power_w(-7_000.0)
    return plant


def island(irradiance_w_per_m2: float = 300.0) -> Plant:
    plant = Plant(hubs.hub(), options=PlantOptions(irradiance_w_per_m2=irradiance_w_per_m2))
    plant.poi.set_settings_group(SettingsGroup.ISLAND)
    plant.grid.blackout()
    plant.poi.trip()
    plant.advance_to(0.2)
    plant.batteries["battery"].set_mode(InverterMode.GRID_FORMING)
    plant.advance_to(5.0)
    return plant


def with_genset() -> Plant:
    """Battery and genset share the island; the genset runs to a set-point."""
    plant = island()
    name = next(iter(plant.gensets))
    plant.gensets[name].set_run(True)
    plant.gensets[name].set_power_w(6_000.0)
    for _ in range(8):
        plant.advance_to(plant.now_s + 20.0)
        plant.gensets[name].set_run(True)  # one crank in ten fails
    assert plant.gensets[name].state is GensetState.LOADED
    return plant


def pair() -> Plant:
    plant = two_formers()
    plant.advance_to(5.0)
    return plant


def state(plant: Plant) -> dict[str, float]:
    found = {"volts": abs(plant.bus), "hz": plant.bus_frequency_hz, "poi": abs(plant.poi_current)}
    for name, battery in plant.batteries.items():
        found |= {f"{name} P": battery.power_va.real, f"{name} Q": battery.power_va.imag}
        found |= {f"{name} soc": battery.soc_pct / 100.0, f"{name} C": battery.temperature_c / 100.0}
    for name, genset in plant.gensets.items():
        found |= {
            f"{name} P": genset.power_va.real,
            f"{name} Q": genset.power_va.imag,
            f"{name} l": genset.fuel_l / 1e3,
        }
    return found | {name: inverter.power_pu for name, inverter in plant.pv.items()}


@pytest.mark.parametrize("situation", [on_grid, island, pair, with_genset])
def test_a_jump_lands_where_steps_do(situation: object) -> None:
    plant: Plant = situation()  # type: ignore[operator]
    kept = plant.snapshot()
    plant.advance_to(plant.now_s + SPAN_S)
    stepped, energy_j = state(plant), plant.source_j
    plant.restore(kept)
    jumps = QuasiSteady(plant)
    jumps.advance(SPAN_S)
    assert jumps.jumps_count >= 29, "most of it was jumps"
    assert state(plant) == pytest.approx(stepped, abs=2e-6)
    assert plant.source_j == pytest.approx(energy_j, rel=1e-4)


@pytest.mark.parametrize("situation", [on_grid, island, pair, with_genset])
def test_a_plant_that_was_left_by_jumps_is_at_rest(situation: object) -> None:
    plant: Plant = situation()  # type: ignore[operator]
    QuasiSteady(plant).advance(100.0)
    left = (abs(plant.bus), plant.bus_frequency_hz)
    for _ in range(100):
        plant.step(STEP_S)
        assert (abs(plant.bus), plant.bus_frequency_hz) == pytest.approx(left, abs=1e-6)


def test_contacts_move_in_steps_and_jumps_wait_until_they_have() -> None:
    plant = island()
    jumps = QuasiSteady(plant)
    jumps.advance(60.0)
    before_count, at_s = jumps.jumps_count, plant.now_s
    plant.feeders["warm_room"].set_closed(False)
    assert not jumps.may_jump
    jumps.advance_to(at_s + 1.9)
    assert jumps.jumps_count == before_count
    assert plant.feeders["warm_room"].position is BreakerPosition.OPEN
    jumps.advance_to(at_s + 30.0)
    assert jumps.jumps_count > before_count


def test_a_demand_that_moves_needs_no_step() -> None:
    plant = island()
    jumps = QuasiSteady(plant)
    jumps.advance(60.0)
    steps_count, hz = jumps.steps_count, plant.bus_frequency_hz
    for feeder in plant.feeders.values():
        feeder.demand_ratio = 0.9
    jumps.advance(60.0)
    assert jumps.steps_count == steps_count
    assert plant.bus_frequency_hz < hz - 0.05


def test_an_overload_is_timed_in_steps_and_ends_in_a_trip() -> None:
    plant = Plant(
        hubs.hub(pv={}, feeders={"load": hubs.feeder("load", 1, 100_000.0)}), options=PlantOptions(demand_ratio=0.3)
    )
    plant.poi.trip()
    plant.advance_to(0.2)
    plant.batteries["battery"].set_mode(InverterMode.GRID_FORMING)
    jumps = QuasiSteady(plant)
    jumps.advance_to(60.0)
    plant.feeders["load"].demand_ratio = 1.0
    jumps.advance_to(61.0)
    assert abs(plant.batteries["battery"].current) > 0.6
    jumps.advance_to(100.0)
    assert plant.batteries["battery"].mode is InverterMode.FAULT
    assert plant.bus == 0


def test_pv_waits_its_minute_and_ramps_for_ten() -> None:
    plant = island(400.0)
    plant.pv["pv"].trip()
    began_s = plant.now_s
    jumps = QuasiSteady(plant)
    jumps.advance_to(began_s + 55.0)
    assert plant.pv["pv"].power_pu == 0.0
    jumps.advance_to(began_s + 360.0)
    half_pu = plant.pv["pv"].power_pu
    jumps.advance_to(began_s + 900.0)
    assert 0.0 < half_pu <= plant.pv["pv"].power_pu
    assert plant.pv["pv"].is_connected


def test_an_empty_battery_leaves_a_dead_bus() -> None:
    plant = island(0.0)
    plant.batteries["battery"].soc_pct = 0.4
    plant.batteries["battery"].pack.capacity_wh = 100_000.0
    jumps = QuasiSteady(plant)
    jumps.advance(3_600.0)
    assert plant.bus == 0
    assert not any(feeder.is_energised for feeder in plant.feeders.values())
    assert jumps.jumps_count > 300


def test_a_dead_line_is_fed_in_steps() -> None:
    plant = on_grid()
    plant.batteries["battery"].set_mode(InverterMode.GRID_FORMING)
    plant.poi.relay_enabled = False
    jumps = QuasiSteady(plant)
    jumps.advance(20.0)
    plant.grid.blackout()
    before_count = jumps.jumps_count
    jumps.advance(5.0)
    assert jumps.jumps_count == before_count
    assert plant.backfeed_j > 50_000.0


def test_a_relay_that_looks_for_sync_is_shown_every_angle() -> None:
    plant = island()
    plant.poi.bypass_25 = False
    jumps = QuasiSteady(plant)
    jumps.advance(10.0)
    plant.grid.returns(frequency_hz=plant.bus_frequency_hz - 0.05, angle_deg=120.0)
    plant.poi.set_close_permit(True)
    jumps.advance(60.0)
    assert plant.poi.position is BreakerPosition.CLOSED
    assert all(abs(closing.angle_deg) < 15.0 for closing in plant.poi.closings)


def test_any_length_is_kept_to_the_step() -> None:
    plant = island()
    jumps = QuasiSteady(plant, dt_s=60.0)
    for duration_s in (0.004, 0.01, 0.03, 7.0, 61.0, 0.5):
        until_s = plant.now_s + duration_s
        jumps.advance(duration_s)
        assert plant.now_s == pytest.approx(until_s, abs=STEP_S / 2.0)


def test_what_cannot_settle_says_so() -> None:
    droop = Droop(50.0, 0.5, 1.0, 0.04, 0.1j, 0.1j)
    with pytest.raises(NoSteadyStateError):
        in_island([droop], lambda _volts, _hz: complex(30.0, 10.0), 1.0, 50.0)
    with pytest.raises(NoSteadyStateError):
        beside_grid([], lambda _volts, _hz: complex(30.0, 10.0), 1.0 + 0j, 0.1 + 0.1j, 50.0)


def test_a_frequency_that_followers_answer_is_found() -> None:
    """Two kinks: PV gives less above 50.2 Hz, and sources with droop of their own meet it there."""
    droops = [Droop(50.0, 0.5, 1.0, 0.04, 0.1j, 0.1j), replace(Droop(50.0, 1.0, 1.0, 0.08, 0.2j, 0.2j))]

    def taken(_volts: float, hz: float) -> complex:
        return complex(0.1 - 0.9 * max(0.0, 1.0 - 0.4 * max(0.0, hz - 50.2)), 0.05)

    flow = in_island(droops, taken, 1.0, 50.0)
    assert flow.hz > 50.2
    assert sum(flow.powers) == pytest.approx(taken(1.0, flow.hz), abs=1e-9)
    assert flow.powers[0].real == pytest.approx(2.0 * flow.powers[1].real)


def test_a_genset_alone_is_its_own_droop() -> None:
    """df = -P R f0 without damping; the dynamic set of defaults has some, and its droop is that much stiffer."""
    plant = with_genset()
    genset = next(iter(plant.gensets.values()))
    genset.set_power_w(0.0)
    droop, rated_pu = genset_droop(genset), genset.genset.rating_va / 1e5
    assert droop.active_pu(50.0) == pytest.approx(0.0)
    assert droop.active_pu(49.5) == pytest.approx(rated_pu * 0.01 * (1.0 / 0.04 + genset.swing.damping))
