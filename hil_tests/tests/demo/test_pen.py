"""Whoever does not read what the demo writes holds up nobody, and loses nothing but time."""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from hil_tests.demo.pen import WAITING_MAX_CHARACTERS, Pen

BIG = "x" * 200_000  # more than a pipe takes


@pytest.fixture
def pipe() -> Iterator[tuple[int, TextIO]]:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        yield reading, stream


def all_of(reading: int, count: int) -> str:
    found = b""
    while len(found) < count:
        assert select.select([reading], [], [], 10.0)[0], len(found)
        found += os.read(reading, 65_536)
    return found.decode()


def test_a_write_that_nobody_reads_returns_at_once_and_is_complete_once_somebody_does(
    pipe: tuple[int, TextIO],
) -> None:
    reading, stream = pipe
    pen = Pen(stream)
    writer = threading.Thread(target=lambda: [pen.write(BIG), pen.write("after")], daemon=True)
    writer.start()
    writer.join(10.0)
    assert not writer.is_alive(), "it waits for its reader"
    assert (pen.is_idle, pen.finish(0.0)) == (False, False)
    assert all_of(reading, len(BIG) + 5) == BIG + "after"
    assert pen.finish(10.0)
    assert pen.is_idle
    os.close(reading)


def test_what_waits_has_a_limit(pipe: tuple[int, TextIO]) -> None:
    reading, stream = pipe
    pen = Pen(stream)
    for _ in range(WAITING_MAX_CHARACTERS // len(BIG)):
        pen.write(BIG)
    pen.write("left out")
    taken = BIG * (WAITING_MAX_CHARACTERS // len(BIG))
    assert all_of(reading, len(taken)) == taken
    assert pen.finish(10.0)
    pen.write("then")
    assert all_of(reading, 4) == "then"
    os.close(reading)


def test_a_reader_that_is_gone_is_told(pipe: tuple[int, TextIO]) -> None:
    reading, stream = pipe
    pen = Pen(stream)
    os.close(reading)
    pen.write("to nobody")
    assert pen.finish(10.0)
    with pytest.raises(BrokenPipeError):
        pen.write("again")


def test_it_takes_no_signal_that_the_main_thread_lets_wait(pipe: tuple[int, TextIO]) -> None:
    reading, stream = pipe
    before = {thread.native_id for thread in threading.enumerate()}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    Pen(stream)
    (own,) = {thread.native_id for thread in threading.enumerate() if thread.name == "pen"} - before
    status = Path(f"/proc/self/task/{own}/status").read_text()
    (blocked,) = (int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigBlk:"))
    assert all(blocked >> (number - 1) & 1 for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == mask, "the main thread hears what it heard"
    os.close(reading)


def test_a_handle_that_somebody_made_non_blocking_is_waited_for(pipe: tuple[int, TextIO]) -> None:
    reading, stream = pipe
    os.set_blocking(stream.fileno(), False)
    Pen(stream).write(BIG)
    assert all_of(reading, len(BIG)) == BIG
    os.close(reading)
