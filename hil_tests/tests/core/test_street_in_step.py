"""A welded POI that says open, and a street that draws next to nothing: what comes alive in step with it feeds it.

Seen a moment late, found by a start, led or not: it ends, and nobody who feeds no street ends for it.
"""

from __future__ import annotations

import pytest

from controller.core.contact import SLIPS_APART_S
from controller.core.decide import fresh_memory
from controller.guard.memory import GuardMemory
from controller.model.frozen import replace
from controller.model.image import GensetSeen, ProcessImage
from controller.model.memory import Attempt
from controller.model.phases import PhaseValues
from controller.model.words import BreakerPosition, GensetState, InverterMode, Mode
from hil_tests.plant.meters import InstrumentErrors
from hil_tests.plant.options import PlantOptions
from hil_tests.simulation.bench import Bench
from hil_tests.tests.core.hubs import LIVE, OPEN, battery, hub, islanded, on_grid, with_battery, with_poi
from hil_tests.tests.core.lying import (
    dead_and_earthed,
    is_anyone_told_to_form,
    joined_by,
    lying_on_grid,
    marks,
)
from hil_tests.tests.core.run import CYCLE_S, Run
from hil_tests.tests.core.test_blind_while_forming import forming
from hil_tests.tests.core.test_breaker_failed import always_forms
from hil_tests.tests.core.watched import Image

SMALL_A = (0.5, 2.0)  # both below what counts as current that flows


def stopped_after_s(run: Run, image: Image, most_s: float) -> float | None:
    """When the battery is told to stop; None: never."""
    for number in range(round(most_s / CYCLE_S)):
        run.see(image)
        command = run.commands.batteries.get("battery")
        if command is not None and command.stop:
            return number * CYCLE_S
    return None


def just_told(run: Run) -> Run:
    run.see(on_grid, 5.0)
    assert is_anyone_told_to_form(run, lambda t: with_battery(dead_and_earthed(t), mode=InverterMode.OFF), 5.0)
    return run


# -- seen a moment late --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("late_count", [0, 1, 2, 5])
@pytest.mark.parametrize("amps", SMALL_A)
def test_a_meter_that_shows_the_street_a_moment_late_hides_it_for_that_moment(late_count: int, amps: float) -> None:
    watched = forming()
    for _ in range(late_count):
        watched.see(islanded)
    assert stopped_after_s(watched.run, lambda t: joined_by(t, amps), SLIPS_APART_S + 0.2) is not None
    assert "contact_lied" in marks(watched.run)


def test_an_island_that_comes_into_step_later_is_none() -> None:
    watched = forming()
    watched.see(islanded, 0.5)
    assert stopped_after_s(watched.run, lambda t: joined_by(t, 0.0), 3.0) is None


@pytest.mark.parametrize(
    ("street_pu", "late", "late_s", "demand_ratio"),
    [
        *(
            (street_pu, "grid", late_s, 0.6)
            for street_pu in (0.003, 0.014, complex(0.3, -0.06))
            for late_s in (0.1, 0.3)
        ),
        # next to nothing flows as it dies, either
        *((0.003, "grid", late_s, 0.02) for late_s in (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.35)),
        *((0.003, "bus", late_s, 0.02) for late_s in (0.05, 0.1, 0.2, 0.3)),
    ],
)
def test_on_the_bench_it_is_fed_once_and_briefly(
    street_pu: complex, late: str, late_s: float, demand_ratio: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hil_tests.plant.plant.NEIGHBOURS_PU", street_pu)
    errors = {f"poi_relay.poi.{late}_voltage_l{n}_v": InstrumentErrors(latency_s=late_s) for n in (1, 2, 3)}
    options = PlantOptions(irradiance_w_per_m2=0.0, instruments=errors, demand_ratio=demand_ratio)
    bench = Bench.of(options=options)
    bench.watches = False
    bench.run_for(5.0)
    bench.plant.poi.fails_to_open = True
    bench.plant.poi.stuck_feedback = BreakerPosition.OPEN
    bench.plant.grid.blackout()
    bench.run_for(10.0)
    fed_j = bench.plant.backfeed_j
    bench.run_for(50.0)
    assert bench.mode is Mode.LOCKED_OUT
    assert bench.plant.backfeed_j == fed_j


# -- found by a start ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("amps", [*SMALL_A, 40.0])
@pytest.mark.parametrize("can_be_led", [True, False])
def test_who_was_told_just_before_a_start_and_stays_in_step_is_stopped(amps: float, *, can_be_led: bool) -> None:
    run = just_told(Run(hub() if can_be_led else always_forms()))
    run.restart()
    fed_s = stopped_after_s(run, lambda t: joined_by(t, amps), 10.0)
    assert fed_s is not None
    assert fed_s < 6.0
    assert "contact_lied" in marks(run) or amps > max(SMALL_A), "such a current alone takes it for a grid"


@pytest.mark.parametrize("amps", SMALL_A)
def test_an_engine_that_carries_it_at_the_start_is_stopped(amps: float) -> None:
    run = Run(hub(), now_s=10_000.0)
    cranked = (Attempt("genset", "crank", run.now_s - 20.0),)
    run.memory = replace(run.memory, durable=replace(run.memory.durable, attempts=cranked))

    def feeds(at_s: float) -> ProcessImage:
        seen = with_poi(
            dead_and_earthed(at_s),
            grid_voltage_v=LIVE,
            bus_voltage_v=LIVE,
            grid_frequency_hz=50.0,
            bus_frequency_hz=50.0,
            angle_difference_deg=0.0,
            current_a=PhaseValues.even(amps),
        )
        carries = GensetSeen(at_s, GensetState.LOADED, PhaseValues.even(230.0 * amps), 150.0)
        return replace(with_battery(seen, mode=InverterMode.OFF, voltage_v=LIVE), gensets={"genset": carries})

    for _ in range(round(8.0 / CYCLE_S)):
        run.see(feeds)
        if "genset" in run.commands.gensets and run.commands.gensets["genset"].stop:
            return
    pytest.fail(f"{run.memory.mode} {run.memory.reason}")


@pytest.mark.parametrize("late", ["inverter", "instrument"])
def test_nobody_is_judged_before_he_was_told_to_move(late: str) -> None:
    run = just_told(Run(hub()))
    run.see(islanded, 5.0)
    run.restart()
    if late == "inverter":
        run.see(lambda t: replace(joined_by(t, 0.0), batteries={}), 3.2)
    else:
        nothing = dict.fromkeys(("position", "grid_voltage_v", "bus_voltage_v", "current_a", "measured_at_s"))
        run.see(lambda t: with_poi(joined_by(t, 0.0), **nothing), 3.2)
    run.see(lambda t: joined_by(t, 0.0))
    assert run.memory.mode is Mode.UNKNOWN


def test_who_slips_by_himself_is_left_alone() -> None:
    able = battery("battery")
    able = replace(able, capabilities=replace(able.capabilities, can_set_frequency=False))
    run = just_told(Run(hub(batteries={**hub().batteries, "battery": able})))
    run.see(islanded, 5.0)
    run.restart()
    began_s = run.now_s

    def slips(at_s: float) -> ProcessImage:
        return with_poi(joined_by(at_s, 0.0), angle_difference_deg=2.0 + 7.2 * (at_s - began_s))

    assert stopped_after_s(run, slips, 8.0) is None


@pytest.mark.parametrize("who", ["inverter", "engine"])
def test_who_runs_beside_a_grid_that_feeds_us_feeds_no_street(who: str) -> None:
    run, opened = Run(always_forms() if who == "inverter" else hub()), False

    def beside(seen: ProcessImage, at_s: float) -> ProcessImage:
        if who == "inverter":
            return with_battery(seen, mode=InverterMode.GRID_FORMING)
        runs = GensetSeen(at_s, GensetState.LOADED, PhaseValues.even(1_000.0), 150.0)
        return replace(seen, gensets={"genset": runs})

    run.see(lambda t: beside(on_grid(t), t), 5.0)
    run.see(lambda t: beside(lying_on_grid(t, OPEN), t), 5.0)
    run.restart()
    for _ in range(100):
        run.see(lambda t: beside(lying_on_grid(t, OPEN), t))
        opened |= run.commands.poi.open
    assert (run.memory.mode, opened) == (Mode.GRID_CONNECTED, False)


# -- believed again ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("is_killed", [False, True])
def test_seconds_in_which_nothing_is_seen_make_no_liar_honest(*, is_killed: bool) -> None:
    watched = forming()
    watched.see(lambda t: joined_by(t, 40.0), 0.1)
    assert "contact_lied" in marks(watched.run)
    half = PhaseValues.even(100.0)  # of the street, a sample late
    watched.see(lambda t: with_poi(dead_and_earthed(t), grid_voltage_v=half), 0.1)
    silent = dict.fromkeys(("grid_voltage_v", "bus_voltage_v", "current_a", "power_w"))
    watched.see(lambda t: with_poi(dead_and_earthed(t), **silent), 3.0)
    if is_killed:
        run = watched.run
        run.memory, watched.guard = fresh_memory(run.memory.durable, run.now_s), GuardMemory()
    assert not is_anyone_told_to_form(watched.run, dead_and_earthed, 10.0)


def test_a_live_grid_that_is_passed_in_step_is_no_street() -> None:
    """The contact is read later than the voltages, and turns to open while the island passes the grid's phase."""

    def beside(at_s: float, position: BreakerPosition, angle_deg: float) -> ProcessImage:
        return with_poi(joined_by(at_s, 0.0), position=position, angle_difference_deg=angle_deg)

    run = Run(hub())
    run.see(on_grid, 5.0)
    gone = lambda t: with_poi(dead_and_earthed(t), grid_voltage_v=LIVE, grid_frequency_hz=52.0)  # noqa: E731
    run.see(lambda t: with_poi(on_grid(t), grid_frequency_hz=52.0), 0.5)
    assert is_anyone_told_to_form(run, gone, 5.0)
    run.see(lambda t: beside(t, BreakerPosition.CLOSED, 90.0), 0.2)
    run.see(lambda t: beside(t, OPEN, 10.0), 0.2)
    assert "contact_lied" not in marks(run)
