"""Feeders that are not seen: at a start, and while they are watched."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.core.decide import fresh_memory
from controller.core.memory import FeederMemory
from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.frozen import replace
from controller.model.image import ProcessImage
from controller.model.memory import DurableMemory
from controller.model.phases import ZERO
from controller.model.reasons import EventKind, Reason
from controller.model.words import BreakerPosition
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


def both_off(at_s: float) -> ProcessImage:
    return with_feeder(without_warm_room(at_s), "phones", position=OPEN, power_w=ZERO)


def test_what_is_not_seen_at_the_start_is_judged_when_it_is() -> None:
    """Its module was still connecting: the feeder was opened, and quarantined for good."""
    well, open_ = found(unseen, islanded), found(unseen, without_warm_room)
    assert [run.memory.feeders["warm_room"].quarantined for run in (well, open_)] == [False, True]
    well.see(islanded, 12.0)
    assert "warm_room" not in well.commands.feeders
    assert well.memory.durable.tried == {}


@pytest.mark.parametrize("position", [None, BreakerPosition.INTERMEDIATE])
def test_who_is_not_seen_is_not_closed_and_holds_nobody_back(position: BreakerPosition | None) -> None:
    """Closed blind it was not seen to follow, was opened again after two seconds, and after seven once more (2387)."""
    run = Run(hub())
    unseen_off = lambda t: with_feeder(both_off(t), "warm_room", position=position)  # noqa: E731
    run.see(islanded)
    states = {name: FeederMemory(OPEN, run.now_s) for name in ("warm_room", "phones")}
    run.memory = replace(run.memory, feeders={**run.memory.feeders, **states})
    assert run.hub.feeders["warm_room"].tier < run.hub.feeders["phones"].tier
    run.see(unseen_off, 30.0)
    closed = [event.subject for event in run.events if event.kind is EventKind.ORDERED_CLOSE]
    assert set(closed) == {"phones"}
    run.see(both_off, 1.0)
    assert run.memory.feeders["warm_room"].close_attempts == 1, "seen, it comes on; the blind time has cost it no try"


def test_a_person_who_asks_for_it_is_told() -> None:
    run = Run(hub())
    blind = lambda t: with_feeder(without_warm_room(t), "warm_room", position=None)  # noqa: E731
    run.see(without_warm_room)
    run.see(blind)
    request = OperatorRequest("1", RequestKind.CLOSE_FEEDER, "warm_room", "duty", True, run.now_s + 10.0)
    told = run.see(blind, advice=Advice(requests=(request,))).events
    assert [e.reason for e in told if e.kind is EventKind.REQUESTED] == [Reason.FEEDER_UNSEEN]


def test_a_feeder_on_trial_that_nobody_sees_holds_nobody_back_for_longer_than_its_time() -> None:
    run = found(islanded)
    run.see(lambda t: with_feeder(islanded(t), "warm_room", position=None), 5.0)
    state = run.memory.feeders["warm_room"]
    assert (state.picked_up_at_s is not None, state.close_attempts) == (True, 2)
    phones = lambda t: with_feeder(unseen(t), "phones", position=OPEN, power_w=ZERO)  # noqa: E731
    run.memory = replace(run.memory, feeders={**run.memory.feeders, "phones": FeederMemory(OPEN, run.now_s)})
    run.see(phones, 30.0)
    assert "phones" in {event.subject for event in run.events if event.kind is EventKind.ORDERED_CLOSE}
