"""Power cuts: the power goes at every operation of the recorded run, and the real store must find its way."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from controller.journal.store import JournalStore
from hil_tests.disk.cut_disk import MODES, CutDisk, lay_out
from hil_tests.disk.recording import JOURNAL, LIMITS, Operation, entry, memory


@dataclass(slots=True)
class CutResult:
    """What came of all cuts; `wrongs` says where, with the seed that repeats it."""

    cuts_count: int = 0
    wrongs: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.cuts_count} runs: power cuts, {len(self.wrongs)} lost or corrupted something"


def cut_everywhere(operations: Sequence[Operation], folder: Path, *, every: int, rounds: int, seed: int) -> CutResult:
    """After each `every`-th operation, in each mode, `rounds` times."""
    disk, result = CutDisk(), CutResult()
    for index, operation in enumerate(operations):
        disk.take(operation)
        if index % every != 0:
            continue
        for mode in MODES:
            for turn in range(rounds if mode in {"torn", "reordered"} else 1):
                result.cuts_count += 1
                wrong = _cut(disk, mode, random.Random(f"{seed}/{index}/{mode}/{turn}"), folder / "cut")
                if wrong:
                    result.wrongs += (f"operation {index}, {mode}, turn {turn}: {wrong}",)
    return result


def _cut(disk: CutDisk, mode: str, rng: random.Random, folder: Path) -> str:
    """Empty when all that was acknowledged is there and nothing is corrupt."""
    folder.mkdir()
    try:
        lay_out(disk.left(mode, rng), folder)
        return _wrong(folder, *disk.acknowledged)
    finally:
        shutil.rmtree(folder)


def _wrong(folder: Path, last: int, kept_count: int) -> str:
    try:
        store = JournalStore(folder / JOURNAL, LIMITS)
    except (sqlite3.Error, OSError) as error:
        return f"does not open: {error}"
    try:
        return _what_is_wrong(store, last, kept_count)
    except (sqlite3.Error, ValueError) as error:
        return f"cannot be read: {error}"
    finally:
        store.close()


def _what_is_wrong(store: JournalStore, last: int, kept_count: int) -> str:
    if store.damage:
        return f"taken for damaged: {store.damage}"
    if store.last < last:
        return f"{last} events were acknowledged, {store.last} are there"
    newest = store.newest(3)
    if any(line["values"] != {"n": line["seq"], "text": "x" * (37 * int(str(line["seq"])) % 900)} for line in newest):
        return f"other events than were written: {newest}"
    kept = store.kept
    if (0 if kept is None else kept.number) < kept_count:
        return f"durable memory {kept_count} was acknowledged, {kept} is there"
    if kept is not None and kept.stored not in {memory(n) for n in range(4, store.last + 4, 4)}:
        return f"another durable memory than was kept: {kept}"
    store.append([entry(store.last + 1)], None)
    broken = store.verify()
    return "" if broken is None else f"the chain breaks at {broken}"
