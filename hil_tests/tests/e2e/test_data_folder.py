"""The folder of the journal as a person may give it: to two controllers, late, or read-only. Real processes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from controller.socket_client import SocketClient
from hil_tests.tests.e2e.test_processes import HALLIG, Village, village
from hil_tests.tests.shell.test_journal_trouble import small_disk

__all__ = ["small_disk", "village"]

ANSWERS_LATE = """
import sys, threading
from pathlib import Path
from controller.folder_lock import FolderLock
take, answers = FolderLock.take, Path(sys.argv.pop(1))
def late(self):
    while self._folder.name == "data" and not answers.exists():
        threading.Event().wait(0.01)
    take(self)
FolderLock.take = late
from controller.cli import main
sys.exit(main())
"""


def cli(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LC_ALL": "C", "HALLIG_RUN_ROOT": "/nowhere"}
    return subprocess.run([*HALLIG, *arguments], capture_output=True, text=True, check=False, env=environment)


def lines_of(run_dir: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = SocketClient(run_dir).ask(method="events", after=0, limit=500)["events"]
    return found


def late_controller(village: Village, run_dir: Path, answers: Path) -> subprocess.Popen[bytes]:
    """One whose disk answers when that file is there."""
    places = ["--run-dir", str(run_dir), "--data-dir", str(village.folder / "data")]
    command = [sys.executable, "-c", ANSWERS_LATE, str(answers), "run", "musterhallig", *places]
    with (village.folder / "second.log").open("wb") as sink:
        process = subprocess.Popen([*command, "--overrides", str(village.folder / "overrides.json")], stderr=sink)
    village.controllers.append(process)
    return process


async def test_a_second_controller_on_one_data_folder_is_refused_and_the_first_goes_on(village: Village) -> None:
    await village.start()
    first = village.run_controller()
    await village.until_mode("grid_connected")
    run_dir, data_dir = village.folder / "run", village.folder / "data"
    second = village.run_controller("--run-dir", str(village.folder / "run2"))
    _, said = await asyncio.to_thread(second.communicate)
    assert second.returncode == 1
    assert f"a controller (process {first.pid}) holds {data_dir}" in said.decode()
    assert not (village.folder / "run2" / "status.json").exists(), "it has done nothing"
    for words in (("journal", "verify"), ("events",)):
        asked = await asyncio.to_thread(cli, *words, "--run-dir", str(run_dir), "--lang", "en")
        assert asked.returncode in {0, 1}, "it has contact; on a busy machine a device may be silent"
    first.send_signal(signal.SIGKILL)
    third = village.run_controller("--run-dir", str(village.folder / "run2"))
    status = village.folder / "run2" / "status.json"
    await village.until(lambda: status.exists() and json.loads(status.read_bytes())["pid"] == third.pid)


async def test_a_second_one_that_learns_late_of_the_first_says_so_and_writes_nothing(village: Village) -> None:
    """Its disk answered only after it had begun to control: lights are not put out for a line in a log."""
    await village.start()
    village.run_controller()
    await village.until_mode("grid_connected")
    answers, run_dir = village.folder / "answers", village.folder / "run2"
    second = late_controller(village, run_dir, answers)

    def status() -> dict[str, Any]:
        try:
            return dict(json.loads((run_dir / "status.json").read_bytes()))
        except (OSError, ValueError):
            return {}

    await village.until(lambda: status().get("mode") == "grid_connected")
    assert status()["journal"]["is_held"] is False
    answers.touch()
    await village.until(lambda: status()["journal"]["is_held"] is True)
    assert status()["journal"]["is_ok"] is False
    log = village.folder / "second.log"
    await village.until(
        lambda: f"ERROR hallig.app: a controller (process {village.controllers[0].pid})" in log.read_text()
    )
    assert second.poll() is None
    assert [line["kind"] for line in lines_of(village.folder / "run")].count("started") == 1
    village.controllers[0].kill()
    village.controllers[0].wait()
    await village.until(lambda: status()["journal"]["is_ok"] is True)
    assert "journal_held" in {line["reason"] for line in lines_of(run_dir)}, "the alarm has waited for the file"


async def test_a_read_only_data_folder_is_told_at_the_start_and_keeps_nobody_from_control(
    village: Village, small_disk: Path
) -> None:
    await village.start()
    remount(small_disk, "ro")
    log = village.folder / "controller.log"
    village.run_controller("--data-dir", str(small_disk), log=log)
    await village.until_mode("grid_connected")
    said = log.read_text()
    assert f"WARNING hallig.journal: {small_disk / 'journal.db'} cannot be written: its folder is read-only" in said
    assert "all since is lost if the process ends, latches and holds included" in said
    village.plant.grid.blackout()
    await village.until_mode("islanded")
    remount(small_disk, "rw")
    await village.until(lambda: village.status["journal"]["is_ok"] is True)
    await village.until(lambda: f"{small_disk / 'journal.db'} is written again" in log.read_text())
    assert log.read_text().count("cannot be written") == 1, "not with every try"


async def test_a_data_folder_that_does_not_answer_is_told_at_the_start(village: Village) -> None:
    await village.start()
    late_controller(village, village.folder / "run", village.folder / "answers")
    await village.until_mode("grid_connected")
    said = (village.folder / "second.log").read_text()
    assert f"{village.folder / 'data'} has not answered within 1.0 s. Control begins without" in said


def remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)


async def test_a_run_folder_that_somebody_cleans_is_made_again_and_control_goes_on(village: Village) -> None:
    """Commands said for ever that it was starting, and nobody could tell it anything."""
    await village.start()
    controller = village.run_controller()
    await village.until_mode("grid_connected")
    run_dir = village.folder / "run"

    def is_answering() -> bool:
        with contextlib.suppress(OSError):
            return bool(lines_of(run_dir))
        return False

    (run_dir / "control.sock").unlink()
    await village.until(is_answering)
    shutil.rmtree(run_dir)
    await village.until(is_answering)
    assert int((run_dir / "pid").read_text()) == controller.pid
    asked = await asyncio.to_thread(cli, "status", "--run-dir", str(run_dir))
    assert asked.returncode in {0, 1}, "it has contact; on a busy machine a device may be silent"
    assert controller.poll() is None
