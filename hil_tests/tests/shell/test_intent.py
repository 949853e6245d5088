"""The gate before closings: which line an order waits for, and that none slips past it."""

from __future__ import annotations

from dataclasses import dataclass, field

from controller.guard.vet import Verdict, vet
from controller.intent import WAIT_MAX_S, IntentGate
from controller.journal.intake import NEVER
from controller.ledger import Ticket
from controller.model.commands import Commands, Order, SwitchCommand
from controller.model.decision import Event
from controller.model.frozen import replace
from controller.model.memory import DurableMemory
from controller.model.reasons import EventKind, Reason
from hil_tests.tests.shell.test_loop import a_loop

ORDER = Order(Reason.RESTORE, 10.0, 12.0, 1)
WISH = Commands(feeders={"water": SwitchCommand(close=ORDER), "phones": SwitchCommand(open=True)})


@dataclass
class SlowDisk:
    """Everything up to a number is on it; a queue that is full takes no line, and still the newest memory."""

    kept_number: int = 0
    is_full: bool = False
    events: list[Event] = field(default_factory=list)
    given: int = 0

    def write(self, event: Event, _: float) -> Ticket:
        self.events.append(event)
        if self.is_full:
            return NEVER
        self.given += 1
        return Ticket(self.given)

    def keep(self, _: DurableMemory) -> Ticket:
        self.given += 1
        return Ticket(self.given)

    def is_durable(self, ticket: Ticket) -> bool:
        return ticket.number <= self.kept_number


def test_the_relay_that_earths_the_island_waits_for_its_line_too() -> None:
    """It was ordered at once: a crash could leave it closed, and nobody knew by whom."""
    disk = SlowDisk()
    gate, wish = IntentGate(disk), Commands(earthing=SwitchCommand(close=ORDER))
    assert gate.pass_through(wish, Ticket(1), 10.0).earthing.close is None
    assert gate.is_holding
    disk.kept_number = 1
    assert gate.pass_through(wish, None, 10.05) == wish
    assert IntentGate(disk).pass_through(Commands(earthing=SwitchCommand(open=True)), Ticket(9), 10.0).earthing.open


def test_an_order_that_the_guard_lets_through_later_than_it_was_told_waits_for_its_line_too() -> None:
    """It went at once: the cycle in which it passed had no line of its own to wait for."""
    disk = SlowDisk()
    gate = IntentGate(disk)
    gate.pass_through(Commands(), Ticket(1), 10.0)  # told, and vetoed
    held = gate.pass_through(WISH, None, 10.05)
    assert held.feeders["water"].close is None
    assert held.feeders["phones"].open
    disk.kept_number = 1
    assert gate.pass_through(WISH, None, 10.1) == WISH


def test_an_order_whose_line_was_lost_is_not_saved_by_the_memory_that_was_kept() -> None:
    """Ten thousand lines wait on a full disk: the order's own found no room, the memory behind it did."""
    loop, _, _ = a_loop()
    loop.cycle(1.05)
    disk = SlowDisk(kept_number=10**6, is_full=True)
    loop.journal = loop.gate.journal = disk
    judge, guard = loop.judge, vet

    def closing(*arguments: object) -> object:
        decision = judge(*arguments)
        memory = replace(decision.memory, durable=replace(decision.memory.durable, tried={"water": 1}))
        told = Event(EventKind.ORDERED_CLOSE, Reason.RESTORE, "water", {})
        return replace(decision, events=(told,), memory=memory)

    def willing(*arguments: object) -> Verdict:
        return replace(guard(*arguments), allowed=Commands(feeders={"water": SwitchCommand(close=ORDER)}))  # type: ignore[arg-type]

    loop.judge, loop.guard = closing, willing  # type: ignore[assignment]
    loop.cycle(1.1)
    assert loop._allowed.feeders["water"].close is None
    loop.judge = judge
    loop.cycle(1.1 + WAIT_MAX_S)
    assert loop._allowed.feeders["water"].close == ORDER
    assert disk.events[-1].reason is Reason.INTENT_NOT_DURABLE, "and it is marked"
