"""A folder in memory that is gone with its process: removed at the end, and of one that was killed by the next.

The owner holds a lock on a file in it, which the kernel lets go however the owner ends. A folder without that file is
left alone: nobody knows whose it is.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from pathlib import Path

from controller.whereabouts import is_locked
from hil_tests.servers.process import memory_folder

OWNER_NAME = "owner"
RUN_FOLDERS = (".", "run")  # which a controller holds that outlives its parent by a moment


class OwnedFolder:
    """Made, and those with the same prefix whose owner is dead are taken away."""

    def __init__(self, prefix: str) -> None:
        self.path = memory_folder(prefix)
        self._handle = _own(self.path)
        for folder in sorted(self.path.parent.glob(f"{prefix}*")):
            if folder != self.path:
                _remove_if_left(folder)

    def remove(self) -> None:
        """With all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._handle)


def _own(folder: Path) -> int:
    """It bears its name only once it is locked: nobody may see an owner's file that is not held yet."""
    unnamed = folder / f"{OWNER_NAME}.new"
    handle = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    os.write(handle, f"{os.getpid()}\n".encode())
    unnamed.rename(folder / OWNER_NAME)
    return handle


def _remove_if_left(folder: Path) -> None:
    with contextlib.suppress(OSError):  # no owner's file, or another one's: not ours to judge
        if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
            return
        handle = os.open(folder / OWNER_NAME, os.O_RDWR | os.O_NOFOLLOW)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not any(is_locked(folder / name) for name in RUN_FOLDERS):
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(handle)
