"""Which mistakes mean that the journal's file is damaged, and what is done with such a file: it is kept, aside.

A disk that is full, slow, gone or read-only says nothing about the file; then we wait and try again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

BROKEN_MAX = 4  # files kept aside: from judgement; each is as large as a journal, and a dying card breaks one a start
SUFFIXES = ("", "-wal", "-shm")
_DISK = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)
"""What SQLite says of disk, memory or rights; everything else is about what stands in the file."""


class DisplacedError(Exception):
    """The file that is being written, or its log, was deleted, moved or replaced by somebody else."""

    def __init__(self, *, is_gone: bool) -> None:
        super().__init__("deleted or replaced while it was written")
        self.is_gone = is_gone  # the file itself, not only its log


class DamagedError(sqlite3.DatabaseError):
    """The file can be read and is not as it was written."""


def is_damage(error: sqlite3.Error) -> bool:
    """Whether it is the file itself that is at fault."""
    return isinstance(error, DamagedError) or code_of(error) not in _DISK | {None}


def code_of(error: sqlite3.Error) -> int | None:
    """SQLite's primary code; None: the mistake is not SQLite's."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else int(code) & 0xFF


def has_become_writable(error: sqlite3.Error | OSError, path: Path) -> bool:
    """A connection that SQLite opened while the file was read-only stays so, even when the file is not any more."""
    is_late = isinstance(error, sqlite3.Error) and code_of(error) == sqlite3.SQLITE_READONLY
    return is_late and os.access(path, os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK)


def flaw_of(path: Path) -> str:
    """Why this file cannot be used, as far as SQLite would not say so itself; "" when nothing speaks against it.

    Only where the folder itself takes files: on a disk that has become read-only nothing is in the way of anything.
    """
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return ""
    for name in (path.with_name(path.name + suffix) for suffix in SUFFIXES):
        is_there = name.is_symlink() or name.exists()
        if is_there and (not name.is_file() or not os.access(name, os.R_OK | os.W_OK)):
            return f"{name.name} is no file that this user may write"
    if _size(path) == 0 and _size(path.with_name(path.name + "-wal")) > 0:
        state = "empty" if path.exists() else "missing"
        return f"it is {state}, and its log is still there"  # SQLite would delete the log without a word
    return "it asks for a newer SQLite" if _is_too_new(path) else ""


def places_of(path: Path) -> tuple[tuple[int, int] | None, ...] | None:
    """Which files stand there as the journal and as its log, None where there is none; None: the disk does not say."""
    try:
        return tuple(_place(path.with_name(path.name + suffix)) for suffix in SUFFIXES[:2])
    except OSError:
        return None


def set_aside(path: Path, kept_count: int = BROKEN_MAX) -> Path:
    """Keep the broken file, with its log, for the people who want to look into it; of many, the newest `kept_count`."""
    number = 1 + max((number_of(broken) for broken in broken_files(path)), default=-1)
    aside = path.with_name(f"{path.name}.broken-{number}")
    for suffix in SUFFIXES:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    aside.touch()  # of a file that was gone only its log is left: the name stands for both
    for old in broken_files(path)[:-kept_count]:
        for suffix in SUFFIXES:
            with contextlib.suppress(OSError):
                _remove(old.with_name(old.name + suffix))
    sync_folder(path.parent)
    return aside


def broken_files(path: Path) -> list[Path]:
    """Those that were set aside and are still there, oldest first."""
    found = path.parent.glob(f"{path.name}.broken-*")
    return sorted((each for each in found if each.name.rpartition("-")[2].isdecimal()), key=number_of)


def number_of(broken: Path) -> int:
    """The n-th that was set aside."""
    return int(broken.name.rpartition("-")[2])


def sync_folder(folder: Path) -> None:
    """Names in it are on disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _place(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _is_too_new(path: Path) -> bool:
    """Its header asks for an SQLite that writes otherwise than ours (bytes 18 and 19 of the file format)."""
    try:
        with path.open("rb") as file:
            header = file.read(20)
    except OSError:
        return False
    return len(header) == 20 and header.startswith(b"SQLite format 3") and max(header[18:20]) > 2
