"""What is left of files and sockets that this process may open, and one of them kept back for the live state.

Where none is left (EMFILE, ENFILE) the links that stand go on, and so does control. A device that is lost cannot come
back, nobody new can ask through the socket, and what the page shows would stand still but for the one kept back.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator

NONE_LEFT = frozenset({errno.EMFILE, errno.ENFILE})  # of the process, of the whole machine


class Descriptors:
    """The one that is kept back, and whether there are others."""

    def __init__(self) -> None:
        self._kept: int | None = None
        self._keep()

    def are_left(self) -> bool:
        """Whether anything more can be opened; the one that is kept back does not count."""
        if self._kept is None and not self._keep():
            return False
        try:
            os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        except OSError as error:
            return error.errno not in NONE_LEFT
        return True

    @contextlib.contextmanager
    def lent(self) -> Iterator[None]:
        """One may be opened and closed again, unless another thread is quicker."""
        if self._kept is not None:
            os.close(self._kept)
            self._kept = None
        try:
            yield
        finally:
            self._keep()

    def _keep(self) -> bool:
        with contextlib.suppress(OSError):
            self._kept = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        return self._kept is not None
