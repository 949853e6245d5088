"""How fast virtual time runs: the plant alone, in steps and in jumps, and the closed loop with every checker on.

A run is some seconds of simulated time; its figure is the mean over the run, the row's figures are over the runs.
Set-up, settling and the loading of files are not counted. Time is what one core worked: a busy machine changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.config.types import Site
from controller.model.words import InverterMode, Mode, SettingsGroup
from hil_tests.bench.scenario import Scenario
from hil_tests.bench.t1 import run_t1
from hil_tests.benchmarks.row import Row
from hil_tests.plant.plant import STEP_S, Plant
from hil_tests.plant.quasi_steady import DT_S, QuasiSteady
from hil_tests.simulation.bench import Bench
from hil_tests.simulation.collector import rare_collections
from hil_tests.simulation.endurance import STRIDE_S, Endurance
from hil_tests.simulation.seasons import HOUR_S, JUNE, Season, apply, sky

HUB = "musterhallig"
PLANT_GOAL = 1_000.0  # times real time
LOOP_GOAL = 150.0
JUMPS_GOAL = 30_000.0
WIRED_GOAL = 40.0
ENDURANCE_GOAL = 72 * 3600 / 8.0  # 72 hours in eight seconds
CYCLE_S = 0.05
SETTLE_S = 20.0
PV_WAITS_S, PV_RAMPS_S = 70.0, 620.0
RUN_S = 5.0
RUNS_COUNT = 40
STORIES_COUNT = 5
ENDURANCE_S = 72.0 * HOUR_S
WIRED_S = 70.0
JUMPS_S = 600.0  # the sun moves each minute

Run = Callable[[float], float]
"""Simulates so many seconds and returns how many seconds that took."""


def measure(
    runs_count: int = RUNS_COUNT,
    run_s: float = RUN_S,
    stories_count: int = STORIES_COUNT,
    endurance_s: float = ENDURANCE_S,
) -> list[Row]:
    """Every figure of this page; about two minutes with the defaults. Python's collector is set as for a scenario."""
    with rare_collections():
        return list(_rows(runs_count, run_s, stories_count, endurance_s))


def _rows(runs_count: int, run_s: float, stories_count: int, endurance_s: float) -> Iterator[Row]:
    site = load_site(configs_dir() / "hubs" / f"{HUB}.toml")
    for name, run, goal in plant_runs(site):
        took_s = [run(run_s) / run_s for _ in range(runs_count)]
        yield _row(name, "us per 10 ms step", took_s, STEP_S, goal)
    for name, run in loop_runs(site):
        took_s = [run(run_s) / run_s for _ in range(runs_count)]
        yield _row(name, "us per 50 ms cycle", took_s, CYCLE_S, LOOP_GOAL)
    for name, run in jump_runs(site):
        took_s = [run(JUMPS_S) / JUMPS_S for _ in range(runs_count)]
        yield _row(name, "us per 10 s jump", took_s, DT_S, JUMPS_GOAL)
    stories_s = [blackout_story(site, seed) for seed in range(1, stories_count + 1)]
    yield _row("closed loop, whole blackout story", "us per 50 ms cycle", stories_s, CYCLE_S, LOOP_GOAL)
    wired_s = [wired_story(site, seed) for seed in range(1, stories_count + 1)]
    name = "closed loop over Modbus bytes (T1), blackout and a minute"
    yield _row(name, "us per 50 ms cycle", wired_s, CYCLE_S, WIRED_GOAL)
    days_s = [endurance(site, JUNE, seed, endurance_s) for seed in range(1, stories_count + 1)]
    name = "closed loop, 72 h of June in strides of 10 s"
    yield _row(name, "us per 10 s stride", days_s, STRIDE_S, ENDURANCE_GOAL)


def plant_runs(site: Site) -> Iterator[tuple[str, Run, float | None]]:
    """The plant alone, settled, in each situation; only what stands still for long has a goal."""
    yield "plant, on grid", stepping(_on_grid(site)), PLANT_GOAL
    yield "plant, in an island", stepping(_in_island(site)), PLANT_GOAL
    beside = _in_island(site)
    beside.grid.returns(frequency_hz=49.97)
    beside.advance_to(beside.now_s + SETTLE_S)
    yield "plant, in an island beside a live grid", stepping(beside), None
    yield "plant, on grid, sun and demand move every second", stepping(_on_grid(site), 1.0), None
    yield "plant, in an island, sun and demand move every second", stepping(_in_island(site), 1.0), None
    yield "plant, on grid, something moves in every step", stepping(_on_grid(site), STEP_S), None
    yield "plant, in an island, something moves in every step", stepping(_in_island(site), STEP_S), None


def loop_runs(site: Site) -> Iterator[tuple[str, Run]]:
    """Plant, links, assembler, decide, vet, outputs and invariants. PV comes back in ten minutes, steered."""
    bench = Bench.of(site)
    bench.run_for(SETTLE_S)
    yield "closed loop, on grid", _looping(bench)
    bench.plant.grid.blackout()
    bench.run_to(Mode.ISLANDED)
    bench.run_for(PV_WAITS_S)
    yield "closed loop, in an island, PV ramps up", _looping(bench)
    bench.run_for(PV_RAMPS_S)
    yield "closed loop, in an island", _looping(bench)


def jump_runs(site: Site) -> Iterator[tuple[str, Run]]:
    """The plant alone, from balance to balance, under a sky that moves."""
    yield "plant, on grid, jumps of 10 s", jumping(_on_grid(site))
    yield "plant, in an island, jumps of 10 s", jumping(_in_island(site))


def jumping(plant: Plant) -> Run:
    """Ten seconds at a time, new weather and demand every minute."""
    jumps, weather = QuasiSteady(plant), sky(JUNE)

    def run(run_s: float) -> float:
        began_s, until_s = time.process_time(), plant.now_s + run_s
        while plant.now_s < until_s - STEP_S:
            apply(weather(plant.now_s), plant)
            jumps.advance_to(min(until_s, plant.now_s + 60.0))
        return time.process_time() - began_s

    return run


def endurance(site: Site, season: Season, seed: int, endurance_s: float) -> float:
    """A minute on grid, then blackout for the rest; returns seconds taken per simulated second."""
    bench = Bench.of(site, seed)
    days = Endurance(bench, sky(season, seed))
    began_s = time.process_time()
    days.run_for(60.0)
    bench.plant.grid.blackout()
    days.run_for(endurance_s)
    took_s = time.process_time() - began_s
    assert not bench.violations, bench.violations
    return took_s / bench.plant.now_s


def blackout_story(site: Site, seed: int) -> float:
    """Ten seconds on grid, a minute of blackout, the way back; returns seconds taken per simulated second."""
    bench = Bench.of(site, seed)
    began_s = time.process_time()
    bench.run_for(10.0)
    bench.plant.grid.blackout()
    bench.run_for(60.0)
    bench.plant.grid.returns()
    bench.run_to(Mode.GRID_CONNECTED)
    bench.run_for(10.0)
    took_s = time.process_time() - began_s
    assert not bench.violations, bench.violations
    return took_s / bench.plant.now_s


def wired_story(site: Site, seed: int) -> float:
    """Ten seconds on grid and a minute of blackout through the production drivers, with every checker of a scenario."""
    timeline = [{"at": "10 s", "do": "grid.blackout"}]
    told = Scenario.model_validate(
        {"id": "BEN-001", "title": "Blackout", "until": f"{WIRED_S:g} s", "timeline": timeline}
    )
    began_s = time.process_time()
    played = run_t1(told, site, seed)
    took_s = time.process_time() - began_s
    assert not [finding for finding in played.findings if finding.is_hard], played.findings
    return took_s / played.plant_s


def stepping(plant: Plant, moves_every_s: float | None = None) -> Run:
    """Steps as the bench makes them. With a period, sun and demand move by a hundredth, to and fro."""

    def run(run_s: float) -> float:
        steps_count = round(run_s / STEP_S)
        every_count = round(moves_every_s / STEP_S) if moves_every_s else steps_count + 1
        began_s = time.process_time()
        for step in range(steps_count):
            if step % every_count == every_count - 1:
                _move(plant, 1.01 if step // every_count % 2 else 1.0 / 1.01)
            plant.step(STEP_S)
        return time.process_time() - began_s

    return run


def _looping(bench: Bench) -> Run:
    def run(run_s: float) -> float:
        began_s = time.process_time()
        bench.run_for(run_s)
        return time.process_time() - began_s

    return run


def _move(plant: Plant, factor: float) -> None:
    plant.weather.irradiance_w_per_m2 *= factor
    for feeder in plant.feeders.values():
        feeder.demand_ratio *= factor


def _on_grid(site: Site) -> Plant:
    plant = Plant(site.hub)
    plant.advance_to(SETTLE_S)
    return plant


def _in_island(site: Site) -> Plant:
    plant = Plant(site.hub)
    plant.grid.blackout()
    plant.poi.set_settings_group(SettingsGroup.ISLAND)
    plant.poi.set_open_level(True)
    plant.advance_to(0.2)
    plant.batteries[next(iter(plant.batteries))].set_mode(InverterMode.GRID_FORMING)
    plant.advance_to(SETTLE_S)
    return plant


def _row(name: str, unit: str, took_s: list[float], grain_s: float, goal: float | None) -> Row:
    """From seconds per simulated second; the goal, in times real time, becomes a duration too."""
    ranked = sorted(taken * grain_s * 1e6 for taken in took_s)
    p50, p99 = (ranked[min(len(ranked) - 1, int(share * len(ranked)))] for share in (0.5, 0.99))
    factors = f"{grain_s * 1e6 / p50:,.0f} x real time, {grain_s * 1e6 / ranked[-1]:,.0f} x in the slowest run"
    return Row(name, unit, p50, p99, ranked[-1], grain_s * 1e6 / goal if goal else None, factors)
