"""Feeders that are not seen: at a start, and while they are watched."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.core.decide import fresh_memory
from controller.core.feeders import LOST_S
from controller.core.memory import FeederMemory
from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.frozen import replace
from controller.model.image import ProcessImage
from controller.model.memory import DurableMemory
from controller.model.phases import ZERO
from controller.model.reasons import EventKind, Reason
from controller.model.words import Authority, BreakerPosition, Mode
from hil_tests.tests.core.hubs import OPEN, hub, islanded, with_feeder
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.test_feeders import without_warm_room
from hil_tests.tests.core.test_first_tier import started_to_its_first_tier, unloaded
from hil_tests.tests.core.watched import Watched

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


def wanting(*feeders: str) -> Watched:
    """These are off, and ours to close again."""
    watched = Watched()
    watched.see(islanded, 2.0)
    run = watched.run
    run.memory = replace(
        run.memory, feeders={**run.memory.feeders, **{f: FeederMemory(OPEN, run.now_s) for f in feeders}}
    )
    return watched


def ordered(run: Run) -> list[str]:
    return [event.subject for event in run.events if event.kind is EventKind.ORDERED_CLOSE]


def alarms(run: Run) -> list[tuple[EventKind, str]]:
    return [(event.kind, event.subject) for event in run.events if event.reason is Reason.FEEDER_UNSEEN]


@pytest.mark.parametrize("position", [None, BreakerPosition.INTERMEDIATE])
def test_who_is_not_seen_is_not_closed_holds_nobody_back_and_is_an_alarm(position: BreakerPosition | None) -> None:
    """Closed blind it was not seen to follow, was opened again after two seconds, and after seven once more (2387)."""
    watched = wanting("warm_room", "phones")
    run = watched.run

    def unseen_off(at_s: float) -> ProcessImage:
        return with_feeder(both_off(at_s), "warm_room", position=position)

    assert run.hub.feeders["warm_room"].tier < run.hub.feeders["phones"].tier
    watched.see(unseen_off, 9.0)
    assert (set(ordered(run)), alarms(run)) == ({"phones"}, [])
    watched.see(unseen_off, 21.0)
    assert (set(ordered(run)), alarms(run)) == ({"phones"}, [(EventKind.ALARM, "warm_room")])
    watched.see(both_off, 1.0)
    assert alarms(run)[1:] == [(EventKind.ALARM_CLEARED, "warm_room")]
    assert run.memory.feeders["warm_room"].close_attempts == 1, "seen, it comes on; the blind time has cost it no try"


@pytest.mark.parametrize(("blind_s", "first"), [(0.7, "warm_room"), (LOST_S - 0.5, "warm_room"), (30.0, "phones")])
def test_a_lost_answer_costs_it_no_turn(blind_s: float, first: str) -> None:
    """Half a second of blindness let a higher tier take the room that there was, and the lower one never came on."""
    watched = wanting("warm_room", "phones")
    watched.see(both_off, 4.3 - 2.0)
    watched.see(lambda t: with_feeder(both_off(t), "warm_room", position=None), blind_s)
    watched.see(both_off, 5.0)
    assert ordered(watched.run)[0] == first


@pytest.mark.parametrize("authority", [Authority.AUTO, Authority.MANUAL])
@pytest.mark.parametrize("blind_s", [0.05, LOST_S + 1.0])
def test_a_blind_moment_does_not_end_a_start_before_its_first_tier(authority: Authority, blind_s: float) -> None:
    """In MANUAL nobody would have come on any more: only a start serves its first tier without being asked."""
    run = started_to_its_first_tier()
    run.memory = replace(run.memory, durable=replace(run.memory.durable, authority=authority))

    def blind(at_s: float) -> ProcessImage:
        scene = unloaded(at_s)
        for feeder in ("medical", "phones"):
            scene = with_feeder(scene, feeder, position=None)
        return scene

    run.see(blind, blind_s)
    assert run.memory.mode is Mode.BLACK_START
    run.see(unloaded, 2.0)
    assert ordered(run), "it comes on when it is seen"


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
