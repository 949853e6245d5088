"""The journal of a controller that does not run. The file is copied and the copy is read: nothing here can disturb it.

A second connection to a WAL file can corrupt it in old SQLite, even one that only reads, because closing it may
checkpoint. While a controller runs, its socket is asked instead.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from controller.commands.frame import NO_CONTACT, PROBLEM, CommandError
from controller.commands.unwritten import ALL_WRITTEN
from controller.durable_copy import NAME as COPY_NAME
from controller.durable_copy import read_copy
from controller.journal.line import newest_events, read_events
from controller.plain_words import of_a_disk
from controller.whereabouts import JOURNAL_NAME

BROKEN_HINT = "Try again; if it stays so, the next start of the controller sets it aside as .broken-0 and begins anew."


class JournalFile:
    """Events of a journal at rest, by cursor."""

    unwritten = ALL_WRITTEN  # of a controller that is gone nothing is left in memory

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path, self.connection = path, connection

    def after(self, cursor: int, limit: int) -> list[dict[str, Any]]:
        """Events behind a cursor, oldest first."""
        with self._readable():
            return read_events(self.connection, cursor, limit)

    def newest(self, limit: int) -> list[dict[str, Any]]:
        """The last events, oldest first."""
        with self._readable():
            return newest_events(self.connection, limit)

    @contextlib.contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, ValueError, TypeError) as error:
            why = of_a_disk(error) if isinstance(error, sqlite3.Error) else "a line in it is not as it was written"
            hint = f"'hallig journal verify {self.path}' says which, and how far it can be read."
            raise CommandError("broken_journal", PROBLEM, f"{self.path} cannot be read: {why}", hint) from None


@contextlib.contextmanager
def open_copy(journal: Path, *, as_it_is: bool = False) -> Iterator[JournalFile]:
    """The journal as it lies there, its write-ahead log included; damaged ones only for who wants it as it is.

    Raises:
        CommandError: there is none (exit 3), there was one (exit 1), or it is broken (exit 1).
    """
    if not journal.is_file():
        raise _missing(journal)
    with tempfile.TemporaryDirectory(prefix="hallig-") as folder:
        copy = Path(folder) / journal.name
        for suffix in ("", "-wal"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(journal.with_name(journal.name + suffix), copy.with_name(copy.name + suffix))
        with contextlib.closing(sqlite3.connect(copy)) as connection:
            if not as_it_is:
                _check(connection, journal)
            yield JournalFile(journal, connection)


def _missing(journal: Path) -> CommandError:
    """What lies beside it may know that there was one."""
    noted = read_copy(journal.parent) if journal.name == JOURNAL_NAME else None
    if noted is None:
        hint = "Name its folder with --data-dir."
        return CommandError("no_contact", NO_CONTACT, f"no controller runs, and there is no journal {journal}", hint)
    text = f"the event log {journal} is missing; {COPY_NAME} beside it knows of #{noted.seq} as its last line"
    hint = "The next start of the controller begins a new one, and says so in it."
    return CommandError("missing_journal", PROBLEM, text, hint)


def _check(connection: sqlite3.Connection, journal: Path) -> None:
    try:
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(str(verdict))
        connection.execute("SELECT seq FROM event LIMIT 1")
    except sqlite3.Error as error:
        raise CommandError(
            "broken_journal", PROBLEM, f"{journal} cannot be read: {of_a_disk(error)}", BROKEN_HINT
        ) from None
