"""Planted wrongs must be found, and what is right must not be called wrong."""

from __future__ import annotations

from dataclasses import replace

from controller.model.words import InverterMode
from hil_tests.plant.plant import STEP_S, Plant, PlantOptions
from hil_tests.simulation.invariants import Invariants
from hil_tests.tests.servers.benches import site


class Watch:
    """A plant without a controller, and the invariants on it."""

    def __init__(self, options: PlantOptions | None = None) -> None:
        hub = site().hub
        self.plant = Plant(hub, 3, options)
        self.invariants = Invariants(self.plant, hub, 3)

    def run(self, duration_s: float) -> None:
        for _ in range(round(duration_s / STEP_S)):
            self.plant.step(STEP_S)
            self.invariants.watch()

    @property
    def names(self) -> list[str]:
        return [violation.name for violation in self.invariants.violations]

    def island(self, former: str = "battery_main") -> None:
        """A proper island: open, earthed, formed."""
        self.plant.poi.set_open_level(True)
        self.run(0.1)
        self.plant.earthing.set_closed(True)
        self.run(0.1)
        self.plant.batteries[former].set_mode(InverterMode.GRID_FORMING)
        self.run(1.0)


def test_a_quiet_grid_and_a_proper_island_are_no_violation() -> None:
    watch = Watch()
    watch.run(2.0)
    watch.island()
    watch.run(10.0)
    assert watch.names == []


def test_feeding_a_dead_grid_is_found_once() -> None:
    watch = Watch(PlantOptions(relay_enabled=False))
    watch.plant.poi.fails_to_open = True
    watch.plant.batteries["battery_main"].set_mode(InverterMode.GRID_FORMING)
    watch.plant.grid.blackout()
    watch.run(5.0)
    assert watch.names.count("fed a dead grid") == 1
    assert watch.names.count("forms with the POI closed") == 1


def test_closing_out_of_sync_is_found() -> None:
    watch = Watch()
    watch.island()
    watch.plant.grid.phase_jump(120.0)
    watch.run(1.0)
    watch.plant.poi.set_open_level(False)
    watch.plant.poi.close()
    watch.run(0.2)
    assert watch.names[0] == "closed out of sync"


def test_closing_onto_a_dead_grid_is_found_unless_it_died_that_moment() -> None:
    for dead_for_s, expected in ((2.0, ["closed a live bus onto a dead grid"]), (0.05, [])):
        watch = Watch(PlantOptions(relay_enabled=False))
        watch.island()
        watch.plant.grid.blackout()
        watch.run(dead_for_s)
        watch.plant.poi.set_open_level(False)
        watch.plant.poi.close()
        watch.run(0.2)
        assert watch.names == expected


def test_load_without_earthing_is_found() -> None:
    watch = Watch()
    watch.plant.poi.set_open_level(True)
    watch.run(0.1)
    watch.plant.batteries["battery_main"].set_mode(InverterMode.GRID_FORMING)
    watch.run(1.0)
    assert watch.names == ["island without earthing"]


def test_two_formers_are_found() -> None:
    watch = Watch()
    watch.island()
    second = watch.plant.batteries["battery_second"]
    second.battery = replace(second.battery, capabilities=replace(second.battery.capabilities, can_form=True))
    second.set_mode(InverterMode.GRID_FORMING)
    watch.run(1.0)
    assert watch.names == ["two formers"]


def test_a_dark_desk_is_found_but_not_behind_the_emergency_button() -> None:
    watch = Watch()
    watch.plant.poi.set_open_level(True)
    watch.run(6.0)
    assert watch.names == ["tier 0 dark"]
    assert str(watch.invariants.violations[0]).startswith("seed 3 at 5.")
    pressed = Watch()
    pressed.plant.safety.emergency_off = True
    pressed.run(6.0)
    assert pressed.names == []


def test_a_tripped_inverter_is_found() -> None:
    watch = Watch()
    watch.run(0.1)
    watch.plant.batteries["battery_second"].trip()
    watch.run(0.1)
    assert watch.names == ["battery tripped"]
