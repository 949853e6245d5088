"""The kinds of battery inverters: what each does when the grid goes, when its battery is full, when it is broken."""

from __future__ import annotations

import pytest

from controller.model.phases import Phase
from controller.model.words import BreakerPosition, InverterMode
from hil_tests.plant.behaviour import BDP250_DROOP, InverterBehaviour
from hil_tests.plant.breaker import PoiBehaviour
from hil_tests.plant.plant import Plant, PlantOptions
from hil_tests.plant.pv_codes import OFFGRID
from hil_tests.plant.transfer import TransferStage
from hil_tests.tests.core import hubs
from hil_tests.tests.plant.stands import MAIN, bare, island, run_until

OPEN = BreakerPosition.OPEN


def with_behaviour(behaviour: InverterBehaviour, load_w: float = 20_000.0, **options: object) -> Plant:
    chosen = PlantOptions(demand_ratio=1.0, inverters={MAIN: behaviour}, **options)  # type: ignore[arg-type]
    return bare(load_w, options=chosen)


def test_one_that_always_forms_does_not_follow() -> None:
    plant = with_behaviour(InverterBehaviour(always_forms=True))
    plant.batteries[MAIN].set_mode(InverterMode.GRID_FOLLOWING)
    plant.advance_to(1.0)
    assert plant.batteries[MAIN].is_forming
    plant.batteries[MAIN].set_mode(InverterMode.OFF)
    assert plant.batteries[MAIN].mode is InverterMode.OFF


@pytest.mark.parametrize("transfer_s", [0.01, 0.02, 0.05])
def test_an_ordered_transfer_takes_its_time(transfer_s: float) -> None:
    plant = island(with_behaviour(InverterBehaviour(transfer_s=transfer_s)), forming=False)
    plant.batteries[MAIN].set_mode(InverterMode.GRID_FORMING)
    took_s = run_until(plant, lambda p: p.batteries[MAIN].is_forming, 1.0)
    assert transfer_s <= took_s + 1e-9 <= transfer_s + 0.011


def by_itself() -> Plant:
    quick = PoiBehaviour(operating_min_s=0.005, operating_max_s=0.012)
    return with_behaviour(InverterBehaviour(transfers_by_itself=True, transfer_s=0.015), poi=quick, relay_enabled=False)


def test_one_that_transfers_by_itself_holds_the_hub_and_goes_back_in_sync() -> None:
    plant = by_itself()
    plant.advance_to(5.0)
    plant.grid.blackout()
    assert run_until(plant, lambda p: p.batteries[MAIN].is_forming, 0.2) < 0.1
    assert plant.poi.position is OPEN
    plant.advance_to(20.0)
    assert abs(plant.bus) > 0.95
    plant.grid.returns(1.02, 49.97)
    assert run_until(plant, lambda p: p.poi.position is not OPEN, 120.0) > 60.0, "it waits for a minute"
    assert abs(plant.poi.closings[-1].angle_deg) < 12.0
    plant.advance_to(plant.now_s + 1.0)
    assert plant.batteries[MAIN].mode is InverterMode.GRID_FOLLOWING
    assert plant.out_of_phase_closures_count == 0


def test_it_listens_to_no_order_but_off_and_may_be_forbidden() -> None:
    plant = by_itself()
    plant.batteries[MAIN].set_mode(InverterMode.GRID_FORMING)
    plant.advance_to(1.0)
    assert plant.batteries[MAIN].mode is InverterMode.GRID_FOLLOWING
    plant.transfers[MAIN].permitted = False
    plant.grid.blackout()
    plant.advance_to(5.0)
    assert plant.bus == 0 or abs(plant.bus) < 0.2
    assert not plant.batteries[MAIN].is_forming


def test_it_does_not_form_behind_a_breaker_that_stays_closed() -> None:
    plant = by_itself()
    plant.poi.fails_to_open = True
    plant.grid.blackout()
    plant.advance_to(5.0)
    assert plant.transfers[MAIN].stage is TransferStage.OPENING
    assert not plant.batteries[MAIN].is_forming


@pytest.mark.parametrize(("soc_pct", "limit_pct"), [(97.9, 98.0), (5.05, 5.0)])
def test_a_v_f_unit_lets_go_when_its_battery_is_full_or_empty(soc_pct: float, limit_pct: float) -> None:
    """The island killer: NREL's simulated unit trips where another one would only limit."""
    pv = {"pv": hubs.hub().pv["pv"]} if soc_pct > 50 else {}
    behaviour = InverterBehaviour(trips_on_full_and_empty=True)
    sun = 900.0 if pv else 0.0
    options = PlantOptions(demand_ratio=1.0, inverters={MAIN: behaviour}, soc_pct=soc_pct, irradiance_w_per_m2=sun)
    plant = bare(5_000.0, options=options, pv=pv)
    plant.advance_to(2.0)
    plant.batteries[MAIN].set_frequency_hz(50.0)
    island(plant)
    run_until(plant, lambda p: p.batteries[MAIN].mode is InverterMode.FAULT, 300.0)
    assert plant.batteries[MAIN].soc_pct == pytest.approx(limit_pct, abs=0.1)


def test_a_droop_table_is_followed_point_by_point() -> None:
    """40 % of the rating lies 0.3 Hz below no-load, wherever a straight line would put it."""
    plant = island(with_behaviour(InverterBehaviour(droop_table=BDP250_DROOP), load_w=24_000.0))
    plant.advance_to(10.0)
    load = plant.batteries[MAIN].power_w.total / 60_000.0
    assert load == pytest.approx(0.4, abs=0.02)
    assert plant.bus_frequency_hz == pytest.approx(50.0 - 0.3 + 0.1 * max(0.0, 0.4 - load) / 0.26, abs=0.005)


def test_a_full_battery_pushes_pv_back_with_the_frequency() -> None:
    """42 kW of sun, 5 kW of load, nothing may be charged: PV is pushed to 5 kW, which is 51 Hz and 0.88 Hz."""
    options = PlantOptions(
        demand_ratio=1.0, inverters={MAIN: InverterBehaviour(shift_max_hz=2.0)}, irradiance_w_per_m2=900.0,
        soc_pct=60.0, pv_code=OFFGRID,
    )  # fmt: skip
    plant = bare(5_000.0, options=options, pv=hubs.hub().pv)
    plant.advance_to(3.0)
    plant.batteries[MAIN].pack.override_limits(charge_w=0.0)
    island(plant)
    plant.advance_to(40.0)
    battery, pv = plant.batteries[MAIN], plant.pv["pv"]
    assert battery.power_w.total == pytest.approx(0.0, abs=600.0)
    assert pv.power_w.total == pytest.approx(5_000.0, rel=0.15)
    assert plant.bus_frequency_hz == pytest.approx(51.88, abs=0.05)
    plant.batteries[MAIN].pack.override_limits()
    plant.advance_to(80.0)
    assert battery.power_w.total == pytest.approx(-24_000.0, rel=0.02), "a fifth of C at 12 degrees"
    assert plant.bus_frequency_hz < 51.4


def test_a_setpoint_can_be_ignored_and_a_charge_limit_is_obeyed() -> None:
    plant = bare()
    battery = plant.batteries[MAIN]
    battery.set_power_w(-20_000.0)
    battery.set_charge_limit_w(8_000.0)
    plant.advance_to(5.0)
    assert battery.power_w.total == pytest.approx(-8_000.0)
    battery.ignores_setpoint = True
    battery.set_power_w(10_000.0)
    battery.set_frequency_hz(51.0)
    plant.advance_to(10.0)
    assert battery.power_w.total == pytest.approx(-8_000.0)
    assert battery.frequency_set_hz == 50.0
    battery.ignores_setpoint = False
    battery.set_power_w(10_000.0)
    plant.advance_to(15.0)
    assert battery.power_w.total == pytest.approx(10_000.0)


def test_a_bms_trip_kills_the_former_at_once_and_an_inverter_trip_leaves_the_battery() -> None:
    for act, discharge_w in (("trip_bms", 0.0), ("trip", 120_000.0)):
        plant = island(bare())
        getattr(plant.batteries[MAIN], act)()
        plant.step(0.01)
        assert plant.bus == 0
        assert plant.batteries[MAIN].discharge_limit_w == pytest.approx(discharge_w, rel=0.01)
        plant.batteries[MAIN].reset()
        plant.batteries[MAIN].set_mode(InverterMode.GRID_FORMING)
        plant.advance_to(plant.now_s + 1.0)
        assert abs(plant.bus) > 0.9


def test_a_soc_jump_is_the_bms_s_belief_and_no_energy() -> None:
    plant = bare()
    battery = plant.batteries[MAIN]
    battery.pack.jump_soc(-30.0)
    assert battery.pack.reported_soc_pct == pytest.approx(55.0)
    assert battery.soc_pct == pytest.approx(85.0)
    battery.pack.jump_soc(90.0)
    assert battery.pack.reported_soc_pct == 100.0


def test_limits_can_be_overridden_and_an_old_battery_empties_sooner() -> None:
    used = []
    for soh_pct in (100.0, 80.0):
        plant = bare(options=PlantOptions(soh_pct=soh_pct))
        battery = plant.batteries[MAIN]
        battery.set_power_w(50_000.0)
        for _ in range(6_000):
            plant.step(0.1)
        used.append(85.0 - battery.soc_pct)
    assert used[1] / used[0] == pytest.approx(1.25, rel=0.03), "1 / SoH, and a little for the resistance"
    battery.pack.override_limits(charge_w=0.0, discharge_w=5_000.0)
    assert (battery.charge_limit_w, battery.discharge_limit_w) == (0.0, 5_000.0)


def test_the_worst_phase_counts_where_each_has_its_own_bridge() -> None:
    """25 kW on one conductor of a 60 kVA unit: 42 % together, 125 % on that bridge."""
    results = []
    for limits_per_phase in (False, True):
        options = PlantOptions(demand_ratio=1.0, inverters={MAIN: InverterBehaviour(limits_per_phase=limits_per_phase)})
        one = hubs.feeder("load", 1, 25_000.0, (Phase.L1,))
        plant = island(bare(options=options, feeders={"load": one}))
        plant.advance_to(12.0)
        results.append(plant.batteries[MAIN].overload_pct)
    assert results[0] == 0.0
    assert results[1] > 5.0
