"""The benchmark measures what it says. How fast it was is for the benchmark to print, not for a test to judge."""

from __future__ import annotations

import pytest

from controller.model.words import BreakerPosition
from hil_tests.benchmarks import simulation
from hil_tests.plant.plant import STEP_S, Plant
from hil_tests.tests.servers.benches import site


def rests(plant: Plant, duration_s: float = 5.0) -> float:
    """The share of steps that had nothing to work out."""
    count = 0
    for _ in range(round(duration_s / STEP_S)):
        count += plant.rest.holds
        plant.step(STEP_S)
    return count * STEP_S / duration_s


def test_every_row_has_its_figures_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, duration_s in (("PV_WAITS_S", 5.0), ("PV_RAMPS_S", 10.0), ("WIRED_S", 15.0)):
        monkeypatch.setattr(simulation, name, duration_s)
    rows = simulation.measure(runs_count=2, run_s=0.1, stories_count=1, endurance_s=600.0)
    assert len(rows) == len({row.name for row in rows}) == 15
    assert all(0.0 < row.p50 <= row.p99 <= row.max for row in rows)
    assert {row.name: row.goal for row in rows}["plant, on grid"] == 10.0
    assert all("x real time" in row.note for row in rows)


def test_what_is_called_settled_is_settled_and_what_moves_moves() -> None:
    grid, island = simulation._on_grid(site()), simulation._in_island(site())
    assert island.poi.position is BreakerPosition.OPEN
    assert [battery.is_forming for battery in island.batteries.values()] == [True, False]
    assert min(rests(grid), rests(island)) > 0.85
    simulation.stepping(grid, STEP_S)(1.0)
    assert not grid.rest.holds
