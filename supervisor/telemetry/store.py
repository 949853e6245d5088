"""The telemetry's file: a ring of minutes, and means of ten minutes that outlast it. SQLite, one connection, one lock.

WAL with `synchronous=NORMAL`, and after each block all of the log is written back and synced: a power cut costs what
was not given to it yet, and not what SQLite happened to hold in its log. The order is that in which blocks came: of
boots one after the other, within a boot of the boot clock.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from controller.journal.damage import DamagedError, flaw_of
from supervisor.telemetry.block import Block
from supervisor.telemetry.channels import Layout, load_layout
from supervisor.telemetry.ring import keep_newest, make_room, used_pages
from supervisor.telemetry.tables import PAGE_BYTES, open_connection, select
from supervisor.telemetry.writing import insert

SIZE_MAX_BYTES = 1024 * 1024 * 1024
MEANS_KEPT_COUNT = 3 * 365 * 24 * 6  # three years
PATIENCE_S = 5.0  # of who reads while a disk does not answer the writer


class BusyError(Exception):
    """The writer has the file, and its disk does not answer."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How large the file may grow, and how many means it keeps."""

    size_max_bytes: int = SIZE_MAX_BYTES
    means_kept_count: int = MEANS_KEPT_COUNT


class Span(NamedTuple):
    """Of wall-clock labels, both ends in it."""

    from_unix_s: float = float("-inf")
    to_unix_s: float = float("inf")


ALWAYS = Span()


class Row(NamedTuple):
    """A minute or a mean as it is kept. Of a mean, the samples are those behind it; its body holds one."""

    id: int
    boot: int
    first_ms: int
    last_ms: int
    unix_min_s: float
    unix_max_s: float
    samples_count: int
    layout: int
    body: bytes


class TelemetryStore:
    """The one connection. Appending is the writer's alone; reading may be anybody's."""

    def __init__(self, connection: sqlite3.Connection, limits: Limits | None = None) -> None:
        self._connection, self._limits = connection, limits or Limits()
        self._lock = threading.Lock()

    def append(self, block: Block) -> None:
        """Keep a block; when this returns, it is on disk.

        Raises:
            sqlite3.Error: nothing of it is kept, or, from the writing back, it is and nobody knows whether it lasts.
        """
        with self._lock:
            with self._transaction():
                make_room(self._connection, self._limits.size_max_bytes, 4 * (len(block.layout) + 4) * block.count)
                insert(self._connection, block)
                keep_newest(self._connection, "mean", self._limits.means_kept_count)
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def rows(self, table: str, after: int, span: Span, limit: int) -> list[Row]:
        """Minutes or means behind a number whose labels touch the span, in order. Raises sqlite3.Error, BusyError."""
        query = f"{select(table)} WHERE id > ? AND unix_max_s >= ? AND unix_min_s <= ? ORDER BY id LIMIT ?"
        with self._patiently():
            return [Row(*row) for row in self._connection.execute(query, (after, *span, limit))]

    def layouts(self) -> dict[int, Layout]:
        """Every list of channels that was ever used. Raises sqlite3.Error, BusyError, ValueError."""
        with self._patiently():
            rows = self._connection.execute("SELECT id, channels FROM layout ORDER BY id").fetchall()
        return {number: load_layout(text) for number, text in rows}

    def ends(self, table: str) -> tuple[Row, Row] | None:
        """The oldest and the newest; None: there are none. Raises sqlite3.Error, BusyError."""
        with self._patiently():
            ways = [f"{select(table)} ORDER BY id {way} LIMIT 1" for way in ("ASC", "DESC")]
            first, last = (self._connection.execute(way).fetchone() for way in ways)
        return None if first is None else (Row(*first), Row(*last))

    @property
    def used_bytes(self) -> int:
        """What is in the file, free pages not counted."""
        with self._patiently():
            return used_pages(self._connection) * PAGE_BYTES

    def close(self) -> None:
        """Close the file."""
        with self._lock, contextlib.suppress(sqlite3.Error):
            self._connection.close()

    @contextlib.contextmanager
    def _patiently(self) -> Iterator[None]:
        if not self._lock.acquire(timeout=PATIENCE_S):
            raise BusyError
        try:
            yield
        finally:
            self._lock.release()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise


def open_store(path: Path, limits: Limits | None = None) -> TelemetryStore:
    """Open or create, for writing.

    Raises:
        sqlite3.Error, OSError: the disk does not let us, or, `is_damage`, the file cannot be used.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    flaw = flaw_of(path)
    if flaw:
        raise DamagedError(flaw)
    limits = limits or Limits()
    return TelemetryStore(open_connection(path, limits.size_max_bytes), limits)
