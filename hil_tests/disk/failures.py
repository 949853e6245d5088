"""A disk that fails: SQLITE_IOERR at any statement of the real writer. What it calls durable must be in its file, once.

Nobody knows how far a failed statement came, so each fails before it was carried out and after it: a COMMIT that
failed may have left nothing, or all. First every statement of every batch, then many at random.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import orjson

from controller import clock
from controller.journal import store as store_module
from controller.journal import writer as writer_module
from controller.journal.store import JournalStore, Limits
from controller.journal.writer import Journal
from controller.ledger import Ticket
from controller.model.decision import Event
from controller.model.memory import DurableMemory
from controller.model.reasons import EventKind, Reason

BEFORE, AFTER = "before", "after"
PATIENCE_S = 5.0  # for what takes milliseconds
STATEMENTS_MAX = 60  # of one batch, with all that follows a failure
FAILURES_MAX = 12  # then a random disk has healed


class Batch(NamedTuple):
    """What is given at once."""

    events_count: int
    keeps_memory: bool


BATCHES = (
    Batch(2, keeps_memory=True),
    Batch(3, keeps_memory=False),
    Batch(0, keeps_memory=True),
    Batch(1, keeps_memory=True),
)


@dataclass(slots=True)
class FailureResult:
    """What came of all failures."""

    runs_count: int = 0
    wrongs: tuple[str, ...] = ()

    def __add__(self, other: FailureResult) -> FailureResult:
        return FailureResult(self.runs_count + other.runs_count, self.wrongs + other.wrongs)

    def __str__(self) -> str:
        return f"{self.runs_count} runs: failing statements, {len(self.wrongs)} lost, doubled or corrupted something"


@dataclass(slots=True)
class Trouble:
    """Which statement fails, and whether before or after it was carried out. `has_come`: one did."""

    choose: Callable[[int], str | None]
    is_armed: bool = False
    has_come: bool = False
    _count: int = 0

    def next(self) -> str | None:
        """One statement further."""
        if not self.is_armed:
            return None
        chosen = self.choose(self._count)
        self._count += 1
        self.has_come = self.has_come or chosen is not None
        return chosen


@dataclass(frozen=True, slots=True)
class _Failing:
    """A connection whose statements may fail."""

    real: sqlite3.Connection
    trouble: Trouble

    def execute(self, *statement: Any) -> sqlite3.Cursor:
        chosen = self.trouble.next()
        if chosen == BEFORE:
            raise _error()
        cursor = self.real.execute(*statement)
        if chosen == AFTER:
            raise _error()
        return cursor

    def close(self) -> None:
        self.real.close()


def fail_everywhere(folder: Path, *, in_a_row: Sequence[int] = (1, 2)) -> FailureResult:
    """Each statement of each batch, and so many behind it."""
    result = FailureResult()
    for at_batch in range(len(BATCHES)):
        for how in (BEFORE, AFTER):
            for count in in_a_row:
                _fail_each(folder, result, at_batch, how, count)
    return result


def _fail_each(folder: Path, result: FailureResult, at_batch: int, how: str, count: int) -> None:
    """Statement by statement, until the batch has no more."""
    for first in range(STATEMENTS_MAX):
        trouble = Trouble(lambda number, first=first: how if first <= number < first + count else None)  # type: ignore[misc]
        _run(folder, result, trouble, BATCHES, at_batch, f"batch {at_batch}, {count} from statement {first}, {how}")
        if not trouble.has_come:
            return


def fail_often(count: int, folder: Path, seed: int) -> FailureResult:
    """Several statements in a run, by chance; then the disk is well again."""
    result = FailureResult()
    for number in range(count):
        rng = random.Random(f"{seed}/{number}")
        batches = [Batch(rng.randint(0, 4), keeps_memory=rng.random() < 0.5) for _ in range(rng.randint(2, 6))]
        _run(folder, result, _by_chance(rng), batches, 0, f"run {number} with seed {seed}")
    return result


def _by_chance(rng: random.Random) -> Trouble:
    share, left = rng.uniform(0.02, 0.5), [FAILURES_MAX]

    def choose(_: int) -> str | None:
        if left[0] == 0 or rng.random() > share:
            return None
        left[0] -= 1
        return rng.choice((BEFORE, AFTER))

    return Trouble(choose)


def _run(
    folder: Path, result: FailureResult, trouble: Trouble, batches: Sequence[Batch], at_batch: int, name: str
) -> None:
    data = folder / "data"
    data.mkdir()
    try:
        wrong = _one_life(data, trouble, batches, at_batch)
    finally:
        shutil.rmtree(data)
    result.runs_count += 1
    if wrong:
        result.wrongs += (f"{name}: {wrong}",)


def _one_life(data: Path, trouble: Trouble, batches: Sequence[Batch], at_batch: int) -> str:
    """Batch by batch: as soon as all of one is called durable, what a kill would leave must hold it."""
    with _disk(data, trouble):
        journal = Journal(data / "journal.db", "failing")
        journal.start()
        journal.restored.result(PATIENCE_S)
        given = kept = 0
        try:
            for index, batch in enumerate(batches):
                trouble.is_armed = trouble.is_armed or index == at_batch
                tickets = [journal.write(_event(given + n), 0.0) for n in range(batch.events_count)]
                given += batch.events_count
                if batch.keeps_memory:
                    kept += 1
                    tickets.append(journal.keep(_memory(kept)))
                if not _are_durable(journal, tickets):
                    return f"batch {index} is not written: {journal.status}"
                wrong = _left_by_a_kill(journal, data, given, kept)
                if wrong:
                    return f"after batch {index}: {wrong}"
        finally:
            journal.stop()
    return _wrong(data, given, kept)


@contextlib.contextmanager
def _disk(data: Path, trouble: Trouble) -> Iterator[None]:
    """Below the journal; whose patience is short, so that thousands of runs are."""
    opened = store_module.open_connection

    def failing(path: Path, limits: Limits) -> Any:
        connection = opened(path, limits)
        return _Failing(connection, trouble) if path.parent == data else connection

    with (
        mock.patch.object(store_module, "open_connection", failing),
        mock.patch.multiple(writer_module, RETRY_S=0.002, IDLE_S=0.01, WALK_PAUSE_S=0.002),
    ):
        yield


def _are_durable(journal: Journal, tickets: Sequence[Ticket]) -> bool:
    until_s, pause = clock.now_s() + PATIENCE_S, threading.Event()
    while not all(map(journal.is_durable, tickets)):
        if clock.now_s() > until_s:
            return False
        pause.wait(0.0005)
    return True


def _left_by_a_kill(journal: Journal, data: Path, given: int, kept: int) -> str:
    """The files as they lie there, copied by the writer itself: it may be opening them anew after another failure."""
    left = data.with_name("left")
    copied = _answered(journal, lambda _: shutil.copytree(data, left, ignore=shutil.ignore_patterns("*-shm")))
    try:
        return _wrong(left, given, kept) if copied else f"does not open again: {journal.status}"
    finally:
        shutil.rmtree(left, ignore_errors=True)


def _answered(journal: Journal, question: Callable[[JournalStore], object]) -> bool:
    until_s = clock.now_s() + PATIENCE_S
    while clock.now_s() < until_s:
        with contextlib.suppress(OSError):  # not open just now
            return journal.ask(question).result(PATIENCE_S) is not None
    return False


def _wrong(data: Path, given: int, kept: int) -> str:
    """Empty when each event stands there once, in order, beside the newest memory, in a sound file."""
    store = JournalStore(data / "journal.db")
    try:
        if store.damage:
            return f"taken for damaged: {store.damage}"
        if store.verify() is not None:
            return f"the chain breaks at {store.verify()}"
        found = [line["values"] for line in store.newest(10_000)]
        memory = orjson.loads(store.kept.body)["shed_by_us"] if store.kept is not None else []
    finally:
        store.close()
    if found != [{"n": n} for n in range(given)]:
        return f"{given} events are called durable, the file has {found}"
    return "" if memory == [str(kept)][:kept] else f"memory {kept} is called durable, the file has {memory}"


def _event(number: int) -> Event:
    return Event(EventKind.SHED, Reason.LOW_SOC, "warm_room", {"n": number})


def _memory(number: int) -> DurableMemory:
    return DurableMemory(shed_by_us=frozenset({str(number)}))


def _error() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    return error
