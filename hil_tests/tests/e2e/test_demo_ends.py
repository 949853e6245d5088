"""However the demo ends, nothing that it started goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hil_tests.tests.e2e.hearing import until_it_hears_sigterm

START = [sys.executable, "-m", "controller.cli", "demo", "--once", "--grid-s", "30"]


def children_of(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("later_s", [0.0, 0.3, 0.6, 1.0])
def test_a_stop_while_it_starts_is_no_failure(later_s: float) -> None:
    """Whatever it is doing just then: loading, laying lines, starting servers or processes."""
    demo = subprocess.Popen(START, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    until_it_hears_sigterm(demo.pid)
    time.sleep(later_s)
    started = children_of(demo.pid)
    demo.terminate()
    said, _ = demo.communicate(timeout=30)
    assert demo.returncode == 0, said
    assert "Traceback" not in said
    assert not any(is_running(pid) for pid in started)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_goes_on(number: signal.Signals) -> None:
    demo = subprocess.Popen(START, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    assert demo.stdout is not None
    said = [demo.stdout.readline()]
    started = children_of(demo.pid)
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
        assert code == 0, said
        assert "stopped" in said[-1]
        assert not any("Traceback" in line for line in said)
