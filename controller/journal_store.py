"""The journal's file: SQLite with one connection, durable before it is shown, hash-chained, capped in size.

Only the writer thread may call this. WAL with `synchronous=FULL`: 0 acknowledged rows lost in simulated power cuts,
where NORMAL lost up to 506. Two connections that write or checkpoint can corrupt a WAL file in SQLite up to 3.51.2
(Debian 12 has such a one), hence exactly one.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

PAGE_BYTES = 4096
SIZE_MAX_BYTES = 64 * 1024 * 1024
PRUNE_SHARE = 0.1
CHECKPOINT_PAGES = 256
GENESIS = "0" * 64
_SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, boot TEXT NOT NULL, mono_s REAL NOT NULL, unix_s REAL NOT NULL,
  clock TEXT NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL,
  chain TEXT NOT NULL, rule TEXT NOT NULL DEFAULT '', inputs TEXT NOT NULL DEFAULT '{}', uncertainty_s REAL);
CREATE TABLE IF NOT EXISTS durable (id INTEGER PRIMARY KEY CHECK (id = 1), boot TEXT NOT NULL, body TEXT NOT NULL);
"""
_ADDED = {"rule": "TEXT NOT NULL DEFAULT ''", "inputs": "TEXT NOT NULL DEFAULT '{}'", "uncertainty_s": "REAL"}
"""Columns that files of the first version do not have."""
_PLAIN = ("seq", "boot", "mono_s", "unix_s", "clock", "kind", "reason", "subject")
_ENTRY = ("boot", "mono_s", "unix_s", "clock", "kind", "reason", "subject", "body", "rule", "inputs", "uncertainty_s")
_INSERT = f"INSERT INTO event ({', '.join(_ENTRY)}, chain) VALUES ({', '.join('?' * (len(_ENTRY) + 1))})"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line, before it has a number."""

    boot: str
    mono_s: float
    unix_s: float
    clock: str
    kind: str
    reason: str
    subject: str
    body: str
    rule: str = ""
    inputs: str = "{}"
    uncertainty_s: float | None = None

    def digest(self, before: str) -> str:
        """SHA-256 over the previous digest and this line: a line taken out or bent breaks the chain.

        A line without a rule, inputs and uncertainty is hashed as it was before lines had them.
        """
        parts = (before, self.boot, repr(self.mono_s), repr(self.unix_s), self.clock, self.kind, self.reason)
        why = (self.rule, self.inputs, repr(self.uncertainty_s))
        told = () if why == ("", "{}", "None") else why
        return hashlib.sha256("\n".join((*parts, self.subject, self.body, *told)).encode()).hexdigest()


class JournalStore:
    """The one connection."""

    def __init__(self, path: Path, size_max_bytes: int = SIZE_MAX_BYTES) -> None:
        """Open or create. A file that is no sound database is set aside and a new one begun."""
        self.path = path
        self.quarantined: Path | None = None
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = _open(path, size_max_bytes)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise  # no space, no rights: the file itself may be sound
            self.quarantined = _set_aside(path)
            self._connection = _open(path, size_max_bytes)
        row = self._connection.execute("SELECT chain FROM event ORDER BY seq DESC LIMIT 1").fetchone()
        self._head: str = row[0] if row else GENESIS

    def append(self, entries: Sequence[Entry], durable: tuple[str, str] | None) -> int:
        """Write a batch and, if given, the durable memory `(boot, json)`; returns the last number once it is on disk.

        Raises sqlite3.Error when the disk does not take it; then nothing of the batch is written.
        """
        try:
            return self._append(entries, durable)
        except sqlite3.OperationalError as error:
            if "full" not in str(error):
                raise
            self._prune()
            return self._append(entries, durable)

    def read(self, after_seq: int, limit: int) -> list[dict[str, object]]:
        """Events behind a cursor, oldest first."""
        return read_events(self._connection, after_seq, limit)

    def newest(self, limit: int) -> list[dict[str, object]]:
        """The last events, oldest first."""
        return newest_events(self._connection, limit)

    def durable(self) -> tuple[str, str] | None:
        """The durable memory as `(boot, json)`."""
        row = self._connection.execute("SELECT boot, body FROM durable WHERE id = 1").fetchone()
        return (row[0], row[1]) if row else None

    def verify(self) -> int | None:
        """The number of the first line that breaks the chain; None when it is whole."""
        before: str | None = None
        columns = ", ".join(("seq", "chain", *_ENTRY))
        for row in self._connection.execute(f"SELECT {columns} FROM event ORDER BY seq"):
            digest = Entry(*row[2:]).digest(before) if before is not None else None
            if digest is not None and digest != row[1]:
                return int(row[0])
            before = row[1]
        return None

    def close(self) -> None:
        """Checkpoint and close."""
        self._connection.close()

    def _append(self, entries: Sequence[Entry], durable: tuple[str, str] | None) -> int:
        head, last = self._head, 0
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            for entry in entries:
                head = entry.digest(head)
                values = [getattr(entry, name) for name in _ENTRY]
                cursor = connection.execute(_INSERT, (*values, head))
                last = int(cursor.lastrowid or 0)
            if durable is not None:
                connection.execute("INSERT OR REPLACE INTO durable (id, boot, body) VALUES (1, ?, ?)", durable)
            connection.execute("COMMIT")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self._head = head
        self._checkpoint()
        return last

    def _checkpoint(self) -> None:
        """By this connection only, and only when the log has grown."""
        wal = self.path.with_name(self.path.name + "-wal")
        if wal.exists() and wal.stat().st_size > CHECKPOINT_PAGES * PAGE_BYTES:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def _prune(self) -> None:
        """At the cap: drop the oldest tenth, which SQLite can do because the cap lies below the disk's."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.execute(
            "DELETE FROM event WHERE seq <= (SELECT min(seq) + CAST((max(seq) - min(seq)) * ? AS INTEGER) FROM event)",
            (PRUNE_SHARE,),
        )
        self._connection.execute("COMMIT")


def read_events(connection: sqlite3.Connection, after_seq: int, limit: int) -> list[dict[str, object]]:
    """Events behind a cursor, oldest first, through any connection; those of an older file have no rule or inputs."""
    has = {row[1] for row in connection.execute("PRAGMA table_info(event)")}
    why = [name if name in has else f"{default} AS {name}" for name, default in _UNTOLD.items()]
    columns = ", ".join((*_PLAIN, "body", *why))
    rows = connection.execute(f"SELECT {columns} FROM event WHERE seq > ? ORDER BY seq LIMIT ?", (after_seq, limit))
    return [_told(row) for row in rows]


def newest_events(connection: sqlite3.Connection, limit: int) -> list[dict[str, object]]:
    """The last events, oldest first."""
    last = connection.execute("SELECT max(seq) FROM event").fetchone()[0] or 0
    return read_events(connection, max(0, last - limit), limit)


_UNTOLD = {"rule": "''", "inputs": "'{}'", "uncertainty_s": "NULL"}


def _told(row: tuple[object, ...]) -> dict[str, object]:
    body, rule, inputs, uncertainty_s = row[len(_PLAIN) :]
    plain = dict(zip(_PLAIN, row, strict=False))
    why = {"rule": rule, "inputs": orjson.loads(str(inputs)), "uncertainty_s": uncertainty_s}
    return {**plain, "values": orjson.loads(str(body)), **why}


def _open(path: Path, size_max_bytes: int) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0.5)
    try:
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("PRAGMA journal_size_limit=1048576")
        connection.execute(f"PRAGMA max_page_count={size_max_bytes // PAGE_BYTES}")
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(str(verdict))
        connection.executescript(_SCHEMA)
        _complete(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _complete(connection: sqlite3.Connection) -> None:
    """A file of an earlier version gets the columns that it lacks; its lines stay as they are."""
    has = {row[1] for row in connection.execute("PRAGMA table_info(event)")}
    for name, kind in _ADDED.items():
        if name not in has:
            connection.execute(f"ALTER TABLE event ADD COLUMN {name} {kind}")


def _set_aside(path: Path) -> Path:
    """Keep the broken file for the people who want to look into it."""
    number = 0
    while (aside := path.with_name(f"{path.name}.broken-{number}")).exists():
        number += 1
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return aside
