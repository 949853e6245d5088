"""Where, when and with what a report was made: without it a verdict proves nothing a year later."""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from controller import __version__, clock

ROOT = Path(__file__).resolve().parents[2]
PLANT = Path(__file__).resolve().parents[1] / "plant"
GIT_PATIENCE_S = 5.0
LIBRARIES = ("pymodbus", "asyncua", "pydantic")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Of one report. Empty texts: not known."""

    unix_s: float
    machine: str
    version: str
    software: str
    git: str  # the commit, with -dirty when there was more than that
    plant: str  # of the plant's own code: another plant is another proof
    command: str
    unplayed_count: int = 0  # runs that were asked for when somebody ended it early

    @property
    def date(self) -> str:
        """In UTC, so that two laboratories mean the same instant."""
        return datetime.fromtimestamp(self.unix_s, UTC).strftime("%Y-%m-%d %H:%M UTC")


def circumstances(command: Sequence[str]) -> Circumstances:
    """Of here and now."""
    cores = os.cpu_count() or 1
    return Circumstances(
        unix_s=round(clock.unix_s(), 3),
        machine=f"{platform.node()}, {platform.system()} {platform.machine()}, {cores} cores",
        version=__version__,
        software=", ".join([f"Python {platform.python_version()}", *_libraries()]),
        git=_commit(),
        plant=plant_hash(),
        command=shlex.join(command),
    )


def plant_hash() -> str:
    """Of the plant's own code."""
    return digest(sorted(PLANT.glob("*.py")))


def digest(paths: Iterable[Path]) -> str:
    """Twelve digits that change with any line of these files."""
    found = hashlib.sha256()
    for path in paths:
        found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:12]


def _libraries() -> list[str]:
    found = []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found


def _commit() -> str:
    """Only of a checkout of this project: an installed package may lie within somebody else's."""
    if not (ROOT / ".git").exists():
        return ""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=10"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=GIT_PATIENCE_S)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
