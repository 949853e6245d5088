"""What a disk, a database or a port complains of: a plain sentence first, the library's own words behind it."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

from controller.folder_lock import HeldElsewhereError
from controller.journal_damage import DamagedError, code_of

_TAKEN = "another program uses it"
_FORBIDDEN = "this user may not write there"
_FULL = "the disk is full"
_BROKEN_DISK = "the disk does not read or write"
_OF_SQLITE = {
    sqlite3.SQLITE_PERM: _FORBIDDEN,
    sqlite3.SQLITE_BUSY: _TAKEN,
    sqlite3.SQLITE_LOCKED: _TAKEN,
    sqlite3.SQLITE_PROTOCOL: _TAKEN,
    sqlite3.SQLITE_NOMEM: "there is no memory left",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_IOERR: _BROKEN_DISK,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
    sqlite3.SQLITE_NOTADB: "it is no journal",
    sqlite3.SQLITE_ERROR: "it is not built as a journal is",
}
_UNREADABLE = "a part of it cannot be read any more"
_OF_SYSTEM = {
    errno.EACCES: _FORBIDDEN,
    errno.EPERM: _FORBIDDEN,
    errno.EROFS: "it is read-only",
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EIO: _BROKEN_DISK,
    errno.ENOENT: "it is not there",
    errno.ENODEV: "it is not there",
    errno.ENXIO: "it is not there",
    errno.EEXIST: "a file stands where a folder should",
    errno.ENOTDIR: "a file stands where a folder should",
    errno.EAGAIN: _TAKEN,
    errno.EBUSY: _TAKEN,
}


def in_plain_words(error: BaseException) -> str:
    """For people; what we say ourselves stands as it is."""
    own = " ".join(str(error).split())
    match error:
        case DamagedError() | HeldElsewhereError():
            return own
        case sqlite3.Error():
            return _with(_OF_SQLITE.get(code_of(error) or 0, _UNREADABLE), own)
        case OSError() if error.errno in _OF_SYSTEM:
            return _with(_OF_SYSTEM[error.errno], own)
        case OSError() if error.errno is not None:
            return _with(os.strerror(error.errno).lower(), own)
    return own


def why_not_written(path: Path, error: BaseException) -> str:
    """The same of a file that should be written; that its folder takes nothing is the better reason."""
    is_own = isinstance(error, DamagedError | HeldElsewhereError)
    if is_own or not path.parent.is_dir() or os.access(path.parent, os.W_OK | os.X_OK):
        return in_plain_words(error)
    return _with("its folder is read-only, or not for this user to write into", " ".join(str(error).split()))


def _with(plain: str, own: str) -> str:
    return f"{plain} ({own})" if own else plain
