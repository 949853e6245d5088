"""Blackouts in virtual time: the plant, the drivers' assembler, decide, vet and outputs in one loop."""

from __future__ import annotations

import pytest

from controller.model.reasons import EventKind, Reason
from controller.model.words import BreakerPosition, InverterMode, Mode
from hil_tests.plant.plant import PlantOptions
from hil_tests.simulation.bench import Bench
from hil_tests.tests.servers.benches import small_site

DAY = PlantOptions(irradiance_w_per_m2=700.0)
NIGHT = PlantOptions(irradiance_w_per_m2=0.0, demand_ratio=1.0, soc_pct=70.0)
EXPORT = PlantOptions(irradiance_w_per_m2=1_000.0, demand_ratio=0.05, soc_pct=99.0)
HUBS = ("musterhallig", "hybridhof")


def dark_s(bench: Bench, duration_s: float) -> float:
    """Longest time in one go that tier 0 was without supply while time passed."""
    longest = spell = 0.0
    until_s = bench.plant.now_s + duration_s
    while bench.plant.now_s < until_s:
        bench.run_for(0.01)
        spell = 0.0 if bench.plant.feeders["desk"].is_energised else spell + 0.01
        longest = max(longest, spell)
    return longest


@pytest.mark.parametrize("hub", HUBS)
@pytest.mark.parametrize("options", [DAY, NIGHT], ids=["day", "night"])
def test_a_blackout_is_ridden_through_and_the_hub_goes_back(hub: str, options: PlantOptions) -> None:
    bench = Bench.of(hub, options=options)
    bench.run_for(5.0)
    assert bench.mode is Mode.GRID_CONNECTED
    bench.plant.grid.blackout()
    assert dark_s(bench, 3.0) < 0.6
    assert bench.mode.value == "islanded"
    bench.run_for(40.0)
    assert bench.plant.feeders["desk"].is_energised
    assert bench.plant.feeders["medical"].is_energised
    assert all(radio.is_alive for radio in bench.plant.radios.values())
    bench.plant.grid.returns()
    bench.run_to(Mode.GRID_CONNECTED)
    assert dark_s(bench, 60.0) == 0.0
    assert all(feeder.position is BreakerPosition.CLOSED for feeder in bench.plant.feeders.values())
    assert not any(battery.is_forming for battery in bench.plant.batteries.values())
    assert bench.violations == []
    assert bench.vetoes == []


def test_at_night_the_cars_go_first_and_the_inverter_is_never_overloaded() -> None:
    bench = Bench.of(options=NIGHT)
    bench.run_for(5.0)
    bench.plant.grid.blackout()
    bench.run_for(5.0)
    shed = [event.subject for _, event in bench.happened(EventKind.SHED)]
    assert shed == ["ev_posts"]
    assert bench.plant.batteries["battery_main"].overload_pct < 1.0
    assert bench.plant.truth().bus_frequency_hz > 49.0


def test_exporting_76_kw_the_surplus_is_turned_down_before_the_island_forms() -> None:
    bench = Bench.of(options=EXPORT)
    bench.run_for(30.0)
    assert bench.plant.poi_power_w.total < -60_000.0
    bench.plant.grid.blackout()
    bench.run_to(Mode.ISLANDED)
    highest_hz = 0.0
    for _ in range(600):
        bench.run_for(0.5)
        highest_hz = max(highest_hz, bench.plant.truth().bus_frequency_hz)
        assert bench.plant.batteries["battery_main"].mode is InverterMode.GRID_FORMING
    assert highest_hz < 51.5, "PV must not trip in a mass"
    assert bench.violations == []


def test_the_relay_opens_first_and_the_same_answer_runs() -> None:
    bench = Bench.of(options=NIGHT)
    bench.plant.poi.relay_undervoltage_s = 0.02
    bench.run_for(5.0)
    bench.plant.grid.blackout()
    bench.run_for(3.0)
    assert bench.happened(EventKind.MODE_CHANGED, Reason.POI_OPENED_BY_ITSELF)
    assert bench.mode is Mode.ISLANDED
    assert bench.plant.feeders["ev_posts"].position is BreakerPosition.OPEN


def test_a_stuck_breaker_locks_out_and_nothing_feeds_the_dead_line() -> None:
    bench = Bench.of()
    bench.run_for(5.0)
    bench.plant.poi.fails_to_open = True
    bench.plant.grid.blackout()
    bench.run_for(20.0)
    assert (bench.mode, bench.memory.reason) == (Mode.LOCKED_OUT, Reason.POI_STUCK)
    assert bench.plant.backfeed_j == 0.0
    bench.plant.poi.fails_to_open = False
    bench.run_for(1.0)
    bench.plant.poi.trip()  # by hand, at the breaker
    bench.run_to(Mode.ISLANDED, timeout_s=10.0)


def test_a_contact_that_lies_on_a_dead_grid_is_found_out_by_its_current() -> None:
    bench = Bench.of()
    bench.run_for(5.0)
    bench.plant.poi.fails_to_open = True
    bench.plant.poi.stuck_feedback = BreakerPosition.OPEN
    bench.plant.grid.blackout()
    bench.run_for(20.0)
    assert (bench.mode, bench.memory.reason) == (Mode.LOCKED_OUT, Reason.POI_STUCK)
    assert not bench.plant.batteries["battery_main"].is_forming
    assert bench.plant.backfeed_j < 20_000.0


@pytest.mark.parametrize("ratio", [0.25, 0.3, 0.5, 0.7])
def test_a_sag_is_ridden_through_without_a_single_operation(ratio: float) -> None:
    bench = Bench.of()
    bench.run_for(5.0)
    bench.plant.grid.sag(ratio, 0.15)
    bench.run_for(10.0)
    assert bench.mode is Mode.GRID_CONNECTED
    assert bench.plant.poi.operations_count == 0
    assert not bench.happened(EventKind.SHED)


def test_the_grid_lost_again_in_the_last_moment_leaves_tier_0_supplied() -> None:
    bench = Bench.of()
    bench.run_for(5.0)
    bench.plant.grid.blackout()
    bench.run_for(20.0)
    bench.plant.grid.returns()
    bench.run_until(lambda b: bool(b.happened(EventKind.ORDERED_CLOSE, Reason.SYNC_WINDOW)))
    bench.plant.grid.blackout()
    assert dark_s(bench, 20.0) < 1.2
    assert bench.mode is Mode.ISLANDED
    assert bench.plant.feeders["desk"].is_energised
    assert bench.plant.backfeed_j < 30_000.0
    assert bench.violations == []


def test_a_grid_that_flickers_back_is_not_trusted() -> None:
    bench = Bench.of()
    bench.run_for(5.0)
    bench.plant.grid.blackout()
    bench.run_for(5.0)
    for _ in range(5):
        bench.plant.grid.returns()
        bench.run_for(3.0)
        bench.plant.grid.blackout()
        bench.run_for(10.0)
    assert bench.plant.poi.operations_count == 1, "opened once, never closed"


def test_a_return_at_109_percent_waits_for_a_voltage_that_can_be_matched() -> None:
    bench = Bench.of()
    bench.run_for(5.0)
    bench.plant.grid.blackout()
    bench.run_for(10.0)
    bench.plant.grid.returns(voltage_ratio=1.12)
    bench.run_for(60.0)
    assert bench.mode is Mode.ISLANDED


def test_low_energy_sheds_by_tier_and_the_genset_takes_over() -> None:
    bench = Bench.of(small_site(), options=PlantOptions(irradiance_w_per_m2=0.0, soc_pct=25.3, demand_ratio=0.9))
    bench.run_for(2.0)
    bench.plant.grid.blackout()
    bench.run_to(Mode.ISLANDED)
    bench.run_until(lambda b: b.plant.gensets["genset"].state.value == "loaded", timeout_s=300.0)
    assert bench.happened(EventKind.ORDERED_CRANK, Reason.GENSET_LOW_SOC)
    bench.run_for(60.0)
    assert bench.plant.feeders["desk"].is_energised
    assert bench.plant.feeders["medical"].is_energised
    assert bench.plant.feeders["ev_posts"].position is BreakerPosition.OPEN
    assert bench.violations == []


def test_a_contact_that_lies_after_its_breaker_stuck_never_pulses_the_street() -> None:
    """The former is withdrawn at once; the suspicion must outlive the current that raised it."""
    bench = Bench.of()
    bench.run_for(5.0)
    bench.plant.poi.fails_to_open = True
    bench.plant.grid.blackout()
    bench.run_for(0.1)
    bench.plant.poi.stuck_feedback = BreakerPosition.OPEN
    bench.run_for(60.0)
    assert len(bench.happened(EventKind.ORDERED_FORM)) == 1
    assert bench.plant.backfeed_j < 20_000.0
    assert bench.memory.reason is Reason.POI_STUCK


def test_a_lying_contact_is_found_out_on_an_empty_street_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody draws current there; but both sides come alive as one."""
    monkeypatch.setattr("hil_tests.plant.plant.NEIGHBOURS_PU", complex(1e-4, 0.0))
    bench = Bench.of()
    bench.run_for(5.0)
    bench.plant.poi.fails_to_open = True
    bench.plant.poi.stuck_feedback = BreakerPosition.OPEN
    bench.plant.grid.blackout()
    bench.run_for(60.0)
    assert len(bench.happened(EventKind.ORDERED_FORM)) == 1
    assert (bench.mode, bench.memory.reason) == (Mode.LOCKED_OUT, Reason.POI_STUCK)
