"""Wrongs of closing onto a grid that is not as its code wants it."""

from __future__ import annotations

from collections.abc import Callable

from controller.model.phases import Phase
from hil_tests.plant.plant import PlantOptions
from hil_tests.tests.checkers.stage import Stage
from hil_tests.tests.checkers.wrongs_of_the_island import close_the_poi


def returns_onto(
    voltage_ratio: float = 1.0, frequency_hz: float = 50.0, missing: Phase | None = None
) -> Callable[[], Stage]:
    """A bus that is dead, and a grid that has been like this for half a minute."""

    def wrong() -> Stage:
        stage = Stage(PlantOptions(irradiance_w_per_m2=0.0, demand_ratio=0.2, relay_enabled=False))
        stage.begin()
        stage.plant.grid.blackout()
        stage.run(0.5)
        stage.order("poi", "open", True)
        stage.run(1.0)
        stage.plant.grid.returns(voltage_ratio, frequency_hz)
        if missing is not None:
            stage.plant.grid.lose_phase(missing)
        stage.run(30.0)
        close_the_poi(stage)
        stage.run(0.3)
        assert [closing.kind for closing in stage.plant.poi.closings] == ["dead_bus"]
        return stage

    return wrong


def joins_a_low_grid() -> Stage:
    """In sync, and both sides at 0.83 Un."""
    stage = Stage(PlantOptions(irradiance_w_per_m2=0.0, demand_ratio=0.2))
    stage.island()
    plant = stage.plant
    plant.grid.returns(0.83, 50.0)
    stage.order("poi", "settings_group", "grid")
    stage.order("battery_main", "frequency_set_hz", 100.0 - plant.bus_frequency_hz)
    stage.order("battery_main", "voltage_set_v", 230.0 * 0.83 * 1.005)
    stage.run(30.0)
    plant.grid.phase_jump(plant.angle_difference_deg or 0.0)
    stage.run(0.3)
    close_the_poi(stage)
    stage.run(0.3)
    assert plant.poi.closings[-1].kind == "live_live"
    return stage
