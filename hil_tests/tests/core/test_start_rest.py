"""A dark hub rests between its starts, but no source for what another could not."""

from __future__ import annotations

from controller.model.frozen import replace
from controller.model.image import EarthingSeen, ProcessImage
from controller.model.reasons import Reason
from controller.model.words import Mode
from hil_tests.tests.core.hubs import CLOSED, OPEN, dark, hub, with_feeder
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.scenes import battery_is_faulty


def earthed(seen: ProcessImage, at_s: float) -> ProcessImage:
    for feeder in ("medical", "warm_room", "phones", "ev_posts"):
        seen = with_feeder(seen, feeder, position=OPEN)
    return replace(seen, earthing=EarthingSeen(at_s, CLOSED))


def tripped(at_s: float) -> ProcessImage:
    return earthed(battery_is_faulty(at_s), at_s)


def well(at_s: float) -> ProcessImage:
    return earthed(dark(at_s), at_s)


def until_dark_again(run: Run) -> None:
    """The genset was cranked, and nothing has come of it."""
    run.see(tripped, 1.0)
    assert (run.memory.mode, run.memory.reason) == (Mode.BLACK_START, Reason.BLACK_START_GENSET)
    until_s = run.now_s + 300.0
    while run.memory.mode is not Mode.DARK and run.now_s < until_s:
        run.see(tripped, 0.5, cycle_s=0.5)
    assert run.memory.mode is Mode.DARK


def test_what_has_come_to_nothing_rests() -> None:
    run = Run(hub())
    until_dark_again(run)
    run.see(tripped, 20.0, cycle_s=0.5)
    assert run.memory.mode is Mode.DARK


def test_what_has_not_tried_need_not_rest_for_what_another_could_not() -> None:
    run = Run(hub())
    until_dark_again(run)
    run.see(well, 1.0)
    assert (run.memory.mode, run.memory.reason) == (Mode.BLACK_START, Reason.BLACK_START_BATTERY)


def test_under_a_source_stand_its_own_orders_alone() -> None:
    """The guard counts what is written under a genset as cranks, and allows three."""
    run = Run(hub())
    until_dark_again(run)
    assert {attempt.kind for attempt in run.memory.durable.attempts if attempt.subject == "genset"} == {"crank"}
