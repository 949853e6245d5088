"""The run folder and what lies in it: held as long as the process lives, and made again when somebody cleans it away.

It lies in memory, where cleaners of temporary files and tired people delete things. Without its socket a controller
could not be told anything until it is started again, and commands would say that it is starting.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from controller.folder_lock import FolderLock, HeldElsewhereError
from controller.socket_client import NAME as SOCKET_NAME
from controller.whereabouts import PID_NAME, Whereabouts, write_whereabouts

log = logging.getLogger("hallig.folders")


class RunFolder:
    """That of one controller."""

    def __init__(self, path: Path, places: Whereabouts) -> None:
        self.path = path
        self.lock = FolderLock(path)
        self._places = places
        self._is_told = False

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Raises HeldElsewhereError: by another controller. OSError: it cannot be made."""
        self.lock.take()
        try:
            self._leave_word()
            yield
        finally:
            self.lock.release()

    @property
    def is_whole(self) -> bool:
        """It stands there as it was taken, with the socket in it."""
        return self.lock.is_on(self.path) and (self.path / SOCKET_NAME).exists()

    def make_whole(self) -> bool:
        """All but the socket. False: that cannot be, or another controller has taken what stands there now."""
        try:
            self.lock.take()
        except HeldElsewhereError as error:
            if not self._is_told:
                log.error("%s was deleted, and now %s: end one of the two", self.path, error)
            self._is_told = True
            return False
        except OSError:
            return False
        log.warning("somebody has cleaned %s: what belongs there is made again", self.path)
        self._leave_word()
        return True

    def _leave_word(self) -> None:
        with contextlib.suppress(OSError):  # a full one keeps nobody from control
            (self.path / PID_NAME).write_text(str(os.getpid()))
        write_whereabouts(self.path, self._places)
