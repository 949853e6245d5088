"""One conductor breaks: the hub leaves the grid and is an island soon, beside a grid that lives on two phases."""

from __future__ import annotations

from controller.model.phases import Phase
from controller.model.words import Mode
from hil_tests.simulation.bench import Bench


def test_it_islands_beside_two_living_phases() -> None:
    bench = Bench.of()
    bench.run_for(5.0)
    bench.plant.grid.lose_phase(Phase.L3)
    bench.run_to(Mode.ISLANDED, timeout_s=3.0)
    bench.run_for(10.0)
    assert bench.plant.feeders["desk"].is_energised
    assert bench.violations == []


def test_it_returns_when_the_conductor_is_whole_again() -> None:
    bench = Bench.of()
    bench.run_for(5.0)
    bench.plant.grid.lose_phase(Phase.L1)
    bench.run_to(Mode.ISLANDED, timeout_s=3.0)
    bench.run_for(5.0)
    bench.plant.grid.restore_phases()
    bench.run_to(Mode.GRID_CONNECTED, timeout_s=120.0)
    assert bench.violations == []
