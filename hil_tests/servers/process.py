"""Processes that the bench starts, and the controller as one of them: in a folder in memory, gone with the bench."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

PR_SET_PDEATHSIG, PR_CAPBSET_DROP = 1, 24  # linux/prctl.h
PAST_MODES = (
    1,
    2,
)  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, linux/capability.h: root reads and writes past the modes
_LIBC = ctypes.CDLL(None)
LOG_TAIL_COUNT = 12


def spawn(
    module_and_arguments: list[str],
    environment: Mapping[str, str] | None = None,
    sink: IO[bytes] | int = subprocess.DEVNULL,
    last: signal.Signals = signal.SIGKILL,
    *,
    heeds_modes: bool = False,
) -> subprocess.Popen[bytes]:
    """`python -m ...` in a session of its own, so that Ctrl-C reaches only us; however we end, it gets `last`.

    With `heeds_modes` even root's process is stopped by a file that is read-only, as a hub's own user is.
    """

    def end_with_the_bench() -> None:
        _LIBC.prctl(PR_SET_PDEATHSIG, last)
        for capability in PAST_MODES if heeds_modes else ():
            _LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)

    return subprocess.Popen(
        [sys.executable, "-m", *module_and_arguments],
        stdin=subprocess.DEVNULL,
        stdout=sink,
        stderr=sink,
        start_new_session=True,
        preexec_fn=end_with_the_bench,  # noqa: PLW1509  (system calls alone, looked up before the fork)
        env={**os.environ, **(environment or {})},
    )


def memory_folder(prefix: str) -> Path:
    """A new folder, in memory where there is such a disk."""
    return Path(tempfile.mkdtemp(prefix=prefix, dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))


def last_words(log: Path) -> str:
    """The end of what a process wrote, for the person who must understand why it died."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join(f"    {line}" for line in lines[-LOG_TAIL_COUNT:])


@dataclass(slots=True)
class ControllerProcess:
    """`hallig run` on a folder. Its life is told what to do; nobody starts it again by himself."""

    folder: Path
    site: str  # path or name
    process: subprocess.Popen[bytes] | None = None
    starts_count: int = 0
    ends: list[int] = field(default_factory=list)  # exit codes, negative for signals
    heeds_modes: bool = False  # is stopped by read-only files, whoever runs the bench
    data_folder: Path | None = None  # where the journal is to lie instead of beside the live state

    @property
    def run_dir(self) -> Path:
        """Live state."""
        return self.folder / "run"

    @property
    def data_dir(self) -> Path:
        """The journal."""
        return self.data_folder or self.folder / "data"

    @property
    def journal(self) -> Path:
        """Its file."""
        return self.data_dir / "journal.db"

    @property
    def log(self) -> Path:
        """What it writes for people."""
        return self.folder / "controller.log"

    @property
    def arguments(self) -> list[str]:
        """Of the command line."""
        places = ["--run-dir", str(self.run_dir), "--data-dir", str(self.data_dir)]
        return ["run", self.site, *places, "--overrides", str(self.folder / "overrides.json")]

    def connect_to(self, overrides: Mapping[str, Mapping[str, object]]) -> None:
        """Where its devices are."""
        (self.folder / "overrides.json").write_text(json.dumps(overrides))

    def start(self, module: str = "controller.cli", environment: Mapping[str, str] | None = None) -> None:
        """Start it, or a module that takes the same arguments and does more."""
        self.starts_count += 1
        with self.log.open("ab") as sink:
            self.process = spawn([module, *self.arguments], environment, sink, heeds_modes=self.heeds_modes)

    @property
    def writes_past_modes(self) -> bool:
        """The living process has what stops root from being stopped; False when none lives."""
        if self.process is None or self.process.poll() is not None:
            return False
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        effective = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff"))
        return bool(int(effective, 16) >> PAST_MODES[0] & 1)

    @property
    def is_alive(self) -> bool:
        """Runs, or sleeps."""
        return self.process is not None and self.process.poll() is None

    @property
    def is_stopped(self) -> bool:
        """By a signal: it gets no processor until another one wakes it."""
        if self.process is None:
            return False
        try:
            state = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        return state == "T"

    def kill(self) -> None:
        """As kill -9."""
        self._end(signal.SIGKILL)

    def end(self, patience_s: float) -> None:
        """As the service manager ends it; killed when it takes too long."""
        if self.process is not None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(patience_s)
        self._end(signal.SIGKILL)

    def forget(self) -> None:
        """The next one finds no journal and no snapshot."""
        for folder in (self.run_dir, self.data_dir):
            shutil.rmtree(folder, ignore_errors=True)

    @property
    def status(self) -> dict[str, Any]:
        """The newest snapshot; empty when there is none."""
        try:
            return dict(json.loads((self.run_dir / "status.json").read_bytes()))
        except (OSError, ValueError):
            return {}

    def take_note(self) -> int | None:
        """The exit code of one that has ended without being asked, once."""
        if self.process is None or self.process.poll() is None:
            return None
        code = self.process.returncode
        self.ends.append(code)
        self.process = None
        return code

    def _end(self, number: signal.Signals) -> None:
        if self.process is not None:
            if self.process.poll() is None:
                self.process.send_signal(number)
            self.ends.append(self.process.wait())
            self.process = None
