"""Keeps the mirror up with the controller's journal, asking over the socket from where it stands."""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path
from typing import Any, Protocol

from controller.plain_words import of_a_disk
from controller.socket_client import SocketClient
from supervisor.mirror import EventMirror, LoggedEvent

FETCH_COUNT = 200
FETCH_EVERY_S = 0.5
log = logging.getLogger(__name__)


class Client(Protocol):
    """Whoever answers questions about events."""

    def ask(self, **question: object) -> dict[str, Any]:
        """One question, one answer. Raises OSError when nobody answers."""
        ...


class Follower:
    """A thread that fetches. Whatever goes wrong, it tries again and the page goes on."""

    def __init__(self, client: Client, mirror: EventMirror) -> None:
        self._client, self._mirror = client, mirror
        self._stop = threading.Event()
        self._is_well = True
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)

    @staticmethod
    def of(run_dir: Path, mirror: EventMirror) -> Follower:
        """One that asks the controller of this run directory."""
        return Follower(SocketClient(run_dir), mirror)

    def start(self) -> None:
        """Begin to fetch."""
        self._thread.start()

    def stop(self) -> None:
        """Stop fetching."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def fetch(self) -> bool:
        """Take what is new; True when there may be more at once.

        Asks from one event before the last, so that the answer begins with an event that we know. When it does not, the
        controller keeps another journal than before (it sets a broken one aside), and we begin that one from its start.
        Raises OSError, ValueError, KeyError (no answer, no sound answer) or sqlite3.Error (the mirror's disk).
        """
        head = self._mirror.head()
        events = self._ask(None if head is None else head.seq - 1)
        journal = 1 if head is None else head.journal
        if head is not None and not _goes_on_from(head, events):
            journal, events = head.journal + 1, self._ask(0)
        fresh = [event for event in events if head is None or journal != head.journal or event["seq"] > head.seq]
        if fresh:
            self._mirror.keep(journal, fresh)
        return len(events) == FETCH_COUNT and bool(fresh)

    def _ask(self, after: int | None) -> list[dict[str, Any]]:
        """Events behind a number of the controller's journal; None: its newest."""
        answer = self._client.ask(method="events", after=after, limit=FETCH_COUNT)
        if "events" not in answer:
            raise OSError(str(answer.get("detail", "an answer without events")))
        events: list[dict[str, Any]] = answer["events"]
        return events

    def _run(self) -> None:
        while not self._stop.is_set():
            if not self._try():
                self._stop.wait(FETCH_EVERY_S)

    def _try(self) -> bool:
        """Fetch; say once when it begins to fail, and once when it works again."""
        try:
            has_more = self.fetch()
        except (OSError, ValueError, KeyError, TypeError, sqlite3.Error) as error:
            if self._is_well:
                log.warning("no events from the controller for now: %s", of_a_disk(error))
            self._is_well = False
            return False
        if not self._is_well:
            log.warning("events come again")
        self._is_well = True
        return has_more


def _goes_on_from(head: LoggedEvent, events: list[dict[str, Any]]) -> bool:
    """Whether this is the journal that our last event is from. One that dropped its oldest lines still is."""
    if not events:
        return False
    first = events[0]
    is_ours = (first["seq"], first["boot"], first["mono_s"]) == (head.seq, head.boot, head.mono_s)
    return is_ours or first["seq"] > head.seq
