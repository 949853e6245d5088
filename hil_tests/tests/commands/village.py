"""A village and its controller as processes, and the real command beside them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hil_tests.tests.commands import village_process

HALLIG = [sys.executable, "-m", "controller.cli"]
PATIENCE_S = 30.0
SLOW_S = 180.0  # for what waits on the plant


def hallig(*arguments: str, root: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    """The real command, in English unless told otherwise; it must never show a traceback."""
    return run(arguments, root, variables, PATIENCE_S)


def run(
    arguments: Sequence[str], root: Path | None, variables: Mapping[str, str], patience_s: float
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LANG": "en_GB.UTF-8", "LC_ALL": "", "HALLIG_RUN_ROOT": str(root or "/nowhere")}
    done = subprocess.run(
        [*HALLIG, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=patience_s,
        env={**environment, **variables},
        stdin=subprocess.DEVNULL,
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


class Village:
    """Starts, blacks out, kills, starts again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder, folder / "run"
        self.controllers: list[subprocess.Popen[bytes]] = []
        self._plant = subprocess.Popen(
            [sys.executable, "-m", village_process.__name__, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._line() == "ready"

    @property
    def overrides(self) -> str:
        return str(self.folder / "overrides.json")

    def tell(self, word: str) -> str:
        """Something happens in the plant."""
        assert self._plant.stdin is not None
        self._plant.stdin.write(word + "\n")
        self._plant.stdin.flush()
        return self._line()

    def written(self) -> dict[str, dict[str, Any]]:
        return dict(json.loads(self.tell("written")))

    def start_controller(self, mode: str = "grid_connected") -> subprocess.Popen[bytes]:
        places = ["--data-dir", str(self.folder / "data"), "--overrides", self.overrides]
        environment = {**os.environ, "HALLIG_RUN_ROOT": str(self.root)}
        log = (self.folder / "controller.log").open("ab")
        with log:
            process = subprocess.Popen([*HALLIG, "run", "musterhallig", *places], stderr=log, env=environment)
        self.controllers.append(process)
        self.until(lambda: self.status.get("pid") == process.pid and self.status.get("mode") == mode)
        self.until(lambda: all(device["is_up"] for device in self.status.get("devices", [{"is_up": False}])))
        return process

    def kill_controller(self) -> None:
        self.controllers[-1].send_signal(signal.SIGKILL)
        self.controllers[-1].wait()

    def hallig(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return hallig(*arguments, root=self.root, **variables)

    def json(self, *arguments: str) -> Any:
        """The one document that the command prints with --json."""
        return json.loads(self.hallig(*arguments, "--json").stdout)

    def json_slow(self, *arguments: str) -> Any:
        """As `json`, of a command that takes its time."""
        return json.loads(run([*arguments, "--json"], self.root, {}, SLOW_S).stdout)

    @property
    def status(self) -> dict[str, Any]:
        try:
            return dict(json.loads((self.root / "musterhallig" / "status.json").read_bytes()))
        except (OSError, ValueError):
            return {}

    def until(self, condition: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
        until_s = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < until_s, f"never came true; {self.status.get('mode')}"
            time.sleep(0.02)

    def until_mode(self, mode: str) -> None:
        self.until(lambda: self.status.get("mode") == mode)

    def stop(self) -> None:
        for process in self.controllers:
            process.kill()
            process.wait()
        assert self._plant.stdin is not None
        self._plant.stdin.close()
        self._plant.wait(10)
        assert self._plant.stdout is not None
        self._plant.stdout.close()

    def _line(self) -> str:
        assert self._plant.stdout is not None
        return self._plant.stdout.readline().strip()
