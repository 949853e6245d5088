"""The files of the black box: numbered, bounded in number and bytes, the oldest first to go, and never the last bytes
of a disk that the journal needs.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import BinaryIO

NAME = "blackbox"
ALL_MAX_BYTES = 64 * 2**20
FILE_MAX_BYTES = 8 * 2**20  # ten minutes of a large hub; the next transition begins another
RESERVE_BYTES = 96 * 2**20  # stays free: the journal may grow to 64 MiB and needs room to shrink


class Cause(Enum):
    """Why cycles are kept. It stands in the file's name."""

    TRANSITION = "transition"
    STARTED = "started"  # a transition out of UNKNOWN
    FAILED = "failed"  # judgement raised; the guard's fallback has acted
    SILENT = "silent"  # the loop gave no cycle: it hangs, or the machine gave it no time


KEPT_COUNT: Mapping[Cause, int] = {Cause.TRANSITION: 32, Cause.STARTED: 8, Cause.FAILED: 8, Cause.SILENT: 8}
"""For each cause: a process that is started again and again pushes no blackout out."""

FILE_NAME = re.compile(rf"^box-(\d{{6,}})-({'|'.join(cause.value for cause in Cause)})\.jsonl\.gz$")


class BoxFolder:
    """Where the files are. Every method may raise OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self, cause: Cause) -> OpenFile:
        """A new file under the next number, after older ones have made room."""
        self.path.mkdir(parents=True, exist_ok=True)
        known = self._known()
        _keep_reserve(self.path)
        self._make_room(known, cause)
        number = max(known, default=0) + 1
        path = self.path / f"box-{number:06}-{cause.value}.jsonl.gz"
        return OpenFile(path, path.open("xb", buffering=0))

    def _known(self) -> dict[int, Path]:
        found = ((FILE_NAME.match(path.name), path) for path in self.path.iterdir())
        return {int(match[1]): path for match, path in found if match is not None}

    def _make_room(self, known: Mapping[int, Path], cause: Cause) -> None:
        """For one more file of this cause, as large as one may become."""
        same = [number for number in sorted(known) if known[number].name.endswith(f"-{cause.value}.jsonl.gz")]
        gone = same[: max(0, len(same) + 1 - KEPT_COUNT[cause])]
        size = FILE_MAX_BYTES
        for number in sorted(known.keys() - set(gone), reverse=True):  # the newest stay
            size += known[number].stat().st_size
            if size > ALL_MAX_BYTES:
                gone.append(number)
        for number in gone:
            known[number].unlink(missing_ok=True)


class OpenFile:
    """One file, only ever longer by whole parts."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path, self._file = path, file
        self.size = 0
        self._is_named = False  # the folder knows its name for good

    @property
    def is_full(self) -> bool:
        """No more goes in."""
        return self.size >= FILE_MAX_BYTES

    def append(self, part: bytes) -> None:
        """The whole part or nothing. Raises OSError."""
        _keep_reserve(self.path)
        rest = memoryview(part)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            self._file.truncate(self.size)
            self._file.seek(self.size)
            raise
        self.size += len(part)

    def sync(self) -> None:
        """Safe from a power cut. Raises OSError."""
        os.fdatasync(self._file.fileno())
        if not self._is_named:
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
            self._is_named = True

    def close(self) -> None:
        """No more comes."""
        with contextlib.suppress(OSError):
            self._file.close()


def _keep_reserve(path: Path) -> None:
    free = os.statvfs(path)
    if free.f_bavail * free.f_frsize < RESERVE_BYTES:
        raise OSError(f"less than {RESERVE_BYTES // 2**20} MiB are free, and the journal may need them")
