"""Puts a block into the tables, and folds ten minutes into their mean when the next ten begin. In a transaction."""

from __future__ import annotations

import sqlite3
from itertools import groupby

from supervisor.telemetry.block import Block, decode, encode
from supervisor.telemetry.channels import Layout, dump_layout, load_layout
from supervisor.telemetry.means import mean_of, window_of
from supervisor.telemetry.tables import HEAD, select

FOLD_MAX = 10_000  # minutes at once: there are more only when the file comes from elsewhere
_INSERT = f"INSERT INTO %s ({HEAD.removeprefix('id, ')}) VALUES (?, ?, ?, ?, ?, ?, ?)"


def insert(connection: sqlite3.Connection, block: Block) -> None:
    """Keep a block behind all that is there. Raises sqlite3.Error."""
    newest = connection.execute("SELECT boot, last_ms FROM minute ORDER BY id DESC LIMIT 1").fetchone()
    boot, block = _placed(connection, block, -1 if newest is None else newest[1])
    if not block.count:
        return
    if newest is not None and (newest[0], window_of(newest[1])) != (boot, window_of(block.instants_ms[0])):
        _fold(connection)
    _write(connection, "minute", boot, block)


def _placed(connection: sqlite3.Connection, block: Block, last_ms: int) -> tuple[int, Block]:
    """The number of its boot, and the block without a sample that is there already: of a web that was restarted."""
    newest = connection.execute("SELECT id, boot_id FROM boot ORDER BY id DESC LIMIT 1").fetchone()
    if newest is not None and newest[1] == block.boot_id:
        if block.instants_ms[0] == last_ms:
            block = block.from_sample(1)
        if not block.count or block.instants_ms[0] > last_ms:
            return int(newest[0]), block
    cursor = connection.execute("INSERT INTO boot (boot_id) VALUES (?)", (block.boot_id,))
    return int(cursor.lastrowid or 0), block


def _fold(connection: sqlite3.Connection) -> None:
    """All minutes that are in no mean yet; whatever of them cannot be read is in none."""
    row = connection.execute("SELECT minute FROM folded").fetchone()
    query = f"{select('minute')} WHERE id > ? ORDER BY id LIMIT ?"
    rows = connection.execute(query, (0 if row is None else row[0], FOLD_MAX)).fetchall()
    layouts = {number: load_layout(text) for number, text in connection.execute("SELECT id, channels FROM layout")}
    for (boot, _), group in groupby(rows, key=lambda row: (row[1], window_of(row[2]))):
        blocks = [block for row in group if (block := _block(row, layouts.get(row[7]))) is not None]
        if blocks:
            _write(connection, "mean", boot, mean_of(blocks), blocks)
    if rows:
        connection.execute("INSERT OR REPLACE INTO folded (id, minute) VALUES (1, ?)", (rows[-1][0],))


def _block(row: tuple[int, int, int, int, float, float, int, int, bytes], layout: Layout | None) -> Block | None:
    if layout is None:
        return None
    try:
        rows = decode(row[8], row[6], len(layout))
    except ValueError:
        return None
    return Block("", layout, rows.instants_ms, rows.offsets_ms, rows.columns)


def _write(connection: sqlite3.Connection, table: str, boot: int, block: Block, of: list[Block] | None = None) -> None:
    """`of`: the blocks that this one is the mean of; its span and its count are theirs."""
    parts = of or [block]
    unix_s = [at for part in parts for at in (min(part.unix_s), max(part.unix_s))]
    count = sum(part.count for part in parts)
    span = (parts[0].instants_ms[0], parts[-1].instants_ms[-1], min(unix_s), max(unix_s))
    head = (boot, *span, count, _layout_number(connection, block.layout))
    number = connection.execute(_INSERT % table, head).lastrowid
    connection.execute(f"INSERT INTO {table}_body (id, body) VALUES (?, ?)", (number, encode(block)))


def _layout_number(connection: sqlite3.Connection, layout: Layout) -> int:
    text = dump_layout(layout)
    connection.execute("INSERT OR IGNORE INTO layout (channels) VALUES (?)", (text,))
    return int(connection.execute("SELECT id FROM layout WHERE channels = ?", (text,)).fetchone()[0])
