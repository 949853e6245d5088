"""The demo's processes: started with a clean environment, watched, ended by their id, and spoken of when they die."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from controller import clock

END_PATIENCE_S = 5.0
PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LIBC = ctypes.CDLL(None)
LOG_TAIL_COUNT = 12


@dataclass(slots=True)
class Child:
    """One process of ours and where its words go."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def is_alive(self) -> bool:
        """Still running."""
        return self.process.poll() is None

    def last_words(self) -> str:
        """The end of what it wrote, for the person who must understand why it died."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(f"    {line}" for line in lines[-LOG_TAIL_COUNT:])


@dataclass(slots=True)
class Children:
    """All processes that the demo started."""

    run_dir: Path
    alive: list[Child] = field(default_factory=list)

    def start(self, name: str, arguments: list[str]) -> Child:
        """Start `hallig ARGUMENTS` with this interpreter, in a session of its own so that Ctrl-C reaches only us."""
        log = self.run_dir / f"{name}.log"
        with log.open("ab") as sink:
            process = subprocess.Popen(
                [sys.executable, "-m", "controller.cli", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
                preexec_fn=_end_with_the_demo,  # noqa: PLW1509  (one system call, looked up before the fork)
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        child = Child(name, process, log)
        self.alive.append(child)
        return child

    def dead(self) -> list[Child]:
        """Those that ended without being asked; they are not reported twice."""
        gone = [child for child in self.alive if not child.is_alive]
        self.alive = [child for child in self.alive if child.is_alive]
        return gone

    def end_all(self) -> None:
        """Ask, wait, insist."""
        for child in self.alive:
            child.process.send_signal(signal.SIGTERM)
        patience_until_s = clock.now_s() + END_PATIENCE_S
        for child in self.alive:
            try:
                child.process.wait(max(0.1, patience_until_s - clock.now_s()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
        self.alive.clear()


def _end_with_the_demo() -> None:
    """However the demo ends, kill -9 included, nothing that it started goes on."""
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
