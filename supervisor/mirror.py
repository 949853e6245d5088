"""Events in the web's own file, fetched from the controller by cursor: history stays readable when it is down.

The file is a copy: a broken one is thrown away, a disk that does not take it costs history and nothing else. One
connection, one lock. The last events that the page tells are also kept in memory, so that no page waits for a disk.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

KEEP_COUNT = 20_000
TOLD_COUNT = 64
SIZE_MAX_PAGES = 16_384  # of 4 kB
NAME = "events.db"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS event (
  cursor INTEGER PRIMARY KEY AUTOINCREMENT, journal INTEGER NOT NULL, seq INTEGER NOT NULL, boot TEXT NOT NULL,
  mono_s REAL NOT NULL, unix_s REAL NOT NULL, clock TEXT NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL,
  subject TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (journal, seq));
"""
_COLUMNS = "cursor, journal, seq, boot, mono_s, unix_s, clock, kind, reason, subject, body"


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One event as mirrored. `cursor` counts here; `seq` counts in the controller's `journal`, the n-th we saw."""

    cursor: int
    journal: int
    seq: int
    boot: str
    mono_s: float
    unix_s: float
    clock: str
    kind: str
    reason: str
    subject: str
    values: dict[str, Any]


class EventMirror:
    """The mirrored events. In memory only when no folder is given or it cannot be written."""

    def __init__(self, data_dir: Path | None, told_kinds: frozenset[str]) -> None:
        self._lock = threading.Lock()
        self._told_kinds = told_kinds
        self._connection, self.is_on_disk = _open(data_dir)
        self._told = tuple(self._newest_told())

    def told(self, count: int) -> tuple[LoggedEvent, ...]:
        """The last events of the kinds that the page tells, newest first. Never waits."""
        return self._told[-count:][::-1]

    def head(self) -> LoggedEvent | None:
        """The last event mirrored."""
        found = self.newest(1)
        return found[0] if found else None

    def newest(self, limit: int) -> list[LoggedEvent]:
        """The last events, oldest first."""
        return self._select(f"SELECT {_COLUMNS} FROM event ORDER BY cursor DESC LIMIT ?", (limit,))[::-1]

    def after(self, cursor: int, limit: int) -> list[LoggedEvent]:
        """Events behind a cursor, oldest first."""
        query = f"SELECT {_COLUMNS} FROM event WHERE cursor > ? ORDER BY cursor LIMIT ?"
        return self._select(query, (cursor, limit))

    def keep(self, journal: int, events: Sequence[dict[str, Any]]) -> None:
        """Add events of the n-th journal, oldest first. Raises sqlite3.Error when the file does not take them."""
        with self._lock, self._connection:
            before = self._connection.execute("SELECT coalesce(max(cursor), 0) FROM event").fetchone()[0]
            self._connection.executemany(
                "INSERT OR IGNORE INTO event (journal, seq, boot, mono_s, unix_s, clock, kind, reason, subject, body)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [_row(journal, event) for event in events],
            )
            self._connection.execute(
                "DELETE FROM event WHERE cursor <= (SELECT max(cursor) FROM event) - ?", (KEEP_COUNT,)
            )
        new = self.after(before, len(events))
        self._told = (*self._told, *(event for event in new if event.kind in self._told_kinds))[-TOLD_COUNT:]

    def close(self) -> None:
        """Close the file."""
        with self._lock, contextlib.suppress(sqlite3.Error):
            self._connection.close()

    def _newest_told(self) -> list[LoggedEvent]:
        marks = ",".join("?" * len(self._told_kinds))
        query = f"SELECT {_COLUMNS} FROM event WHERE kind IN ({marks}) ORDER BY cursor DESC LIMIT ?"
        return self._select(query, (*sorted(self._told_kinds), TOLD_COUNT))[::-1]

    def _select(self, query: str, values: Sequence[object]) -> list[LoggedEvent]:
        with self._lock:
            rows = self._connection.execute(query, tuple(values)).fetchall()
        return [LoggedEvent(*(*row[:10], orjson.loads(row[10]))) for row in rows]


def _row(journal: int, event: dict[str, Any]) -> tuple[object, ...]:
    names = ("seq", "boot", "mono_s", "unix_s", "clock", "kind", "reason", "subject")
    return (journal, *(event[name] for name in names), orjson.dumps(event["values"]).decode())


def _open(data_dir: Path | None) -> tuple[sqlite3.Connection, bool]:
    """The file, made anew when it is broken; else memory."""
    if data_dir is not None:
        path = data_dir / NAME
        for is_second_try in (False, True):
            with contextlib.suppress(OSError, sqlite3.Error):
                data_dir.mkdir(parents=True, exist_ok=True)
                if is_second_try:
                    _remove(path)
                return _connect(str(path)), True
    return _connect(":memory:"), False


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _connect(place: str) -> sqlite3.Connection:
    connection = sqlite3.connect(place, check_same_thread=False, timeout=0.5)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(f"PRAGMA max_page_count={SIZE_MAX_PAGES}")
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(str(verdict))
        connection.executescript(_SCHEMA)
        connection.execute(f"SELECT {_COLUMNS} FROM event LIMIT 1")
    except sqlite3.Error:
        connection.close()
        raise
    return connection
