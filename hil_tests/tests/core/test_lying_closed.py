"""A POI contact that says closed beside an island: its voltages show it open, but for the moments in step."""

from __future__ import annotations

from controller.model.image import ProcessImage
from controller.model.phases import ZERO
from controller.model.reasons import EventKind
from controller.model.words import InverterMode, Mode
from hil_tests.tests.core.hubs import CLOSED, DEAD, LIVE, hub, islanded, on_grid, with_battery, with_poi
from hil_tests.tests.core.run import Run


def dead_bus(t: float) -> ProcessImage:
    """Beside a live grid, and the contact says closed; earthed already."""
    seen = with_poi(
        islanded(t),
        position=CLOSED,
        grid_voltage_v=LIVE,
        grid_frequency_hz=50.0,
        bus_voltage_v=DEAD,
        bus_frequency_hz=None,
    )
    return with_battery(seen, mode=InverterMode.GRID_FOLLOWING, power_w=ZERO, voltage_v=DEAD)


def formed_in_step(t: float) -> ProcessImage:
    return with_poi(islanded(t), position=CLOSED, grid_voltage_v=LIVE, grid_frequency_hz=50.0, angle_difference_deg=3.0)


def test_stuck_and_proven_open_by_turns_is_one_transfer() -> None:
    run = Run(hub())
    run.see(on_grid, 0.2)
    for _ in range(400):
        battery = run.commands.batteries.get("battery")
        is_asked = battery is not None and battery.form is not None
        run.see(formed_in_step if is_asked else dead_bus, 0.1)
    formed = [event for event in run.events if event.kind is EventKind.ORDERED_FORM]
    assert 1 <= len(formed) <= 3
    assert run.memory.mode is Mode.DARK, "it waits for a person"
