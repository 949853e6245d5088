"""What control gives the journal in its thread, and what the writer takes in another. Neither waits for the other.

Events and durable memories are numbered together, and everything up to a number is durable or it is not. No lock says
so, only the order of the assignments: each number becomes visible after what bears it.

When the queue is full, what was merely seen is lost first, and a line says how many, where they would have stood.
"""

from __future__ import annotations

import queue
import sys
from dataclasses import dataclass, replace

from controller.durable_copy import Stored
from controller.journal.line import Entry
from controller.ledger import Ticket
from controller.model.reasons import EventKind, Reason

QUEUE_MAX = 10_000
BATCH_MAX = 500
DECIDED_COUNT = 1_000  # the queue's last places, for what was decided, asked or latched
_SEEN = frozenset(
    kind.value
    for kind in (
        EventKind.GRID_VERDICT,
        EventKind.GRID_FLICKERED,
        EventKind.POSITION_CHANGED,
        EventKind.CONTACT_MEASURED,
        EventKind.LIMITED,
        EventKind.VETOED,
        EventKind.DEVICE,
    )
)
"""What decides nothing, and can come often."""
NEVER = Ticket(sys.maxsize)
Line = tuple[int, Entry]
"""An event with its number."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One group: what stands in it besides its lines, and how far it goes."""

    upto: int  # everything given up to this number is in this group or in one before
    memory: Stored | None
    memory_number: int


class Intake:
    """Between the two threads."""

    def __init__(self) -> None:
        self.lost_count = 0
        self._untold_count = 0  # of those, by no line yet
        self._lines: queue.Queue[Line] = queue.Queue(QUEUE_MAX)
        self._memory: tuple[int, Stored] | None = None
        self._given = 0
        self._written_memory = 0  # its number; the writer's alone
        self._outdated = 0

    @property
    def pending_count(self) -> int:
        """Lines that wait."""
        return self._lines.qsize()

    @property
    def has_work(self) -> bool:
        """Something waits to be taken."""
        return not self._lines.empty() or self._newest_memory() is not None

    def give(self, entry: Entry) -> Ticket:
        """Control's. When the queue is full the event is counted as lost, and never durable.

        What is told of those lost takes a place only before one that finds room behind it.
        """
        is_seen = entry.kind in _SEEN
        places_count = QUEUE_MAX - DECIDED_COUNT * is_seen - self._lines.qsize()
        if self._untold_count > 0 and places_count > 1:
            self._put(_told_lost(entry, self._untold_count))
            self._untold_count = 0
        elif places_count < 1 or (self._untold_count > 0 and is_seen):
            self.lost_count += 1
            self._untold_count += 1
            return NEVER
        return self._put(entry)

    def _put(self, entry: Entry) -> Ticket:
        number = self._given + 1
        self._lines.put_nowait((number, entry))  # the writer only takes: there is room still
        self._given = number
        return Ticket(number)

    def keep(self, memory: Stored) -> Ticket:
        """Control's. Only the newest memory is written."""
        number = self._given + 1
        self._memory = (number, memory)
        self._given = number
        return Ticket(number)

    def take(self, lines: list[Line]) -> Taken:
        """The writer's: fills the lines up to a batch. How far control had come is read first, the memory last."""
        given = self._given
        while len(lines) < BATCH_MAX and not self._lines.empty():
            lines.append(self._lines.get_nowait())
        upto = given if len(lines) < BATCH_MAX else 0  # with room left, all that was given then is here
        if lines:
            upto = max(upto, lines[-1][0])
        number, memory = self._newest_memory() or (0, None)
        if memory is None and self._outdated > self._written_memory:
            upto = min(upto, self._outdated - 1)
        return Taken(upto, memory, number)

    def wrote(self, taken: Taken) -> None:
        """The writer's: this memory is on disk."""
        self._written_memory = max(self._written_memory, taken.memory_number)

    def drop_memory(self) -> None:
        """The writer's: what was kept so far is not written, and not called durable until a newer one is."""
        self._outdated = self._memory[0] if self._memory is not None else 0

    def _newest_memory(self) -> tuple[int, Stored] | None:
        """The one that is still to be written."""
        kept = self._memory
        return kept if kept is not None and kept[0] > max(self._written_memory, self._outdated) else None


def _told_lost(before: Entry, count: int) -> Entry:
    """The line that stands for so many, before the first one that has found room again."""
    kind, reason = EventKind.JOURNAL.value, Reason.EVENTS_LOST.value
    told = replace(before, kind=kind, reason=reason, subject="hub", rule="", inputs="{}", uncertainty_s=None)
    return replace(told, body=f'{{"count":{count}}}')
