"""What the system and the libraries raise, in plain words: theirs are for programmers, and some say nothing at all.

Of a disk, a database or a serial port our words come first; who must mend it finds the library's own behind them.
"""

from __future__ import annotations

import errno
import json
import os
import re
import socket
import sqlite3
import ssl
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

from controller.folder_lock import HeldElsewhereError
from controller.journal.damage import DamagedError, code_of

_SSL_MARKS = re.compile(r"^\[[^]]*\] | \(_ssl\.c:\d+\)$")
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


def in_words(error: BaseException) -> str:
    """Why it failed, in half a sentence without a full stop."""
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words(error)
    return str(error).strip().rstrip(".") or type(error).__name__


def of_a_port(error: BaseException) -> str:
    """Why a serial port does not serve."""
    return _OF_SYSTEM.get(getattr(error, "errno", None) or 0) or in_words(error)


def of_a_disk(error: BaseException) -> str:
    """Why a file, a folder or a database does not serve; what we say ourselves stands as it is."""
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
        return of_a_disk(error)
    return _with("its folder is read-only, or not for this user to write into", " ".join(str(error).split()))


def _with(plain: str, own: str) -> str:
    return f"{plain} ({own})" if own else plain


def _of_system(error: Any) -> str:
    """The system's words without its number, and the file where there is one."""
    said = str(error).strip().rstrip(".")
    if said.startswith("Multiple exceptions"):  # what asyncio says of a name with several addresses
        return "nobody listens there, at any of its addresses"
    if error.errno is None:
        return said or "the system refused it"
    said = os.strerror(error.errno)
    return f"{error.filename}: {said}" if error.filename else said[:1].lower() + said[1:]


_WORDS: tuple[tuple[type[BaseException], Callable[[Any], str]], ...] = (  # the first that fits
    (json.JSONDecodeError, lambda error: f"it is no JSON from line {error.lineno}, column {error.colno} on"),
    (UnicodeDecodeError, lambda _: "it is not text in UTF-8"),
    (TimeoutError, lambda _: "no answer in time"),
    (ConnectionRefusedError, lambda _: "nobody listens there"),
    (ConnectionError, lambda _: "the connection broke"),
    (socket.gaierror, lambda _: "nobody knows this host"),
    (ssl.SSLError, lambda error: _SSL_MARKS.sub("", str(error))),
    (FileExistsError, lambda error: f"{error.filename} is a file, not a folder"),  # only folders are made anew
    (OSError, _of_system),
    (termios.error, lambda error: _of_system(OSError(*error.args))),
)
