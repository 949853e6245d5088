"""The disk: what a day writes to it, and what one that is slow, full or read-only does to the cycle.

The disk is the preloaded one of `hil_tests/disk/shim.c` below the real controller; it needs gcc.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from controller.blackbox.box import AFTER_S
from hil_tests.benchmarks.history import BIG_BYTES, history_rows
from hil_tests.benchmarks.observed import FILE_VARIABLE
from hil_tests.benchmarks.row import Row, percentile, row_of
from hil_tests.benchmarks.steady import lateness_ms, next_cycle_number
from hil_tests.benchmarks.village import Village
from hil_tests.disk.recording import Operation, operations
from hil_tests.disk.shim import compiled, environment

DAY_S = 86_400.0
SETTLE_S = 10.0
BOX_S = AFTER_S + SETTLE_S  # the black box writes for a minute after a start and after each change of mode
BLACKOUTS_PER_DAY = 4  # from judgement: a bad day; most days have none
WRITE_GOAL_MB, SYNC_GOAL_COUNT = 100.0, 20_000.0  # a day; an SD card of 32 GB then lasts for decades
SLOW_SYNC_MS = 2000
LATENESS_GOAL_MS = 5.0
BACK_S = 120.0
MB = 1e6
ILLS = {"each sync 2 s": "", "disk full": "full", "remounted read-only": "read_only"}  # and the shim's word for it


@dataclass(frozen=True, slots=True)
class Day:
    """A quiet while, and a blackout with the return from it, on one kind of disk."""

    late_ms: list[float]  # every cycle, from the settled controller on
    quiet: list[Operation]
    blackout: list[Operation]
    quiet_bytes: int  # as the kernel charges the process for pages of its files: /proc/PID/io
    blackout_bytes: int
    told: str  # what the controller says of its journal at the end; empty when all is well


async def disk_rows(quiet_s: float, big_bytes: int = BIG_BYTES, starts_count: int = 5) -> list[Row]:
    """A healthy disk and three ill ones for this long each, with a blackout; then starts on a large file."""
    with tempfile.TemporaryDirectory(prefix="hallig-disk-") as name:
        folder = Path(name)
        library = compiled(folder)
        healthy = await _day(library, folder / "healthy", quiet_s, settle_s=BOX_S)
        ill = {what: await _day(library, folder / what, quiet_s, what) for what in ILLS}
        starts = await history_rows(folder, big_bytes, starts_count)
    return [*_written(healthy, quiet_s), *_lateness(healthy, ill), *starts]


def _written(healthy: Day, quiet_s: float) -> list[Row]:
    """Of a bad day."""
    note = f"{BLACKOUTS_PER_DAY} blackouts and returns, the rest quiet; from {quiet_s:.0f} s and one blackout"
    days = DAY_S / quiet_s
    asked_mb = (days * _bytes(healthy.quiet) + BLACKOUTS_PER_DAY * _bytes(healthy.blackout)) / MB
    syncs_count = days * _syncs(healthy.quiet) + BLACKOUTS_PER_DAY * _syncs(healthy.blackout)
    quiet_mb, blackout_mb = days * healthy.quiet_bytes / MB, healthy.blackout_bytes / MB
    charged_mb = quiet_mb + BLACKOUTS_PER_DAY * blackout_mb
    charged = "by the whole process, in whole pages: /proc/PID/io"
    if healthy.quiet_bytes + healthy.blackout_bytes == 0:
        return [row_of("bytes written a day", "MB", [], WRITE_GOAL_MB, "the temporary folder is not on a disk")]
    return [
        Row("journal and black box: written a day", "MB", asked_mb, asked_mb, asked_mb, WRITE_GOAL_MB, note),
        Row("journal and black box: syncs a day", "", syncs_count, syncs_count, syncs_count, SYNC_GOAL_COUNT, note),
        Row("bytes written a day", "MB", charged_mb, charged_mb, charged_mb, WRITE_GOAL_MB, f"{note}; {charged}"),
        Row("bytes written a day on grid", "MB", quiet_mb, quiet_mb, quiet_mb, WRITE_GOAL_MB, charged),
        Row("bytes written by one blackout", "MB", blackout_mb, blackout_mb, blackout_mb, None, "and the return"),
    ]


def _lateness(healthy: Day, ill: dict[str, Day]) -> list[Row]:
    rows = [row_of("cycle lateness, healthy disk", "ms", healthy.late_ms, LATENESS_GOAL_MS, "with a blackout")]
    for what, day in ill.items():
        told = f"with a blackout; the journal says: {day.told}" if day.told else "with a blackout"
        rows.append(row_of(f"cycle lateness, {what}", "ms", day.late_ms, LATENESS_GOAL_MS, told))
    for what, day in ill.items():
        ratio = percentile(day.late_ms, 99.0) / percentile(healthy.late_ms, 99.0)
        rows.append(Row(f"p99 of two: {what} / healthy", "ratio", ratio, ratio, ratio, None, "of the same run"))
    return rows


async def _day(library: Path, data: Path, quiet_s: float, what: str = "healthy", settle_s: float = SETTLE_S) -> Day:
    """The disk falls ill when the controller has settled; a slow one has always been slow."""
    async with Village() as village:
        log, lateness, ill = village.folder / "recording", village.folder / "lateness", village.folder / "ill"
        village.process.data_folder = data
        settings = {word: str(ill) for word in [ILLS.get(what)] if word}
        disk = environment(library, data, log=log, sync_ms=SLOW_SYNC_MS * (ILLS.get(what) == ""), **settings)
        mine = {name: text for name, text in disk.items() if name.startswith(("HALLIG_DISK", "LD_PRELOAD"))}
        village.start_controller("hil_tests.benchmarks.observed", **{FILE_VARIABLE: str(lateness)}, **mine)
        await village.until_mode("grid_connected")
        await asyncio.sleep(settle_s)
        ill.touch()
        first = await next_cycle_number(village)
        marks = [_mark(village, log)]
        await asyncio.sleep(quiet_s)
        marks.append(_mark(village, log))
        await _blackout(village, settle_s)
        marks.append(_mark(village, log))
        told = _told(village)
        await village.end_controller()
        found = operations(log.read_bytes())
        (began, began_bytes), (between, between_bytes), (end, end_bytes) = marks
        written = between_bytes - began_bytes, end_bytes - between_bytes
        return Day(lateness_ms(lateness)[first:], found[began:between], found[between:end], *written, told)


async def _blackout(village: Village, settle_s: float) -> None:
    village.plant.grid.blackout()
    await village.until_mode("islanded")
    village.plant.grid.returns()
    await village.until_mode("grid_connected", BACK_S)
    await asyncio.sleep(settle_s)


def _mark(village: Village, log: Path) -> tuple[int, int]:
    """How many operations there have been, and how many bytes."""
    assert village.controller is not None
    charged = re.search(r"^write_bytes: (\d+)$", Path(f"/proc/{village.controller.pid}/io").read_text(), re.MULTILINE)
    assert charged is not None
    return len(operations(log.read_bytes())), int(charged[1])


def _told(village: Village) -> str:
    journal = village.status["journal"]
    return "" if journal["is_ok"] else str(journal["reason"])


def _bytes(done: Sequence[Operation]) -> int:
    return sum(len(operation.data) for operation in done)


def _syncs(done: Sequence[Operation]) -> int:
    return sum(operation.op in "SD" for operation in done)
