"""With a charge that nobody sees a person switches on more, feeder by feeder, and is told when another comes first."""

from __future__ import annotations

import pytest

from controller.core.decide import fresh_memory
from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.frozen import replace
from controller.model.image import ProcessImage
from controller.model.memory import DurableMemory
from controller.model.reasons import EventKind, Reason
from controller.model.words import Mode
from hil_tests.tests.core.hubs import OPEN, hub, islanded, with_battery, with_feeder
from hil_tests.tests.core.run import Run

SHED = ("medical", "warm_room")
REFUSED = (EventKind.REQUEST_REFUSED, Reason.LOWER_TIER_WAITS)
TAKEN = (EventKind.REQUESTED, Reason.OPERATOR)


def with_charge(seen: ProcessImage, soc_pct: float | None) -> ProcessImage:
    return with_battery(with_battery(seen, soc_pct=soc_pct), "second", soc_pct=soc_pct)


def without_charge(at_s: float) -> ProcessImage:
    seen = with_charge(islanded(at_s, load_w=2_000.0), None)
    for feeder in ("medical", "warm_room", "phones", "ev_posts"):
        seen = with_feeder(seen, feeder, position=OPEN)
    return seen


def told(at_s: float) -> ProcessImage:
    return with_charge(without_charge(at_s), 20.0)


def restarted() -> Run:
    run = Run(hub())
    run.memory = fresh_memory(DurableMemory(shed_by_us=frozenset(SHED)), run.now_s)
    run.see(without_charge, 20.0)
    assert run.memory.mode is Mode.ISLANDED
    return run


def ask(run: Run, feeder: str, image: object = without_charge) -> tuple[EventKind, Reason]:
    request = OperatorRequest(f"{feeder} {run.now_s}", RequestKind.CLOSE_FEEDER, feeder, "duty", True, run.now_s + 10.0)
    decision = run.see(image, advice=Advice(requests=(request,)))  # type: ignore[arg-type]
    (answer,) = [e for e in decision.events if e.kind in (EventKind.REQUESTED, EventKind.REQUEST_REFUSED)]
    return answer.kind, answer.reason


def test_a_higher_tier_is_refused_and_says_why() -> None:
    run = restarted()
    assert ask(run, "warm_room") == REFUSED
    run.see(without_charge, 60.0)
    assert run.commands.feeders["warm_room"].close is None


def test_the_lower_one_is_taken_and_then_the_higher() -> None:
    run = restarted()
    assert ask(run, "medical") == TAKEN
    assert ask(run, "warm_room") == TAKEN, "in its turn"
    run.see(without_charge, 20.0)
    assert [e.subject for e in run.events if e.kind is EventKind.ORDERED_CLOSE][:1] == ["medical"]


def test_one_that_a_person_holds_open_is_waited_for_by_nobody() -> None:
    run = restarted()
    run.memory = replace(run.memory, durable=replace(run.memory.durable, held_open=frozenset({"medical"})))
    assert ask(run, "warm_room") == TAKEN


@pytest.mark.parametrize("feeder", SHED)
def test_a_charge_that_is_seen_is_waited_for_as_ever(feeder: str) -> None:
    run = restarted()
    run.see(told, 1.0)
    assert ask(run, feeder, told) == TAKEN
