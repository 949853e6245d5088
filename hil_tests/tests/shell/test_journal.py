"""The journal: durable before it is shown, chained, capped, and never in the way of control."""

from __future__ import annotations

import sqlite3
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

import controller
from controller.durable import dump_durable, load_durable
from controller.durable_copy import write_copy
from controller.journal.line import GENESIS, Entry
from controller.journal.store import CHECKPOINT_PAGES, PAGE_BYTES, JournalStore, Limits
from controller.journal.writer import Journal
from controller.model.decision import Event
from controller.model.memory import Attempt, DurableMemory, Latch
from controller.model.reasons import EventKind, Reason
from controller.model.words import Authority

EVENT = Event(EventKind.SHED, Reason.LOW_SOC, "warm_room", {"power_w": 1200})


def entry(number: int = 0) -> Entry:
    return Entry("boot", float(number), 1e9 + number, "holdover", "shed", "low_soc", "warm_room", f'{{"n":{number}}}')


def eventually(condition: object, timeout_s: float = 5.0) -> None:
    until_s = time.monotonic() + timeout_s
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < until_s, "never came true"
        time.sleep(0.005)


def test_events_are_durable_in_order_and_readable_by_cursor(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.db", "boot")
    journal.start()
    tickets = [journal.write(EVENT, float(n)) for n in range(50)]
    eventually(lambda: journal.is_durable(tickets[-1]))
    first = journal.ask(lambda store: store.read(0, 20)).result(2)
    rest = journal.ask(lambda store: store.read(20, 100)).result(2)
    assert [event["mono_s"] for event in [*first, *rest]] == [float(n) for n in range(50)]
    assert first[0]["values"] == {"power_w": 1200}
    assert journal.status.is_ok
    journal.stop()


FIRST_VERSION = """
CREATE TABLE event (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, boot TEXT NOT NULL, mono_s REAL NOT NULL, unix_s REAL NOT NULL,
  clock TEXT NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL,
  chain TEXT NOT NULL);
"""


def test_a_file_of_the_first_version_is_completed_and_its_chain_goes_on(tmp_path: Path) -> None:
    path, head = tmp_path / "j.db", GENESIS
    with sqlite3.connect(path) as connection:
        connection.executescript(FIRST_VERSION)
        for number in range(3):
            old = entry(number)
            head = old.digest(head)
            row = (old.boot, old.mono_s, old.unix_s, old.clock, old.kind, old.reason, old.subject, old.body, head)
            connection.execute("INSERT INTO event VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    connection.close()
    store = JournalStore(path)
    store.append([replace(entry(3), rule="shed: low_soc", inputs='{"soc_pct":9.5}', uncertainty_s=0.25)], None)
    assert store.verify() is None
    told = store.read(0, 10)
    assert [line["rule"] for line in told] == ["", "", "", "shed: low_soc"]
    assert told[3]["inputs"] == {"soc_pct": 9.5}
    assert told[3]["uncertainty_s"] == 0.25
    store._connection.execute("UPDATE event SET inputs = '{}' WHERE seq = 4")
    assert store.verify() == 4, "what a rule looked at is in the chain too"
    store.close()


def test_one_connection_in_one_thread_and_one_place_that_opens_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that write or checkpoint can corrupt a WAL file in the SQLite of Debian 12."""
    opened, connect = list[str](), sqlite3.connect

    def counted(*arguments: Any, **more: Any) -> sqlite3.Connection:
        opened.append(threading.current_thread().name)
        connection: sqlite3.Connection = connect(*arguments, **more)
        return connection

    monkeypatch.setattr(sqlite3, "connect", counted)
    journal = Journal(tmp_path / "j.db", "boot")
    journal.start()
    tickets = [journal.write(EVENT, 1.0), journal.keep(DurableMemory())]
    eventually(lambda: all(map(journal.is_durable, tickets)))
    assert journal.ask(lambda _: threading.current_thread().name).result(2) == "journal"
    journal.stop()
    assert opened == ["journal"]
    package = Path(controller.__file__).parent
    places = [path.name for path in package.rglob("*.py") if "sqlite3.connect(" in path.read_text()]
    assert sorted(places) == ["journal_file.py", "store.py"], "the other one reads a copy"


def test_it_is_wal_with_full_sync(tmp_path: Path) -> None:
    store = JournalStore(tmp_path / "j.db")
    pragma = store._connection.execute
    assert pragma("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert pragma("PRAGMA synchronous").fetchone()[0] == 2
    assert (store.file_status.journal_mode, store.file_status.synchronous) == ("wal", "full")
    store.close()


@pytest.mark.parametrize("damage", ["UPDATE event SET body = '{}' WHERE seq = 3", "DELETE FROM event WHERE seq = 3"])
def test_the_chain_shows_a_bent_or_missing_line(tmp_path: Path, damage: str) -> None:
    store = JournalStore(tmp_path / "j.db")
    store.append([entry(n) for n in range(6)], None)
    assert store.verify() is None
    store._connection.execute(damage)
    assert store.verify() == 3
    store.close()


def test_a_corrupt_file_is_set_aside_and_a_new_one_begun(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    path.write_bytes(b"this is no database" * 500)
    store = JournalStore(path)
    assert store.set_aside is not None
    assert store.set_aside.read_bytes().startswith(b"this is no database")
    assert store.append([entry()], None) == 1
    store.close()


def test_at_the_cap_the_oldest_go_and_writing_goes_on(tmp_path: Path) -> None:
    store = JournalStore(tmp_path / "j.db", Limits(40 * 4096))
    last = 0
    for number in range(400):
        last = store.append([entry(number * 10 + n) for n in range(10)], None)
    kept = store.read(0, 10_000)
    assert kept[-1]["seq"] == last == 4000
    assert 10 < len(kept) < 4000
    assert store.verify() is None
    store.close()


def test_the_log_is_written_back_before_it_grows_long(tmp_path: Path) -> None:
    store, longest = JournalStore(tmp_path / "j.db"), 0
    for number in range(1500):
        store.append([entry(number)], None)
        longest = max(longest, (tmp_path / "j.db-wal").stat().st_size)
    assert CHECKPOINT_PAGES * PAGE_BYTES < longest < 2 * CHECKPOINT_PAGES * PAGE_BYTES
    store.close()


def test_a_full_disk_is_said_and_healed_and_loses_nothing_that_fits_the_queue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "j.db", "boot")
    journal.start()
    eventually(lambda: journal.status.is_ok)
    whole = JournalStore.append

    def full(*_: object) -> int:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(JournalStore, "append", full)
    ticket = journal.write(EVENT, 1.0)
    eventually(lambda: not journal.status.is_ok)
    assert "full" in journal.status.reason
    assert not journal.is_durable(ticket)
    monkeypatch.setattr(JournalStore, "append", whole)
    eventually(lambda: journal.is_durable(ticket))
    assert journal.status.is_ok
    assert journal.status.lost_count == 0
    journal.stop()


def test_a_folder_that_cannot_be_written_leaves_control_alone(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    journal = Journal(blocked / "j.db", "boot")
    journal.start()
    assert journal.restored.result(2).stored is None
    assert not journal.status.is_ok
    began_s = time.monotonic()
    for number in range(11_000):
        journal.write(EVENT, float(number))
    assert time.monotonic() - began_s < 5.0, "taking an event never waits"
    assert journal.status.lost_count == 1_000, "the queue is bounded, and what it lost is counted"
    journal.stop()


FULL_MEMORY = DurableMemory(
    authority=Authority.MANUAL,
    latches=(Latch("emergency_off", Reason.EMERGENCY_OFF, 50.0),),
    attempts=(Attempt("genset", "crank", 60.0),),
    held_open=frozenset({"b", "a"}),
    shed_by_us=frozenset({"c"}),
    quarantined=frozenset({"d"}),
    tried={"e": 1},
)


def test_durable_memory_survives_with_its_ages(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.db", "boot-1")
    journal.start()
    ticket = journal.keep(FULL_MEMORY)
    eventually(lambda: journal.is_durable(ticket))
    journal.stop()
    again = Journal(tmp_path / "j.db", "boot-1")
    again.start()
    assert load_durable(again.restored.result(2).stored, "boot-1", 100.0) == FULL_MEMORY
    again.stop()


def test_after_another_boot_every_age_is_just_now() -> None:
    memory = load_durable(("boot-1", dump_durable(FULL_MEMORY)), "boot-2", 7.0)
    assert memory.latches[0].since_s == 7.0
    assert memory.attempts[0].at_s == 7.0
    assert memory.shed_by_us == frozenset({"c"})


@pytest.mark.parametrize("stored", [None, ("b", "not json"), ("b", "{}"), ("b", '{"authority":"king"}')])
def test_an_unreadable_memory_is_an_empty_one(stored: tuple[str, str] | None) -> None:
    assert load_durable(stored, "b", 1.0) == DurableMemory()


@pytest.mark.parametrize(("field", "bent"), [("seq", 99), ("head", "f" * 64), ("number", 9), ("boot", "other")])
def test_a_copy_with_a_bent_digit_is_none_and_the_sound_journal_stays(tmp_path: Path, field: str, bent: object) -> None:
    store = JournalStore(tmp_path / "journal.db")
    store.append([entry(n) for n in range(6)], ("boot", dump_durable(FULL_MEMORY)))
    assert store.kept is not None
    write_copy(tmp_path, replace(store.kept, seq=store.last, head=store.head))
    store.close()
    written = orjson.loads((tmp_path / "durable.json").read_bytes())
    (tmp_path / "durable.json").write_bytes(orjson.dumps({**written, field: bent}))
    again = JournalStore(tmp_path / "journal.db")
    assert again.set_aside is None
    assert again.last == 6
    assert again.kept == store.kept
    again.close()


def test_a_reader_that_gave_up_and_a_line_that_cannot_be_read_do_not_end_the_writer(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", "boot")
    journal.start()
    journal.restored.result(5.0)
    begun, go_on = threading.Event(), threading.Event()

    def slow(_: object) -> bool:
        begun.set()
        return go_on.wait(5.0)

    first = journal.ask(slow)
    begun.wait(5.0)
    given_up = journal.ask(lambda _: 1)
    assert given_up.cancel()
    broken = journal.ask(lambda _: orjson.loads(b"not a line"))
    go_on.set()
    assert first.result(5.0)
    with pytest.raises(ValueError, match="expected"):
        broken.result(5.0)
    assert journal.ask(lambda _: "still here").result(5.0) == "still here"
    assert journal.status.is_ok
    journal.stop()
