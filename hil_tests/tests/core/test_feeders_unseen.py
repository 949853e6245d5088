"""Feeders that are not seen: at a start, and while they are watched."""

from __future__ import annotations

from collections.abc import Callable

from controller.core.decide import fresh_memory
from controller.core.memory import FeederMemory
from controller.model.frozen import replace
from controller.model.image import ProcessImage
from controller.model.memory import DurableMemory
from controller.model.phases import ZERO
from controller.model.reasons import EventKind
from hil_tests.tests.core.hubs import OPEN, hub, islanded, with_feeder
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.test_feeders import without_warm_room

Scene = Callable[[float], ProcessImage]


def found(*scenes: Scene) -> Run:
    """A second pick-up was under way when the controller ended; then it sees these, one a cycle."""
    run = Run(hub())
    run.memory = fresh_memory(DurableMemory(tried={"warm_room": 2}, shed_by_us=frozenset({"warm_room"})), run.now_s)
    for scene in scenes:
        run.see(scene)
    return run


def unseen(at_s: float) -> ProcessImage:
    return with_feeder(islanded(at_s), "warm_room", position=None)


def test_what_is_not_seen_at_the_start_is_judged_when_it_is() -> None:
    """Its module was still connecting: the feeder was opened, and quarantined for good."""
    well, open_ = found(unseen, islanded), found(unseen, without_warm_room)
    assert [run.memory.feeders["warm_room"].quarantined for run in (well, open_)] == [False, True]
    well.see(islanded, 12.0)
    assert "warm_room" not in well.commands.feeders
    assert well.memory.durable.tried == {}


def test_a_feeder_on_trial_that_nobody_sees_holds_nobody_back_for_longer_than_its_time() -> None:
    run = found(islanded)
    run.see(lambda t: with_feeder(islanded(t), "warm_room", position=None), 5.0)
    state = run.memory.feeders["warm_room"]
    assert (state.picked_up_at_s is not None, state.close_attempts) == (True, 2)
    phones = lambda t: with_feeder(unseen(t), "phones", position=OPEN, power_w=ZERO)  # noqa: E731
    run.memory = replace(run.memory, feeders={**run.memory.feeders, "phones": FeederMemory(OPEN, run.now_s)})
    run.see(phones, 30.0)
    assert "phones" in {event.subject for event in run.events if event.kind is EventKind.ORDERED_CLOSE}
