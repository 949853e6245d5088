"""The disk is full, read-only, slow or failing: control goes on, it is said, and it heals by itself."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controller.core.decide import fresh_memory
from controller.durable import joined, load_durable
from controller.durable_copy import Restored, read_copy
from controller.journal.intake import NEVER
from controller.journal.store import JournalStore
from controller.journal.writer import Journal
from controller.model.decision import Event
from controller.model.memory import Attempt, DurableMemory, Latch
from controller.model.reasons import EventKind, Reason
from controller.model.words import Authority
from hil_tests.disk.shim import compiled, environment, has_compiler
from hil_tests.tests.missing import needs
from hil_tests.tests.shell.test_journal import eventually
from hil_tests.tests.shell.test_loop import a_loop

EVENT = Event(EventKind.SHED, Reason.LOW_SOC, "warm_room", {"power_w": 1200})
BIG = Event(EventKind.SHED, Reason.LOW_SOC, "warm_room", {"text": "x" * 40_000})
LATCHED = DurableMemory(latches=(Latch("emergency_off", Reason.EMERGENCY_OFF, 5.0),), shed_by_us=frozenset({"a"}))
needs_gcc = needs(has_compiler(), "no gcc: apt install gcc libc6-dev")


@contextlib.contextmanager
def running(path: Path, boot: str = "boot") -> Iterator[Journal]:
    journal = Journal(path, boot)
    journal.start()
    try:
        yield journal
    finally:
        journal.stop()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting needs root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_disk_that_is_really_full_is_said_and_heals(small_disk: Path) -> None:
    with running(small_disk / "journal.db") as journal:
        eventually(lambda: journal.status.is_ok)
        ballast = small_disk / "ballast"
        with contextlib.suppress(OSError):
            ballast.write_bytes(bytes(3_000_000))
        tickets = [journal.write(BIG, float(n)) for n in range(12)]
        eventually(lambda: not journal.status.is_ok)
        assert not journal.is_durable(tickets[-1])
        ballast.unlink()
        eventually(lambda: journal.is_durable(tickets[-1]), 10.0)
        assert journal.status.is_ok
        assert journal.ask(lambda store: store.verify()).result(5.0) is None


def test_a_disk_that_becomes_read_only_is_said_and_heals_and_nothing_is_set_aside(small_disk: Path) -> None:
    def remount(how: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{how}", str(small_disk)], check=True)

    with running(small_disk / "journal.db") as journal:
        first = journal.write(EVENT, 1.0)
        eventually(lambda: journal.is_durable(first))
    # a file that is open for writing keeps a disk from becoming read-only: the next start finds it so
    remount("ro")
    with running(small_disk / "journal.db") as journal:
        ticket = journal.write(EVENT, 2.0)
        eventually(lambda: not journal.status.is_ok)
        assert not journal.is_durable(ticket)
        remount("rw")
        eventually(lambda: journal.is_durable(ticket), 10.0)
        assert [line["mono_s"] for line in journal.ask(lambda s: s.read(0, 9)).result(5.0)] == [1.0, 2.0]
        assert journal.status.broken_files == ()


def test_a_file_that_only_looks_like_one_set_aside_does_not_end_the_writer(tmp_path: Path) -> None:
    (tmp_path / "journal.db.broken-²").touch()
    with running(tmp_path / "journal.db") as journal:
        ticket = journal.write(EVENT, 1.0)
        eventually(lambda: journal.is_durable(ticket))


def test_a_folder_that_cannot_be_listed_does_not_end_the_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_: Path) -> list[Path]:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("controller.journal.damage.broken_files", failing)
    with running(tmp_path / "journal.db") as journal:
        ticket = journal.write(EVENT, 1.0)
        eventually(lambda: journal.is_durable(ticket))


FAILING = """
import sys, threading
from pathlib import Path
from controller.journal.writer import Journal
from controller.model.decision import Event
from controller.model.reasons import EventKind, Reason
folder, ill = Path(sys.argv[1]), Path(sys.argv[2])
def until(condition):
    for _ in range(2000):
        if condition():
            return
        threading.Event().wait(0.005)
    sys.exit(f"never came true: {journal.status}")
event, journal = Event(EventKind.SHED, Reason.LOW_SOC, "warm_room", {}), Journal(folder / "journal.db", "boot")
journal.start()
first = journal.write(event, 1.0)
until(lambda: journal.is_durable(first))
ill.touch()
rest = [journal.write(event, float(n)) for n in range(2, 6)]
until(lambda: not journal.status.is_ok)
assert not journal.is_durable(rest[0])
ill.unlink()
until(lambda: journal.is_durable(rest[-1]))
lines = journal.ask(lambda store: store.read(0, 99)).result(5)
assert [line["mono_s"] for line in lines] == [1.0, 2.0, 3.0, 4.0, 5.0], lines
assert journal.ask(lambda store: store.verify()).result(5) is None
assert journal.status.broken_files == ()
journal.stop()
"""


@needs_gcc
@pytest.mark.parametrize("illness", ["eio", "full", "read_only"])
def test_what_an_ill_disk_did_not_take_is_written_once_when_it_is_well(tmp_path: Path, illness: str) -> None:
    data, ill = tmp_path / "data", tmp_path / "ill"
    data.mkdir()
    disk = environment(compiled(tmp_path), data, **{illness: ill})
    command = [sys.executable, "-c", FAILING, str(data), str(ill)]
    done = subprocess.run(command, capture_output=True, text=True, env=disk, check=False, timeout=50)
    assert done.returncode == 0, done.stderr


async def test_the_loop_does_not_wait_for_a_sync_that_takes_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, whole = threading.Event(), threading.Event(), JournalStore.append

    def slow(self: JournalStore, *arguments: object) -> int:
        begun.set()
        go_on.wait(30.0)
        return whole(self, *arguments)  # type: ignore[arg-type]

    loop, _, _ = a_loop()
    with running(tmp_path / "journal.db") as journal:
        journal.restored.result(5.0)
        monkeypatch.setattr(JournalStore, "append", slow)
        loop.journal = loop.gate.journal = journal
        ticket = journal.write(EVENT, 0.0)
        assert begun.wait(5.0)
        for number in range(40):
            journal.write(EVENT, float(number))
            loop.cycle(loop.clock() + 0.05 * number)
        assert not journal.is_durable(ticket), "the disk had not answered yet, and forty cycles are over"
        go_on.set()
        eventually(lambda: journal.is_durable(ticket))


def test_what_does_not_fit_the_queue_is_never_called_durable(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with running(blocked / "journal.db") as journal:
        tickets = [journal.write(EVENT, 0.0) for _ in range(10_001)]
    assert tickets[-1] is NEVER
    assert not journal.is_durable(NEVER)


def a_silent_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """No journal opens until what is returned is called."""
    begin = JournalStore._begin

    def fails(self: JournalStore, copy: object) -> None:
        raise OSError("no answer")

    monkeypatch.setattr(JournalStore, "_begin", fails)
    return lambda: monkeypatch.setattr(JournalStore, "_begin", begin)


def test_a_disk_that_answers_late_gives_back_the_latches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The start did not wait for it; what it had kept must not be overwritten by what was believed meanwhile."""
    with running(tmp_path / "journal.db") as journal:
        ticket = journal.keep(LATCHED)
        eventually(lambda: journal.is_durable(ticket))
        eventually(lambda: read_copy(tmp_path) is not None)
    (tmp_path / "durable.json").unlink()
    late: list[Restored] = []
    journal = Journal(tmp_path / "journal.db", "boot")
    journal.on_restored_late = late.append
    answers = a_silent_disk(monkeypatch)
    journal.start()
    assert journal.restored.result(5.0).stored is None
    journal.keep(DurableMemory())
    answers()
    eventually(lambda: bool(late))
    assert load_durable(late[0].stored, "boot", 9.0) == LATCHED
    journal.stop()
    store = JournalStore(tmp_path / "journal.db")
    assert store.kept is not None
    assert "emergency_off" in store.kept.body
    store.close()


def test_what_comes_late_is_joined_with_what_happened_meanwhile() -> None:
    now = DurableMemory(latches=(Latch("dso_lock", Reason.DSO_LOCK, 8.0),), attempts=(Attempt("genset", "crank", 8.5),))
    memory = joined(fresh_memory(now, 8.0), LATCHED, 9.0)
    assert {latch.subject for latch in memory.durable.latches} == {"dso_lock", "emergency_off"}
    assert memory.durable.shed_by_us == LATCHED.shed_by_us
    assert memory.durable.attempts == now.attempts
    observing = joined(fresh_memory(now, 8.0), DurableMemory(authority=Authority.OBSERVE), 9.0)
    assert observing.observing_since_s == 9.0, "it was told to watch only, and does"


def test_what_the_copy_had_told_already_is_not_told_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person has released the latch since: it must not come back hours later, and what was kept since is written."""
    with running(tmp_path / "journal.db") as journal:
        ticket = journal.keep(LATCHED)
        eventually(lambda: journal.is_durable(ticket))
        eventually(lambda: read_copy(tmp_path) is not None)
    late: list[Restored] = []
    journal = Journal(tmp_path / "journal.db", "boot")
    journal.on_restored_late = late.append
    answers = a_silent_disk(monkeypatch)
    journal.start()
    assert load_durable(journal.restored.result(5.0).stored, "boot", 9.0) == LATCHED
    released = journal.keep(DurableMemory())
    answers()
    eventually(lambda: journal.is_durable(released))
    journal.stop()
    assert late == []
    store = JournalStore(tmp_path / "journal.db")
    assert store.kept is not None
    assert load_durable(store.kept.stored, "boot", 9.0) == DurableMemory()
    store.close()


@pytest.mark.parametrize(
    ("boot", "at_s", "is_known"),
    [("boot", 60.0, True), ("boot", 200.0, False), ("other", 60.0, False), ("unknown", 60.0, False)],
)
def test_an_age_that_is_not_known_counts_as_just_now(boot: str, at_s: float, is_known: bool) -> None:
    """Another boot, a boot of which nothing is known, or an instant that lies ahead."""
    attempt = {"subject": "g", "kind": "crank", "at_s": at_s}
    kept = {"authority": "auto", "latches": [], "attempts": [attempt], "held_open": [], "shed_by_us": []}
    memory = load_durable((boot, json.dumps(kept)), "boot" if boot == "other" else boot, 100.0)
    assert memory.attempts[0] == Attempt("g", "crank", at_s if is_known else 100.0, is_known)


def test_a_copy_that_cannot_be_written_keeps_no_event_waiting(tmp_path: Path) -> None:
    """Closings wait for their line a quarter of a second at most; the copy beside the journal is not their line."""
    (tmp_path / ".durable.json.new").mkdir()
    with running(tmp_path / "journal.db") as journal:
        tickets = [journal.write(EVENT, 1.0), journal.keep(LATCHED)]
        eventually(lambda: all(map(journal.is_durable, tickets)))
        eventually(lambda: journal.is_walked)  # behind the copy, and only when nothing failed
        assert journal.status.is_ok
        assert ".durable.json.new" in journal.status.copy_reason
        (tmp_path / ".durable.json.new").rmdir()
        eventually(lambda: journal.status.copy_reason == "")
        assert read_copy(tmp_path) is not None


def test_a_cut_off_end_is_seen_by_what_is_noted_beside_the_file(tmp_path: Path) -> None:
    with running(tmp_path / "journal.db") as journal:
        tickets = [journal.write(EVENT, float(n)) for n in range(9)]
        tickets.append(journal.keep(LATCHED))
        eventually(lambda: all(map(journal.is_durable, tickets)))
        eventually(lambda: read_copy(tmp_path) is not None)
    connection = sqlite3.connect(tmp_path / "journal.db")
    connection.execute("DELETE FROM event WHERE seq > 4")
    connection.execute("UPDATE sqlite_sequence SET seq = 4")
    connection.commit()
    connection.close()
    store = JournalStore(tmp_path / "journal.db")
    assert store.set_aside is not None
    assert "noted beside it" in store.damage
    assert store.kept is not None
    assert "emergency_off" in store.kept.body
    store.close()
