"""What the writer takes while control gives: nothing is called durable that is not in the group."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import pytest

from controller.journal.intake import BATCH_MAX, DECIDED_COUNT, NEVER, QUEUE_MAX, Intake, Line
from controller.journal.store import JournalStore
from controller.journal.writer import Journal
from controller.ledger import Ticket
from controller.model.memory import DurableMemory
from controller.model.words import Authority
from hil_tests.tests.shell.test_journal import entry, eventually
from hil_tests.tests.shell.test_journal_trouble import EVENT, running
from supervisor.public_words import reason_of
from supervisor.words import words

MEMORY, NEWER = ("boot", "memory"), ("boot", "newer")


class Between(Intake):
    """Control keeps a memory between any two looks of the writer: just before the n-th."""

    def __init__(self, at: int) -> None:
        self._at: int | None = None
        super().__init__()
        self._at = at

    def __getattribute__(self, name: str) -> object:
        if name in {"_given", "_memory", "_lines"} and self._at is not None:
            self._at -= 1
            if self._at == 0:
                self._at = None
                self.keep(NEWER)
        return super().__getattribute__(name)


@pytest.mark.parametrize("at", range(1, 4))
def test_a_memory_kept_while_the_writer_looks_is_in_the_group_or_not_called_durable(at: int) -> None:
    intake = Between(at)
    taken = intake.take([])
    assert intake._at is None, "it was kept in the middle"
    assert taken.memory == NEWER or taken.upto == 0
    intake.wrote(taken)
    again = intake.take([])
    assert NEWER in {taken.memory, again.memory}, "one of the two groups writes it"
    assert again.upto == 1


def test_an_event_that_is_taken_before_its_number_is_known_counts_as_written() -> None:
    intake = Intake()
    ticket = intake.give(entry())
    intake._given = 0  # control has put it and has not come to the next line
    assert intake.take([]).upto == ticket.number


def test_what_did_not_fit_the_batch_is_not_called_durable() -> None:
    intake, lines = Intake(), list[Line]()
    tickets = [intake.give(entry(n)) for n in range(BATCH_MAX + 5)]
    memory = intake.keep(MEMORY)
    first = intake.take(lines)
    assert first.upto == tickets[BATCH_MAX - 1].number
    assert first.memory == MEMORY
    intake.wrote(first)
    lines.clear()
    assert intake.take(lines).upto == memory.number
    assert len(lines) == 5
    assert not intake.has_work


def test_an_outdated_memory_is_neither_written_nor_called_durable() -> None:
    intake = Intake()
    outdated, event = intake.keep(MEMORY), intake.give(entry())
    intake.drop_memory()
    taken = intake.take([])
    assert taken.memory is None
    assert taken.upto < outdated.number
    newer = intake.keep(NEWER)
    assert intake.take([]).memory == NEWER
    assert intake.take([]).upto == newer.number > event.number


def test_the_queue_is_bounded() -> None:
    intake = Intake()
    assert NEVER not in [intake.give(entry()) for _ in range(QUEUE_MAX)]
    assert intake.give(entry()) is NEVER
    assert (intake.pending_count, intake.lost_count) == (QUEUE_MAX, 1)


def test_the_last_places_are_for_what_was_decided() -> None:
    intake, seen = Intake(), replace(entry(), kind="grid_verdict")
    for _ in range(QUEUE_MAX + 3 * DECIDED_COUNT):
        intake.give(seen)
    assert intake.pending_count == QUEUE_MAX - DECIDED_COUNT, "nor for lines that tell what was lost"
    for kind in ("mode_changed", "ordered_close", "requested", "latched"):
        assert intake.give(replace(entry(), kind=kind)) is not NEVER


def test_what_found_no_room_is_told_in_the_file_where_it_would_have_stood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a number on the page said so, and the next start had forgotten it."""
    whole = JournalStore.append

    def full(*_: object) -> int:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(JournalStore, "append", full)
    monkeypatch.setattr("controller.journal.writer.RETRY_S", 0.05)
    with running(tmp_path / "journal.db") as journal:
        journal.restored.result(5.0)
        given = 0
        while journal.write(EVENT, float(given)) is not NEVER:
            given += 1
        journal.write(EVENT, 1e6)
        assert journal.status.lost_count == 2
        monkeypatch.setattr(JournalStore, "append", whole)
        eventually(lambda: journal.status.pending_count < QUEUE_MAX - 1)
        last = journal.write(EVENT, 2e6)
        eventually(lambda: journal.is_durable(last))
        lines = journal.ask(lambda store: store.newest(3)).result(5.0)
    assert [line["mono_s"] for line in lines] == [given - 1.0, 2e6, 2e6]
    assert (lines[1]["reason"], lines[1]["values"]) == ("events_lost", {"count": 2})
    assert reason_of(words("en"), "events_lost", {"count": 2}) == "events are lost, the queue was full, 2 in all"


def test_a_memory_that_was_written_before_its_number_was_seen_is_called_durable_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order that waits for it would wait its whole time for another event."""
    journal = Journal(tmp_path / "journal.db", "boot")
    journal.start()
    try:
        journal.restored.result(5.0)
        tickets, newest = list[Ticket](), journal._intake._newest_memory

        def kept_just_before() -> object:
            if not tickets:
                tickets.append(journal.keep(DurableMemory(authority=Authority.MANUAL)))
            return newest()

        monkeypatch.setattr(journal._intake, "_newest_memory", kept_just_before)
        journal._wake.set()
        until_s = time.monotonic() + 5.0
        while not (tickets and journal.is_durable(tickets[0])):
            assert time.monotonic() < until_s
            time.sleep(0.01)
    finally:
        journal.stop()
