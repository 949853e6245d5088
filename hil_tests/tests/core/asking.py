"""Somebody asks a controller without a plant to leave the grid, or to go back to it."""

from __future__ import annotations

from collections.abc import Callable

from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.decision import Event
from controller.model.hub import Hub
from controller.model.image import ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import EventKind
from hil_tests.tests.core.hubs import LIVE, hub, islanded, on_grid, with_poi
from hil_tests.tests.core.run import Run

Image = Callable[[float], ProcessImage]


def quiet(at_s: float) -> ProcessImage:
    """On the grid, and nothing flows through the POI."""
    return with_poi(on_grid(at_s), power_w=PhaseValues.even(0.0), current_a=PhaseValues.even(0.0))


def beside_the_grid(at_s: float) -> ProcessImage:
    """The island holds, and the grid is as good as ever; they are out of step."""
    return with_poi(islanded(at_s), grid_voltage_v=LIVE, grid_frequency_hz=50.0, angle_difference_deg=90.0)


def ask(run: Run, image: Image = quiet, kind: RequestKind = RequestKind.ISLAND_ON, **more: object) -> Event:
    """Somebody asks; the answer."""
    wish = OperatorRequest(f"{kind.value}-{run.now_s}", kind, None, "duty", False, run.now_s + 10.0, **more)  # type: ignore[arg-type]
    decision = run.see(image, advice=Advice(requests=(wish,)))
    return next(e for e in decision.events if e.kind in (EventKind.REQUESTED, EventKind.REQUEST_REFUSED))


def started(a_hub: Hub | None = None, image: Image = quiet) -> Run:
    run = Run(a_hub or hub())
    run.see(image, 0.6)
    return run
