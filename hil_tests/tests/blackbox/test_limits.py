"""The black box in need: a disk that is full or read-only, a loop that hangs, a folder that has grown."""

from __future__ import annotations

import cProfile
import logging
import pstats
import subprocess
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from controller import clock
from controller.blackbox import folder as folder_module
from controller.blackbox.box import WAITING_MAX, BlackBox
from controller.blackbox.cycle import Cycle
from controller.blackbox.folder import ALL_MAX_BYTES, FILE_MAX_BYTES, KEPT_COUNT, BoxFolder, Cause
from controller.blackbox.reading import open_box
from controller.model.decision import Event
from controller.model.reasons import EventKind, Reason
from hil_tests.simulation.bench import Bench
from hil_tests.tests.blackbox.recordings import Recorded, replayed
from hil_tests.tests.shell.test_journal import eventually
from hil_tests.tests.shell.test_journal_trouble import small_disk

__all__ = ["small_disk"]
HUB = "hybridhof"


@pytest.fixture(scope="module")
def cycles() -> list[Cycle]:
    """A start and what follows."""
    bench, taken = Bench.of(HUB), list[Cycle]()
    bench.watches = False
    bench.loop.record = taken.append
    bench.run_for(3.0)
    return taken


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "hallig.blackbox"]


def test_handing_a_cycle_over_is_next_to_nothing(cycles: list[Cycle], tmp_path: Path) -> None:
    """In the loop's thread: counted in calls, which no busy machine changes. A cycle makes a thousand."""
    box = BlackBox(Bench.of(HUB).site, tmp_path, "boot")
    profile = cProfile.Profile()
    with profile:
        for cycle in cycles[1:41]:
            box.take(cycle)
    assert pstats.Stats(profile).total_calls <= 40 * 3 + 5  # type: ignore[attr-defined]


def test_packing_stays_within_its_share(cycles: list[Cycle], tmp_path: Path) -> None:
    """In the box's own thread, which the loop's has to wait for: calls for each cycle of a small hub."""
    box = BlackBox(Bench.of(HUB).site, tmp_path, "boot")
    for cycle in cycles[1:41]:
        box.take(cycle)
    box.look(0.0)
    for cycle in cycles[1:41]:
        box.take(cycle)
    profile = cProfile.Profile()
    with profile:
        box.end(cycles[40].now_s)
    assert pstats.Stats(profile).total_calls / 40 < 700  # type: ignore[attr-defined]


def test_a_disk_that_does_not_answer_costs_the_oldest_and_never_more_memory(
    cycles: list[Cycle], tmp_path: Path
) -> None:
    box = BlackBox(Bench.of(HUB).site, tmp_path, "boot")
    for _ in range(WAITING_MAX + 500):
        box.take(cycles[5])
    box.take(cycles[0])  # the start, a transition
    box.look(cycles[5].now_s)
    found = open_box(next(tmp_path.iterdir()))
    numbers = [cycle.number for cycle in found.cycles()]
    assert (numbers[0], len(numbers)) == (501, WAITING_MAX)


def test_a_loop_that_says_nothing_is_kept_once_and_its_last_cycle_too(cycles: list[Cycle], tmp_path: Path) -> None:
    box = BlackBox(Bench.of(HUB).site, tmp_path, "boot")
    for cycle in cycles[1:20]:
        box.take(cycle)
    newest_s = cycles[19].now_s
    box.look(newest_s + 0.2)
    assert not list(tmp_path.iterdir())
    for late_s in (0.6, 0.8, 1.0):  # the watchdog ends the process after a second
        box.look(newest_s + late_s)
    (path,) = tmp_path.iterdir()
    assert path.name == "box-000001-silent.jsonl.gz"
    found = open_box(path)
    assert [cycle.now_s for cycle in found.cycles()][-1] == newest_s
    assert found.marks == [("silent", newest_s, "no cycle for 0.6 s")]


def test_who_ends_on_purpose_is_not_silent(cycles: list[Cycle], tmp_path: Path) -> None:
    box = BlackBox(Bench.of(HUB).site, tmp_path, "boot")
    for cycle in cycles[1:20]:
        box.take(cycle)
    box.loop_ends()
    box.look(cycles[19].now_s + 5.0)
    box.end(cycles[19].now_s + 6.0)
    assert not list(tmp_path.iterdir())


def test_what_json_cannot_say_costs_that_cycle_and_is_told(
    cycles: list[Cycle], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    box = BlackBox(Bench.of(HUB).site, tmp_path, "boot")
    first, second = cycles[0], cycles[1]
    assert second.decision is not None
    odd = Event(EventKind.SHED, Reason.LOW_SOC, "\ud800")
    second = replace(second, decision=replace(second.decision, events=(odd,)))
    box.take(second)
    box.take(first)
    box.look(first.now_s + 0.1)
    assert told(caplog)[0].startswith(f"no black box is kept in {tmp_path}: a cycle is not for JSON")
    assert [cycle.number for cycle in open_box(next(tmp_path.iterdir())).cycles()] == [1]


# -- the folder -------------------------------------------------------------------------------------------------------
def fill(folder: Path, cause: Cause, count: int, size: int = 10, first: int = 1) -> None:
    folder.mkdir(exist_ok=True)
    for number in range(first, first + count):
        path = folder / f"box-{number:06}-{cause.value}.jsonl.gz"
        with path.open("wb") as file:
            file.truncate(size)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_process_that_starts_again_and_again_pushes_no_blackout_out(tmp_path: Path) -> None:
    fill(tmp_path, Cause.TRANSITION, 3)
    fill(tmp_path, Cause.STARTED, KEPT_COUNT[Cause.STARTED], first=4)
    (tmp_path / "notes.txt").write_text("of a person")
    for _ in range(5):
        BoxFolder(tmp_path).begin(Cause.STARTED).close()
    kept = names(tmp_path)
    assert len([name for name in kept if "started" in name]) == KEPT_COUNT[Cause.STARTED]
    assert [name[4:10] for name in kept if "transition" in name] == ["000001", "000002", "000003"]
    assert kept[-1] == "notes.txt"
    assert "box-000016-started.jsonl.gz" in kept, "numbers are never given twice while one is there"


def test_the_oldest_go_when_all_together_are_too_large(tmp_path: Path) -> None:
    fill(tmp_path, Cause.TRANSITION, 12, FILE_MAX_BYTES)
    BoxFolder(tmp_path).begin(Cause.TRANSITION).close()
    room = ALL_MAX_BYTES // FILE_MAX_BYTES
    assert names(tmp_path)[0] == f"box-{12 - room + 2:06}-transition.jsonl.gz"
    assert len(names(tmp_path)) == room


def test_a_file_that_is_full_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "FILE_MAX_BYTES", 20_000)
    recorded = Recorded(tmp_path, HUB)
    recorded.bench.run_for(12.0)
    box, done = replayed(recorded.files[0])
    assert (box.end, done.difference) == ("full", None)
    assert 20_000 <= recorded.files[0].stat().st_size < 60_000


# -- the disk ---------------------------------------------------------------------------------------------------------
def remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)


@pytest.mark.parametrize(
    ("spoil", "heal", "why"),
    [
        (lambda disk: remount(disk, "ro"), lambda disk: remount(disk, "rw"), "Read-only file system"),
        (
            lambda disk: (disk / "blackbox").write_text("a file"),
            lambda disk: (disk / "blackbox").unlink(),
            "is a file, not a folder",
        ),
        (
            lambda disk: (disk / "big").write_bytes(bytes(2**21 - 8192)),
            lambda disk: (disk / "big").unlink(),
            "o space left",
        ),
    ],
    ids=["read-only", "a file in its place", "full"],
)
def test_a_disk_that_takes_nothing_is_told_once_and_heals(
    small_disk: Path,
    spoil: Callable[[Path], object],
    heal: Callable[[Path], object],
    why: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The window goes on from memory, and is whole in the end."""
    monkeypatch.setattr(folder_module, "RESERVE_BYTES", 0)
    caplog.set_level(logging.INFO)
    recorded = Recorded(small_disk / "blackbox", HUB)
    spoil(small_disk)
    recorded.bench.run_for(15.0)
    assert len(told(caplog)) == 1
    assert told(caplog)[0].startswith(f"no black box is kept in {small_disk / 'blackbox'}: ")
    assert why in told(caplog)[0]
    heal(small_disk)
    recorded.bench.run_for(3.0)
    recorded.box.end(recorded.bench.plant.now_s)
    assert told(caplog)[1:] == ["the black box is kept again"]
    box, done = replayed(recorded.files[0])
    assert (done.difference, box.trouble, box.gaps, box.end) == (None, "", [], "stopped")
    assert done.first_s is not None
    assert done.first_s < 0.1, "from the very first cycle on"


def test_the_last_bytes_of_a_disk_are_the_journals(small_disk: Path, caplog: pytest.LogCaptureFixture) -> None:
    recorded = Recorded(small_disk / "blackbox", HUB)
    recorded.bench.run_for(3.0)
    assert recorded.files == []
    assert "less than 96 MiB are free" in told(caplog)[0]


def test_beside_another_controllers_journal_nothing_is_written(tmp_path: Path) -> None:
    recorded = Recorded(tmp_path / "blackbox", HUB)
    recorded.box._may_write = lambda: False
    recorded.bench.run_for(3.0)
    assert recorded.files == []


# -- the thread -------------------------------------------------------------------------------------------------------
def test_the_thread_writes_by_itself_and_ends_when_told(cycles: list[Cycle], tmp_path: Path) -> None:
    box = BlackBox(Bench.of(HUB).site, tmp_path, "boot")
    box.start()
    box.take(cycles[0])
    eventually(lambda: any(tmp_path.iterdir()))
    box.stop()
    assert "blackbox" not in {thread.name for thread in threading.enumerate()}
    found = open_box(next(tmp_path.iterdir()))
    assert len(list(found.cycles())) == 1
    assert found.head.unix_s <= clock.unix_s()
