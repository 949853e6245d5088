"""The POI's auxiliary contact turns to closed by itself while the island is steered in step with the grid beside it."""

from __future__ import annotations

import pytest

from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, Mode
from hil_tests.plant.plant import PlantOptions
from hil_tests.simulation.bench import Bench

NEAR_DEG = 15.0  # inside what a closed breaker may show
CLOSED = BreakerPosition.CLOSED


class Lowest:
    """The bus voltage at its lowest."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.bus_ratio = bench, 1.0
        bench.on_step = self.look

    def look(self) -> None:
        self.bus_ratio = min(self.bus_ratio, abs(self.bench.plant.bus))


def is_in_step(bench: Bench) -> bool:
    angle_deg = bench.plant.angle_difference_deg
    return bench.mode is Mode.RECONNECTION and angle_deg is not None and abs(angle_deg) < NEAR_DEG


def steered_in_step(hub: str = "musterhallig") -> tuple[Bench, Lowest]:
    """On the way back, in step, and not closed yet."""
    bench = Bench.of(hub, options=PlantOptions(irradiance_w_per_m2=0.0))
    bench.run_for(5.0)
    bench.plant.grid.blackout()
    bench.run_to(Mode.ISLANDED)
    bench.run_for(2.0)
    bench.plant.grid.returns()
    bench.run_until(is_in_step, 300.0)
    return bench, Lowest(bench)


def returns_once_the_contact_is_mended(bench: Bench) -> None:
    bench.plant.poi.stuck_feedback = None
    bench.run_to(Mode.GRID_CONNECTED, 600.0)
    assert bench.plant.out_of_phase_closures_count == 0
    assert bench.vetoes == []
    assert bench.violations == []


def test_it_is_found_out_and_nobody_is_in_the_dark() -> None:
    bench, lowest = steered_in_step()
    assert bench.memory.poi.close is None
    bench.plant.poi.stuck_feedback = CLOSED
    bench.run_until(lambda b: b.memory.poi.closed_is_refuted, 5.0)
    bench.run_for(150.0)
    assert bench.mode is Mode.ISLANDED
    assert lowest.bus_ratio > 0.9
    assert bench.vetoes == []
    returns_once_the_contact_is_mended(bench)


def test_a_restart_at_that_moment_finds_the_island() -> None:
    bench, lowest = steered_in_step()
    assert bench.memory.poi.close is None
    bench.plant.poi.stuck_feedback = CLOSED
    bench.restart_controller(0.3)
    assert abs(bench.plant.angle_difference_deg or 180.0) < NEAR_DEG, "it has nothing to go by yet"
    bench.run_to(Mode.ISLANDED, 5.0)
    assert bench.memory.reason is Reason.RECOVERED_ISLANDED
    bench.run_for(60.0)
    assert bench.mode is Mode.ISLANDED
    assert lowest.bus_ratio > 0.9
    assert bench.vetoes == []
    returns_once_the_contact_is_mended(bench)


@pytest.mark.parametrize("hub", ["musterhallig", "hybridhof"])
def test_a_restart_just_after_the_contact_finds_the_grid(hub: str) -> None:
    """The same picture, and the contact is right."""
    bench, lowest = steered_in_step(hub)
    bench.run_until(lambda b: b.plant.poi.position is CLOSED, 120.0)
    bench.restart_controller(0.3)
    bench.run_to(Mode.GRID_CONNECTED, 5.0)
    bench.run_for(30.0)
    assert bench.mode is Mode.GRID_CONNECTED
    assert bench.plant.poi.position is CLOSED
    assert lowest.bus_ratio > 0.9
    assert bench.vetoes == []
    assert bench.violations == []
