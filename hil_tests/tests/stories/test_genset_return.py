"""Back to the grid with the genset running: found by a seed that never came back."""

from __future__ import annotations

import pytest

from controller.model.words import GensetState, Mode
from hil_tests.bench.loading import HUBS
from hil_tests.plant.engine import GensetBehaviour
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


def carried_by_a_genset(grid_hz: float, *, is_isochronous: bool = False, ratio: float = 1.03) -> Bench:
    """The battery has tripped and the genset carries the island alone; the battery charges by now, the grid is back."""
    gensets = {"genset": GensetBehaviour(is_isochronous=is_isochronous)}
    options = PlantOptions(soc_pct=24.0, irradiance_w_per_m2=0.0, demand_ratio=0.3, gensets=gensets)
    bench = Bench.of(str(HUBS / "with_genset.toml"), options=options)
    bench.run_to(Mode.GRID_CONNECTED)
    bench.plant.grid.blackout()
    bench.run_to(Mode.ISLANDED)
    bench.run_until(lambda b: b.plant.gensets["genset"].state is GensetState.LOADED)
    bench.plant.batteries["battery"].trip()
    bench.run_for(40.0)
    assert abs(bench.plant.bus_frequency_hz - 50.0) < 0.03, "it gives what the bus takes, and no charge"
    bench.plant.batteries["battery"].reset()
    bench.run_for(20.0)
    bench.plant.grid.returns(ratio, grid_hz, 120.0)
    return bench


@pytest.mark.parametrize("grid_hz", [49.8, 50.08])
def test_a_genset_on_its_droop_is_steered_back_by_its_load_reference(grid_hz: float) -> None:
    """Nobody steered it: it ran beside the grid until the beat came, or for good."""
    bench = carried_by_a_genset(grid_hz)
    bench.run_to(Mode.RECONNECTION)
    bench.run_to(Mode.GRID_CONNECTED, 60.0)
    assert bench.plant.out_of_phase_closures_count == 0
    assert bench.vetoes == []


def test_an_isochronous_one_comes_back_by_the_beat() -> None:
    bench = carried_by_a_genset(50.03, is_isochronous=True)
    bench.run_to(Mode.RECONNECTION)
    bench.run_to(Mode.GRID_CONNECTED, 60.0)
    assert bench.vetoes == []
