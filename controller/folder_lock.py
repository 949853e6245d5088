"""One controller to a folder: two in one run folder control one hub, two in one data folder lose each other's events.

The folder itself is locked, not a file in it. Nothing has to be created on a disk that is read-only, nobody can delete
what is locked and lock it once more, and the kernel lets go of it when the process ends, however it ends. Every call
here may wait for a disk that hangs: that of the data folder belongs into the journal's thread.
"""

from __future__ import annotations

import fcntl
import logging
import os
from pathlib import Path

from controller.whereabouts import lock_holder

log = logging.getLogger("hallig.folders")


class HeldElsewhereError(OSError):
    """Another controller holds this folder."""


class FolderLock:
    """Taken before anything is written there, and kept for as long as the process lives."""

    def __init__(self, folder: Path, held: FolderLock | None = None) -> None:
        """`held`: what this process holds already, which may be the same folder."""
        self._folder = folder
        self._held = held
        self._handle: int | None = None
        self._is_told = False

    def take(self) -> None:
        """Hold the folder that stands there now: another disk may have been mounted since.

        A folder that cannot be locked at all is used without: events are worth more than the certainty of being alone.

        Raises:
            HeldElsewhereError: by another controller.
            OSError: there is no such folder, and it cannot be made.
        """
        if self.is_on(self._folder) or (self._held is not None and self._held.is_on(self._folder)):
            return
        self.release()
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            self._handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            pid = lock_holder(self._folder)
            raise HeldElsewhereError(f"a controller (process {pid or '?'}) holds {self._folder}") from None
        except OSError as error:
            self.release()
            self._tell(error)

    def release(self) -> None:
        """Let go."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def is_on(self, folder: Path) -> bool:
        """It was taken, and on what stands there now."""
        try:
            return self._handle is not None and os.path.samestat(os.fstat(self._handle), folder.stat())
        except OSError:
            return False

    def _tell(self, error: OSError) -> None:
        if not self._is_told:
            log.warning(
                "%s cannot be locked: nothing keeps a second controller from writing into it (%s)", self._folder, error
            )
            self._is_told = True
