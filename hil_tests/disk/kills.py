"""kill -9 of the real journal, writer thread and all, at random instants; and an outside witness.

Three processes: the writer, which is killed; the witness, which is told over a pipe what the journal acknowledged,
and dies with nobody; and this one, which kills, asks the witness, opens the file as a start would, and compares.

Every tenth file is small (`small_store`): its writers live until they write the log back or drop the oldest lines, and
are killed in the middle of that.
"""

from __future__ import annotations

import contextlib
import os
import random
import select
import shutil
import signal
import struct
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from controller.journal import writer as writer_module
from controller.journal.store import JournalStore
from controller.journal.writer import Journal
from controller.ledger import Ticket
from controller.model.decision import Event
from controller.model.memory import DurableMemory
from controller.model.reasons import EventKind, Reason
from hil_tests.disk.small_store import SmallStore, begun, is_in_the_middle

MESSAGE = struct.Struct("<cq")  # 'e' event, 'm' durable memory, '?' how far are you, 'b' begin anew
ANSWER = struct.Struct("<qq")
SIGNS_MAX = 8  # of life: the file is open, a line is acknowledged. The kill comes after a random number of them,
MOMENT_MAX_S = 0.003  # and a random moment later: while it opens, writes, syncs, checkpoints
PATIENCE_S = 30.0
LIVES_PER_FILE = 10
SMALL_EVERY = 10  # files
SMALL_MARKS_MAX = 25  # checkpoints and prunes of one life
SMALL_MOMENT_MAX_S = 0.001
LINE_CHARACTERS = 900  # of a small file, so that it fills within some hundred lines
MEMORY_EVERY = 5
GAP = 10_000  # what a killed writer has written without a word of it may stand in the file: other numbers than ours


@dataclass(slots=True)
class KillResult:
    """What came of all kills."""

    kills_count: int = 0
    acknowledged_count: int = 0
    met_count: int = 0  # kills in the middle of a checkpoint or a prune
    wrongs: tuple[str, ...] = ()

    def __str__(self) -> str:
        told = f"{self.kills_count} runs: kill -9, {self.met_count} of them in a checkpoint or prune"
        lost = f"{len(self.wrongs)} kills lost or corrupted something"
        return f"{told}, {self.acknowledged_count} acknowledged events, {lost}"


def kill_often(count: int, folder: Path, seed: int) -> KillResult:
    """Kill so many writers, one after the other, each on the file that the one before left."""
    rng, result, data = random.Random(seed), KillResult(), folder / "data"
    with _witness() as (told, answers):
        for number in range(count):
            if number % LIVES_PER_FILE == 0:
                shutil.rmtree(data, ignore_errors=True)
                data.mkdir()
                acknowledged = set[int]()
                os.write(told, MESSAGE.pack(b"b", 0))
            first = (GAP * (number + 1), GAP * (number + 1))  # never those of a life that nobody heard of
            is_small = number // LIVES_PER_FILE % SMALL_EVERY == 0
            result.met_count += (_small_life if is_small else _one_life)(data, told, first, rng)
            last = _asked(told, answers)
            acknowledged |= set(range(first[0], last[0] + 1))
            wrong = _wrong(data / "journal.db", acknowledged, last[1], is_small=is_small)
            result.kills_count += 1
            if wrong:
                result.wrongs += (f"kill {number} with seed {seed}: {wrong}",)
            result.acknowledged_count += max(0, last[0] + 1 - first[0])
    return result


def _one_life(data: Path, told: int, first: tuple[int, int], rng: random.Random) -> bool:
    signs, sign = os.pipe()
    writer = os.fork()
    if writer == 0:
        _write_for_ever(data, told, sign, *first)
    os.close(sign)
    for _ in range(rng.randint(0, SIGNS_MAX)):
        if not select.select([signs], [], [], PATIENCE_S)[0] or not os.read(signs, 1):
            break  # it hangs or has died by itself: the witness and the file will show
    threading.Event().wait(rng.uniform(0.0, MOMENT_MAX_S))
    _kill(writer)
    os.close(signs)
    return False


def _small_life(data: Path, told: int, first: tuple[int, int], rng: random.Random) -> bool:
    """Killed in the n-th checkpoint or prune, a moment after it began. True when it was not over by then."""
    marks, mark = os.pipe()
    writer = os.fork()
    if writer == 0:
        vars(writer_module)["JournalStore"] = SmallStore
        SmallStore.mark = mark
        _write_for_ever(data, told, os.open(os.devnull, os.O_WRONLY), *first, characters_count=LINE_CHARACTERS)
    os.close(mark)
    seen = b""
    wanted_count = rng.randint(1, SMALL_MARKS_MAX)
    while begun(seen) < wanted_count and select.select([marks], [], [], PATIENCE_S)[0]:
        sign = os.read(marks, 1)
        if not sign:
            break  # it has died by itself
        seen += sign
    threading.Event().wait(rng.uniform(0.0, SMALL_MOMENT_MAX_S))
    _kill(writer)
    while rest := os.read(marks, 1024):
        seen += rest
    os.close(marks)
    return is_in_the_middle(seen)


def _kill(writer: int) -> None:
    os.kill(writer, signal.SIGKILL)
    os.waitpid(writer, 0)


def _write_for_ever(data: Path, told: int, sign: int, number: int, kept: int, *, characters_count: int = 0) -> None:
    """The journal as the controller has it. What is acknowledged is told to the witness, and never before."""
    journal = Journal(data / "journal.db", "killed")
    journal.start()
    journal.restored.result(PATIENCE_S)
    os.write(sign, b".")
    waiting: deque[tuple[bytes, int, Ticket]] = deque()
    pause = threading.Event()
    while True:
        waiting.append((b"e", number, journal.write(_event(number, characters_count), float(number))))
        number += 1
        if number % MEMORY_EVERY == 0:
            waiting.append((b"m", kept, journal.keep(DurableMemory(shed_by_us=frozenset({str(kept)})))))
            kept += 1
        while waiting and journal.is_durable(waiting[0][2]):
            kind, acknowledged, _ = waiting.popleft()
            os.write(told, MESSAGE.pack(kind, acknowledged))
            os.write(sign, b".")
        pause.wait(0.0005)


def _event(number: int, characters_count: int) -> Event:
    return Event(EventKind.SHED, Reason.LOW_SOC, "warm_room", {"n": number, "text": "x" * characters_count})


@contextlib.contextmanager
def _witness() -> Iterator[tuple[int, int]]:
    hears, told = os.pipe()
    answers, answer = os.pipe()
    witness = os.fork()
    if witness == 0:
        os.close(told)
        _listen(hears, answer)
    os.close(hears)
    os.close(answer)
    try:
        yield told, answers
    finally:
        os.close(told)
        os.waitpid(witness, 0)
        os.close(answers)


def _listen(hears: int, answer: int) -> None:
    """Remember the highest number of each kind; messages are smaller than a pipe's atomic write."""
    highest = {b"e": 0, b"m": 0}
    while message := os.read(hears, MESSAGE.size):
        kind, number = MESSAGE.unpack(message)
        if kind == b"?":
            os.write(answer, ANSWER.pack(highest[b"e"], highest[b"m"]))
        elif kind == b"b":
            highest = {b"e": 0, b"m": 0}
        else:
            highest[kind] = number
    os._exit(0)


def _asked(told: int, answers: int) -> tuple[int, int]:
    os.write(told, MESSAGE.pack(b"?", 0))
    events, memories = ANSWER.unpack(os.read(answers, ANSWER.size))
    return events, memories


def _wrong(path: Path, events: set[int], memories: int, *, is_small: bool) -> str:
    """Empty when the file holds all that the witness was told of, in order; a small one drops the oldest."""
    store = JournalStore(path)
    try:
        if store.damage:
            return f"taken for damaged: {store.damage}"
        if store.verify() is not None:
            return f"the chain breaks at {store.verify()}"
        held = [int(str(line["mono_s"]).partition(".")[0]) for line in store.newest(100_000)]
        kept = 0 if store.kept is None else int(orjson.loads(store.kept.body)["shed_by_us"][0])
    finally:
        store.close()
    if held != sorted(set(held)):
        return "events twice or out of order"
    if lost := {number for number in events - set(held) if not (is_small and held and number < held[0])}:
        return f"{len(lost)} acknowledged events are not there, the first is {min(lost)}"
    if kept < memories:
        return f"durable memory {memories} was acknowledged, {kept} is there"
    return ""
