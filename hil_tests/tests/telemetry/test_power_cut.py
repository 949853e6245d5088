"""The power goes at any operation of a recorded run: no minute that was called kept is lost, nothing is corrupt."""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from hil_tests.disk.cut_disk import MODES, CutDisk, lay_out
from hil_tests.disk.recording import Operation, operations
from hil_tests.disk.shim import compiled, environment, has_compiler
from hil_tests.tests.missing import needs
from hil_tests.tests.telemetry.samples import noisy
from supervisor.telemetry.series import Question, read_series
from supervisor.telemetry.store import Limits, open_store

pytestmark = needs(has_compiler(), "no gcc: apt install gcc libc6-dev")
LIMITS = Limits(size_max_bytes=330_000, means_kept_count=4)  # so small that the run drops minutes and means
MINUTES_COUNT, EVERY, SEED = 70, 11, 3
WRITER = """
import os, pathlib, sys
from hil_tests.disk.recording import ACKNOWLEDGED
from hil_tests.tests.telemetry.samples import noisy
from hil_tests.tests.telemetry.test_power_cut import LIMITS, MINUTES_COUNT
from supervisor.telemetry.store import open_store
folder = pathlib.Path(sys.argv[1])
store = open_store(folder / "telemetry.db", LIMITS)
if sys.argv[2] == "unsynced":  # as SQLite would do it by itself
    connection, store._connection = store._connection, None
    class Without:
        def __getattr__(self, name): return getattr(connection, name)
        def execute(self, query, *more):
            return connection.execute("SELECT 1" if "checkpoint" in query else query, *more)
    store._connection = Without()
handle = os.open(folder / ACKNOWLEDGED, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
for number, block in enumerate(noisy(range(MINUTES_COUNT), 8), start=1):
    store.append(block)
    os.write(handle, f"{number} 0\\n".encode())
os._exit(0)
"""


def recorded(folder: Path, how: str) -> list[Operation]:
    library, data, log = compiled(folder), folder / "data", folder / "recording"
    data.mkdir()
    command = [sys.executable, "-c", WRITER, str(data), how]
    subprocess.run(command, check=True, env=environment(library, data, log=log))
    return operations(log.read_bytes())


def what_is_wrong(folder: Path, acknowledged: int) -> str:
    try:
        store = open_store(folder / "telemetry.db", LIMITS)
        ends = store.ends("minute")
        points = read_series(store, Question(step_s=60, patterns=("noise.n000.*",)))
        means = read_series(store, Question(step_s=600, patterns=("noise.n000.*",)))
        for block in noisy(range(MINUTES_COUNT, MINUTES_COUNT + 1), 8):
            store.append(block)
        store.close()
        with contextlib.closing(sqlite3.connect(folder / "telemetry.db")) as connection:
            verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
    except (sqlite3.Error, ValueError) as error:
        return f"cannot be used: {error!r}"
    last = 0 if ends is None else ends[1].first_ms // 60_000 + 1
    if last < acknowledged:
        return f"{acknowledged} minutes were kept, {last} are there"
    if points.unreadable_count + means.unreadable_count or verdict != "ok":
        return f"corrupt: {verdict}"
    return ""


def cut(done: Sequence[Operation], folder: Path) -> list[str]:
    disk, wrongs = CutDisk(), []
    for index, operation in enumerate(done):
        disk.take(operation)
        for mode in MODES if index % EVERY == 0 else ():
            folder.mkdir()
            lay_out(disk.left(mode, random.Random(f"{SEED}/{index}/{mode}")), folder)
            wrong = what_is_wrong(folder, disk.acknowledged[0])
            wrongs += [f"operation {index}, {mode}: {wrong}"] if wrong else []
            shutil.rmtree(folder)
    assert disk.acknowledged[0] == MINUTES_COUNT
    return wrongs


def test_no_minute_that_was_kept_is_lost_by_a_power_cut(tmp_path: Path) -> None:
    assert cut(recorded(tmp_path, "as it is"), tmp_path / "cut") == []


def test_without_the_writing_back_minutes_are_lost(tmp_path: Path) -> None:
    """So it is this that keeps them, and the test before can fail."""
    wrongs = cut(recorded(tmp_path, "unsynced"), tmp_path / "cut")
    assert [wrong for wrong in wrongs if "minutes were kept" in wrong]
