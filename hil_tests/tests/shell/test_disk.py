"""The journal against what disks do: kill -9 with an outside witness, power cuts, damage, errors. A share of .ci/full.

`python -m hil_tests.disk` runs them by the thousand, with the same code.
"""

from __future__ import annotations

import os
import random
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.journal.store import JournalStore
from hil_tests.disk.cut_disk import MODES, CutDisk
from hil_tests.disk.cuts import cut_everywhere
from hil_tests.disk.damage import damage_often
from hil_tests.disk.failures import fail_everywhere, fail_often
from hil_tests.disk.kills import kill_often
from hil_tests.disk.recording import JOURNAL, Operation, recorded
from hil_tests.disk.shim import compiled, has_compiler
from hil_tests.tests.missing import needs

KILLS_COUNT, FILES_COUNT, CUTS_EVERY, FAILURES_COUNT = 500, 520, 7, 30
SEED = 5
needs_gcc = needs(has_compiler(), "no gcc: apt install gcc libc6-dev")


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder that costs no disk: a cut is computed."""
    disk = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=disk if os.access(disk, os.W_OK) else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> list[Operation]:
    """The recorded run."""
    folder = tmp_path_factory.mktemp("recorded")
    return recorded(compiled(folder), folder)


@pytest.mark.timeout(240)
def test_kill_minus_nine_loses_nothing_that_a_witness_was_told_of(tmp_path: Path) -> None:
    result = kill_often(KILLS_COUNT, tmp_path, SEED)
    assert result.wrongs == ()
    assert result.kills_count == KILLS_COUNT
    assert result.acknowledged_count > KILLS_COUNT, "most of them lived long enough to write"
    assert result.met_count > 0, "no kill met a checkpoint or a prune"


@pytest.mark.timeout(240)
def test_every_start_on_a_damaged_journal_succeeds_and_remembers(memory: Path) -> None:
    result = damage_often(FILES_COUNT, memory, SEED)
    assert result.wrongs == ()
    assert result.files_count == FILES_COUNT
    assert result.set_aside_count > FILES_COUNT // 2


@pytest.mark.timeout(240)
def test_what_is_called_durable_is_in_the_file_whichever_statement_failed(memory: Path) -> None:
    result = fail_everywhere(memory, in_a_row=(1,)) + fail_often(FAILURES_COUNT, memory, SEED)
    assert result.wrongs == ()
    assert result.runs_count > FAILURES_COUNT + 50


def test_the_failures_would_catch_a_batch_that_is_taken_for_the_one_before(
    memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that begins a batch with the head of the last one in hand: the judge must not be blind."""
    whole = JournalStore._append

    def blurred(self: JournalStore, *arguments: object) -> int:
        try:
            return whole(self, *arguments)  # type: ignore[arg-type]
        except sqlite3.Error:
            self.hoped_head = self.hoped_head or self.head
            raise

    monkeypatch.setattr(JournalStore, "_append", blurred)
    assert len(fail_everywhere(memory, in_a_row=(1,)).wrongs) > 10


@needs_gcc
@pytest.mark.timeout(240)
def test_a_power_cut_at_any_operation_loses_nothing_acknowledged(memory: Path, operations: list[Operation]) -> None:
    assert {operation.op for operation in operations} >= set("CWTSDR"), "creation, log, checkpoint, copy are all in it"
    result = cut_everywhere(operations, memory, every=CUTS_EVERY, rounds=1, seed=SEED)
    assert result.wrongs == ()
    assert result.cuts_count >= 4 * (len(operations) // CUTS_EVERY)


@needs_gcc
def test_the_cuts_would_catch_a_journal_that_does_not_sync(memory: Path, operations: list[Operation]) -> None:
    """The same run, its syncs taken out: the judge of the cuts must not be blind."""
    unsynced = [each for each in operations if each.op not in "SD"]
    result = cut_everywhere(unsynced, memory, every=211, rounds=1, seed=SEED)
    assert len(result.wrongs) > result.cuts_count // 2


@needs_gcc
def test_the_cuts_would_catch_a_journal_that_syncs_its_checkpoints_alone(
    memory: Path, operations: list[Operation]
) -> None:
    """`synchronous=NORMAL`: what was acknowledged since the last checkpoint may be gone. Three cuts in 364 noticed."""
    following = [*operations[1:], operations[-1]]
    normal = [
        each
        for each, then in zip(operations, following, strict=True)
        if (each.op, each.name) != ("S", f"{JOURNAL}-wal") or then.name == JOURNAL
    ]
    assert len(operations) - len(normal) > 100, "most commits are followed by no checkpoint"
    result = cut_everywhere(normal, memory, every=31, rounds=1, seed=SEED)
    assert len(result.wrongs) > result.cuts_count // 4


def test_a_cut_disk_keeps_what_was_synced_and_any_part_of_the_rest() -> None:
    disk = CutDisk()
    for operation in (
        Operation("C", "a", 0, b""),
        Operation("W", "a", 0, b"x" * 1024),
        Operation("S", "a", 0, b""),
        Operation("D", "", 0, b""),
        Operation("W", "a", 0, b"y" * 1024),
        Operation("C", "b", 0, b""),
    ):
        disk.take(operation)
    left = {mode: [disk.left(mode, random.Random(n)) for n in range(40)] for mode in MODES}
    assert {bytes(each["a"][:1]) for each in left["lost"]} == {b"x"}
    assert {bytes(each["a"][:1]) for each in left["kept"]} == {b"y"}
    ends = {each["a"][:1] + each["a"][-1:] for each in left["reordered"]}
    assert ends == {b"xx", b"xy", b"yx", b"yy"}, "each sector for itself"
    assert {"b" in each for each in left["torn"]} == {True, False}, "a name is safe once its folder was synced"
    assert all("b" not in each for each in left["lost"])
