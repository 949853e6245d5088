"""T0: virtual time, direct links. The fastest tier, and the one in which every scenario runs."""

from __future__ import annotations

from collections.abc import Callable

from controller.config.types import Site
from hil_tests.bench.director import Director
from hil_tests.bench.outcome import Played, played
from hil_tests.bench.plant_options import options_of
from hil_tests.bench.predicates import INSTANT_S
from hil_tests.bench.scenario import Scenario
from hil_tests.bench.scene import Scene
from hil_tests.plant.plant import STEP_S
from hil_tests.simulation.bench import Bench
from hil_tests.simulation.endurance import Endurance

STRETCH_S = 5.0  # after each of these, somebody is told how far it is
ENDURANCE_STRETCH_S = 3600.0


def run_t0(scenario: Scenario, site: Site, seed: int, on_progress: Callable[[float], None] | None = None) -> Played:
    """Play one scenario with one seed. Raises PlantBrokenError when the plant is no number any more."""
    bench, scene, director = prepare_t0(scenario, site, seed)
    try:
        run_for = Endurance(bench).run_for if scenario.quasi_steady else bench.run_for
        stretch_s = ENDURANCE_STRETCH_S if scenario.quasi_steady else STRETCH_S
        while bench.plant.now_s < scenario.until - INSTANT_S and not director.is_over:
            now_s = bench.plant.now_s
            run_for(min(stretch_s, scenario.until - now_s, max(STEP_S, director.next_action_s - now_s)))
            if on_progress is not None:
                on_progress(bench.plant.now_s / scenario.until)
    finally:
        bench.desk.close()
    return played(director, scene, bench.trace_hash())


def prepare_t0(scenario: Scenario, site: Site, seed: int) -> tuple[Bench, Scene, Director]:
    """Everything in its place, at the first instant."""
    bench = Bench.of(site, seed, options_of(scenario))
    bench.watches = False
    director = Director(scenario, bench.scene)
    bench.on_step, bench.on_orders = director.after_step, director.look_at_orders
    return bench, bench.scene, director
