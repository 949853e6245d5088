"""What became of the journal's file: set aside, missing, replaced. Kept until the new file can take a line about it."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from controller.folder_lock import HeldElsewhereError
from controller.journal.damage import is_damage, set_aside
from controller.journal.intake import QUEUE_MAX
from controller.journal.store import JournalStore
from controller.model.decision import Event
from controller.model.reasons import EventKind, Reason
from controller.plain_words import why_not_written

REPLACED = "another file was put in its place while it was written"
CONSEQUENCE = (
    f"Control goes on. Up to {QUEUE_MAX} events wait in memory, and all since is lost if the process ends, latches and "
    "holds included. It is tried again each second."
)
log = logging.getLogger("hallig.journal")


class Trouble:
    """Why nothing is saved now. Told once on the way in and once on the way out, not with every try."""

    def __init__(self, path: Path) -> None:
        self.reason = "not opened yet"  # "": none
        self._path = path
        self._is_told = False

    def note(self, error: Exception) -> None:
        """It failed. Of a file that is set aside, or another controller's, others tell."""
        self.reason = why_not_written(self._path, error)
        is_told_elsewhere = isinstance(error, HeldElsewhereError) or (
            isinstance(error, sqlite3.Error) and is_damage(error)
        )
        if is_told_elsewhere or self._is_told:
            return
        self._is_told = True
        log.warning("%s cannot be written: %s. %s", self._path, self.reason, CONSEQUENCE)

    def in_words(self, waiting_count: int) -> str:
        """For who asks the journal in vain: why, and what becomes of the events that wait."""
        waiting = "1 event waits" if waiting_count == 1 else f"{waiting_count} events wait"
        where, mended = (
            f"the journal {self._path} cannot be opened: {self.reason}",
            "will be written once that is mended",
        )
        return f"{where}. {waiting} in memory and {mended}"

    def end(self, *, is_proven: bool) -> None:
        """It is open; proven is it by what was written: a dying disk opens well each time."""
        self.reason = ""
        if is_proven and self._is_told:
            log.warning("%s is written again", self._path)
            self._is_told = False


class FileNews:
    """The writer's alone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._set_aside: tuple[str, str] | None = None  # a file, and why
        self._missed: int | None = None  # the last line of a file that was not there any more

    def note(self, store: JournalStore) -> None:
        """What it found when it opened."""
        if store.damage and self._set_aside is None:
            self._set_aside = (store.set_aside.name if store.set_aside is not None else "", store.damage)
        if store.missed is not None:
            self._missed = max(store.missed, self._missed or 0)

    def note_set_aside(self, aside: Path, why: str) -> None:
        """While it was written."""
        self._set_aside = (aside.name, why)

    def note_displaced(self, last: int | None) -> bool:
        """While it was written: the file itself, up to its last line, or, None, only its log. True: one is to be begun.

        What lies in its place is kept aside, whatever it is: it does not go on from what was written.
        """
        if last is None:
            log.warning("%s-wal was deleted while it was written; its lines are in %s", self._path, self._path.name)
            return False
        self._missed = last
        try:
            if self._path.exists() or self._path.is_symlink():
                self._set_aside = (set_aside(self._path).name, REPLACED)
        except OSError as error:
            log.warning("%s cannot be set aside: %s", self._path, error)
        return True

    def take(self) -> Iterator[Event]:
        """Alarms, the one that is to stand first last; each once."""
        if self._set_aside is not None:
            file, why = self._set_aside
            log.warning("%s could not be used and is kept as %s: %s", self._path, file, why)
            yield Event(EventKind.ALARM, Reason.JOURNAL_SET_ASIDE, "hub", {"file": file, "why": why})
        if self._missed is not None:
            log.warning("%s was missing, a new one is begun; last known number: %s", self._path, self._missed)
            yield Event(EventKind.ALARM, Reason.JOURNAL_MISSING, "hub", {"last": self._missed})
        self._set_aside = self._missed = None
