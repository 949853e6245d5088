"""Is the journal whole? Its chain is walked in slices, so that whoever walks never keeps the writer long.

The same walk serves the writer itself after a start, `hallig journal verify` through the socket, and a file at rest.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from typing import Any

import orjson

from controller.durable_copy import Kept
from controller.journal.damage import DamagedError, is_damage
from controller.journal.line import ENTRY, GENESIS, Entry, columns_of
from controller.model.reasons import Reason

SLICE_COUNT = 100  # lines: a millisecond or two, so that an order's intent does not wait long behind it
FIRST_COUNT = 4  # a new journal says in its first line what became of the one before
ASKED_COUNT = 500  # somebody waits for the end of the walk


@dataclass(frozen=True, slots=True)
class Walk:
    """How far the chain has been walked, and where it broke."""

    upto: int = 0  # number of the last line that was looked at
    digest: str | None = None  # of that line; None: nothing was looked at yet
    lines_count: int = 0
    broken: int | None = None  # the first line that is not as it was written
    why: str = ""  # "bent", "missing" or "unreadable"
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class Ends:
    """The two ends of a journal, where a chain alone does not show what was cut off."""

    first: int | None
    last: int | None
    head: str  # the newest line's digest: whoever has noted it can see later that nothing behind it was changed
    dropped_count: int  # oldest lines that the writer itself dropped when the file was full
    missing_first_count: int  # oldest lines that are gone, and nobody says why
    missing_last_count: int  # newest lines that are gone: they had been numbered, or noted beside the file
    begun_after: int | None = None  # the last known line of a journal that was missing when this one was begun
    is_as_noted: bool | None = None  # the line noted beside the file stands here; None: nothing noted, or dropped since


def walk_on(connection: sqlite3.Connection, walk: Walk, limit: int = SLICE_COUNT) -> Walk:
    """One slice further.

    Raises:
        sqlite3.Error: the disk does not answer; that says nothing about the file.
    """
    try:
        walk = _from_where_lines_begin(connection, walk)
        columns = columns_of(connection, ("seq", "chain", *ENTRY))
        query = f"SELECT {columns} FROM event WHERE seq > ? ORDER BY seq LIMIT ?"
        rows = connection.execute(query, (walk.upto, limit)).fetchall()
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
        return _unreadable(connection, walk, limit)
    for row in rows:
        walk = _past(walk, row)
        if walk.broken is not None:
            return walk
    return replace(walk, is_over=len(rows) < limit)


def walk_through(connection: sqlite3.Connection) -> Walk:
    """All of it."""
    walk = walk_on(connection, Walk())
    while not walk.is_over:
        walk = walk_on(connection, walk)
    return walk


def ends_of(connection: sqlite3.Connection, noted: Kept | None = None) -> Ends:
    """What the two ends say, and what was noted beside the file. Raises sqlite3.Error when they cannot be read."""
    first = connection.execute("SELECT min(seq) FROM event").fetchone()[0]
    last = connection.execute("SELECT max(seq) FROM event").fetchone()[0]  # asked together they cost a walk
    head = connection.execute("SELECT chain FROM event ORDER BY seq DESC LIMIT 1").fetchone()
    given = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'event'").fetchone()
    dropped = _dropped(connection)
    dropped_count = dropped[0] if dropped is not None else 0
    given_count = max(given[0] if given is not None else 0, noted.seq if noted is not None else 0)
    return Ends(
        first=first,
        last=last,
        head=head[0] if head is not None else GENESIS,
        dropped_count=dropped_count,
        missing_first_count=max(0, first - 1 - dropped_count) if first is not None else 0,
        missing_last_count=max(0, given_count - (last if last is not None else dropped_count)),
        begun_after=_begun_after(connection),
        is_as_noted=_is_as_noted(connection, noted),
    )


def _begun_after(connection: sqlite3.Connection) -> int | None:
    """As its first lines say, for as long as they are there."""
    query = "SELECT body FROM event WHERE seq <= ? AND reason = ? ORDER BY seq LIMIT 1"
    row = connection.execute(query, (FIRST_COUNT, Reason.JOURNAL_MISSING.value)).fetchone()
    last = orjson.loads(row[0]).get("last") if row is not None else None
    return last if isinstance(last, int) else None


def _is_as_noted(connection: sqlite3.Connection, noted: Kept | None) -> bool | None:
    if noted is None or noted.seq == 0:
        return None
    row = connection.execute("SELECT chain FROM event WHERE seq = ?", (noted.seq,)).fetchone()
    dropped = _dropped(connection)
    if row is None and dropped is not None and dropped[0] >= noted.seq:
        return None
    return row is not None and bool(row[0] == noted.head)


def _from_where_lines_begin(connection: sqlite3.Connection, walk: Walk) -> Walk:
    """At first, and when the oldest lines were dropped meanwhile."""
    dropped = _dropped(connection)
    if dropped is not None and dropped[0] > walk.upto:
        return replace(walk, upto=dropped[0], digest=dropped[1])
    if walk.upto > 0 or walk.digest is not None:
        return walk
    return replace(walk, digest=GENESIS)


def _past(walk: Walk, row: tuple[Any, ...]) -> Walk:
    """One line further, unless it does not fit."""
    seq, chain, *entry = row
    if seq != walk.upto + 1:
        return replace(walk, broken=walk.upto + 1, why="missing", is_over=True)
    if Entry(*entry).digest(walk.digest or GENESIS) != chain:
        return replace(walk, broken=seq, why="bent", is_over=True)
    return replace(walk, upto=seq, digest=chain, lines_count=walk.lines_count + 1)


def _unreadable(connection: sqlite3.Connection, walk: Walk, limit: int) -> Walk:
    """Nearer to the page that cannot be read, by halves: the first line behind it is the one to name."""
    if limit > 1:
        return walk_on(connection, walk, limit // 2)
    return replace(walk, broken=walk.upto + 1, why="unreadable", is_over=True)


def _dropped(connection: sqlite3.Connection) -> tuple[int, str] | None:
    """The last line that the writer dropped, and its digest; None in a file that never dropped any."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'dropped'").fetchone() is None:
        return None
    row = connection.execute("SELECT seq, chain FROM dropped").fetchone()
    if row is None:
        return None
    if not isinstance(row[0], int) or not isinstance(row[1], str):
        raise DamagedError("what was dropped is not as it was written")
    return row[0], row[1]
