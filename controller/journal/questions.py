"""Questions to the journal: asked in any thread, answered in the writer's through its one connection."""

from __future__ import annotations

import queue
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from controller.journal.store import JournalStore

QUESTIONS_MAX = 64
T = TypeVar("T")


class Questions:
    """Those that wait."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[tuple[Callable[[JournalStore], object], Future[object]]] = queue.Queue(QUESTIONS_MAX)

    def ask(self, question: Callable[[JournalStore], T]) -> Future[T]:
        """Fails at once when too many wait."""
        answer: Future[T] = Future()
        try:
            self._waiting.put_nowait((question, answer))  # type: ignore[arg-type]
        except queue.Full:
            answer.set_exception(OSError("the journal is busy"))
        return answer

    def answer(self, store: JournalStore) -> None:
        """The writer's: all of them."""
        while not self._waiting.empty():
            question, answer = self._waiting.get_nowait()
            if not answer.set_running_or_notify_cancel():
                continue  # whoever asked has given up waiting
            try:
                answer.set_result(question(store))
            except (sqlite3.Error, OSError, ValueError, TypeError, LookupError) as error:
                answer.set_exception(error)  # a line that cannot be read is its reader's trouble, not the writer's

    def refuse(self, why: str) -> None:
        """The writer's: the journal is not open."""
        while not self._waiting.empty():
            answer = self._waiting.get_nowait()[1]
            if answer.set_running_or_notify_cancel():
                answer.set_exception(OSError(why))
