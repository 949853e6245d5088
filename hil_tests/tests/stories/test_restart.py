"""Kill the controller anywhere: no contactor moves because software restarted."""

from __future__ import annotations

import pytest

from controller.model.advice import RequestKind
from controller.model.reasons import EventKind, Reason
from controller.model.words import Authority, BreakerPosition, Mode
from hil_tests.plant.plant import PlantOptions
from hil_tests.simulation.bench import Bench


def positions(bench: Bench) -> dict[str, BreakerPosition]:
    return {name: feeder.position for name, feeder in bench.plant.feeders.items()} | {"poi": bench.plant.poi.position}


def islanded() -> Bench:
    bench = Bench.of(options=PlantOptions(irradiance_w_per_m2=0.0, demand_ratio=1.0))
    bench.run_for(5.0)
    bench.plant.grid.blackout()
    bench.run_to(Mode.ISLANDED)
    bench.run_for(2.0)
    return bench


def test_on_grid() -> None:
    bench = Bench.of()
    bench.run_for(5.0)
    before = positions(bench)
    bench.restart_controller()
    bench.run_for(10.0)
    assert (bench.mode, bench.memory.reason) == (Mode.GRID_CONNECTED, Reason.RECOVERED_ON_GRID)
    assert positions(bench) == before


def test_in_the_island_nobody_notices() -> None:
    bench = islanded()
    before = positions(bench)
    assert before["ev_posts"] is BreakerPosition.OPEN
    bench.restart_controller()
    bench.run_for(2.0)
    assert (bench.mode, bench.memory.reason) == (Mode.ISLANDED, Reason.RECOVERED_ISLANDED)
    assert positions(bench) == before
    assert bench.plant.feeders["desk"].is_energised
    bench.plant.grid.returns()
    bench.run_to(Mode.GRID_CONNECTED)
    bench.run_for(60.0)
    assert bench.plant.feeders["ev_posts"].position is BreakerPosition.CLOSED, "what we shed before is ours to restore"
    assert bench.violations == []


def test_no_order_is_told_that_changes_nothing() -> None:
    """A restart found the POI open, and the log said that it had been ordered open."""
    bench = islanded()
    bench.restart_controller()
    began_s = bench.plant.now_s
    bench.run_for(2.0)
    told = [event.kind for at_s, event in bench.events if at_s > began_s]
    assert EventKind.RECOVERED in told
    assert EventKind.ORDERED_OPEN not in told
    assert bench.decision is not None
    assert bench.decision.commands.poi.open, "the level stands all the same"


def test_an_order_to_open_is_told_where_a_closing_was_under_way() -> None:
    bench = islanded()
    bench.plant.grid.returns()
    bench.run_until(lambda b: b.memory.poi.close is not None)
    began_s = bench.plant.now_s
    bench.plant.grid.blackout()
    bench.plant.poi.fails_to_close = True
    bench.run_to(Mode.ISLANDED)
    assert [event.subject for at_s, event in bench.happened(EventKind.ORDERED_OPEN) if at_s > began_s] == ["poi"]


def test_in_the_middle_of_the_transfer_it_goes_on() -> None:
    bench = Bench.of()
    bench.run_for(5.0)
    bench.plant.grid.blackout()
    bench.run_until(lambda b: bool(b.happened(EventKind.ORDERED_FORM)))
    bench.restart_controller(gap_s=1.0)
    bench.run_to(Mode.ISLANDED, timeout_s=10.0)
    assert bench.plant.feeders["desk"].is_energised
    assert bench.violations == []


def test_between_loss_and_opening_it_islands_after_the_restart() -> None:
    bench = Bench.of(options=PlantOptions(relay_enabled=False))
    bench.run_for(5.0)
    bench.plant.grid.blackout()
    bench.restart_controller(gap_s=1.0)
    bench.run_to(Mode.ISLANDED, timeout_s=10.0)
    assert bench.violations == []


def test_while_reconnecting_it_stays_islanded_and_tries_again() -> None:
    bench = islanded()
    bench.plant.grid.returns()
    bench.run_to(Mode.RECONNECTION)
    bench.restart_controller()
    bench.run_for(1.0)
    assert bench.mode is Mode.ISLANDED
    bench.run_to(Mode.GRID_CONNECTED)
    assert bench.violations == []


def test_closed_while_it_was_away() -> None:
    bench = islanded()
    bench.plant.grid.returns()
    bench.run_until(lambda b: bool(b.happened(EventKind.ORDERED_CLOSE, Reason.SYNC_WINDOW)))
    bench.restart_controller(gap_s=0.4)
    bench.run_for(1.0)
    assert bench.mode is Mode.GRID_CONNECTED
    assert not bench.plant.batteries["battery_main"].is_forming


def test_a_hub_found_dark_starts_from_its_battery() -> None:
    bench = Bench.of()
    bench.run_for(5.0)
    bench.stop_controller()
    bench.plant.grid.blackout()
    bench.run_for(60.0)
    bench.start_controller()
    bench.run_for(20.0)
    found = [event.reason for _, event in bench.events if event.kind is EventKind.RECOVERED]
    assert found[-1] is Reason.RECOVERED_DARK
    assert (bench.mode, bench.memory.reason) == (Mode.ISLANDED, Reason.BLACK_STARTED)
    assert bench.plant.feeders["desk"].is_energised
    assert bench.plant.backfeed_j == 0.0
    assert bench.violations == []


@pytest.mark.parametrize("gap_s", [3.0, 30.0])
def test_a_controller_that_stays_away_leaves_the_island_standing(gap_s: float) -> None:
    bench = islanded()
    bench.stop_controller()
    bench.run_for(gap_s)
    assert bench.plant.feeders["desk"].is_energised
    assert bench.plant.batteries["battery_main"].is_forming


@pytest.mark.parametrize("when", ["on grid", "islanded"])
def test_emergency_off_is_latched_through_a_restart(when: str) -> None:
    bench = Bench.of() if when == "on grid" else islanded()
    bench.run_for(5.0)
    bench.plant.safety.emergency_off = True
    bench.run_for(2.0)
    assert bench.plant.poi.position is BreakerPosition.OPEN
    bench.plant.safety.emergency_off = False
    bench.restart_controller()
    bench.run_for(30.0)
    assert (bench.mode, bench.memory.reason) == (Mode.LOCKED_OUT, Reason.EMERGENCY_OFF)
    assert bench.plant.forming == ()
    bench.request(RequestKind.RELEASE_LATCH, "emergency_off", at_the_hub=False)
    bench.run_for(1.0)
    assert bench.mode is Mode.LOCKED_OUT, "not from afar"
    bench.request(RequestKind.RELEASE_LATCH, "emergency_off")
    bench.run_for(1.0)
    assert bench.mode is not Mode.LOCKED_OUT


def test_observing_it_writes_nothing_at_all() -> None:
    bench = Bench.of()
    bench.request(RequestKind.OBSERVE_ON)
    bench.run_for(1.0)
    assert bench.memory.durable.authority is Authority.OBSERVE
    before = written(bench)
    bench.plant.grid.blackout()
    bench.run_for(20.0)
    assert written(bench) == before


def written(bench: Bench) -> dict[str, dict[str, object]]:
    """What each device has been told, heartbeats included."""
    return {name: dict(bench.devices.device(name).written) for name in bench.site.devices}


def test_killed_right_after_the_loss_and_before_forming_the_transfer_goes_on() -> None:
    """Seed 123 of the hybrid hub: nothing had been ordered to form yet, and the new process took the hub for dark."""
    bench = Bench.of("hybridhof")
    bench.run_to(Mode.GRID_CONNECTED)
    bench.plant.poi.relay_enabled = False
    bench.plant.grid.blackout(0.005)
    bench.run_to(Mode.UNPLANNED_ISLANDING)
    assert not [attempt for attempt in bench.durable.attempts if attempt.kind == "form"]
    bench.restart_controller()
    bench.run_to(Mode.ISLANDED, 10.0)
    assert not bench.plant.out_of_phase_closures_count


def sunny_island() -> Bench:
    bench = Bench.of(options=PlantOptions(irradiance_w_per_m2=700.0, demand_ratio=0.3, soc_pct=98.0))
    bench.run_for(5.0)
    bench.plant.grid.blackout()
    bench.run_to(Mode.ISLANDED)
    bench.run_for(2.0)
    return bench


def limit_of(bench: Bench, plant: str) -> float | None:
    assert bench.decision is not None
    command = bench.decision.commands.pv.get(plant)
    return None if command is None else command.limit_w


def test_a_plant_that_is_not_seen_yet_is_told_nothing() -> None:
    """CTL-001e: the first cycle after a start limited a plant that had not answered yet, and a veto stopped it."""
    bench = sunny_island()
    bench.stop_controller()
    bench.run_for(3.0)
    bench.cut("inverter_barn")
    bench.start_controller()
    bench.run_to(Mode.ISLANDED)
    bench.run_for(1.0)
    assert bench.vetoes == []
    assert limit_of(bench, "pv_barn") is None
    assert limit_of(bench, "pv_school") is not None, "who is seen is limited"
    bench.restore("inverter_barn")
    bench.run_for(6.0)  # what was away and reads nothing but zeros is not believed at once
    assert limit_of(bench, "pv_barn") is not None
    assert bench.vetoes == []


def test_a_plant_that_falls_silent_is_told_what_it_was_told_and_never_more() -> None:
    bench = sunny_island()
    bench.cut("inverter_barn")
    bench.run_until(lambda b: b.image.pv["pv_barn"].power_w is None)
    before_w = limit_of(bench, "pv_barn")
    assert before_w is not None
    bench.plant.batteries["battery_main"].soc_pct = 60.0  # room for far more sun
    others_w = limit_of(bench, "pv_school")
    bench.run_for(20.0)
    after_w = limit_of(bench, "pv_school")
    assert others_w is not None
    assert after_w is not None
    assert after_w > 1.2 * others_w
    assert limit_of(bench, "pv_barn") == before_w
    assert bench.vetoes == []
