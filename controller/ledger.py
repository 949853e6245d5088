"""What the shell needs of a journal: take a line without waiting, and say whether it is on disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from controller.model.decision import Event
from controller.model.memory import DurableMemory


@dataclass(frozen=True, slots=True)
class Ticket:
    """Where an event stands: durable once everything up to its number is on disk."""

    number: int


class Ledger(Protocol):
    """The journal, or its twin in virtual time."""

    def write(self, event: Event, mono_s: float) -> Ticket:
        """Take an event. Never waits."""
        ...

    def keep(self, durable: DurableMemory) -> Ticket:
        """Write the durable memory with the next group."""
        ...

    def is_durable(self, ticket: Ticket) -> bool:
        """On disk."""
        ...
