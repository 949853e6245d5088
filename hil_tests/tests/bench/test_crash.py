"""Crashes on a disk that keeps only what was synced: the judge sees an order that did not wait for its intent."""

from __future__ import annotations

import random
from dataclasses import fields, replace

import pytest

from controller.durable import dump_durable
from controller.intent import IntentGate
from controller.model.decision import Event
from controller.model.memory import DurableMemory, PlannedIsland
from controller.model.reasons import EventKind, Reason
from hil_tests.fuzz import crash as crash_module
from hil_tests.fuzz.crash import CrashOptions, Window, crash_everywhere, windows
from hil_tests.fuzz.kept import forgotten
from hil_tests.simulation import memory_journal
from hil_tests.simulation.disk import SimulatedDisk
from hil_tests.simulation.memory_journal import MemoryJournal
from hil_tests.tests.bench.test_fuzz import scenario
from hil_tests.tests.checkers.stage import the_site
from hil_tests.tests.shell.test_journal import FULL_MEMORY

SHED = Event(EventKind.SHED, Reason.LOW_SOC, "warm_room", {})


def test_an_order_that_does_not_wait_for_its_line_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    told = scenario(until="12 s", timeline=[{"at": "10 s", "do": "grid.blackout"}])
    options = CrashOptions(window_s=0.15, every_s=0.14, disk_s=0.4)
    where, ends_in = windows(told, the_site(), options)
    monkeypatch.setattr(IntentGate, "_may_go", lambda *_: True)
    found = [crash for crash in crash_everywhere(told, the_site(), options, where, ends_in) if crash.findings]
    assert any("its intent is not on the disk" in finding for crash in found for finding in crash.findings)


SWITCHES = {
    "until": "9 s",
    "timeline": [
        {"at": "4 s", "do": "operator", "request": "open_feeder", "subject": "warm_room"},
        {"at": "6 s", "do": "emergency_off", "pressed": True},
    ],
}


@pytest.mark.parametrize("is_power_cut", [False, True], ids=["killed", "power cut"])
def test_a_new_process_knows_the_latch_and_the_feeder_that_a_person_holds_open(*, is_power_cut: bool) -> None:
    told = scenario(**SWITCHES)
    options = CrashOptions(window_s=0.5, every_s=0.24, is_power_cut=is_power_cut)
    where, ends_in = windows(told, the_site(), options)
    crashes = list(crash_everywhere(told, the_site(), options, where, ends_in))
    assert len(crashes) > 4
    assert [crash.findings for crash in crashes if crash.findings] == []


def test_a_writer_that_leaves_latches_and_holds_out_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def weak(durable: DurableMemory) -> str:
        return dump_durable(replace(durable, latches=(), held_open=frozenset(), planned=None))

    monkeypatch.setattr(memory_journal, "dump_durable", weak)
    told = scenario(**SWITCHES)
    options = CrashOptions(window_s=0.5, every_s=0.49)
    where, ends_in = windows(told, the_site(), options)
    found = "\n".join(
        line for crash in crash_everywhere(told, the_site(), options, where, ends_in) for line in crash.findings
    )
    assert "memory: latches was [('emergency_off', 'emergency_off'" in found
    assert "memory: held_open was ['warm_room'], and is nothing after the start" in found


@pytest.mark.parametrize("forgotten_one", [each.name for each in fields(FULL_MEMORY) if each.name != "known_at_s"])
def test_the_judge_misses_whatever_a_new_process_has_forgotten(forgotten_one: str) -> None:
    """It did not look for feeders that were given up, nor for tries."""
    kept = replace(FULL_MEMORY, poi_held_open=True, planned=PlannedIsland("anna", 1.0, None, is_automatic=False))
    found = replace(kept, **{forgotten_one: getattr(DurableMemory(), forgotten_one)})
    assert list(forgotten(kept, [kept], is_other_boot=False)) == []
    (said,) = forgotten(found, [kept], is_other_boot=False)
    assert forgotten_one in said


ASKED_IN_THE_GAP = {
    "until": "24 s",
    "timeline": [
        {"at": "4 s", "do": "emergency_off", "pressed": True},
        {"at": "6 s", "do": "emergency_off", "pressed": False},
        {"at": "8 s", "do": "operator", "request": "release_latch", "subject": "emergency_off"},
    ],
}
ISLAND = {"until": "12 s", "timeline": [{"at": "4 s", "do": "operator", "request": "island_on"}]}


@pytest.mark.parametrize(("story", "from_s"), [(ASKED_IN_THE_GAP, 7.3), (ISLAND, 4.2)], ids=["release", "island"])
def test_whoever_gets_no_answer_or_hears_that_nothing_comes_of_it_asks_again(
    story: dict[str, object], from_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, options = scenario(**story), CrashOptions(every_s=0.4)
    _, ends_in = windows(told, the_site(), options)
    where = [Window(from_s, from_s + 0.2, ())]
    crashes = list(crash_everywhere(told, the_site(), options, where, ends_in))
    assert [crash.findings for crash in crashes] == [()]
    monkeypatch.setattr(crash_module, "ask_again", lambda *_: None)
    (silent,) = crash_everywhere(told, the_site(), options, where, ends_in)
    assert "ends" in silent.findings[0], "nobody else would have come to where the story ends"


def test_what_the_story_has_killed_already_is_not_killed_again() -> None:
    timeline = [{"at": "3 s", "do": "controller.kill"}, {"at": "5 s", "do": "controller.start"}]
    told, options = scenario(until="7 s", timeline=timeline), CrashOptions(every_s=0.5)
    where = [Window(2.6, 5.4, ())]
    crashes = list(crash_everywhere(told, the_site(), options, where, "grid_connected"))
    assert [round(crash.at_s, 2) for crash in crashes] == [2.61, 5.0]
    assert [crash.findings for crash in crashes if crash.findings] == []


def test_the_simulated_disk_keeps_what_was_synced_and_a_torn_tail() -> None:
    tails = set()
    for number in range(60):
        disk = SimulatedDisk()
        disk.sync(disk.append(b"synced"))
        for name in (b"first", b"second"):
            disk.append(name)
        disk.cut(random.Random(number))
        left = list(disk.records())
        assert left[0] == b"synced"
        tails.add(tuple(left[1:]))
        disk.sync(disk.append(b"after"))
        assert list(disk.records()) == [*left, b"after"], "what was torn is cut off, and writing goes on"
    assert tails >= {(), (b"first",)}


def test_a_crash_takes_what_was_not_synced_and_a_torn_page_the_newest_memory() -> None:
    journal = MemoryJournal(write_s=0.02)
    journal.keep(DurableMemory(shed_by_us=frozenset({"a"})))
    ticket = journal.write(SHED, 0.0)
    assert journal.settle(0.02)
    assert journal.is_durable(ticket)
    journal.keep(DurableMemory(shed_by_us=frozenset({"b"})))
    journal.settle(0.04)
    late = journal.write(SHED, 0.05)
    assert not journal.is_durable(late)
    journal.lose_unkept()
    assert journal.kept is not None
    assert '"b"' in journal.kept[1]
    assert [line.at_s for line in journal.on_disk()][:1] == [0.0]
    journal.tear()
    assert journal.kept is not None
    assert '"a"' in journal.kept[1]
