"""The journal's thread: takes events at any time without waiting, writes them in groups, and never disturbs control."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from controller import clock
from controller.durable import dump_durable
from controller.durable_copy import Copyist, Restored, Stored
from controller.folder_lock import FolderLock, HeldElsewhereError
from controller.journal import damage
from controller.journal.chain import Walk
from controller.journal.file_news import FileNews, Trouble
from controller.journal.intake import QUEUE_MAX, Intake, Line
from controller.journal.line import Entry, entry_of
from controller.journal.questions import Questions
from controller.journal.restored import Restoring
from controller.journal.store import JournalStore
from controller.ledger import Ticket
from controller.model.decision import Event
from controller.model.memory import DurableMemory
from controller.plain_words import of_a_disk
from controller.status import JournalFileStatus, JournalStatus

GROUP_S = 0.003  # gather what comes within this before one sync
RETRY_S = 1.0
IDLE_S = 0.5  # look after what is not urgent
WALK_PAUSE_S = 0.02  # between two slices of the walk through an old file: most of the time is the events'
T = TypeVar("T")


class Journal:
    """Give it events; ask it what is durable."""

    def __init__(self, path: Path, boot: str, held: FolderLock | None = None) -> None:
        """`held`: the folder that this process holds already, if it is the same."""
        self._path, self._boot = path, boot
        self._intake = Intake()
        self._questions = Questions()
        self._again: Stored | None = None  # the memory of a file that was set aside, for the new one
        self._restoring = Restoring(path.parent)
        self._news = FileNews(path)
        self._copyist = Copyist(path.parent)
        self._lock = FolderLock(path.parent, held)
        self._is_held = False  # by another controller
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._written = 0
        self._trouble = Trouble(path)
        self._broken_names: tuple[str, ...] = ()
        self._file: JournalFileStatus | None = None
        self._pending: list[Line] = []
        self._hoped: tuple[str | None, int] | None = None  # a batch that failed: its head if it had one, its lines
        self._walk = Walk()
        self._unwalked: list[Line] = []  # written into a file of which it is not known yet that it is sound
        self.uncertainty_of: Callable[[Event], float | None] = _nobody_waits
        self.restored = self._restoring.answer
        self.on_restored_late: Callable[[Restored], None] = _nobody_waits  # called in the writer's thread
        self.on_written: Callable[[], None] = _nobody_waits  # called in the writer's thread
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    def start(self) -> None:
        """Open the file in the writer thread."""
        self._thread.start()

    def write(self, event: Event, mono_s: float) -> Ticket:
        """Take an event. Never waits; when the queue is full the event is counted as lost, and never durable."""
        ticket = self._intake.give(self._entry(event, mono_s))
        self._wake.set()
        return ticket

    def keep(self, durable: DurableMemory) -> Ticket:
        """Write the durable memory with the next group."""
        ticket = self._intake.keep((self._boot, dump_durable(durable)))
        self._wake.set()
        return ticket

    def is_durable(self, ticket: Ticket) -> bool:
        """On disk."""
        return self._written >= ticket.number

    @property
    def status(self) -> JournalStatus:
        """For the page: whether events are being saved."""
        lives = self._thread.is_alive() or self._stop.is_set()
        error = self._trouble.reason or ("" if lives else "the writer has ended")
        counts = self._waiting_count, self._intake.lost_count
        broken, copy = self._broken_names, self._copyist.error
        return JournalStatus(not error, *counts, error, broken, copy, self._is_held, self._file)

    @property
    def _waiting_count(self) -> int:
        """Events that are on no disk: those of the batch that is tried again among them."""
        return self._intake.pending_count + len(self._pending)

    @property
    def is_walked(self) -> bool:
        """The file that was found at the start has been read through and is sound, or was set aside."""
        return self._walk.is_over and not self._trouble.reason

    def ask(self, question: Callable[[JournalStore], T]) -> Future[T]:
        """Read through the one connection; fails at once when the journal is not open or too busy."""
        answer = self._questions.ask(question)
        self._wake.set()
        return answer

    def stop(self) -> None:
        """Write what is left and close."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def _entry(self, event: Event, mono_s: float) -> Entry:
        return entry_of(event, self._boot, mono_s, self.uncertainty_of(event))

    # -- the writer thread ----------------------------------------------------------------------------------------
    def _run(self) -> None:
        store: JournalStore | None = None
        while not self._stop.is_set() or (store is not None and not self._trouble.reason and self._has_work()):
            self._wake.wait(IDLE_S if self._walk.is_over else WALK_PAUSE_S)
            self._wake.clear()
            self._stop.wait(GROUP_S)
            store = store or self._open()
            if store is None:
                self._until_next_try(lambda: self._questions.refuse(self._trouble.in_words(self._waiting_count)))
                continue
            try:
                self._work(store)
            except damage.DisplacedError as error:
                self._leave(store, is_gone=error.is_gone)
                store = None
            except (sqlite3.Error, OSError) as error:
                store = self._give_up(store, error)
        if store is not None:
            store.close()
        self._lock.release()

    def _until_next_try(self, attend: Callable[[], None]) -> None:
        """Who asks does not wait for it: a file that takes nothing can be read."""
        again_at_s = clock.now_s() + RETRY_S
        while not self._stop.is_set() and (left_s := again_at_s - clock.now_s()) > 0.0:
            attend()
            self._wake.wait(left_s)
            self._wake.clear()
        self._wake.set()

    def _has_work(self) -> bool:
        return bool(self._pending) or self._intake.has_work or self._again is not None

    def _open(self) -> JournalStore | None:
        try:
            self._lock.take()
            store = JournalStore(self._path)
            self._forget_what_was_written(store)
        except (sqlite3.Error, OSError) as error:
            self._trouble.note(error)
            self._is_held = isinstance(error, HeldElsewhereError)
            self._restoring.do_without(error)
            return None
        self._trouble.end(is_proven=False)
        self._is_held, self._walk, self._file = False, Walk(), store.file_status
        self._news.note(store)
        self._take_up(store)
        self._tell_news()
        return store

    def _work(self, store: JournalStore) -> None:
        """What is urgent first. Raises sqlite3.Error or OSError when the file does not take it or cannot be read.

        DisplacedError: somebody has taken the file away.
        """
        store.look()
        self._write_group(store)
        self._questions.answer(store)
        if self._copyist.is_due and store.kept is not None:
            self._copyist.write(replace(store.kept, seq=store.last, head=store.head), clock.now_s())
        if not self._walk.is_over:
            self._walk = store.walk_on(self._walk)
            if self._walk.broken is not None:
                raise damage.DamagedError(f"line {self._walk.broken} is {self._walk.why}")
            if self._walk.is_over:
                self._unwalked = []

    def _write_group(self, store: JournalStore) -> None:
        pending = self._pending
        taken = self._intake.take(pending)
        memory = taken.memory or self._again
        if not pending and memory is None:
            if taken.upto > self._written:  # the group before has taken more than it could know of
                self._written = taken.upto
                self.on_written()
            return
        self._hoped = None
        try:
            store.append([entry for _, entry in pending], memory)
        except sqlite3.Error:
            self._hoped = (store.hoped_head, len(pending))
            raise
        self._trouble.end(is_proven=True)
        self._intake.wrote(taken)
        self._written, self._again = max(self._written, taken.upto), None
        if not self._walk.is_over:
            self._unwalked = [*self._unwalked, *pending][-QUEUE_MAX:]
        pending.clear()
        self._copyist.is_due = self._copyist.is_due or memory is not None
        if self._intake.has_work:
            self._wake.set()
        self.on_written()

    def _give_up(self, store: JournalStore, error: sqlite3.Error | OSError) -> JournalStore | None:
        """For now, and try again; a damaged file is set aside first.

        A sync that failed once may not be tried again on the same file: what it should have written may be marked as
        written. So the connection goes, and the next one reads what is really there and writes it back.
        """
        self._trouble.note(error)
        if isinstance(error, sqlite3.Error) and damage.is_damage(error):
            store.close()
            self._set_aside(store, error)
            return None
        if isinstance(error, OSError) or damage.code_of(error) != sqlite3.SQLITE_IOERR:
            self._until_next_try(lambda: self._questions.answer(store))
            if not damage.has_become_writable(error, self._path):
                return store
        store.close()
        return None

    def _leave(self, store: JournalStore, *, is_gone: bool) -> None:
        """A file that somebody has taken away. Its log goes into it, so that nobody takes that for a new file's."""
        with contextlib.suppress(sqlite3.Error):
            store.write_back()
        store.close()
        if self._news.note_displaced(store.last if is_gone else None):
            self._begin_anew_with(store)
        self._wake.set()

    def _set_aside(self, store: JournalStore, error: sqlite3.Error) -> None:
        try:
            self._news.note_set_aside(damage.set_aside(self._path), of_a_disk(error))
        except OSError:
            return  # tried again with the next opening
        self._begin_anew_with(store)

    def _begin_anew_with(self, store: JournalStore) -> None:
        """What the next file must have of the one that is left behind."""
        self._hoped = None
        self._pending, self._unwalked = self._unwalked + self._pending, []
        self._again = store.kept.stored if store.kept is not None else None
        self._wake.set()

    def _forget_what_was_written(self, store: JournalStore) -> None:
        """A batch that failed at its very end may be in the file all the same: it must not stand there twice.

        Only once all of the log is in the file: a sync that failed may have left it in memory alone.
        """
        if self._hoped is None:
            return
        try:
            store.write_back()
        except sqlite3.Error:
            store.close()
            raise
        head, count = self._hoped
        if count > 0 and store.head == head:
            self._written = max(self._written, self._pending[count - 1][0])
            del self._pending[:count]
        self._hoped = None

    def _take_up(self, store: JournalStore) -> None:
        """Once, as soon as the file is open.

        What was kept until now was kept without knowing what is in the file; it comes again, joined with that.
        """
        if self._restoring.is_first():
            self._copyist.is_due = True
            if self._restoring.has_news(store):
                self._intake.drop_memory()
            late = self._restoring.take_up(store)
            if late is not None:
                self.on_restored_late(late)

    def _tell_news(self) -> None:
        """In the new file first of all, and on the page for as long as broken ones lie there."""
        with contextlib.suppress(OSError):  # a folder that cannot be listed takes lines all the same
            self._broken_names = tuple(broken.name for broken in damage.broken_files(self._path))
        for event in self._news.take():
            self._pending.insert(0, (self._written, self._entry(event, clock.now_s())))
            self._wake.set()


def _nobody_waits(*_: object) -> None:
    return None
