"""Back to the grid with the genset running: found by a seed that never came back."""

from __future__ import annotations

from controller.model.words import GensetState, Mode
from hil_tests.plant.plant import PlantOptions
from hil_tests.simulation.bench import Bench


def test_a_genset_does_not_hold_the_voltage_against_the_return() -> None:
    """Seed 28: a grid at 0.95 Un; with the genset in parallel the bus stayed at 0.995 and never fitted."""
    bench = Bench.of(options=PlantOptions(soc_pct=24.0, irradiance_w_per_m2=0.0, demand_ratio=0.3))
    bench.run_to(Mode.GRID_CONNECTED)
    bench.plant.grid.blackout()
    bench.run_to(Mode.ISLANDED)
    bench.run_until(lambda b: b.plant.gensets["genset"].state is GensetState.LOADED)
    bench.plant.grid.returns(0.95, 50.05)
    bench.run_to(Mode.RECONNECTION)
    bench.run_to(Mode.GRID_CONNECTED, 90.0)
    assert bench.plant.gensets["genset"].state is not GensetState.LOADED
    assert bench.plant.out_of_phase_closures_count == 0
    assert not bench.violations
