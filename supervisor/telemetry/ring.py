"""Keeps the telemetry's file within its size: the oldest minutes go first, and means only when no minutes are left.

By size and by number, never by date: a wall clock that jumps to the year 2100 must not empty the file.
"""

from __future__ import annotations

import sqlite3

from supervisor.telemetry.tables import PAGE_BYTES

DROP_SHARE = 100  # of the oldest a hundredth at once
DROP_MAX = 60  # rows at once: an hour, so that no minute waits long for room
SPARE_PAGES = 48  # for what a block needs beside its body: the trees above it, a mean, the free list


def make_room(connection: sqlite3.Connection, size_max_bytes: int, body_bytes: int) -> None:
    """So that a body of this size finds its place below the limit. In the caller's transaction."""
    wanted_pages = size_max_bytes // PAGE_BYTES - body_bytes // PAGE_BYTES - SPARE_PAGES
    while used_pages(connection) > wanted_pages:
        if not (_drop_oldest(connection, "minute") or _drop_oldest(connection, "mean")):
            return


def keep_newest(connection: sqlite3.Connection, table: str, kept_count: int) -> None:
    """Drop what is older than the newest so many. Numbers are given in order and without a gap."""
    for part in (table, f"{table}_body"):
        connection.execute(f"DELETE FROM {part} WHERE id <= (SELECT max(id) FROM {table}) - ?", (kept_count,))


def used_pages(connection: sqlite3.Connection) -> int:
    """Pages that hold something."""
    count = connection.execute("PRAGMA page_count").fetchone()[0]
    return int(count - connection.execute("PRAGMA freelist_count").fetchone()[0])


def _drop_oldest(connection: sqlite3.Connection, table: str) -> bool:
    """False: there was nothing to drop. The newest stays: numbers go on from it."""
    first, last = connection.execute(f"SELECT min(id), max(id) FROM {table}").fetchone()
    if first is None or first == last:
        return False
    upto = min(last - 1, first + min(DROP_MAX, (last - first) // DROP_SHARE))
    for part in (f"{table}_body", table):
        connection.execute(f"DELETE FROM {part} WHERE id <= ?", (upto,))
    return True
