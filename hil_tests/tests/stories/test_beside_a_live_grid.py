"""The POI opens and the grid stays: an island beside a live grid, in step with it now and then."""

from __future__ import annotations

import pytest

from controller.model.reasons import EventKind
from controller.model.words import Mode
from hil_tests.simulation.bench import Bench


@pytest.mark.parametrize("hub", ["musterhallig", "hybridhof"])
def test_the_relay_opens_and_the_grid_stays_good(hub: str) -> None:
    """The sides come into step as soon as the island is formed. It formed two hundred times: found by a benchmark."""
    bench = Bench.of(hub)
    bench.run_to(Mode.GRID_CONNECTED)
    bench.plant.poi.trip()
    bench.run_to(Mode.ISLANDED, 2.0)
    bench.run_for(2.0)
    assert len(bench.happened(EventKind.ORDERED_FORM)) == 1
    assert bench.vetoes == []
    bench.run_to(Mode.GRID_CONNECTED, 180.0)
    assert bench.plant.out_of_phase_closures_count == 0
    assert not bench.violations


def test_an_island_slips_through_step_with_the_grid_and_stays_an_island() -> None:
    bench = Bench.of()
    bench.run_to(Mode.GRID_CONNECTED)
    bench.plant.grid.frequency_hz = 52.0  # no return window: the hub stays away
    bench.run_to(Mode.ISLANDED, 5.0)
    bench.run_for(20.0)
    assert bench.mode is Mode.ISLANDED
    assert len(bench.happened(EventKind.ORDERED_FORM)) == 1
    assert bench.vetoes == []
    assert not bench.violations
