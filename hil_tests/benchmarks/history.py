"""Starts of the real controller on a long history: as many bytes of journal as its disk would take in years.

The file is fifteen times what the journal lets itself grow to, and read from the disk: its pages are dropped from
memory before each start. The first thing that is written finds it full, and drops the oldest tenth.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from controller import clock
from controller.journal.line import Entry
from controller.journal.store import JournalStore, Limits
from controller.journal.writer import Journal
from hil_tests.benchmarks.row import Row, row_of
from hil_tests.benchmarks.village import Village

BIG_BYTES = 1_000_000_000
START_GOAL_S = 1.5
BACK_S = 120.0
JOURNAL = "journal.db"
BATCH_COUNT = 5000
LINE = Entry("big", 1.0, 1e9, "holdover", "shed", "low_soc", "warm_room", '{"text":"' + "x" * 3000 + '"}')


async def history_rows(folder: Path, big_bytes: int, count: int) -> list[Row]:
    """From `hallig run` to its first decision, each time on a history of this size; and to the memory alone."""
    size = f"{big_bytes / 1e9:.1f} GB journal"
    async with Village() as village:
        village.process.data_folder = folder / "short"
        await _started_s(village)
        village.plant.grid.blackout()  # so that there is something to remember
        await village.until_mode("islanded")
        village.plant.grid.returns()
        await village.until_mode("grid_connected", BACK_S)
        await village.end_controller()
        shutil.copytree(folder / "short", folder / "long")
        _lengthen(folder / "long" / JOURNAL, big_bytes)
        long_s: list[float] = []
        short_s: list[float] = []
        for _ in range(count):
            for name, found_s in (("long", long_s), ("short", short_s)):
                again = folder / "again"
                shutil.copytree(folder / name, again)
                village.process.data_folder = again
                _drop_from_memory(again / JOURNAL)
                found_s.append(await _started_s(village))
                village.kill_controller()
                shutil.rmtree(again)
        memory_s = [_memory_s(folder / "long" / JOURNAL) for _ in range(count)]
    told = f"kill -9 before each; with a history of {(folder / 'short' / JOURNAL).stat().st_size / 1e3:.0f} kB"
    return [
        row_of(f"start of `hallig run` -> first decision, {size}", "s", long_s, START_GOAL_S, "read from the disk"),
        row_of("start of `hallig run` -> first decision, short", "s", short_s, START_GOAL_S, told),
        row_of(f"start: memory known, {size}", "s", memory_s, START_GOAL_S, "the walk through it comes later"),
    ]


async def _started_s(village: Village) -> float:
    began_s = clock.now_s()
    village.start_controller()
    return await village.until_mode("grid_connected") - began_s


def _lengthen(path: Path, big_bytes: int) -> None:
    """More lines, and the durable memory as it was."""
    store = JournalStore(path, Limits(size_max_bytes=2 * big_bytes))
    while path.stat().st_size < big_bytes:
        store.append([LINE] * BATCH_COUNT, None)
    store.write_back()
    store.close()


def _memory_s(path: Path) -> float:
    """From the journal's start to the durable memory."""
    _drop_from_memory(path)
    began_s, journal = clock.now_s(), Journal(path, "big")
    journal.start()
    assert journal.restored.result(60.0).stored is not None
    took_s = clock.now_s() - began_s
    journal.stop()
    return took_s


def _drop_from_memory(path: Path) -> None:
    """Its pages must be read again."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)  # what is not on the disk yet would stay
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)
