"""One writer to a data folder; what a second one is told, and that no lock ever stands in the way of control."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.durable import load_durable
from controller.durable_copy import Restored
from controller.folder_lock import FolderLock, HeldElsewhereError
from controller.journal.store import JournalStore
from controller.journal.writer import Journal
from controller.run_folder import RunFolder
from controller.whereabouts import Whereabouts, lock_device, lock_holder, read_whereabouts, write_whereabouts
from hil_tests.tests.shell.test_journal import eventually
from hil_tests.tests.shell.test_journal_trouble import EVENT, LATCHED, running, small_disk

__all__ = ["small_disk"]

HOLDS = """
import sys
from pathlib import Path
from controller.folder_lock import FolderLock
FolderLock(Path(sys.argv[1])).take()
print("held", flush=True)
sys.stdin.read()
"""


def run_folder(path: Path) -> RunFolder:
    return RunFolder(path, Whereabouts("hub", path / "hub.toml", path / "data"))


@contextlib.contextmanager
def another_process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """It holds the folder until it ends."""
    command = [sys.executable, "-c", HOLDS, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
        holder.kill()


def test_the_second_writer_is_told_who_the_first_is_and_writes_nothing(tmp_path: Path) -> None:
    with another_process(tmp_path) as holder, running(tmp_path / "journal.db") as journal:
        restored = journal.restored.result(5.0)
        ticket = journal.write(EVENT, 1.0)
        assert (restored.stored, restored.source) == (None, "held")
        assert f"process {holder.pid}" in restored.why
        assert str(tmp_path) in restored.why
        eventually(lambda: journal.status.pending_count == 1)
        assert (journal.status.is_ok, journal.status.is_held) == (False, True)
        assert not journal.is_durable(ticket)
        assert list(tmp_path.iterdir()) == [], "not even a file was made"


def test_a_writer_that_is_killed_lets_go_at_once(tmp_path: Path) -> None:
    with another_process(tmp_path) as holder:
        holder.kill()
        holder.wait()
        with running(tmp_path / "journal.db") as journal:
            assert journal.restored.result(5.0).source == "none"


def test_when_the_first_ends_the_second_takes_up_what_it_had_kept(tmp_path: Path) -> None:
    """And its own events are not lost: they have waited."""
    late: list[Restored] = []
    second = Journal(tmp_path / "journal.db", "boot")
    second.on_restored_late = late.append
    with running(tmp_path / "journal.db") as first:
        kept = first.keep(LATCHED)
        eventually(lambda: first.is_durable(kept))
        second.start()
        assert second.restored.result(5.0).source == "held"
        ticket = second.write(EVENT, 2.0)
    eventually(lambda: second.is_durable(ticket))
    assert load_durable(late[0].stored, "boot", 9.0) == LATCHED
    assert (second.status.is_ok, second.status.is_held) == (True, False)
    second.stop()


def test_who_holds_a_folder_is_found_whatever_stat_calls_its_device(tmp_path: Path) -> None:
    with another_process(tmp_path) as holder:
        assert lock_holder(tmp_path) == holder.pid
    assert lock_holder(tmp_path) is None
    btrfs = "29 1 0:25 /@ / rw,relatime shared:1 - btrfs /dev/nvme0n1p2 rw\n36 25 0:32 / /run rw - tmpfs tmpfs rw"
    assert lock_device("pos:\t0\nflags:\t012000000\nmnt_id:\t29\nino:\t256\n", btrfs) == "00:19"
    assert lock_device("mnt_id:\t7\n", btrfs) == "", "a mount that is not shown holds nobody"


def test_a_disk_that_does_not_answer_the_lock_delays_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, whole = threading.Event(), fcntl.flock

    def hangs(handle: int, how: int) -> None:
        go_on.wait(30.0)
        whole(handle, how)

    monkeypatch.setattr("controller.folder_lock.fcntl.flock", hangs)
    with running(tmp_path / "journal.db") as journal:
        ticket = journal.write(EVENT, 1.0)
        assert not journal.restored.done()
        assert not journal.is_durable(ticket)
        go_on.set()
        eventually(lambda: journal.is_durable(ticket))


def test_a_folder_that_cannot_be_locked_is_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("controller.folder_lock.fcntl.flock", unsupported)
    with running(tmp_path / "journal.db") as journal:
        ticket = journal.write(EVENT, 1.0)
        eventually(lambda: journal.is_durable(ticket))
    assert f"{tmp_path} cannot be locked" in caplog.text


def test_a_read_only_folder_is_locked_and_makes_no_file(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    lock = FolderLock(small_disk)
    lock.take()
    with pytest.raises(HeldElsewhereError, match=f"process {os.getpid()}"):
        FolderLock(small_disk).take()
    lock.take()
    lock.release()
    with running(small_disk / "journal.db") as journal:
        assert journal.restored.result(5.0).source == "none", "nobody is kept from control"


def test_one_folder_for_both_is_held_once(tmp_path: Path) -> None:
    folder = run_folder(tmp_path)
    with folder.held():
        journal = Journal(tmp_path / "journal.db", "boot", folder.lock)
        journal.start()
        assert journal.restored.result(5.0).source == "none"
        ticket = journal.write(EVENT, 1.0)
        eventually(lambda: journal.is_durable(ticket))
        journal.stop()
        with pytest.raises(HeldElsewhereError):
            FolderLock(tmp_path).take()


def test_a_full_run_folder_keeps_nobody_from_control(small_disk: Path) -> None:
    with contextlib.suppress(OSError):
        (small_disk / "ballast").write_bytes(bytes(3_000_000))
    folder = run_folder(small_disk)
    with folder.held():
        assert folder.lock.is_on(small_disk)


def test_a_second_instance_is_refused(tmp_path: Path) -> None:
    with run_folder(tmp_path).held():
        with pytest.raises(HeldElsewhereError, match=str(os.getpid())), run_folder(tmp_path).held():
            pass
        for file in tmp_path.iterdir():
            file.unlink()
        with pytest.raises(HeldElsewhereError, match=str(os.getpid())), run_folder(tmp_path).held():
            pass  # a file that was locked could be deleted, and made and locked once more
    with run_folder(tmp_path).held():
        pass


def test_a_run_folder_that_another_took_is_left_to_that_one(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "run"
    folder = run_folder(path)
    with folder.held():
        path.rename(tmp_path / "away")
        with run_folder(path).held():
            (path / "pid").write_text("the other")
            assert not folder.make_whole()
            assert (path / "pid").read_text() == "the other"
        assert "end one of the two" in caplog.text
        assert folder.make_whole()


def test_a_folder_that_was_put_in_its_place_is_locked_anew(tmp_path: Path) -> None:
    """Another card was mounted, or all was deleted and made again."""
    folder = tmp_path / "data"
    lock = FolderLock(folder)
    lock.take()
    folder.rename(tmp_path / "old")
    FolderLock(tmp_path / "other").take()
    lock.take()
    with pytest.raises(HeldElsewhereError):
        FolderLock(folder).take()
    FolderLock(tmp_path / "old").take()
    lock.release()


def test_no_lock_outlives_the_writer(tmp_path: Path) -> None:
    with running(tmp_path / "journal.db") as journal:
        journal.restored.result(5.0)
    FolderLock(tmp_path).take()
    JournalStore(tmp_path / "journal.db").close()


def test_a_start_leaves_word_of_the_data_folder_without_looking_at_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its disk may hang, and this is said in the thread that controls."""
    looked_at, whole = [], os.lstat

    def noted(path: str, **more: int) -> os.stat_result:
        looked_at.append(str(path))
        return whole(path, **more)

    monkeypatch.setattr(os, "lstat", noted)
    (tmp_path / "run").mkdir()
    write_whereabouts(tmp_path / "run", Whereabouts("hub", tmp_path / "hub.toml", tmp_path / "data"))
    monkeypatch.undo()
    assert str(tmp_path / "data") not in looked_at
    places = read_whereabouts(tmp_path / "run")
    assert places is not None
    assert places.data_dir == tmp_path / "data"
