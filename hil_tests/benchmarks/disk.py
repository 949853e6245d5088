"""The journal's disk: what a day writes to it, and what a disk that takes two seconds for a sync does to the cycle.

The disk is the preloaded one of `hil_tests/disk/shim.c` below the real controller; it needs gcc.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from controller import clock
from controller.journal import Journal
from controller.journal_line import Entry
from controller.journal_store import JournalStore, Limits
from hil_tests.benchmarks.observed import FILE_VARIABLE
from hil_tests.benchmarks.row import Row, percentile, row_of
from hil_tests.benchmarks.steady import lateness_ms
from hil_tests.benchmarks.village import Village
from hil_tests.disk.recording import Operation, operations
from hil_tests.disk.shim import compiled, environment

DAY_S = 86_400.0
SETTLE_S = 10.0
BLACKOUTS_PER_DAY = 4  # from judgement: a bad day; most days have none
WRITE_GOAL_MB, SYNC_GOAL_COUNT = 100.0, 20_000.0  # a day; an SD card of 32 GB then lasts for decades
SLOW_SYNC_MS = 2000
LATENESS_GOAL_MS = 5.0
BIG_BYTES = 1_000_000_000
START_GOAL_S = 1.5


async def disk_rows(quiet_s: float, big_bytes: int = BIG_BYTES) -> list[Row]:
    """A healthy disk and a slow one for this long each, with a blackout; then starts on a large file."""
    with tempfile.TemporaryDirectory() as name:
        library = compiled(Path(name))
        healthy_ms, quiet, blackout = await _run(library, quiet_s, sync_ms=0)
        slow_ms, _, _ = await _run(library, quiet_s, sync_ms=SLOW_SYNC_MS)
        starts_s = _starts(Path(name), big_bytes)
    written_mb = DAY_S / quiet_s * _bytes(quiet) / 1e6 + BLACKOUTS_PER_DAY * _bytes(blackout) / 1e6
    syncs_count = DAY_S / quiet_s * _syncs(quiet) + BLACKOUTS_PER_DAY * _syncs(blackout)
    ratio = percentile(slow_ms, 99.0) / percentile(healthy_ms, 99.0)
    size = f"{big_bytes / 1e9:.1f} GB journal"
    note = f"{BLACKOUTS_PER_DAY} blackouts and returns, the rest quiet; from {quiet_s:.0f} s and one blackout"
    return [
        Row("journal: written a day", "MB", written_mb, written_mb, written_mb, WRITE_GOAL_MB, note),
        Row("journal: syncs a day", "", syncs_count, syncs_count, syncs_count, SYNC_GOAL_COUNT, note),
        row_of("cycle lateness, healthy disk", "ms", healthy_ms, LATENESS_GOAL_MS, "with a blackout"),
        row_of("cycle lateness, each sync 2 s", "ms", slow_ms, LATENESS_GOAL_MS, "with a blackout"),
        Row("p99 of the two: slow / healthy", "ratio", ratio, ratio, ratio, None, "of the same minutes"),
        row_of(f"start: memory known, {size}", "s", starts_s, START_GOAL_S, "the walk through it comes later"),
    ]


async def _run(library: Path, quiet_s: float, sync_ms: int) -> tuple[list[float], list[Operation], list[Operation]]:
    """Lateness of all cycles; what was written in the quiet part, and in a blackout and the return from it."""
    async with Village() as village:
        log, lateness = village.folder / "recording", village.folder / "lateness"
        disk = environment(library, village.process.data_dir, log=log, sync_ms=sync_ms)
        mine = {name: text for name, text in disk.items() if name.startswith(("HALLIG_DISK", "LD_PRELOAD"))}
        village.start_controller("hil_tests.benchmarks.observed", **{FILE_VARIABLE: str(lateness)}, **mine)
        await village.until_mode("grid_connected")
        await asyncio.sleep(SETTLE_S)
        before = len(operations(log.read_bytes()))
        await asyncio.sleep(quiet_s)
        between = len(operations(log.read_bytes()))
        village.plant.grid.blackout()
        await village.until_mode("islanded")
        village.plant.grid.returns()
        await village.until_mode("grid_connected", 120.0)
        await asyncio.sleep(SETTLE_S)
        await village.end_controller()
        found = operations(log.read_bytes())
        return lateness_ms(lateness), found[before:between], found[between:]


def _starts(folder: Path, big_bytes: int) -> list[float]:
    """From the journal's start to the durable memory, five times."""
    path, body = folder / "big" / "journal.db", '{"text":"' + "x" * 3000 + '"}'
    store = JournalStore(path, Limits(size_max_bytes=2 * big_bytes))
    while path.stat().st_size < big_bytes:
        line = Entry("big", 1.0, 1e9, "holdover", "shed", "low_soc", "warm_room", body)
        store.append([line] * 5000, ("big", "{}"))
    store.close()
    took_s = []
    for _ in range(5):
        began_s, journal = clock.now_s(), Journal(path, "big")
        journal.start()
        assert journal.restored.result(60.0).stored is not None
        took_s.append(clock.now_s() - began_s)
        journal.stop()
    return took_s


def _bytes(done: Sequence[Operation]) -> int:
    return sum(len(operation.data) for operation in done)


def _syncs(done: Sequence[Operation]) -> int:
    return sum(operation.op in "SD" for operation in done)
