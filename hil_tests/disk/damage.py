"""Damaged files: whatever lies where the journal should, the controller's journal starts, and says what it found."""

from __future__ import annotations

import random
import shutil
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from controller import clock
from controller.durable import dump_durable
from controller.durable_copy import write_copy
from controller.journal.line import entry_of
from controller.journal.store import JournalStore, Limits
from controller.journal.writer import Journal
from controller.model.decision import Event
from controller.model.memory import Attempt, DurableMemory, Latch
from controller.model.reasons import EventKind, Reason
from hil_tests.disk.damage_kinds import KINDS, WITH_THE_COPY

BOOT = "boot"
EVENTS_COUNT = 120
PATIENCE_S = 5.0  # for what takes milliseconds; a machine that is busy is no damage
MEMORY = DurableMemory(
    latches=(Latch("emergency_off", Reason.EMERGENCY_OFF, 5.0),),
    attempts=tuple(Attempt("genset", "crank", float(n)) for n in range(6)),
    shed_by_us=frozenset({"ev_posts"}),
)
STORED = (BOOT, dump_durable(MEMORY))


@dataclass(slots=True)
class DamageResult:
    """What came of all damaged files."""

    files_count: int = 0
    set_aside_count: int = 0
    slowest_s: float = 0.0
    wrongs: tuple[str, ...] = ()

    def __str__(self) -> str:
        told = f"{self.files_count} runs: damaged journals, {self.set_aside_count} set aside"
        return f"{told}, slowest start {self.slowest_s * 1000.0:.0f} ms, {len(self.wrongs)} went wrong"


def damage_often(count: int, folder: Path, seed: int) -> DamageResult:
    """So many damaged files, each kind in turn."""
    result, names = DamageResult(), list(KINDS)
    make_sound(folder / "sound")
    for number in range(count):
        name, data = names[number % len(names)], folder / "data"
        shutil.copytree(folder / "sound", data)
        KINDS[name](data / "journal.db", random.Random(f"{seed}/{number}"))
        wrong = _start_on(data, result, must_remember=name not in WITH_THE_COPY)
        result.files_count += 1
        if wrong:
            result.wrongs += (f"file {number}, {name}, seed {seed}: {wrong}",)
        shutil.rmtree(data)
    return result


def make_sound(folder: Path) -> None:
    """A journal as a killed controller leaves it: half of it, and the durable memory, still in the log."""
    work = folder / "work"
    store = JournalStore(work / "journal.db", Limits(checkpoint_pages=10**6))
    for number in range(EVENTS_COUNT):
        event = Event(EventKind.SHED, Reason.LOW_SOC, "warm_room", {"n": number})
        store.append([entry_of(event, BOOT, float(number), None)], STORED if number == EVENTS_COUNT - 10 else None)
        if number == EVENTS_COUNT // 2:
            store.write_back()
        if store.kept is not None:
            write_copy(folder, replace(store.kept, seq=store.last, head=store.head))
    for name in ("journal.db", "journal.db-wal"):  # before a clean end would write the log back
        shutil.copyfile(work / name, folder / name)
    store.close()
    shutil.rmtree(work)


def _start_on(data: Path, result: DamageResult, *, must_remember: bool) -> str:
    """Empty when the journal starts, takes a line, remembers, and is whole in the end."""
    began_s = clock.now_s()
    journal = Journal(data / "journal.db", BOOT)
    journal.start()
    try:
        restored = journal.restored.result(PATIENCE_S)
        result.slowest_s = max(result.slowest_s, clock.now_s() - began_s)
        if restored.stored not in ({STORED} if must_remember else {STORED, None}):
            return f"the durable memory is another: {restored}"
        if restored.stored is None and restored.source != "lost":
            return "latches are gone, and nobody says so"
        ticket = journal.write(Event(EventKind.STARTED, Reason.STARTED, "hub"), 1e6)
        if not _eventually(lambda: journal.is_durable(ticket) and journal.is_walked):
            return f"does not take a line: {journal.status}"
        return _what_it_says(journal, result)
    except TimeoutError:
        return f"does not open: {journal.status}"
    finally:
        journal.stop()


def _what_it_says(journal: Journal, result: DamageResult) -> str:
    lines = journal.ask(lambda store: store.newest(EVENTS_COUNT + 10)).result(PATIENCE_S)
    if journal.ask(lambda store: store.verify()).result(PATIENCE_S) is not None:
        return "the chain is broken after the start"
    if "started" not in {line["kind"] for line in lines[-2:]}:
        return "the line of the start is not among the last"
    is_told = any(line["reason"] in {"journal_set_aside", "journal_missing"} for line in lines)
    old = [line["values"] for line in lines if line["kind"] == "shed"]
    if old == [{"n": n} for n in range(len(old))] and len(old) >= EVENTS_COUNT - 9:
        return ""  # at most lines that were written after the memory, in a log that was torn
    result.set_aside_count += 1
    if not is_told:
        return f"{EVENTS_COUNT - len(old)} lines are gone, and no event says so"
    return ""


def _eventually(condition: object) -> bool:
    until_s, pause = clock.now_s() + PATIENCE_S, threading.Event()
    while not condition():  # type: ignore[operator]
        if clock.now_s() > until_s:
            return False
        pause.wait(0.002)
    return True
