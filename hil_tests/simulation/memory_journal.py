"""The journal's twin in virtual time: on a disk that takes its time, fills up, or loses what it had not yet synced."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson

from controller.durable import dump_durable
from controller.ledger import Ticket
from controller.model.decision import Event
from controller.model.memory import DurableMemory
from hil_tests.simulation.disk import SimulatedDisk

BOOT = "virtual"
EVENT, DURABLE = b"e", b"d"
TOLD_COUNT = 64  # memories that are remembered for whoever judges a crash; far more than are on their way at once


@dataclass(frozen=True, slots=True)
class DiskLine:
    """One event as a start would find it on the disk."""

    at_s: float
    kind: str
    subject: str


@dataclass(slots=True)
class MemoryJournal:
    """Events in the order in which they were given. What is `kept` survives a power cut, the rest may not."""

    write_s: float = 0.0  # from giving to disk
    is_full: bool = False  # nothing more reaches the disk
    now_s: float = 0.0
    events: list[tuple[float, Event]] = field(default_factory=list)
    kept: tuple[str, str] | None = None  # boot and durable memory, as on disk
    kept_number: int = 0  # every line up to this one is on disk
    disk: SimulatedDisk = field(default_factory=SimulatedDisk)
    boot: str = BOOT
    told: deque[tuple[int, DurableMemory]] = field(
        default_factory=lambda: deque(maxlen=TOLD_COUNT)
    )  # numbered, as lines
    _given: int = 0
    _pending: deque[tuple[float, int, int, bytes | None]] = field(default_factory=deque)

    def write(self, event: Event, mono_s: float) -> Ticket:
        """Take an event."""
        self.events.append((mono_s, event))
        line = orjson.dumps([mono_s, event.kind.value, event.subject])
        return self._give(mono_s, EVENT + line, None)

    def keep(self, durable: DurableMemory) -> Ticket:
        """Take the durable memory."""
        body = dump_durable(durable).encode()
        ticket = self._give(self.now_s, DURABLE + body, body)
        self.told.append((ticket.number, durable))
        return ticket

    def is_durable(self, ticket: Ticket) -> bool:
        """On the simulated disk."""
        return self.kept_number >= ticket.number

    def settle(self, now_s: float) -> bool:
        """Time has passed: what is due reaches the disk. True when something did."""
        self.now_s = now_s
        if self.is_full or not self._pending or self._pending[0][0] > now_s + 1e-9:
            return False
        while self._pending and self._pending[0][0] <= now_s + 1e-9:
            _, self.kept_number, size, durable = self._pending.popleft()
            self.disk.sync(size)
            if durable is not None:
                self.kept = (self.boot, durable.decode())
        return True

    def lose_unkept(self) -> None:
        """The process is killed, or the power goes: what was not on disk is lost, or torn."""
        self._pending.clear()
        self.disk.cut(random.Random(self._given))
        self.kept = self._read_kept()

    def flush(self) -> None:
        """The process ends in order: what is under way reaches the disk, if that takes anything."""
        if self._pending:
            self.settle(max(self.now_s, self._pending[-1][0]))

    def tear(self) -> None:
        """The last page is garbage: the durable memory is the one before."""
        if self.kept is not None:
            self.disk.drop_from(DURABLE + self.kept[1].encode())
            self.kept = self._read_kept()

    def on_disk(self) -> Iterator[DiskLine]:
        """The events that a start would find."""
        for record in self.disk.records():
            if record[:1] == EVENT:
                yield DiskLine(*orjson.loads(record[1:]))

    def _read_kept(self) -> tuple[str, str] | None:
        found = [record for record in self.disk.records() if record[:1] == DURABLE]
        return (self.boot, found[-1][1:].decode()) if found else None

    def _give(self, now_s: float, record: bytes, durable: bytes | None) -> Ticket:
        self._given += 1
        self._pending.append((now_s + self.write_s, self._given, self.disk.append(record), durable))
        if self.write_s == 0.0:
            self.settle(now_s)
        return Ticket(self._given)
