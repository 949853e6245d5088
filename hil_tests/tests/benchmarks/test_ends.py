"""However a benchmark ends, nothing that it started goes on, and no folder of it stays."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hil_tests.benchmarks.observed import FILE_VARIABLE
from hil_tests.benchmarks.steady import lateness_ms
from hil_tests.benchmarks.village import Village

PATIENCE_S = 20.0


def run_dir_of(pid: int) -> Path | None:
    """Where a controller that this process has started keeps its live state; None: it has started none yet."""
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        words = Path(f"/proc/{child}/cmdline").read_text().split("\0")
        if "--run-dir" in words:
            return Path(words[words.index("--run-dir") + 1])
    return None


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_for(condition: Callable[[], object]) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until_s
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_goes_on(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "hil_tests.benchmarks", "islanding", "--quick", "--write"]
    bench = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        wait_for(lambda: run_dir_of(bench.pid) is not None)
        folder = run_dir_of(bench.pid)
        assert folder is not None
        wait_for(lambda: (folder / "pid").exists() and (folder / "pid").read_text())
        controller = int((folder / "pid").read_text())
        os.kill(bench.pid, number)
        said, _ = bench.communicate(timeout=PATIENCE_S)
        wait_for(lambda: not is_running(controller))
        if number is signal.SIGKILL:
            shutil.rmtree(folder.parent)  # nobody else is left to do it
        else:
            assert bench.returncode == 130, said
            assert said.splitlines()[-1] == "ended; nothing was written"
            assert "Traceback" not in said
            assert not folder.parent.exists()
    finally:
        bench.kill()
        bench.wait()


async def test_the_observed_controller_is_the_controller_and_leaves_one_line_a_cycle() -> None:
    async with Village("hybridhof") as village:
        log = village.folder / "lateness"
        village.start_controller("hil_tests.benchmarks.observed", **{FILE_VARIABLE: str(log)})
        await village.until_mode("grid_connected")
        told_count = village.status["cycle"]["count"]
        await village.end_controller()
        samples_ms = lateness_ms(log)
        assert len(samples_ms) >= told_count > 0
        assert all(-1_000.0 < sample < 60_000.0 for sample in samples_ms)
