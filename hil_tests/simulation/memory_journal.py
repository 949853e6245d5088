"""The journal's twin in virtual time: a disk that takes its time, fills up, or loses what it had not yet kept."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from controller.journal import dump_durable
from controller.ledger import Ticket
from controller.model.decision import Event
from controller.model.memory import DurableMemory

BOOT = "virtual"


@dataclass(slots=True)
class MemoryJournal:
    """Events in the order in which they were given. What is `kept` survives a power cut, the rest does not."""

    write_s: float = 0.0  # from giving to disk
    is_full: bool = False  # nothing more reaches the disk
    now_s: float = 0.0
    events: list[tuple[float, Event]] = field(default_factory=list)
    kept: tuple[str, str] | None = None  # boot and durable memory, as on disk
    _kept_before: tuple[str, str] | None = None
    kept_number: int = 0  # every line up to this one is on disk
    _given: int = 0
    _pending: deque[tuple[float, int, str | None]] = field(default_factory=deque)

    def write(self, event: Event, mono_s: float) -> Ticket:
        """Take an event."""
        self.events.append((mono_s, event))
        return self._give(mono_s, None)

    def keep(self, durable: DurableMemory) -> Ticket:
        """Take the durable memory."""
        return self._give(self.now_s, dump_durable(durable))

    def is_durable(self, ticket: Ticket) -> bool:
        """On the simulated disk."""
        return self.kept_number >= ticket.number

    def settle(self, now_s: float) -> bool:
        """Time has passed: what is due reaches the disk. True when something did."""
        self.now_s = now_s
        if self.is_full or not self._pending or self._pending[0][0] > now_s + 1e-9:
            return False
        while self._pending and self._pending[0][0] <= now_s + 1e-9:
            _, self.kept_number, durable = self._pending.popleft()
            if durable is not None:
                self._kept_before, self.kept = self.kept, (BOOT, durable)
        return True

    def lose_unkept(self) -> None:
        """The process is killed, or the power goes: what was not on disk never will be."""
        self._pending.clear()

    def flush(self) -> None:
        """The process ends in order: what is under way reaches the disk, if that takes anything."""
        if self._pending:
            self.settle(max(self.now_s, self._pending[-1][0]))

    def tear(self) -> None:
        """The last page is garbage: the durable memory is the one before."""
        self.kept = self._kept_before

    def _give(self, now_s: float, durable: str | None) -> Ticket:
        self._given += 1
        self._pending.append((now_s + self.write_s, self._given, durable))
        if self.write_s == 0.0:
            self.settle(now_s)
        return Ticket(self._given)
