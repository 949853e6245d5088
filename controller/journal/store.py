"""The journal's file: SQLite with one connection, durable before it is shown, hash-chained, capped in size.

Only the writer thread may call this. WAL with `synchronous=FULL`: 0 acknowledged rows lost in simulated power cuts,
where NORMAL lost up to 506. Two connections that write or checkpoint can corrupt a WAL file in SQLite up to 3.51.2
(Debian 12 has such a one), hence exactly one.

Opening reads a few pages however large the file is: the way to control must be short. Whether the rest is sound shows
when it is walked through afterwards, or when SQLite stumbles over it; either way the file is set aside then.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from controller.durable_copy import Kept, Stored, newer, read_copy
from controller.journal.chain import SLICE_COUNT, Ends, Walk, ends_of, walk_on, walk_through
from controller.journal.damage import DamagedError, DisplacedError, code_of, flaw_of, is_damage, places_of, set_aside
from controller.journal.line import ENTRY, GENESIS, Entry, newest_events, read_events
from controller.plain_words import of_a_disk
from controller.status import JournalFileStatus

PAGE_BYTES = 4096
SIZE_MAX_BYTES = 64 * 1024 * 1024
PRUNE_SHARE = 0.1
CHECKPOINT_PAGES = 256
SPARE_PAGES = 16  # of trees that split while a batch is written
_SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, boot TEXT NOT NULL, mono_s REAL NOT NULL, unix_s REAL NOT NULL,
  clock TEXT NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL,
  chain TEXT NOT NULL, rule TEXT NOT NULL DEFAULT '', inputs TEXT NOT NULL DEFAULT '{}', uncertainty_s REAL);
CREATE TABLE IF NOT EXISTS durable (id INTEGER PRIMARY KEY CHECK (id = 1), boot TEXT NOT NULL, body TEXT NOT NULL,
  number INTEGER NOT NULL DEFAULT 0, sha256 TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS dropped (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, chain TEXT NOT NULL);
"""
_ADDED = {
    "event": {"rule": "TEXT NOT NULL DEFAULT ''", "inputs": "TEXT NOT NULL DEFAULT '{}'", "uncertainty_s": "REAL"},
    "durable": {"number": "INTEGER NOT NULL DEFAULT 0", "sha256": "TEXT NOT NULL DEFAULT ''"},
}
"""Columns that files of earlier versions do not have."""
_SYNCHRONOUS = ("off", "normal", "full", "extra")  # as SQLite counts them
_INSERT = f"INSERT INTO event ({', '.join(ENTRY)}, chain) VALUES ({', '.join('?' * (len(ENTRY) + 1))})"
_NEWEST = f"SELECT chain, seq, {', '.join(ENTRY)} FROM event ORDER BY seq DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Limits:
    """How large the file may grow, and how long its log before it is written back."""

    size_max_bytes: int = SIZE_MAX_BYTES
    checkpoint_pages: int = CHECKPOINT_PAGES


class JournalStore:
    """The one connection. `kept` is the durable memory, from the file or, when that is damaged, from its copy."""

    def __init__(self, path: Path, limits: Limits | None = None) -> None:
        """Open or create. A file that cannot be used is set aside and a new one begun, with the durable memory.

        Raises:
            sqlite3.Error, OSError: the disk does not let us; the file may be sound.
        """
        self.path = path
        self.set_aside: Path | None = None
        self.damage = ""  # what was wrong
        self.missed: int | None = None  # the last line that is noted of a file that is not there
        self.kept: Kept | None = None
        self.hoped_head: str | None = None  # of the last batch; None: it did not come as far as its end
        self.last = 0  # number of the newest line
        self._limits = limits or Limits()
        path.parent.mkdir(parents=True, exist_ok=True)
        copy = read_copy(path.parent)
        if copy is not None and not (path.exists() or path.is_symlink()):
            self.missed = copy.seq
        try:
            self._begin(copy)
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
            self._begin_anew(copy, error)
        self._places = places_of(path)
        if self.is_anew and self.kept is not None:
            self.append([], self.kept.stored)  # at once: the new file must not be taken for one that has lost it

    @property
    def is_anew(self) -> bool:
        """It was begun in the place of one that was damaged or missing."""
        return bool(self.damage) or self.missed is not None

    def look(self) -> None:
        """Raises DisplacedError when another file, or none, stands where this one or its log was opened."""
        now = places_of(self.path)
        if now is not None and self._places is not None and now != self._places:
            raise DisplacedError(is_gone=now[0] != self._places[0])

    @property
    def head(self) -> str:
        """Digest of the newest line on disk."""
        return self._head

    def append(self, entries: Sequence[Entry], durable: Stored | None) -> int:
        """Write a batch and, if given, the durable memory `(boot, json)`; returns the last number once it is on disk.

        Raises sqlite3.Error when the disk does not take it; then nothing of the batch is written.
        """
        try:
            return self._append(entries, durable)
        except sqlite3.OperationalError as error:
            if code_of(error) != sqlite3.SQLITE_FULL or not self._is_at_the_cap(entries, durable):
                raise
            self._prune()
            return self._append(entries, durable)

    def read(self, after_seq: int, limit: int) -> list[dict[str, object]]:
        """Events behind a cursor, oldest first."""
        return read_events(self._connection, after_seq, limit)

    def newest(self, limit: int) -> list[dict[str, object]]:
        """The last events, oldest first."""
        return newest_events(self._connection, limit)

    def walk_on(self, walk: Walk, limit: int = SLICE_COUNT) -> Walk:
        """The chain, one slice further."""
        return walk_on(self._connection, walk, limit)

    def ends(self) -> Ends:
        """What the two ends of the journal say."""
        return ends_of(self._connection, read_copy(self.path.parent))

    def verify(self) -> int | None:
        """The number of the first line that breaks the chain; None when it is whole."""
        return walk_through(self._connection).broken

    def write_back(self) -> None:
        """All of the log into the file. Raises sqlite3.Error when the disk does not take it."""
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def close(self) -> None:
        """Checkpoint and close. What the disk does not take now is in the log, for the next one."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()

    def _begin(self, copy: Kept | None) -> None:
        flaw = flaw_of(self.path)
        if flaw:
            raise DamagedError(flaw)
        self._connection = open_connection(self.path, self._limits)
        try:
            self.file_status = _file_status(self._connection)
            self._take_up(copy)
        except sqlite3.Error:
            self._connection.close()
            raise

    def _take_up(self, copy: Kept | None) -> None:
        """The durable memory first: whatever else is wrong with the file, this may still be had."""
        row = self._connection.execute("SELECT boot, body, number, sha256 FROM durable WHERE id = 1").fetchone()
        if row is not None:
            kept = Kept(*row[:3])
            if not isinstance(kept.number, int) or row[3] not in {"", kept.fingerprint}:
                raise DamagedError("the durable memory is not as it was written")
            self.kept = newer(kept, self.kept)
        newest = self._connection.execute(_NEWEST).fetchone()
        if copy is not None and not self.is_anew and row is None and newest is None:
            self.missed = copy.seq  # begun anew, and ended or out of room before the memory was in it
        if copy is not None and not self.is_anew and newer(self.kept, copy) is copy:
            raise DamagedError("it lacks its newest lines: the copy of the durable memory is newer")
        self.kept = newer(self.kept, copy)
        self._head: str = newest[0] if newest is not None else self._head_of_dropped()
        self.last = newest[1] if newest is not None else 0
        if copy is not None and copy.seq > self.last and not self.is_anew:
            raise DamagedError(f"it ends at line {self.last}, and line {copy.seq} is noted beside it")

    def _head_of_dropped(self) -> str:
        row = self._connection.execute("SELECT chain FROM dropped").fetchone()
        return str(row[0]) if row is not None else GENESIS

    def _begin_anew(self, copy: Kept | None, error: sqlite3.Error) -> None:
        self.damage = of_a_disk(error)
        self.set_aside = set_aside(self.path)
        self._begin(copy)

    def _append(self, entries: Sequence[Entry], durable: Stored | None) -> int:
        head, last, connection = self._head, 0, self._connection
        self.hoped_head = None  # that of the batch before stands in the file, and would pass for this one
        try:
            connection.execute("BEGIN IMMEDIATE")
            for entry in entries:
                head = entry.digest(head)
                values = [getattr(entry, name) for name in ENTRY]
                cursor = connection.execute(_INSERT, (*values, head))
                last = int(cursor.lastrowid or 0)
            self.hoped_head = head
            kept = self._keep(durable) if durable is not None else self.kept
            connection.execute("COMMIT")
        except sqlite3.Error:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        self._head, self.kept, self.last = head, kept, last or self.last
        self._checkpoint()
        return last

    def _keep(self, durable: Stored) -> Kept:
        kept = Kept(*durable, number=1 + (self.kept.number if self.kept is not None else 0))
        row = (kept.boot, kept.body, kept.number, kept.fingerprint)
        query = "INSERT OR REPLACE INTO durable (id, boot, body, number, sha256) VALUES (1, ?, ?, ?, ?)"
        self._connection.execute(query, row)
        return kept

    def _checkpoint(self) -> None:
        """By this connection only, and only when the log has grown. What it could not do waits for the next one."""
        wal = self.path.with_name(self.path.name + "-wal")
        with contextlib.suppress(OSError, sqlite3.OperationalError):
            if wal.stat().st_size > self._limits.checkpoint_pages * PAGE_BYTES:
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def _is_at_the_cap(self, entries: Sequence[Entry], durable: Stored | None) -> bool:
        """Whether our own cap left this batch no room. Else the disk is full, and what was written stays.

        The batch is counted with four times its text: at its cap a journal must never stand still.
        """
        texts = [str(getattr(entry, name)) for entry in entries for name in ENTRY] + list(durable or ())
        wanted_pages = 4 * sum(map(len, texts)) // PAGE_BYTES + SPARE_PAGES
        query = "SELECT page_count - freelist_count FROM pragma_page_count, pragma_freelist_count"
        used_pages: int = self._connection.execute(query).fetchone()[0]
        return used_pages + wanted_pages >= self._limits.size_max_bytes // PAGE_BYTES

    def _prune(self) -> None:
        """At the cap: drop the oldest tenth, which SQLite can do because the cap lies below the disk's.

        The digest of the last line that goes is kept: the first that stays still hangs on something.
        """
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            query = "SELECT min(seq) + CAST((max(seq) - min(seq)) * ? AS INTEGER) FROM event"
            upto = connection.execute(query, (PRUNE_SHARE,)).fetchone()[0]
            chain = connection.execute("SELECT chain FROM event WHERE seq = ?", (upto,)).fetchone()
            connection.execute("DELETE FROM event WHERE seq <= ?", (upto,))
            if chain is not None:
                connection.execute("INSERT OR REPLACE INTO dropped (id, seq, chain) VALUES (1, ?, ?)", (upto, chain[0]))
            connection.execute("COMMIT")
        except sqlite3.Error:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise


def open_connection(path: Path, limits: Limits) -> sqlite3.Connection:
    """To this file, which is created where there is none. Raises sqlite3.Error."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0.5)
    connection.text_factory = _text
    try:
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute(f"PRAGMA journal_size_limit={limits.checkpoint_pages * PAGE_BYTES}")
        connection.execute(f"PRAGMA max_page_count={limits.size_max_bytes // PAGE_BYTES}")
        connection.execute("PRAGMA cell_size_check=1")  # a page with a bent offset is an error, not another value
        connection.executescript(_SCHEMA)
        _complete(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _file_status(connection: sqlite3.Connection) -> JournalFileStatus:
    mode: str = connection.execute("PRAGMA journal_mode").fetchone()[0]
    synchronous: int = connection.execute("PRAGMA synchronous").fetchone()[0]
    return JournalFileStatus(sqlite3.sqlite_version, mode, _SYNCHRONOUS[synchronous])


def _text(raw: bytes) -> str:
    """Bytes that are no text any more stand out in the chain; they must not keep the rest from being read."""
    return raw.decode("utf-8", errors="replace")


def _complete(connection: sqlite3.Connection) -> None:
    """A file of an earlier version gets the columns that it lacks; its lines stay as they are."""
    for table, columns in _ADDED.items():
        has = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
        for name, kind in columns.items():
            if name not in has:
                connection.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")
