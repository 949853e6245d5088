"""An overload that begins in the last moment of the island is over with the island."""

from __future__ import annotations

from controller.model.frozen import replace
from controller.model.image import ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import EventKind
from controller.model.words import Mode
from hil_tests.tests.core.hubs import OPEN, hub, islanded, on_grid, with_battery
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.test_contact_on_the_way import beside, near

LOW_PCT = 20.0  # of charge: some feeders wait


def test_what_was_shed_comes_back_on_grid_although_a_motor_started_just_before_the_contact() -> None:
    run = Run(hub())
    run.see(lambda t: low(islanded(t)), 1.0)
    waiting = {feeder for feeder, state in run.memory.feeders.items() if state.shed_since_s is not None}
    assert waiting

    def seen(image: ProcessImage) -> ProcessImage:
        gone = {f: replace(each, position=OPEN) if f in waiting else each for f, each in image.feeders.items()}
        return replace(low(image), feeders=gone)

    run.see(lambda t: seen(beside(t, 90.0)), 12.0)
    while run.commands.poi.close is None:
        run.see(lambda t: seen(near(t)))
        assert run.now_s < 200.0, "it closes"
    run.see(lambda t: with_battery(seen(near(t)), power_w=PhaseValues.even(22_000.0)))
    assert run.memory.overload_since_s is not None
    run.see(lambda t: seen(on_grid(t)), 120.0, cycle_s=0.5)
    assert run.memory.mode is Mode.GRID_CONNECTED
    assert waiting <= {event.subject for event in run.events if event.kind is EventKind.ORDERED_CLOSE}


def low(image: ProcessImage) -> ProcessImage:
    return with_battery(with_battery(image, soc_pct=LOW_PCT), "second", soc_pct=LOW_PCT)
