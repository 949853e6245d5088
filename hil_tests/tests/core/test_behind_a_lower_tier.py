"""With a charge that nobody sees a person switches on more, feeder by feeder, and is told when another comes first."""

from __future__ import annotations

import pytest

from controller.core.decide import fresh_memory
from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.frozen import replace
from controller.model.image import ProcessImage
from controller.model.memory import DurableMemory
from controller.model.phases import ZERO
from controller.model.reasons import EventKind, Reason
from controller.model.words import Mode
from hil_tests.tests.core.hubs import CLOSED, OPEN, islanded, with_battery, with_feeder
from hil_tests.tests.core.watched import Watched

SHED = ("medical", "warm_room")
WAITS = (EventKind.REQUESTED, Reason.LOWER_TIER_WAITS)
CHARGE = (EventKind.REQUESTED, Reason.CHARGE_AWAITED)
TAKEN = (EventKind.REQUESTED, Reason.OPERATOR)


class Blind(Watched):
    """A controller and its guard in an island whose charge nobody sees; contactors follow, but for the broken ones."""

    def __init__(self, *shed: str, off: tuple[str, ...] = (), broken: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.soc_pct: float | None = None
        self.open, self.broken = {*shed, *off}, broken
        self.run.memory = fresh_memory(DurableMemory(shed_by_us=frozenset(shed)), self.run.now_s)
        self.goes_on(20.0)
        assert self.mode is Mode.ISLANDED

    def image(self, at_s: float) -> ProcessImage:
        seen = islanded(at_s, load_w=2_000.0)
        seen = with_battery(with_battery(seen, soc_pct=self.soc_pct), "second", soc_pct=self.soc_pct)
        for feeder in self.open:
            seen = with_feeder(seen, feeder, position=OPEN, power_w=ZERO)
        return seen

    def goes_on(self, for_s: float) -> None:
        for _ in range(round(for_s / 0.1)):
            self.see(self.image, 0.1)
            closing = {name for name, command in self.run.commands.feeders.items() if command.close is not None}
            self.open -= closing.difference(self.broken)

    def ask(self, feeder: str, kind: RequestKind = RequestKind.CLOSE_FEEDER) -> tuple[EventKind, Reason]:
        now_s = self.run.now_s
        request = OperatorRequest(f"{feeder} {now_s}", kind, feeder, "duty", True, now_s + 10.0)
        decision = self.see(self.image, advice=Advice(requests=(request,)))
        (answer,) = [e for e in decision.events if e.kind in (EventKind.REQUESTED, EventKind.REQUEST_REFUSED)]
        return answer.kind, answer.reason


def test_who_asks_for_a_higher_tier_is_told_that_another_comes_first() -> None:
    hub = Blind(*SHED)
    assert hub.ask("warm_room") == WAITS
    hub.goes_on(60.0)
    assert hub.open == set(SHED)
    assert hub.ask("medical") == TAKEN
    hub.goes_on(60.0)
    assert (hub.open, hub.vetoes) == (set(), [])


def test_when_the_charge_is_seen_again_everybody_comes() -> None:
    """The guard believes who asks; an answer that differed from that kept the phones dark for good."""
    hub = Blind("medical", "phones", off=("warm_room",))
    assert hub.ask("warm_room") == WAITS
    hub.soc_pct = 95.0
    hub.goes_on(60.0)
    assert (hub.open, hub.vetoes) == (set(), [])


def test_a_hold_is_lifted_although_it_has_to_wait() -> None:
    hub = Blind(*SHED)
    hub.ask("warm_room", RequestKind.OPEN_FEEDER)
    assert hub.ask("warm_room") == WAITS
    assert hub.run.memory.durable.held_open == frozenset()


def test_one_that_is_on_waits_for_nobody() -> None:
    hub = Blind("medical")
    assert hub.image(0.0).feeders["warm_room"].position is CLOSED
    assert hub.ask("warm_room") == TAKEN


def test_one_that_a_person_holds_open_is_waited_for_by_nobody() -> None:
    hub = Blind(*SHED)
    durable = replace(hub.run.memory.durable, held_open=frozenset({"medical"}))
    hub.run.memory = replace(hub.run.memory, durable=durable)
    assert hub.ask("warm_room") == TAKEN


def test_a_contactor_that_does_not_follow_holds_nobody_back() -> None:
    hub = Blind(*SHED, broken=("medical",))
    assert hub.ask("medical") == TAKEN
    hub.goes_on(30.0)
    assert "medical" in hub.open
    assert hub.ask("warm_room") == TAKEN
    hub.goes_on(30.0)
    assert (hub.open, hub.vetoes) == ({"medical"}, [])


@pytest.mark.parametrize(("feeder", "answer"), [("medical", TAKEN), ("warm_room", CHARGE)])
def test_a_charge_that_is_seen_is_waited_for_as_ever(feeder: str, answer: tuple[EventKind, Reason]) -> None:
    hub = Blind(*SHED)
    hub.soc_pct = 20.0
    hub.goes_on(1.0)
    assert hub.ask(feeder) == answer
