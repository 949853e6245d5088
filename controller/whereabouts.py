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
    """Folders that may hold run folders: the one that the environment names, else the system's and the user's own.

    One that somebody else has made in the user's name is passed over: whoever follows it would believe him.
    """
    named = os.environ.get(ROOT_VARIABLE)
    if named:
        return (Path(named),)
    own = _own_root()
    return (SYSTEM_ROOT,) if own.parent == _for_all() and _is_someone_elses(own) else (SYSTEM_ROOT, own)


def default_run_dir(hub: str) -> Path:
    """Where the controller of a hub keeps its live state when nobody says otherwise."""
    roots = run_roots()
    return (roots[0] if len(roots) == 1 or os.access("/run", os.W_OK) else roots[1]) / hub


def _own_root() -> Path:
    """The user's own, which nobody else can write to; in the folder for all, by the user's number."""
    runtime_dir = os.environ.get("XDG_RUNTIME_DIR")
    return Path(runtime_dir) / "hallig" if runtime_dir else _for_all() / f"hallig-{os.getuid()}"


def _for_all() -> Path:
    return Path(tempfile.gettempdir())


def _is_someone_elses(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        return folder.lstat().st_uid != os.getuid()
    return False


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
