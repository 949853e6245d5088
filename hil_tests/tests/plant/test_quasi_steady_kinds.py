"""Jumps with every kind of device: they end where steps do, and meet what happens on the way in steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from controller.model.phases import Phase
from controller.model.words import BreakerPosition, InverterMode
from hil_tests.plant.behaviour import BDP250_DROOP, InverterBehaviour
from hil_tests.plant.cold_chain import FridgeGroup
from hil_tests.plant.engine import GensetBehaviour
from hil_tests.plant.grid import GridStep
from hil_tests.plant.meters import InstrumentErrors
from hil_tests.plant.motor import Motor, MotorState
from hil_tests.plant.plant import Plant, PlantOptions
from hil_tests.plant.pv_codes import OFFGRID, Q_OF_U, VDE4105_2018, VOLT_WATT
from hil_tests.plant.quasi_steady import QuasiSteady
from hil_tests.plant.weather import Cloud, Sky
from hil_tests.tests.core import hubs
from hil_tests.tests.plant.stands import MAIN, bare, island, run_until
from hil_tests.tests.plant.test_quasi_steady import state

SURE = ((0.0, 1.0), (1.0, 1.0))
SPAN_S = 90.0
CLOSED = BreakerPosition.CLOSED


def on_grid(**options: object) -> Plant:
    """With sun, and PV that has no ramp any more."""
    made = PlantOptions(demand_ratio=1.0, relay_enabled=False, **options)  # type: ignore[arg-type]
    plant = bare(options=made, pv=hubs.hub().pv)
    plant.advance_to(10.0)
    return plant


def in_island(**options: object) -> Plant:
    made = PlantOptions(demand_ratio=1.0, pv_code=replace(OFFGRID, ramp_pct_per_min=6e4), **options)  # type: ignore[arg-type]
    plant = island(bare(options=made, pv=hubs.hub().pv))
    plant.advance_to(20.0)
    return plant


def kind(**changes: object) -> dict[str, InverterBehaviour]:
    return {MAIN: InverterBehaviour(**changes)}  # type: ignore[arg-type]


def isochronous() -> Plant:
    """A genset that holds the frequency, beside a battery that shares by droop."""
    behaviour = GensetBehaviour(success_by_c=SURE, is_isochronous=True)
    plant = island(bare(options=PlantOptions(demand_ratio=1.0, gensets={"genset": behaviour})))
    plant.gensets["genset"].set_run(True)
    run_until(plant, lambda p: p.gensets["genset"].is_forming, 60.0)
    plant.advance_to(plant.now_s + 120.0)  # its integral and the battery's droop make one slow mode
    return plant


def full() -> Plant:
    """42 kW of sun, 20 kW of load, and nothing may be charged: its frequency pushes PV back."""
    plant = in_island(inverters=kind(shift_max_hz=2.0), irradiance_w_per_m2=900.0)
    plant.batteries[MAIN].pack.override_limits(charge_w=0.0)
    return plant


def at_a_high_voltage(**changes: object) -> Plant:
    code = replace(VDE4105_2018, mean_voltage_max_ratio=None, **changes)  # type: ignore[arg-type]
    plant = on_grid(pv_code=code, irradiance_w_per_m2=800.0)
    plant.grid.move_voltage(1.09)
    return plant


KINDS: dict[str, Callable[[], Plant]] = {
    "droop as a table": lambda: in_island(inverters=kind(droop_table=BDP250_DROOP), irradiance_w_per_m2=100.0),
    "shift against charging": full,
    "isochronous genset": isochronous,
    "volt-var": lambda: at_a_high_voltage(reactive_curve=Q_OF_U),
    "volt-watt": lambda: at_a_high_voltage(power_curve=VOLT_WATT),
    "refrigerators": lambda: on_grid(fridges={"load": FridgeGroup(8)}),
    "evening": lambda: in_island(sky=Sky(start_hour=20.0), demand_profile=((19.0, 0.5), (21.0, 1.0))),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_jump_ends_where_steps_do(name: str) -> None:
    plant = KINDS[name]()
    kept = plant.snapshot()
    plant.advance_to(plant.now_s + SPAN_S)
    stepped = state(plant)
    plant.restore(kept)
    QuasiSteady(plant).advance(SPAN_S)
    late_pu = 5e-4 if name == "evening" else 3e-5  # demand is that of a jump's beginning
    assert state(plant) == pytest.approx(stepped, abs=late_pu)


def test_the_sky_moves_on() -> None:
    """A cloud passes within the jumps, and the sun after it is the sun of its hour."""
    sky = Sky(start_hour=9.0, clouds=(Cloud(100.0, 0.8, 25.0, 60.0),))
    plant = on_grid(sky=sky)
    jumps = QuasiSteady(plant)
    seen = []
    for _ in range(40):
        jumps.advance(10.0)
        seen.append(plant.weather.irradiance_w_per_m2)
    assert min(seen) < 0.3 * seen[-1]
    assert seen[-1] == pytest.approx(sky.irradiance_w_per_m2(plant.now_s), abs=2.0)
    assert jumps.jumps_count > 30


def test_what_the_grid_has_in_mind_happens_when_it_is_due() -> None:
    plant = on_grid()
    plant.grid.play((GridStep(40.0, voltage_ratio=0.95), GridStep(30.0, voltage_ratio=1.0)))
    jumps = QuasiSteady(plant)
    jumps.advance_to(45.0)
    assert plant.grid.ratio == 1.0
    jumps.advance_to(52.0)
    assert (plant.grid.ratio, abs(plant.bus)) == pytest.approx((0.95, 0.95), abs=2e-3)
    jumps.advance_to(100.0)
    assert plant.grid.ratio == 1.0
    assert jumps.jumps_count > 8


@pytest.mark.parametrize(
    "act",
    [
        lambda p: p.grid.lose_phase(Phase.L1),
        lambda p: setattr(p.grid, "voltage_ratio", 0.4),
        lambda p: setattr(p.safety, "emergency_off", True),
    ],
)
def test_relay_and_button_are_heard_in_a_jump(act: Callable[[Plant], None]) -> None:
    plant = on_grid()
    plant.poi.relay_enabled = True
    jumps = QuasiSteady(plant)
    jumps.advance_to(60.0)
    act(plant)
    jumps.advance(2.0 * jumps.dt_s)
    assert plant.poi.position is not CLOSED


def test_a_motor_starts_in_steps() -> None:
    """Six times its current for three seconds: the dip and the overload must be seen."""
    plant = in_island(irradiance_w_per_m2=0.0)
    jumps = QuasiSteady(plant)
    jumps.advance(30.0)
    plant.feeders["load"].start_motor(Motor(8_000.0, inrush_s=3.0))
    count = jumps.jumps_count
    jumps.advance(2.5)
    motor = plant.feeders["load"].motor
    assert motor is not None
    assert motor.state is MotorState.STARTING
    assert jumps.jumps_count == count
    assert plant.batteries[MAIN].current != 0
    jumps.advance(60.0)
    assert jumps.jumps_count > count


def test_one_that_transfers_by_itself_goes_back_after_its_minute() -> None:
    plant = on_grid(inverters=kind(transfers_by_itself=True))
    plant.grid.blackout()
    plant.advance_to(15.0)
    assert plant.batteries[MAIN].is_forming
    jumps = QuasiSteady(plant)
    jumps.advance(60.0)
    plant.grid.returns(1.0, 49.98, 10.0)
    jumps.advance(55.0)
    assert plant.poi.position is not CLOSED
    jumps.advance(90.0)
    assert plant.poi.position is CLOSED
    assert plant.batteries[MAIN].mode is InverterMode.GRID_FOLLOWING
    assert jumps.jumps_count > 10


def test_a_mean_of_ten_minutes_is_kept_in_jumps() -> None:
    plant = on_grid()
    plant.grid.move_voltage(1.15)
    jumps, began_s = QuasiSteady(plant), plant.now_s
    while plant.pv["pv"].is_connected and plant.now_s < 600.0:
        jumps.advance(10.0)
    assert plant.now_s - began_s == pytest.approx(400.0, abs=40.0)
    assert plant.pv["pv"].power_pu == 0.0


def test_an_overload_that_a_balance_would_bring_is_met_in_steps() -> None:
    """Twice the rating is borne for ten seconds: a jump must not give ten for nothing."""
    times_s = []
    for jumping in (False, True):
        plant = in_island(irradiance_w_per_m2=0.0)
        jumps = QuasiSteady(plant)
        jumps.advance(30.0)
        plant.feeders["load"].demand_ratio = 6.0
        began_s = plant.now_s
        while plant.batteries[MAIN].is_forming and plant.now_s < began_s + 60.0:
            jumps.advance(0.5) if jumping else plant.advance_to(plant.now_s + 0.5)
        times_s.append(plant.now_s - began_s)
    assert times_s[1] == pytest.approx(times_s[0], abs=0.5)
    assert 3.0 < times_s[0] < 30.0


def test_instruments_show_what_was_held() -> None:
    errors = {"meter.p": InstrumentErrors(averaging_s=1.0, latency_s=0.3, period_s=0.5)}
    plant = bare(options=PlantOptions(demand_ratio=1.0, instruments=errors))
    plant.bind_instrument("meter.p", lambda: plant.poi_power_w.total)
    plant.advance_to(10.0)
    jumps = QuasiSteady(plant)
    jumps.advance(50.0)
    plant.feeders["load"].demand_ratio = 0.5
    jumps.advance(10.0)
    assert plant.instruments.shown("meter.p") == pytest.approx(plant.poi_power_w.total)
    assert plant.poi_power_w.total == pytest.approx(10_000.0, rel=0.02)
