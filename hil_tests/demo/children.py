"""The demo's processes: started with a clean environment, watched, ended by their id, and spoken of when they die."""

from __future__ import annotations

import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from controller import clock
from controller.watchdog import EXIT_CODE as HUNG
from hil_tests.servers.process import last_words, spawn

END_PATIENCE_S = 5.0


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

    @property
    def how_it_ended(self) -> str:
        """In words, of one that ended without being asked."""
        code = self.process.returncode
        if code == HUNG:
            return f"this machine is too busy: the {self.name}'s loop hung, and its watchdog ended it (code {code})"
        if code is not None and code < 0:
            return f"somebody ended the {self.name} ({signal.Signals(-code).name})"
        return f"the {self.name} ended by itself (code {code}, see {self.log})"

    def last_words(self) -> str:
        """The end of what it wrote, for the person who must understand why it died."""
        return last_words(self.log)


@dataclass(slots=True)
class Children:
    """All processes that the demo started."""

    run_dir: Path
    alive: list[Child] = field(default_factory=list)

    def start(self, name: str, arguments: list[str]) -> Child:
        """Start `hallig ARGUMENTS` with this interpreter, in a session of its own so that Ctrl-C reaches only us."""
        log = self.run_dir / f"{name}.log"
        with log.open("ab") as sink:
            command = ["controller.cli", *arguments]
            process = spawn(command, {"PYTHONUNBUFFERED": "1"}, sink, signal.SIGTERM)
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
