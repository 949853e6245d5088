"""Random blackouts from seeds: `python -m hil_tests.simulation.seeds --count 60`. A seed repeats exactly.

Each seed draws a hub, weather, energy, demand and a handful of events: blackouts, sags, returns at any angle, flicker,
restarts, stuck contacts, dead devices, the button. Invariants watch; a violation prints the line that repeats it.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from controller.model.words import BreakerPosition, Mode
from hil_tests.plant.base import forked
from hil_tests.plant.plant import PlantOptions
from hil_tests.simulation.bench import Bench

HUBS = ("musterhallig", "hybridhof")
EVENTS_COUNT = 6


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one seed led to."""

    seed: int
    problems: tuple[str, ...]
    simulated_s: float
    trace: str


def play(seed: int) -> Outcome:
    """One random story, told to its end."""
    rng = forked(seed, "story")
    options = PlantOptions(
        soc_pct=rng.uniform(20.0, 99.0),
        temperature_c=rng.uniform(-5.0, 30.0),
        irradiance_w_per_m2=rng.choice([0.0, 100.0, 500.0, 1000.0]),
        demand_ratio=rng.uniform(0.05, 1.0),
        relay_enabled=rng.random() < 0.7,
    )
    bench = Bench.of(rng.choice(HUBS), seed, options)
    bench.plant.poi.relay_undervoltage_s = rng.choice([0.02, 0.3])
    bench.run_for(3.0)
    for _ in range(EVENTS_COUNT):
        _happen(bench, rng)
        bench.run_for(rng.uniform(0.02, 25.0))
    problems = [f"{v.name} at {v.at_s} s {v.detail}" for v in bench.violations]
    problems += _aftermath(bench)
    return Outcome(seed, tuple(problems), bench.plant.now_s, bench.trace_hash())


def _happen(bench: Bench, rng: random.Random) -> None:
    """One event of the swarm; blackouts and returns come twice as often as the rest."""
    event = rng.choice(["blackout", "blackout", "returns", "returns", *sorted(OTHERS)])
    if event == "blackout":
        bench.plant.grid.blackout(rng.choice([0.0, 0.02, 0.2]))
    elif event == "returns":
        bench.plant.grid.returns(rng.uniform(0.9, 1.08), rng.uniform(49.9, 50.08))
    else:
        OTHERS[event](bench, rng)


def _flicker(bench: Bench, rng: random.Random) -> None:
    bench.plant.grid.returns()
    bench.run_for(rng.uniform(0.1, 5.0))
    bench.plant.grid.blackout()


def _cut(bench: Bench, rng: random.Random) -> None:
    link = bench.links[rng.choice(sorted(bench.links))]
    link.is_cut = not link.is_cut


OTHERS: dict[str, Callable[[Bench, random.Random], None]] = {
    "sag": lambda bench, rng: bench.plant.grid.sag(rng.uniform(0.0, 0.8), rng.uniform(0.02, 0.4)),
    "flicker": _flicker,
    "restart": lambda bench, rng: bench.restart_controller(rng.uniform(0.2, 3.0)),
    "trip": lambda bench, rng: bench.plant.feeders[rng.choice(sorted(bench.plant.feeders))].trip(),
    "cut": _cut,
    "drift": lambda bench, rng: bench.plant.grid.drift(rng.uniform(47.0, 52.0), rng.uniform(0.1, 2.0)),
}


def _aftermath(bench: Bench) -> list[str]:
    """All healed and the grid back for good: the hub must be on grid again, or say what a person must do."""
    for link in bench.links.values():
        link.is_cut = False
    bench.plant.grid.drift(50.0, 5.0)
    bench.run_for(1.0)
    bench.plant.grid.returns()
    for _ in range(900):
        bench.run_for(1.0)
        on_grid = bench.mode is Mode.GRID_CONNECTED and bench.plant.poi.position is BreakerPosition.CLOSED
        waits = bench.mode in {Mode.DARK, Mode.LOCKED_OUT} or bench.durable.latches
        if on_grid or waits:
            return []
    return [f"not back on grid after 900 s: {bench.mode.value}, {bench.memory.reason.value}"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Play seeds on all cores; 1 when any broke something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=60, help="how many seeds")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    options = parser.parse_args(arguments)
    began_s = time.perf_counter()
    with ProcessPoolExecutor() as pool:
        outcomes = list(pool.map(play, range(options.first, options.first + options.count)))
    bad = [outcome for outcome in outcomes if outcome.problems]
    for outcome in bad:
        for problem in outcome.problems:
            print(f"seed {outcome.seed}: {problem}")
        print(f"  repeat: python -m hil_tests.simulation.seeds --first {outcome.seed} --count 1")
    simulated_s = sum(outcome.simulated_s for outcome in outcomes)
    took_s = time.perf_counter() - began_s
    print(f"{len(outcomes)} seeds, {len(bad)} bad, {simulated_s / 3600:.1f} h simulated, {simulated_s / took_s:.0f} x")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
