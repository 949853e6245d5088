"""What became of people's newest requests: kept in memory, so that whoever asked hears it, whatever the disk does.

The journal says the same for good. An answer may be older than its line on disk: whether that stands is told with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from controller.ledger import Ticket
from controller.model.decision import Event
from controller.model.reasons import EventKind, Reason
from controller.status import JournalStatus

ANSWERS_MAX = 64  # twice as many requests as may live at once
KINDS = (EventKind.REQUESTED, EventKind.REQUEST_REFUSED)


class Writer(Protocol):
    """What is asked of a journal: whether something is on disk, and why nothing is."""

    @property
    def status(self) -> JournalStatus:
        """Whether events are durable now."""
        ...

    def is_durable(self, ticket: Ticket) -> bool:
        """On disk."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request came to."""

    is_taken: bool
    reason: Reason
    at_s: float
    ticket: Ticket  # of all that the cycle has given the journal


class Answers:
    """Those of the newest requests, by their id."""

    def __init__(self, journal: Writer) -> None:
        self._journal = journal
        self._answers: dict[str, Answer] = {}

    def note(self, events: Iterable[Event], ticket: Ticket | None, now_s: float) -> None:
        """What a cycle has decided; the oldest answers are forgotten."""
        for event in events:
            if event.kind in KINDS and ticket is not None:
                taken = event.kind is EventKind.REQUESTED
                self._answers[str(event.inputs["request"])] = Answer(taken, event.reason, now_s, ticket)
        while len(self._answers) > ANSWERS_MAX:
            del self._answers[next(iter(self._answers))]

    def told(self, request: str) -> dict[str, Any] | None:
        """For the socket; None: not answered yet, or long ago, or by another life of the controller."""
        answer = self._answers.get(request)
        if answer is None:
            return None
        is_written = self._journal.is_durable(answer.ticket)
        return {
            "taken": answer.is_taken,
            "reason": answer.reason.value,
            "at_s": answer.at_s,
            "written": is_written,
            "why_unwritten": "" if is_written else self._journal.status.reason,
        }
