"""What a start gets of the durable memory, and who had to go on without is told when the disk has it after all."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

from controller.durable_copy import Restored, read_copy
from controller.folder_lock import HeldElsewhereError
from controller.journal.store import JournalStore


class Restoring:
    """The writer's alone, but for the answer."""

    def __init__(self, folder: Path) -> None:
        self.answer: Future[Restored] = Future()
        self._folder = folder
        self._handed_number = 0  # of the memory that a start got from the copy, because the file did not open
        self._is_taken_up = False  # the file was open once in this life: what it held is known

    def do_without(self, why: Exception) -> None:
        """The file does not open now. What lies in a folder that another controller holds is that one's."""
        if self.answer.done():
            return
        if isinstance(why, HeldElsewhereError):
            self.answer.set_result(Restored(None, "held", str(why)))
            return
        copy = read_copy(self._folder)
        self._handed_number = copy.number if copy is not None else 0
        self.answer.set_result(Restored(copy.stored, "copy") if copy is not None else Restored())

    def is_first(self) -> bool:
        """True once: later, what we hold is newer than any file."""
        is_first, self._is_taken_up = not self._is_taken_up, True
        return is_first

    def has_news(self, store: JournalStore) -> bool:
        """More than what the start had from the copy."""
        return store.kept is not None and store.kept.number > self._handed_number

    def take_up(self, store: JournalStore) -> Restored | None:
        """Answer with what is in the file; returned if that comes too late, and the copy had not told the same."""
        if store.kept is None:
            found = Restored(None, "lost" if store.damage else "none")
        else:
            found = Restored(store.kept.stored, "copy" if store.is_anew else "journal")
        if not self.answer.done():
            self.answer.set_result(found)
            return None
        return found if self.has_news(store) else None
