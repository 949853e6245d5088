"""Where a controller keeps its things: written into its run folder at start, so that commands find the rest by it."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

PID_NAME = "pid"
NAME = "places.json"
ROOT_VARIABLE = "HALLIG_RUN_ROOT"
SYSTEM_ROOT = Path("/run/hallig")
DEFAULT_DATA_DIR = Path("/var/lib/hallig")
JOURNAL_NAME = "journal.db"


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The hub's name, its site file and the folder of its journal."""

    hub: str
    site: Path
    data_dir: Path


def write_whereabouts(run_dir: Path, places: Whereabouts) -> None:
    """Leave them in the run folder. A folder that does not take them costs commands some comfort and nothing else.

    The data folder is not looked at: its disk may hang.
    """
    text = {"hub": places.hub, "site": str(places.site.resolve()), "data_dir": str(places.data_dir.absolute())}
    with contextlib.suppress(OSError):
        (run_dir / NAME).write_text(json.dumps(text))


def read_whereabouts(run_dir: Path) -> Whereabouts | None:
    """None when nobody has left any, or what is there cannot be read."""
    try:
        raw = json.loads((run_dir / NAME).read_text())
        return Whereabouts(str(raw["hub"]), Path(raw["site"]), Path(raw["data_dir"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def run_roots() -> tuple[Path, ...]:
    """Folders that may hold run folders: the one that the environment names, else the system's and the user's own."""
    named = os.environ.get(ROOT_VARIABLE)
    if named:
        return (Path(named),)
    return SYSTEM_ROOT, Path(os.environ.get("XDG_RUNTIME_DIR", tempfile.gettempdir())) / "hallig"


def default_run_dir(hub: str) -> Path:
    """Where the controller of a hub keeps its live state when nobody says otherwise."""
    roots = run_roots()
    if len(roots) == 1 or os.access("/run", os.W_OK):
        return roots[0] / hub
    return roots[1] / hub


def is_locked(path: Path) -> bool:
    """Whether a living process holds this folder. Asked of the kernel, for taking it would disturb its owner."""
    return lock_holder(path) is not None


def lock_holder(path: Path) -> int | None:
    """The process that holds the lock on this file or folder; None: nobody, or nobody whom the kernel shows us."""
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        inode, table = os.fstat(handle).st_ino, Path("/proc/locks").read_text()
        mount = Path(f"/proc/self/fdinfo/{handle}").read_text()
        device = lock_device(mount, Path("/proc/self/mountinfo").read_text())
    except OSError:
        return None
    finally:
        os.close(handle)
    held = (line.split() for line in table.splitlines())
    return next((int(words[4]) for words in held if words[1:2] == ["FLOCK"] and f"{device}:{inode}" in words), None)


def lock_device(fdinfo: str, mountinfo: str) -> str:
    """The device under which /proc/locks knows an open file: that of its mount. `stat` tells another one on btrfs."""
    mount = next((line.split()[1] for line in fdinfo.splitlines() if line.startswith("mnt_id:")), "")
    words = next((line.split() for line in mountinfo.splitlines() if line.split()[:1] == [mount]), [])
    major, _, minor = (words[2] if len(words) > 2 else "").partition(":")
    return f"{int(major):02x}:{int(minor):02x}" if minor else ""
