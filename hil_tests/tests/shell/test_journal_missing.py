"""The journal's file is deleted, moved away or replaced, at rest and while it is written: it is said, and goes on."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from controller.durable import load_durable
from controller.durable_copy import read_copy
from controller.journal.store import JournalStore
from controller.journal.writer import Journal
from controller.model.memory import DurableMemory
from hil_tests.tests.shell.test_journal import eventually
from hil_tests.tests.shell.test_journal_trouble import EVENT, LATCHED, running

LINES_COUNT = 7


def filled(journal: Journal) -> None:
    """Seven lines and a durable memory, all noted beside the file."""
    tickets = [journal.write(EVENT, float(n)) for n in range(LINES_COUNT)]
    eventually(lambda: all(map(journal.is_durable, tickets)))
    kept = journal.keep(LATCHED)
    eventually(lambda: journal.is_durable(kept))
    eventually(lambda: (copy := read_copy(folder_of(journal))) is not None and copy.seq == LINES_COUNT)


def folder_of(journal: Journal) -> Path:
    return Path(journal.ask(lambda store: store.path.parent).result(5.0))


def lines_of(journal: Journal) -> list[dict[str, Any]]:
    return journal.ask(lambda store: store.read(0, 99)).result(5.0)


def told(journal: Journal) -> list[tuple[str, dict[str, Any]]]:
    """Alarms of the journal about itself."""
    return [(line["reason"], line["values"]) for line in lines_of(journal) if line["kind"] == "alarm"]


def test_a_deleted_journal_is_missing_and_not_damaged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with running(tmp_path / "journal.db") as journal:
        filled(journal)
    (tmp_path / "journal.db").unlink()
    with running(tmp_path / "journal.db") as journal:
        restored = journal.restored.result(5.0)
        assert (load_durable(restored.stored, "boot", 9.0), restored.source) == (LATCHED, "copy")
        eventually(lambda: told(journal) == [("journal_missing", {"last": LINES_COUNT})])
        assert journal.status.broken_files == ()
        ends = journal.ask(lambda store: store.ends()).result(5.0)
        assert ends.begun_after == LINES_COUNT
    assert f"last known number: {LINES_COUNT}" in caplog.text


def test_the_journal_begun_anew_is_sound_at_the_next_start(tmp_path: Path) -> None:
    """It used to lack the memory that the copy had, and was set aside itself."""
    with running(tmp_path / "journal.db") as journal:
        filled(journal)
    (tmp_path / "journal.db").unlink()
    with running(tmp_path / "journal.db") as journal:
        eventually(lambda: told(journal) != [])
    with running(tmp_path / "journal.db") as journal:
        assert load_durable(journal.restored.result(5.0).stored, "boot", 9.0) == LATCHED
        assert told(journal) == [("journal_missing", {"last": LINES_COUNT})], "once"
        assert journal.status.broken_files == ()


@pytest.mark.parametrize("names", [["journal.db"], ["journal.db", "journal.db-wal", "journal.db-shm"], ["all"]])
def test_a_file_that_is_deleted_while_it_is_written_is_noticed(
    tmp_path: Path, names: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "data"
    with running(folder / "journal.db") as journal:
        filled(journal)
        before = lines_of(journal)
        if names == ["all"]:
            shutil.rmtree(folder)
        else:
            for name in names:
                (folder / name).unlink()
        eventually((folder / "journal.db").exists)
        eventually(lambda: told(journal) == [("journal_missing", {"last": LINES_COUNT})])
        ticket = journal.write(EVENT, 99.0)
        eventually(lambda: journal.is_durable(ticket))
        assert len(before) == LINES_COUNT
        assert journal.status.broken_files == ()
        assert journal.status.is_ok
        eventually((folder / "durable.json").exists)
    assert f"last known number: {LINES_COUNT}" in caplog.text
    store = JournalStore(folder / "journal.db")
    assert store.damage == ""
    assert store.kept is not None
    assert load_durable(store.kept.stored, "boot", 9.0) == LATCHED, "what memory needs is in the new file"
    assert [line["mono_s"] for line in store.read(0, 99)][-1] == 99.0
    store.close()


def test_it_is_noticed_without_any_event(tmp_path: Path) -> None:
    with running(tmp_path / "journal.db") as journal:
        filled(journal)
        eventually(lambda: journal.is_walked)
        (tmp_path / "journal.db").unlink()
        eventually((tmp_path / "journal.db").exists)


def test_what_was_put_in_its_place_is_kept_aside_and_never_written(tmp_path: Path) -> None:
    """A backup copied over it, for one: its log and ours do not belong together."""
    with running(tmp_path / "journal.db") as journal:
        tickets = [journal.write(EVENT, float(n)) for n in range(3)]
        eventually(lambda: journal.is_durable(tickets[-1]))
    shutil.copyfile(tmp_path / "journal.db", tmp_path / "backup.db")
    with running(tmp_path / "journal.db") as journal:
        ticket = journal.write(EVENT, 3.0)
        eventually(lambda: journal.is_durable(ticket))
        backup = (tmp_path / "backup.db").read_bytes()
        (tmp_path / "backup.db").replace(tmp_path / "journal.db")
        eventually(lambda: journal.status.broken_files == ("journal.db.broken-0",))
        ticket = journal.keep(DurableMemory(held_open=frozenset({"a"})))
        eventually(lambda: journal.is_durable(ticket))
        reasons = dict(told(journal))
        assert reasons["journal_missing"] == {"last": 4}
        assert reasons["journal_set_aside"]["file"] == "journal.db.broken-0"
        assert (tmp_path / "journal.db.broken-0").read_bytes() == backup
        assert journal.ask(lambda store: store.verify()).result(5.0) is None


def test_a_log_that_is_deleted_while_it_is_written_loses_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with running(tmp_path / "journal.db") as journal:
        filled(journal)
        (tmp_path / "journal.db-wal").unlink()
        eventually(lambda: "journal.db-wal" in caplog.text)
        ticket = journal.write(EVENT, 99.0)
        eventually(lambda: journal.is_durable(ticket))
        assert len(lines_of(journal)) == LINES_COUNT + 1
        assert told(journal) == []


def test_a_file_that_went_with_its_log_left_keeps_the_log_and_says_both(tmp_path: Path) -> None:
    with running(tmp_path / "journal.db") as journal:
        filled(journal)
        shutil.copyfile(tmp_path / "journal.db-wal", tmp_path / "left")
    (tmp_path / "journal.db").unlink()
    (tmp_path / "left").rename(tmp_path / "journal.db-wal")
    with running(tmp_path / "journal.db") as journal:
        eventually(lambda: len(told(journal)) == 2)
        reasons = dict(told(journal))
        assert reasons["journal_missing"] == {"last": LINES_COUNT}
        assert reasons["journal_set_aside"]["why"] == "it is missing, and its log is still there"
        assert (tmp_path / "journal.db.broken-0-wal").exists()


def test_a_first_start_misses_nothing(tmp_path: Path) -> None:
    with running(tmp_path / "journal.db") as journal:
        ticket = journal.write(EVENT, 1.0)
        eventually(lambda: journal.is_durable(ticket))
        assert told(journal) == []
        assert journal.ask(lambda store: store.ends()).result(5.0).begun_after is None


def test_a_new_one_that_has_no_room_for_the_memory_yet_is_not_taken_for_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It used to be set aside once a second, until the files that people want to look into had made room for it."""
    with running(tmp_path / "journal.db") as journal:
        filled(journal)
    (tmp_path / "journal.db").unlink()
    whole = JournalStore.append

    def full(*_: object) -> int:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(JournalStore, "append", full)
    with running(tmp_path / "journal.db") as journal:
        assert load_durable(journal.restored.result(5.0).stored, "boot", 9.0) == LATCHED
        assert (tmp_path / "journal.db").exists()
        monkeypatch.setattr(JournalStore, "append", whole)
        eventually(lambda: journal.status.is_ok)
        eventually(lambda: told(journal) == [("journal_missing", {"last": LINES_COUNT})])
        assert journal.status.broken_files == ()
