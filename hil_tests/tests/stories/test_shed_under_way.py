"""A person switches a load off between the order to close the POI and its contact: core, guard and plant together."""

from __future__ import annotations

import pytest

from controller.model.advice import RequestKind
from controller.model.words import Mode
from hil_tests.plant.plant import PlantOptions
from hil_tests.simulation.bench import Bench

ASKED_S = 0.05  # after the order: the breaker is on its way


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_contact_comes_and_the_hub_stays_on_the_grid(seed: int) -> None:
    """Called back, the breaker closed all the same and opened under load: and the village was dark for a moment."""
    bench = Bench.of(seed=seed, options=PlantOptions(irradiance_w_per_m2=0.0))
    bench.run_to(Mode.GRID_CONNECTED)
    bench.run_for(5.0)
    bench.plant.grid.blackout()
    bench.run_for(5.0)
    bench.plant.grid.returns()
    bench.run_until(lambda b: b.decision is not None and b.decision.commands.poi.close is not None, 100.0)
    bench.run_for(ASKED_S)
    bench.request(RequestKind.OPEN_FEEDER, "ev_posts")
    bench.run_for(20.0)
    assert bench.memory.mode is Mode.GRID_CONNECTED
    assert not bench.violations
    assert not bench.vetoes
    assert len(bench.plant.poi.closings) == 1
