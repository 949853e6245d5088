"""While nothing can be written, what was written can be read, and who asks is told why when it cannot."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from controller.journal.chain import Walk
from controller.journal.line import Entry
from controller.journal.store import JournalStore
from controller.requests import FRAME_DEADLINE_S, ControlSocket
from controller.socket_client import SocketClient
from hil_tests.tests.shell.test_journal import entry, eventually
from hil_tests.tests.shell.test_journal_trouble import BIG, EVENT, running, small_disk

__all__ = ["small_disk"]

LINES_COUNT = 300


def test_what_was_written_can_be_read_while_the_disk_is_full(small_disk: Path) -> None:
    with running(small_disk / "journal.db") as journal:
        first = journal.write(EVENT, 1.0)
        eventually(lambda: journal.is_durable(first))
        with contextlib.suppress(OSError):
            (small_disk / "ballast").write_bytes(bytes(3_000_000))
        for n in range(12):
            journal.write(BIG, float(n))
        eventually(lambda: not journal.status.is_ok)
        for _ in range(5):
            answer = journal.ask(lambda store: (store.newest(1000), store.walk_on(Walk())))
            lines, walk = answer.result(FRAME_DEADLINE_S * 5)
            assert (lines[0]["mono_s"], walk.broken) == (1.0, None)


def test_a_full_disk_costs_no_event_that_was_written(small_disk: Path) -> None:
    """Below its cap the oldest tenth used to go with every try, one a second, while the log still had room for that."""
    store = JournalStore(small_disk / "journal.db")
    store.append([long(n, 120) for n in range(LINES_COUNT)], None)
    store.write_back()
    store.append([long(LINES_COUNT, 120_000)], None)  # a log with room for small things, as one has after an hour
    store._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    with contextlib.suppress(OSError):
        (small_disk / "ballast").write_bytes(bytes(3_000_000))
    for _ in range(5):
        with pytest.raises(sqlite3.OperationalError, match="full"):
            store.append([long(n, 2_000) for n in range(500)], None)
    assert len(store.newest(10_000)) == LINES_COUNT + 1
    (small_disk / "ballast").unlink()
    assert store.append([long(LINES_COUNT + 1, 120)], None) == LINES_COUNT + 2
    assert store.verify() is None
    store.close()


def long(number: int, characters_count: int) -> Entry:
    """An event with so much to tell."""
    return replace(entry(number), body=f'{{"text":"{"x" * characters_count}"}}')


def test_a_question_does_not_wait_for_the_next_try(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("controller.journal.writer.RETRY_S", 3600.0)
    with running(tmp_path / "journal.db") as journal:
        first = journal.write(EVENT, 1.0)
        eventually(lambda: journal.is_durable(first))
        monkeypatch.setattr(JournalStore, "append", full)
        journal.write(EVENT, 2.0)
        eventually(lambda: not journal.status.is_ok)
        for _ in range(3):
            assert len(journal.ask(lambda store: store.newest(9)).result(10.0)) == 1


async def test_who_asks_a_journal_that_cannot_be_opened_is_told_why_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr(JournalStore, "__init__", full)
    with running(tmp_path / "journal.db") as journal:
        journal.write(EVENT, 1.0)
        eventually(lambda: "full" in journal.status.reason)
        socket = ControlSocket(tmp_path, journal, lambda: 0.0)
        await socket.start()
        try:
            answers = [await asyncio.to_thread(SocketClient(tmp_path).ask, method="events") for _ in range(3)]
        finally:
            await socket.stop()
    for answer in answers:
        assert answer["error"] == "journal"
        assert f"{tmp_path / 'journal.db'} cannot be opened: the disk is full" in answer["detail"]
        assert "1 event waits in memory" in answer["detail"]
