"""Whatever the wall clock says, the decisions are the same to the byte, and the journal goes on."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from controller import clock
from controller.journal.writer import Journal
from controller.ledger import Ticket
from controller.model.decision import Event
from controller.model.memory import DurableMemory
from controller.model.words import Mode
from hil_tests.simulation.bench import Bench
from hil_tests.simulation.memory_journal import MemoryJournal
from hil_tests.tests.shell.test_journal import eventually

END_OF_32_BITS_UNIX_S = 2.0**31


class BothJournals(MemoryJournal):
    """The twin, which the loop waits for, and beside it the real journal, which labels every line with the clock."""

    real: Journal

    def write(self, event: Event, mono_s: float) -> Ticket:
        self.real.write(event, mono_s)
        return MemoryJournal.write(self, event, mono_s)

    def keep(self, durable: DurableMemory) -> Ticket:
        self.real.keep(durable)
        return MemoryJournal.keep(self, durable)


def clocks() -> dict[str, Callable[[], float]]:
    count = itertools.count()
    return {
        "right": lambda: 1.8e9,
        "absent": lambda: 0.0,
        "wrong": lambda: -5e8,
        "jumping": lambda: 1.8e9 + (-1) ** next(count) * 7e8,
        "backwards": lambda: 1.8e9 - next(count),
        "2038": lambda: END_OF_32_BITS_UNIX_S - 10 + next(count),
        "far": lambda: 4e11,
    }


def played(folder: Path) -> tuple[str, list[tuple[float, Event]], Journal]:
    bench = Bench.of()
    both = BothJournals()
    both.real = Journal(folder / "journal.db", "boot")
    both.real.start()
    bench.journal = bench.loop.journal = bench.loop.gate.journal = both
    bench.run_for(3.0)
    bench.plant.grid.blackout()
    bench.run_to(Mode.ISLANDED)
    bench.run_for(2.0)
    return bench.trace_hash(), list(bench.events), both.real


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[tuple[float, Event]]]:
    trace, events, journal = played(tmp_path_factory.mktemp("right"))
    journal.stop()
    return trace, events


@pytest.mark.parametrize("name", clocks())
def test_the_wall_clock_labels_and_nothing_else(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: tuple[str, list[tuple[float, Event]]]
) -> None:
    monkeypatch.setattr(clock, "unix_s", clocks()[name])
    trace, events, journal = played(tmp_path)
    assert (trace, events) == wanted
    eventually(lambda: journal.ask(lambda store: store.last).result(5.0) == len(events))
    lines = journal.ask(lambda store: store.newest(500)).result(5.0)
    assert [line["mono_s"] for line in lines] == [at_s for at_s, _ in events]
    assert journal.ask(lambda store: store.verify()).result(5.0) is None
    assert journal.status.is_ok
    journal.stop()
