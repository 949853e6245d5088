"""The journal's thread: takes events at any time without waiting, writes them in groups, and never disturbs control."""

from __future__ import annotations

import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

import orjson

from controller import clock
from controller.journal_store import Entry, JournalStore
from controller.ledger import Ticket
from controller.model.decision import Event
from controller.model.memory import DurableMemory
from controller.status import JournalStatus

GROUP_S = 0.003  # gather what comes within this before one sync
QUEUE_MAX = 10_000
BATCH_MAX = 500
RETRY_S = 1.0
T = TypeVar("T")


class Journal:
    """Give it events; ask it what is durable."""

    def __init__(self, path: Path, boot: str) -> None:
        self._path, self._boot = path, boot
        self._events: queue.Queue[tuple[int, Entry]] = queue.Queue(QUEUE_MAX)
        self._reads: queue.Queue[tuple[Callable[[JournalStore], object], Future[object]]] = queue.Queue(64)
        self._durable: tuple[str, str] | None = None
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._given = 0
        self._written = 0
        self._lost = 0
        self._error = "not opened yet"
        self.uncertainty_of: Callable[[Event], float | None] = _not_known
        self.restored: Future[tuple[str, str] | None] = Future()
        self.on_written: Callable[[], None] = _nobody_waits  # called in the writer's thread
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    def start(self) -> None:
        """Open the file in the writer thread."""
        self._thread.start()

    def write(self, event: Event, mono_s: float) -> Ticket:
        """Take an event. Never waits; when the queue is full the event is counted as lost."""
        entry = Entry(
            boot=self._boot,
            mono_s=mono_s,
            unix_s=clock.unix_s(),
            clock=clock.quality().value,
            kind=event.kind.value,
            reason=event.reason.value,
            subject=event.subject,
            body=orjson.dumps(dict(event.values)).decode(),
            rule=event.rule,
            inputs=orjson.dumps(dict(event.inputs)).decode(),
            uncertainty_s=self.uncertainty_of(event),
        )
        number = self._given + 1
        try:
            self._events.put_nowait((number, entry))
        except queue.Full:
            self._lost += 1
        self._given = number  # after the put: the writer must not see a number whose event it cannot see
        self._wake.set()
        return Ticket(number)

    def keep(self, durable: DurableMemory) -> Ticket:
        """Write the durable memory with the next group."""
        self._durable = (self._boot, dump_durable(durable))
        self._given += 1
        self._wake.set()
        return Ticket(self._given)

    def is_durable(self, ticket: Ticket) -> bool:
        """On disk."""
        return self._written >= ticket.number

    @property
    def status(self) -> JournalStatus:
        """For the page: whether events are being saved."""
        error = self._error or ("" if self._thread.is_alive() or self._stop.is_set() else "the writer has ended")
        return JournalStatus(not error, self._events.qsize(), self._lost, error)

    def ask(self, question: Callable[[JournalStore], T]) -> Future[T]:
        """Read through the one connection; fails at once when the journal is not open or too busy."""
        answer: Future[T] = Future()
        try:
            self._reads.put_nowait((question, answer))  # type: ignore[arg-type]
        except queue.Full:
            answer.set_exception(OSError("the journal is busy"))
        self._wake.set()
        return answer

    def stop(self) -> None:
        """Write what is left and close."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    # -- the writer thread ----------------------------------------------------------------------------------------
    def _run(self) -> None:
        store: JournalStore | None = None
        pending: list[tuple[int, Entry]] = []
        while not self._stop.is_set() or (store is not None and not self._error and self._has_work(pending)):
            self._wake.wait(0.5)
            self._wake.clear()
            self._stop.wait(GROUP_S)
            store = store or self._open()
            if store is None:
                self._refuse_reads()
                self._stop.wait(RETRY_S)
                continue
            self._write_group(store, pending)
            self._answer(store)
        if store is not None:
            with contextlib.suppress(sqlite3.Error):
                store.close()

    def _has_work(self, pending: list[tuple[int, Entry]]) -> bool:
        return bool(pending) or not self._events.empty() or self._durable is not None

    def _open(self) -> JournalStore | None:
        try:
            store = JournalStore(self._path)
            restored = store.durable()
        except (sqlite3.Error, OSError) as error:
            self._error = str(error)
            if not self.restored.done():
                self.restored.set_result(None)
            return None
        self._error = ""
        if not self.restored.done():
            self.restored.set_result(restored)
        return store

    def _write_group(self, store: JournalStore, pending: list[tuple[int, Entry]]) -> None:
        while len(pending) < BATCH_MAX and not self._events.empty():
            pending.append(self._events.get_nowait())
        durable, given = self._durable, self._given
        if not pending and durable is None:
            return
        try:
            store.append([entry for _, entry in pending], durable)
        except (sqlite3.Error, OSError) as error:
            self._error = str(error)
            self._stop.wait(RETRY_S)
            self._wake.set()
            return
        self._error = ""
        self._written = given if self._events.empty() else pending[-1][0] if pending else self._written
        self.on_written()
        pending.clear()
        if self._durable is durable:
            self._durable = None
        if not self._events.empty():
            self._wake.set()

    def _answer(self, store: JournalStore) -> None:
        while not self._reads.empty():
            question, answer = self._reads.get_nowait()
            if not answer.set_running_or_notify_cancel():
                continue  # whoever asked has given up waiting
            try:
                answer.set_result(question(store))
            except (sqlite3.Error, OSError, ValueError, TypeError, LookupError) as error:
                answer.set_exception(error)  # a line that cannot be read is its reader's trouble, not the writer's

    def _refuse_reads(self) -> None:
        while not self._reads.empty():
            answer = self._reads.get_nowait()[1]
            if answer.set_running_or_notify_cancel():
                answer.set_exception(OSError(self._error))


def _nobody_waits() -> None:
    return None


def _not_known(_: Event) -> float | None:
    return None


def dump_durable(durable: DurableMemory) -> str:
    """As JSON, sets sorted."""
    return orjson.dumps(durable, default=sorted).decode()
