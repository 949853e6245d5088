"""Random blackouts: `python -m hil_tests.simulation.seeds --count 20`. One line per violation; exit code 1 if any.

A seed is a whole story: weather, charge, demand, sags before, the blackout, what happens within, the return, perhaps a
second loss right after. The same seed tells the same story on every machine; `--first 17 --count 1` tells it again.
With `--stuck`, the POI's auxiliary contact sticks in every seventh story or so.
"""

from __future__ import annotations

import argparse
import random
import sys
from dataclasses import dataclass

from controller import clock
from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.config.types import Site
from controller.model.words import BreakerPosition, Mode
from hil_tests.bench.verdict import Finding
from hil_tests.plant.plant import PlantOptions
from hil_tests.simulation.bench import Bench

SETTLE_S = 5.0
BACK_MAX_S = 240.0  # observation, patience after a failed return, steering and closing, with room
AFTER_S = 10.0
HUBS = ("musterhallig", "hybridhof")


@dataclass(frozen=True, slots=True)
class Sag:
    """A dip that every grid code in the configuration rides through."""

    voltage_ratio: float
    duration_s: float
    pause_s: float  # before the next thing happens


@dataclass(frozen=True, slots=True)
class Story:
    """What a seed means."""

    seed: int
    options: PlantOptions
    sags: tuple[Sag, ...]
    fall_s: float
    first_part_s: float  # from the blackout to the changes within
    second_part_s: float  # from there to the grid's return
    demand_factor: float  # load in the second part, times the first
    irradiance_factor: float
    return_voltage_ratio: float
    return_frequency_hz: float
    lost_again_after_s: float | None  # the grid returns, and goes again
    feedback_is_stuck: bool
    restart_after_s: float | None  # the controller is killed so long after the blackout


def story(seed: int, *, with_stuck_feedback: bool = False) -> Story:
    """The story of a seed; all else is the same whether contacts may stick or not."""
    rng = random.Random(seed)
    options = PlantOptions(
        soc_pct=rng.uniform(15.0, 98.0),
        temperature_c=rng.uniform(-5.0, 30.0),
        irradiance_w_per_m2=rng.choice((0.0, rng.uniform(0.0, 1000.0))),
        demand_ratio=rng.uniform(0.1, 1.0),
        relay_enabled=rng.random() < 0.5,
    )
    sags = tuple(
        Sag(rng.uniform(0.25, 0.85), rng.uniform(0.03, 0.25), rng.uniform(0.5, 3.0)) for _ in range(rng.randrange(3))
    )
    return Story(
        seed=seed,
        options=options,
        sags=sags,
        fall_s=rng.choice((0.005, 0.02, 0.2)),
        first_part_s=rng.uniform(5.0, 30.0),
        second_part_s=rng.uniform(5.0, 40.0),
        demand_factor=rng.uniform(0.5, 1.6),
        irradiance_factor=rng.choice((1.0, 0.2, 1.5)),
        return_voltage_ratio=rng.uniform(0.94, 1.05),
        return_frequency_hz=rng.uniform(49.93, 50.06),
        lost_again_after_s=rng.choice((None, None, rng.uniform(0.5, 30.0))),
        feedback_is_stuck=rng.random() < 0.15 and with_stuck_feedback,
        restart_after_s=rng.choice((None, None, rng.uniform(0.0, 20.0))),
    )


def play(told: Story, site: Site) -> list[Finding]:
    """Play a story; returns what must not be and was."""
    bench = Bench.of(site, told.seed, told.options)
    bench.run_for(SETTLE_S)
    found = _ride_through(bench, told)
    if told.feedback_is_stuck:
        bench.plant.poi.stuck_feedback = BreakerPosition.CLOSED
    bench.plant.grid.blackout(told.fall_s)
    _island(bench, told)
    _return(bench, told)
    if told.lost_again_after_s is not None:
        bench.run_for(told.lost_again_after_s)
        bench.plant.grid.blackout(told.fall_s)
        bench.run_for(told.second_part_s)
        _return(bench, told)
    if not told.feedback_is_stuck:
        found += _back_on_grid(bench)
    return [*found, *bench.violations]


def _ride_through(bench: Bench, told: Story) -> list[Finding]:
    """Sags move nothing."""
    operations_before = bench.plant.poi.operations_count
    for sag in told.sags:
        bench.plant.grid.sag(sag.voltage_ratio, sag.duration_s)
        bench.run_for(sag.duration_s + sag.pause_s)
    if bench.plant.poi.operations_count == operations_before:
        return []
    return [Finding("story", bench.plant.now_s, f"opened in one of {len(told.sags)} sags")]


def _island(bench: Bench, told: Story) -> None:
    if told.restart_after_s is None:
        bench.run_for(told.first_part_s)
    else:
        bench.run_for(told.restart_after_s)
        bench.restart_controller()
        bench.run_for(told.first_part_s)
    for feeder in bench.plant.feeders.values():
        feeder.demand_ratio *= told.demand_factor
    bench.plant.weather.irradiance_w_per_m2 *= told.irradiance_factor
    bench.run_for(told.second_part_s)


def _return(bench: Bench, told: Story) -> None:
    bench.plant.grid.returns(told.return_voltage_ratio, told.return_frequency_hz)


def _back_on_grid(bench: Bench) -> list[Finding]:
    """In the end the hub is back, and stays."""
    until_s = bench.plant.now_s + BACK_MAX_S
    while bench.mode is not Mode.GRID_CONNECTED and bench.plant.now_s < until_s:
        bench.run_for(1.0)
    bench.run_for(AFTER_S)
    if bench.mode is Mode.GRID_CONNECTED:
        return []
    detail = f"{bench.mode.value} {BACK_MAX_S:.0f} s after the grid's return"
    return [Finding("story", round(bench.plant.now_s, 2), f"not back on grid: {detail}")]


def main(arguments: list[str] | None = None) -> int:
    """Play many seeds. Exit code 1: something that must not be was."""
    parser = argparse.ArgumentParser(prog="python -m hil_tests.simulation.seeds", description=__doc__)
    parser.add_argument("--count", type=int, default=20, help="how many seeds")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--hub", choices=HUBS, help="only this hub; without it, all of them in turn")
    parser.add_argument("--stuck", action="store_true", help="the POI's auxiliary contact may stick")
    options = parser.parse_args(arguments)
    hubs = (options.hub,) if options.hub else HUBS
    sites = [load_site(configs_dir() / "hubs" / f"{hub}.toml") for hub in hubs]
    began_s = clock.now_s()
    violations_count = 0
    for seed in range(options.first, options.first + options.count):
        site = sites[seed % len(sites)]
        for violation in play(story(seed, with_stuck_feedback=options.stuck), site):
            violations_count += 1
            print(f"{site.hub.name} seed {seed}: {violation}", flush=True)
    took_s = clock.now_s() - began_s
    print(f"{options.count} seeds from {options.first}, {violations_count} violations, {took_s:.0f} s")
    return 1 if violations_count else 0


if __name__ == "__main__":
    sys.exit(main())
