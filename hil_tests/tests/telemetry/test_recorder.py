"""A disk that fails costs the record something and nobody else anything; a writer that is killed, a minute at most."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from controller import clock
from hil_tests.tests.telemetry.samples import noisy, status_at
from hil_tests.tests.web.html import text
from hil_tests.tests.web.served import web_of
from hil_tests.tests.web.statuses import on_grid, publish
from supervisor.reading import StatusReader
from supervisor.telemetry import recorder as recorder_module
from supervisor.telemetry.recorder import Recorder
from supervisor.telemetry.series import Question, read_series
from supervisor.telemetry.store import TelemetryStore, open_store

PATIENCE_S = 15.0


def eventually(is_so: Callable[[], bool]) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < until_s
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second is a tenth, and a minute is one block a sample: the threads are the real ones."""
    monkeypatch.setattr(recorder_module, "PERIOD_S", 0.05)
    monkeypatch.setattr(recorder_module, "RETRY_S", 0.05)


@contextlib.contextmanager
def recording(run_dir: Path, data_dir: Path) -> Iterator[Recorder]:
    recorder = Recorder(StatusReader(run_dir), data_dir)
    recorder.start()
    try:
        yield recorder
    finally:
        recorder.stop()


def hand_over(recorder: Recorder, minutes: range) -> None:
    for block in noisy(minutes):
        recorder._hand_over([block])


def kept_minutes(data_dir: Path) -> list[float]:
    store = open_store(data_dir / "telemetry" / "telemetry.db")
    found = [point.boot_s / 60.0 for point in read_series(store, Question(step_s=60)).points]
    store.close()
    return found


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting needs root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


# ---- what it looks at -----------------------------------------------------------------------------------------------


def test_what_is_published_is_kept_and_an_end_in_order_loses_nothing(tmp_path: Path) -> None:
    with recording(tmp_path, tmp_path / "data") as recorder:
        eventually(lambda: recorder.store is not None)
        for _ in range(3):
            publish(tmp_path, on_grid())
            time.sleep(1.0)
    store = open_store(tmp_path / "data" / "telemetry" / "telemetry.db")
    points = read_series(store, Question()).points
    assert len(points) == 3
    assert [point.unix_s for point in points] == pytest.approx([clock.unix_s() - s for s in (3, 2, 1)], abs=2.0)


def test_a_silent_controller_is_a_gap_and_what_was_there_is_on_disk_within_a_minute(tmp_path: Path) -> None:
    recorder = Recorder(StatusReader(tmp_path), tmp_path / "data")
    publish(tmp_path, on_grid(clock.now_s() - 5.0))
    recorder._look()
    recorder._look()
    assert recorder.state.waiting_count == 0
    recorder._sampler._instants_ms[0] -= 60_000
    recorder._look()
    assert recorder.state.waiting_count == 1
    publish(tmp_path, on_grid(clock.now_s() - 20.0))
    recorder._look()
    assert recorder._sampler.take() == [], "a stale status is no measurement"


def test_without_a_folder_nothing_is_kept(tmp_path: Path) -> None:
    recorder = Recorder(StatusReader(tmp_path), None)
    recorder.start()
    recorder.stop()
    assert not recorder.state.is_wanted


# ---- disks ----------------------------------------------------------------------------------------------------------


def test_a_full_disk_is_said_and_what_waited_is_kept_when_there_is_room(small_disk: Path, tmp_path: Path) -> None:
    with recording(tmp_path, small_disk) as recorder:
        hand_over(recorder, range(3))
        eventually(lambda: recorder.store is not None and recorder.state.waiting_count == 0)
        ballast = small_disk / "ballast"
        with contextlib.suppress(OSError):
            ballast.write_bytes(bytes(2_000_000))
        hand_over(recorder, range(3, 20))
        eventually(lambda: "full" in recorder.state.reason)
        assert recorder.state.waiting_count > 0
        ballast.unlink()
        eventually(lambda: recorder.state.waiting_count == 0 and not recorder.state.reason)
        assert recorder.state.broken_files == ()
        assert recorder.state.lost_count == 0
    assert kept_minutes(small_disk) == [float(n) for n in range(20)]


def test_a_read_only_disk_is_said_and_heals_and_nothing_is_set_aside(small_disk: Path, tmp_path: Path) -> None:
    def remount(how: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{how}", str(small_disk)], check=True)

    with recording(tmp_path, small_disk) as recorder:
        hand_over(recorder, range(2))
        eventually(lambda: recorder.store is not None and recorder.state.waiting_count == 0)
    remount("ro")
    with recording(tmp_path, small_disk) as recorder:
        hand_over(recorder, range(2, 4))
        eventually(lambda: recorder.state.reason != "")
        remount("rw")
        eventually(lambda: recorder.state.waiting_count == 0 and not recorder.state.reason)
        assert recorder.state.broken_files == ()
    assert kept_minutes(small_disk) == [0.0, 1.0, 2.0, 3.0]


def test_what_waits_is_bounded_and_what_is_lost_is_counted(tmp_path: Path) -> None:
    recorder = Recorder(StatusReader(tmp_path), tmp_path / "data")
    hand_over(recorder, range(63))
    assert (recorder.state.waiting_count, recorder.state.lost_count) == (60, 180)


def test_a_disk_that_hangs_holds_up_neither_the_sampler_nor_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    append = TelemetryStore.append
    monkeypatch.setattr(TelemetryStore, "append", lambda self, block: (gate.wait(30.0), append(self, block)))
    with recording(tmp_path, tmp_path / "data") as recorder:
        hand_over(recorder, range(1))
        eventually(lambda: recorder.store is not None)
        publish(tmp_path, on_grid())
        eventually(lambda: recorder._sampler.began_s is not None)
        began_s = time.monotonic()
        assert recorder.state.waiting_count == 1
        assert time.monotonic() - began_s < 0.5
        gate.set()
        eventually(lambda: recorder.state.waiting_count == 0)


@pytest.mark.parametrize("moment", ["before the start", "while it is written"])
def test_a_damaged_file_is_set_aside_and_one_begun_anew(tmp_path: Path, moment: str) -> None:
    path = tmp_path / "data" / "telemetry" / "telemetry.db"
    path.parent.mkdir(parents=True)
    if moment == "before the start":
        path.write_bytes(b"no database" * 1000)
    with recording(tmp_path, tmp_path / "data") as recorder:
        hand_over(recorder, range(2))
        eventually(lambda: recorder.store is not None and recorder.state.waiting_count == 0)
        if moment != "before the start":
            error = sqlite3.DatabaseError("database disk image is malformed")
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            recorder.doubt(error)
        eventually(lambda: recorder.state.broken_files == ("telemetry.db.broken-0",))
        hand_over(recorder, range(2, 4))
        eventually(lambda: recorder.state.waiting_count == 0)
        assert recorder.state.reason == ""
    assert kept_minutes(tmp_path / "data")[-2:] == [2.0, 3.0]
    path.write_bytes(b"again" * 1000)
    with recording(tmp_path, tmp_path / "data") as recorder:
        eventually(lambda: recorder.state.broken_files == ("telemetry.db.broken-1",))
    assert len(list(path.parent.glob("*.broken-*"))) == 1, "each may be a gigabyte"


def test_a_second_web_does_not_write_into_the_same_file(tmp_path: Path) -> None:
    with recording(tmp_path, tmp_path / "data") as first:
        eventually(lambda: first.store is not None)
        with recording(tmp_path, tmp_path / "data") as second:
            hand_over(second, range(1))
            eventually(lambda: second.state.reason == recorder_module.HELD)
            assert second.store is None
        assert first.state.reason == ""


def test_the_page_says_so_and_goes_on(tmp_path: Path) -> None:
    publish(tmp_path, on_grid())
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "telemetry").write_text("a file where a folder should be")
    with web_of(tmp_path, tmp_path / "data") as address:
        eventually(lambda: httpx.get(f"{address}/healthz").json()["telemetry"]["state"] == "waiting")
        time.sleep(0.6)  # a page is at most half a second old
        told = text(httpx.get(f"{address}/?lang=en").text)
        assert "Measured values are not being saved" in told
        assert "a file where a folder should" not in told, "an error text is for engineers"
        answer = httpx.get(f"{address}/api/v1/telemetry")
        assert (answer.status_code, answer.json()["type"]) == (503, "/docs#no-telemetry")
        assert httpx.get(f"{address}/api/v1/status").status_code == 200


# ---- kill -9 --------------------------------------------------------------------------------------------------------

WRITER = """
import pathlib, sys
from hil_tests.tests.telemetry.samples import status_at
from supervisor.telemetry.sampler import Sampler
from supervisor.telemetry.store import TelemetryStore, open_store
store, sampler = open_store(pathlib.Path(sys.argv[1])), Sampler()
for second in range(int(sys.argv[2]), 10**9):
    for block in sampler.add(status_at(float(second))):
        store.append(block)
    print(second, flush=True)
"""


def test_a_writer_that_is_killed_loses_a_minute_at_most_and_corrupts_nothing(tmp_path: Path) -> None:
    path, begin, rng = tmp_path / "telemetry.db", 0, random.Random(7)
    kept_s = -1.0
    for _ in range(8):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(begin)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(rng.randrange(30, 400))][-1]
        time.sleep(rng.random() * 0.01)
        writer.send_signal(signal.SIGKILL)
        told = max([told, *map(int, writer.stdout.read().split(b"\n")[:-1])])
        writer.wait()
        store = open_store(path)
        ends = store.ends("minute")
        last_s = -1 if ends is None else ends[1].last_ms / 1000.0
        assert told - max(last_s, begin - 1) <= 60.0, "of this writer's: two that die early lose a minute each"
        assert last_s >= kept_s, "nothing that was there has gone"
        kept_s = last_s
        store.close()
        with contextlib.closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        begin = told + 1
    assert status_at(0.0).boot_id == "boot"
