"""Images of a POI whose contact says closed, in step with the grid or apart, and a guard that has refuted it."""

from __future__ import annotations

from controller.model.commands import Commands, PoiCommand, SwitchCommand
from controller.model.phases import ZERO, PhaseValues
from controller.model.words import InverterMode
from hil_tests.tests.guard.scene import (
    CLOSED,
    LIVE,
    Watch,
    battery,
    islanded,
    on_grid,
    watch_after,
    with_battery,
    with_poi,
)

FLOWING = PhaseValues.even(20.0)
OPENED = Commands(poi=PoiCommand(open=True))
HOLDING = Commands(poi=PoiCommand(open=True), batteries=battery(frequency_set_hz=50.0).batteries)
UNEARTHING = Commands(earthing=SwitchCommand(open=True))

IN_STEP = with_poi(islanded(), position=CLOSED, grid_voltage_v=LIVE, grid_frequency_hz=50.0, angle_difference_deg=3.0)
APART = with_poi(IN_STEP, angle_difference_deg=90.0)
JOINED = with_poi(IN_STEP, current_a=FLOWING)
STILL = with_battery(with_poi(IN_STEP, grid_voltage_v=ZERO, bus_voltage_v=ZERO), mode=InverterMode.GRID_FOLLOWING)
STILL = with_poi(STILL, grid_frequency_hz=None, bus_frequency_hz=None, angle_difference_deg=None)


def is_refuted(watch: Watch) -> bool:
    return watch.memory.closed is not None and watch.memory.closed.is_refuted


def refuted() -> Watch:
    """Ordered open, and it opened; the contact goes on saying closed."""
    watch = watch_after(on_grid())
    watch.sees_for(APART, 1.0, OPENED)
    assert is_refuted(watch)
    return watch
