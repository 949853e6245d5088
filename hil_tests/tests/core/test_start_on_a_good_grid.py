"""A healthy grid carries the hub, and the POI's contact does not say so: nothing has to end because of that."""

from __future__ import annotations

import pytest

from controller.model.frozen import replace
from controller.model.hub import PoiSwitching
from controller.model.words import Authority, BreakerPosition, Mode, Switcher
from hil_tests.simulation.bench import Bench
from hil_tests.tests.core.hubs import OPEN, hub, nothing_left, on_grid
from hil_tests.tests.core.lying import lying_on_grid
from hil_tests.tests.core.run import Run

NOT_CLOSED = (OPEN, BreakerPosition.BAD, BreakerPosition.INTERMEDIATE)


@pytest.mark.parametrize("position", NOT_CLOSED)
@pytest.mark.parametrize("is_restart", [True, False])
def test_a_start_of_the_software_opens_nothing(position: BreakerPosition, *, is_restart: bool) -> None:
    run, opened = Run(hub()), False
    if is_restart:
        run.see(on_grid, 5.0)
        run.see(lambda t: lying_on_grid(t, position), 5.0)
        assert run.memory.mode is Mode.GRID_CONNECTED
        run.restart()
    for _ in range(60):
        run.see(lambda t: lying_on_grid(t, position))
        opened |= run.commands.poi.open
    assert (run.memory.mode, opened) == (Mode.GRID_CONNECTED, False)


@pytest.mark.parametrize("position", [OPEN, BreakerPosition.INTERMEDIATE])
def test_nobody_sits_in_the_dark_beside_it(position: BreakerPosition) -> None:
    bench = Bench.of()
    bench.run_for(5.0)
    bench.plant.poi.stuck_feedback = position
    bench.run_for(20.0)
    bench.restart_controller()
    for _ in range(600):
        bench.run_for(0.1)
        assert bench.plant.feeders["desk"].is_energised
    assert bench.plant.poi.operations_count == 0


@pytest.mark.parametrize("closed_by", [Switcher.DEVICE, Switcher.SYNC_RELAY, Switcher.CONTROLLER])
def test_a_dark_hub_that_somebody_has_joined_to_it_finds_itself_on_grid(closed_by: Switcher) -> None:
    """By hand; its contact stays at "open". In MANUAL as well, where the hub would close nothing by itself."""
    switching = PoiSwitching(Switcher.CONTROLLER, closed_by)
    run = Run(hub(poi=replace(hub().poi, switching=switching)))
    if closed_by is Switcher.CONTROLLER:
        run.memory = replace(run.memory, durable=replace(run.memory.durable, authority=Authority.MANUAL))
    run.see(nothing_left, 10.0)
    assert run.memory.mode is Mode.DARK
    joined = run.see(lying_on_grid, 60.0)
    assert joined.memory.mode is Mode.GRID_CONNECTED
