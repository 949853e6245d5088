"""Many processes: Ctrl-C and a killed worker end all of them, and say so."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.commands.frame import INTERRUPTED, INVALID
from hil_tests.tests.bench_cli.files import scenario

PATIENCE_S = 30.0


def started(*words: str) -> subprocess.Popen[str]:
    """`hallig bench run` in a session of its own, as a terminal has one."""
    return subprocess.Popen(
        [sys.executable, "-m", "controller.cli", "bench", "run", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Hundreds of runs on two processes, the first of them done."""
    scenario(tmp_path, "ISL-901", seed='"1..2000"')
    child = started("-j", "2", "--folder", str(tmp_path))
    assert child.stdout is not None
    assert child.stdout.readline().startswith("pass")
    yield child
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()


def children_of(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in listed.stdout.split()]


def test_ctrl_c_ends_all_of_them_at_once(busy: subprocess.Popen[str]) -> None:
    os.killpg(busy.pid, signal.SIGINT)  # as a terminal does
    _, told = busy.communicate(timeout=PATIENCE_S)  # returns only when no process holds its output any more
    assert (busy.returncode, told.strip()) == (INTERRUPTED, "")


def test_what_was_played_until_then_is_in_the_report(tmp_path: Path) -> None:
    """An hour of runs is not lost because somebody has seen enough."""
    scenario(tmp_path, "ISL-901", seed='"1..2000"')
    report = tmp_path / "report"
    child = started("-j", "1", "--folder", str(tmp_path), "--report", str(report))
    assert child.stdout is not None
    played = [child.stdout.readline() for _ in range(3)]
    os.killpg(child.pid, signal.SIGINT)
    said, _ = child.communicate(timeout=PATIENCE_S)
    count = len(played) + said.count("\npass ") + said.startswith("pass ")
    assert child.returncode == INTERRUPTED
    assert f"ended early: {2000 - count} of 2000 runs were not played" in said
    document = json.loads((report / "results.json").read_text())
    assert len(document["runs"]) == count
    assert document["circumstances"]["unplayed_count"] == 2000 - count
    assert f"ended early: {2000 - count} more runs" in (report / "report.html").read_text()


def test_a_killed_worker_is_told_and_proves_nothing(busy: subprocess.Popen[str]) -> None:
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children_of(busy.pid)}
    worker = next(pid for pid, command in commands.items() if b"spawn_main" in command)
    os.kill(worker, signal.SIGKILL)
    _, told = busy.communicate(timeout=PATIENCE_S)  # as above
    assert (busy.returncode, "a process of the bench was killed" in told) == (INVALID, True), told
