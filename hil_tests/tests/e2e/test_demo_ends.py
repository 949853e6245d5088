"""However and whenever the demo or the controller is told to end, it ends with 0, and nothing goes on after it."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from controller.commands.frame import INTERRUPTED
from hil_tests.tests.e2e.nowhere import nowhere

START = [sys.executable, "-m", "controller.cli", "demo", "--once", "--grid-s", "30"]


def children_of(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_goes_on(number: signal.Signals) -> None:
    demo = subprocess.Popen(START, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    assert demo.stdout is not None
    said = [demo.stdout.readline(), demo.stdout.readline()]
    started = children_of(demo.pid)
    run_dir = Path(said[1].rpartition(" ")[2].strip())
    assert (run_dir / "status.json").is_file(), said
    assert f"hallig status --run-dir {run_dir}" in said[1], "whoever reads the file can look beside"
    assert len(started) == 2, said
    os.kill(demo.pid, number)
    said += demo.stdout.readlines()  # until every process that holds the pipe is gone
    code = demo.wait(10)
    until_s = time.monotonic() + 10.0
    while any(is_running(pid) for pid in started):
        assert time.monotonic() < until_s, "still there"
        time.sleep(0.05)
    demo.stdout.close()
    if number is signal.SIGKILL:
        assert code == -signal.SIGKILL
    else:
        assert not run_dir.exists()
        assert code == INTERRUPTED, "it was to judge, and has not"
        assert "stopped" in said[-1]
        assert not any("Traceback" in line for line in said)


def until_signals(process: subprocess.Popen[str], field: str, number: signal.Signals) -> None:
    """The process catches a signal (`SigCgt`), or keeps it waiting (`SigBlk`)."""
    until_s = time.monotonic() + 30.0
    while True:
        status = Path(f"/proc/{process.pid}/status").read_text()
        (mask,) = (int(line.split()[1], 16) for line in status.splitlines() if line.startswith(f"{field}:"))
        if mask >> (number - 1) & 1:
            return
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until_s
        time.sleep(0.002)


def started(*words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "controller.cli", *words]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


STOPS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
COMMANDS = (["demo"], ["run", "musterhallig"], ["supervise", "musterhallig", "--port", "0"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_stop_while_it_loads_is_no_failure(words: list[str], number: signal.Signals, tmp_path: Path) -> None:
    places = ["--run-dir", str(tmp_path / "run"), "--data-dir", str(tmp_path / "data"), *nowhere(tmp_path)]
    folders = {"run": places}
    process = started(*words, *folders.get(words[0], []))
    until_signals(process, "SigCgt", signal.SIGTERM)  # Python itself catches the other
    process.send_signal(number)
    said, _ = process.communicate(timeout=20)
    assert (process.returncode, "Traceback" in said) == (0, False), said


BETWEEN = """\
import signal
from controller.commands.stopping import end_when_asked
listen = signal.signal
def and_at_once(number, handler):
    listen(number, handler)
    if number == signal.SIGTERM:
        signal.raise_signal(signal.SIGINT)
signal.signal = and_at_once
end_when_asked()
"""


def test_whoever_sees_that_it_listens_to_a_polite_kill_may_press_ctrl_c() -> None:
    """Seen once on a busy machine: Ctrl-C between the two was still Python's own, 130 instead of 0."""
    ended = subprocess.run([sys.executable, "-c", BETWEEN], capture_output=True, text=True, check=False, timeout=30)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_stop_while_the_demo_makes_its_folder_waits_and_is_heard() -> None:
    demo = started("demo", "--once")
    until_signals(demo, "SigBlk", signal.SIGTERM)
    demo.send_signal(signal.SIGTERM)
    said, _ = demo.communicate(timeout=30)
    ended = "Ended before there was a verdict. Everything that was started is stopped.\n"
    assert (demo.returncode, said) == (INTERRUPTED, ended)


def test_a_second_stop_does_not_keep_the_demo_from_tidying_up() -> None:
    demo = started("demo", "--once", "--grid-s", "30")
    assert demo.stdout is not None
    run_dir = Path((demo.stdout.readline() + demo.stdout.readline()).rpartition(" ")[2].strip())
    demo.send_signal(signal.SIGTERM)
    demo.stdout.readline()
    for number in STOPS:
        demo.send_signal(number)
    assert (demo.wait(20), run_dir.exists()) == (INTERRUPTED, False)
    demo.stdout.close()


def cycle_of(demo: int) -> int:
    """The controller's newest cycle on a hub that it sees; 0 before."""
    for child in children_of(demo):
        words = Path(f"/proc/{child}/cmdline").read_text().split("\0")
        if "run" in words:
            with contextlib.suppress(OSError, ValueError):
                status = json.loads((Path(words[words.index("--run-dir") + 1]) / "status.json").read_bytes())
                is_seen = status["mode"] == "grid_connected" and all(device["is_up"] for device in status["devices"])
                return int(status["cycle"]["count"]) if is_seen else 0
    return 0


def test_a_terminal_that_nobody_reads_holds_up_neither_the_plant_nor_the_end() -> None:
    ours, theirs = pty.openpty()
    os.set_blocking(theirs, False)
    with contextlib.suppress(BlockingIOError):
        while os.write(theirs, b"x" * 1000):
            pass  # now it takes no more
    os.set_blocking(theirs, True)
    command = [sys.executable, "-m", "controller.cli", "demo", "--grid-s", "60"]
    demo = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    try:
        until_s, first = time.monotonic() + 60.0, 0
        while not first or cycle_of(demo.pid) < first + 20:
            assert demo.poll() is None
            assert time.monotonic() < until_s, "the plant stands still"
            first = first or cycle_of(demo.pid)
            time.sleep(0.1)
        demo.terminate()
        assert demo.wait(30) == 0
    finally:
        demo.kill()
        os.close(ours)


def test_a_stop_between_the_lock_and_the_first_cycle_ends_the_controller_in_good_order(tmp_path: Path) -> None:
    run_dir, data_dir = tmp_path / "run", tmp_path / "data"
    places = ["--run-dir", str(run_dir), "--data-dir", str(data_dir), *nowhere(tmp_path)]
    controller = started("run", "musterhallig", *places)
    until_s = time.monotonic() + 30.0
    while not (data_dir / "journal.db").exists():
        assert time.monotonic() < until_s
        time.sleep(0.002)
    controller.send_signal(signal.SIGTERM)
    said, _ = controller.communicate(timeout=20)
    assert (controller.returncode, "Traceback" in said) == (0, False), said
    assert not (run_dir / "control.sock").exists()
    with contextlib.closing(sqlite3.connect(data_dir / "journal.db")) as journal:
        assert journal.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_demo_that_is_ended_before_its_verdict_has_not_passed() -> None:
    """A time limit around it would have been recorded as a pass."""
    words = [sys.executable, "-m", "controller.cli", "demo", "--json", "--grid-s", "60"]
    demo = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True)
    time.sleep(6.0)
    demo.send_signal(signal.SIGTERM)
    said, _ = demo.communicate(timeout=30)
    assert (demo.returncode, json.loads(said)) == (INTERRUPTED, {"passed": None, "exit_code": INTERRUPTED})
