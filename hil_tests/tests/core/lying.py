"""Pictures of a POI's contact and instrument that do not agree, shared by the tests about who is to be believed."""

from __future__ import annotations

from controller.model.frozen import replace
from controller.model.image import EarthingSeen, ProcessImage
from controller.model.phases import PhaseValues
from controller.model.words import BreakerPosition
from hil_tests.plant.meters import InstrumentErrors
from hil_tests.tests.core.hubs import CLOSED, LIVE, OPEN, dark, islanded, on_grid, with_battery, with_poi
from hil_tests.tests.core.run import CYCLE_S, Run
from hil_tests.tests.core.watched import Image

QUANTITIES = (("grid_voltage", "v"), ("bus_voltage", "v"), ("current", "a"), ("power", "w"))


def dead_and_earthed(at_s: float) -> ProcessImage:
    """No voltage anywhere, nothing flows, the contact says open."""
    return replace(dark(at_s), earthing=EarthingSeen(at_s, CLOSED))


def lying_on_grid(at_s: float, position: BreakerPosition = OPEN, amps: float = 40.0) -> ProcessImage:
    """A healthy grid carries the hub, and the POI's contact does not say that it is closed."""
    return with_poi(on_grid(at_s), position=position, current_a=PhaseValues.even(amps))


def joined_by(at_s: float, amps: float) -> ProcessImage:
    """A battery of ours forms, the contact says open, and the street lives with it."""
    return with_poi(
        islanded(at_s),
        grid_voltage_v=LIVE,
        grid_frequency_hz=50.0,
        angle_difference_deg=0.0,
        current_a=PhaseValues.even(amps),
    )


def brown_out(at_s: float, position: BreakerPosition) -> ProcessImage:
    """The grid holds two thirds of its voltage, and current flows."""
    volts = PhaseValues.even(150.0)
    seen = with_poi(
        on_grid(at_s),
        position=position,
        grid_voltage_v=volts,
        bus_voltage_v=volts,
        current_a=PhaseValues.even(40.0),
    )
    return with_battery(seen, voltage_v=volts)


def late_meters(latency_s: float) -> dict[str, InstrumentErrors]:
    """Of the POI: its voltages, currents and powers are so old, its contact is not."""
    points = [f"{quantity}_l{phase}_{unit}" for quantity, unit in QUANTITIES for phase in (1, 2, 3)]
    return {f"poi_relay.poi.{point}": InstrumentErrors(latency_s=latency_s) for point in points}


def is_anyone_told_to_form(run: Run, image: Image, for_s: float) -> bool:
    """In any cycle of so many seconds."""
    for _ in range(round(for_s / CYCLE_S)):
        run.see(image)
        command = run.commands.batteries.get("battery")
        if command is not None and command.form is not None:
            return True
    return False


def marks(run: Run) -> list[str]:
    """What stands in the durable memory about the hub as a whole, oldest first."""
    return [attempt.kind for attempt in run.memory.durable.attempts if attempt.subject == "hub"]
