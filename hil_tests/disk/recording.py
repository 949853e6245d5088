"""A recorded run of the real store: every write, sync and change of a name, in order, with what was acknowledged when.

The run has several lives. It begins with no file, is killed with a log that is not written back, goes on, ends in
order, and grows to its cap, so that creation, checkpoints, recovery and pruning all are in the recording.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from controller.durable_copy import write_copy
from controller.journal.line import Entry
from controller.journal.store import PAGE_BYTES, JournalStore, Limits
from hil_tests.disk.shim import environment

HEAD = struct.Struct("<c3xiqq")
LIMITS = Limits(size_max_bytes=40 * PAGE_BYTES, checkpoint_pages=24)  # small, so that a short run has it all
LIVES = ((1, 60, True), (61, 120, False), (121, 260, True))  # first event, last, and whether it is killed after it
ACKNOWLEDGED = "acknowledged"
JOURNAL = "journal.db"
BOOT = "recorded"


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that the process did to the folder."""

    op: str
    name: str
    offset: int
    data: bytes


def entry(number: int) -> Entry:
    """The n-th event of the run; of different lengths, so that pages fill unevenly."""
    body = f'{{"n":{number},"text":"{"x" * (37 * number % 900)}"}}'
    return Entry(BOOT, float(number), 1e9 + number, "holdover", "shed", "low_soc", "warm_room", body)


def memory(number: int) -> tuple[str, str]:
    """The durable memory that is kept with the n-th event."""
    return BOOT, f'{{"n":{number}}}'


def live(folder: Path, first: int, last: int) -> None:
    """One life: groups of one to three events, every fourth group with the durable memory."""
    store = JournalStore(folder / JOURNAL, LIMITS)
    handle = os.open(folder / ACKNOWLEDGED, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    number = first
    while number <= last:
        count = min(1 + number % 3, last - number + 1)
        durable = memory(number) if number % 4 == 0 else None
        store.append([entry(n) for n in range(number, number + count)], durable)
        number += count
        os.write(handle, f"{number - 1} {store.kept.number if store.kept is not None else 0}\n".encode())
        if durable is not None and store.kept is not None:
            write_copy(folder, replace(store.kept, seq=store.last, head=store.head))
    os.close(handle)


def recorded(library: Path, folder: Path) -> list[Operation]:
    """All lives, each in a process of its own under the recording disk."""
    log, data = folder / "recording", folder / "data"
    data.mkdir()
    for first, last, is_killed in LIVES:
        ending = "os._exit(0)" if is_killed else "pass"
        code = (
            "import os, pathlib; from hil_tests.disk import recording; "
            f"recording.live(pathlib.Path({str(data)!r}), {first}, {last}); {ending}"
        )
        subprocess.run([sys.executable, "-c", code], check=True, env=environment(library, data, log=log))
    return operations(log.read_bytes())


def operations(raw: bytes) -> list[Operation]:
    """Of a recording, which may end in the middle of one that is just being written."""
    return list(_operations(raw))


def _operations(raw: bytes) -> Iterator[Operation]:
    at = 0
    while at + HEAD.size <= len(raw):
        op, name_length, offset, length = HEAD.unpack_from(raw, at)
        at += HEAD.size
        name = raw[at : at + name_length].decode()
        at += name_length
        yield Operation(op.decode(), name, offset, raw[at : at + length] if op == b"W" else b"")
        at += length if op == b"W" else 0
