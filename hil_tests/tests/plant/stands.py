"""Small plants for tests of physics: one battery, one feeder, whatever else is named."""

from __future__ import annotations

from typing import Any

from controller.model.words import InverterMode, SettingsGroup
from hil_tests.plant.plant import STEP_S, Plant, PlantOptions
from hil_tests.tests.core import hubs

MAIN = "battery"


def bare(rated_w: float = 20_000.0, *, seed: int = 1, options: PlantOptions | None = None, **changes: Any) -> Plant:
    """One feeder, the batteries, no PV unless it is named."""
    parts = {"pv": {}, "feeders": {"load": hubs.feeder("load", 1, rated_w)}, **changes}
    return Plant(hubs.hub(**parts), seed, options or PlantOptions(demand_ratio=1.0))


def island(plant: Plant, *, forming: bool = True) -> Plant:
    """The grid is gone, the POI open; the battery forms."""
    plant.poi.set_settings_group(SettingsGroup.ISLAND)
    plant.grid.blackout()
    plant.poi.set_open_level(True)
    plant.advance_to(plant.now_s + 0.3)
    plant.poi.set_open_level(False)
    if forming:
        plant.batteries[MAIN].order(InverterMode.GRID_FORMING)
    plant.advance_to(plant.now_s + 2.0)
    return plant


def run_until(plant: Plant, condition: Any, within_s: float) -> float:
    """Steps until something is so; returns how long that took. Fails when it never is."""
    began_s = plant.now_s
    while not condition(plant):
        assert plant.now_s - began_s < within_s, f"not within {within_s} s"
        plant.step(STEP_S)
    return plant.now_s - began_s


def state_of(part: Any) -> Any:
    """The state now: asked through here, because a type checker believes that nothing moves between two lines."""
    return part.state
