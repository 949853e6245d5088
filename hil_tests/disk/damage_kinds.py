"""How a file can be damaged: by a bit, a page, a disk, a hand, another program, another version."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from controller.durable_copy import NAME as COPY_NAME
from controller.journal.store import PAGE_BYTES

Damage = Callable[[Path, random.Random], None]


def _wal(journal: Path) -> Path:
    return journal.with_name(journal.name + "-wal")


def _change(path: Path, change: Callable[[bytearray], None]) -> None:
    content = bytearray(path.read_bytes())
    change(content)
    path.write_bytes(content)


def _flip(path: Path, rng: random.Random, count: int) -> None:
    def change(content: bytearray) -> None:
        for _ in range(count):
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)

    _change(path, change)


def _fill(path: Path, rng: random.Random, filling: Callable[[int], bytes]) -> None:
    """One page of it."""

    def change(content: bytearray) -> None:
        at = rng.randrange(len(content) // PAGE_BYTES) * PAGE_BYTES
        content[at : at + PAGE_BYTES] = filling(PAGE_BYTES)

    _change(path, change)


def _swap(path: Path, rng: random.Random) -> None:
    def change(content: bytearray) -> None:
        one, other = (rng.randrange(1, len(content) // PAGE_BYTES) * PAGE_BYTES for _ in range(2))
        page = content[one : one + PAGE_BYTES]
        content[one : one + PAGE_BYTES] = content[other : other + PAGE_BYTES]
        content[other : other + PAGE_BYTES] = page

    _change(path, change)


def _header(path: Path, rng: random.Random) -> None:
    def change(content: bytearray) -> None:
        content[rng.randrange(100)] = rng.randrange(256)

    _change(path, change)


def _version(path: Path, rng: random.Random) -> None:
    """An SQLite of another day: its versions for reading and writing."""

    def change(content: bytearray) -> None:
        content[18 + rng.randrange(2)] = rng.randrange(3, 256)

    _change(path, change)


def _truncate(path: Path, rng: random.Random) -> None:
    os.truncate(path, rng.randrange(path.stat().st_size))


def _another_schema(journal: Path, rng: random.Random) -> None:
    """A journal of some other version, or of another program that calls its table the same."""
    _both_gone(journal)
    columns = rng.choice(["a, b, c", "seq INTEGER PRIMARY KEY, told TEXT", "id INTEGER PRIMARY KEY AUTOINCREMENT, x"])
    connection = sqlite3.connect(journal)
    connection.execute(f"CREATE TABLE event ({columns})")
    if rng.random() < 0.5:
        connection.execute("CREATE TABLE durable (id INTEGER PRIMARY KEY, what BLOB)")
    connection.commit()
    connection.close()


def _foreign_wal(journal: Path, rng: random.Random) -> None:
    """The log of another database."""
    other = journal.with_name("other.db")
    connection = sqlite3.connect(other)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE other (x)")
    connection.execute("INSERT INTO other VALUES (?)", (rng.randbytes(20_000),))
    connection.commit()
    shutil.copyfile(_wal(other), _wal(journal))
    connection.close()
    other.unlink()


def _bent_line(journal: Path, rng: random.Random) -> None:
    """By a hand that knows SQL and not the chain."""
    connection = sqlite3.connect(journal)
    seq = rng.randrange(2, 100)
    connection.execute(
        rng.choice(["UPDATE event SET subject = 'hub' WHERE seq = ?", "DELETE FROM event WHERE seq = ?"]), (seq,)
    )
    connection.commit()
    connection.close()


def _bent_memory(journal: Path, _: random.Random) -> None:
    """A latch that somebody, or a bit, has released."""
    connection = sqlite3.connect(journal)
    connection.execute("UPDATE durable SET body = replace(body, 'emergency_off', 'emergency_ofg')")
    connection.commit()
    connection.close()


def _both_gone(journal: Path) -> None:
    journal.unlink()
    _wal(journal).unlink()


def _text(journal: Path, _: random.Random) -> None:
    _both_gone(journal)
    journal.write_text("this is no database\n" * 900)


def _folder(journal: Path, _: random.Random) -> None:
    _both_gone(journal)
    journal.mkdir()
    (journal / "something").write_text("in the way")


def _everything(journal: Path, rng: random.Random) -> None:
    """The copy of the durable memory as well: then it is lost, and somebody must say so."""
    _flip(journal.with_name(COPY_NAME), rng, 3)
    journal.write_bytes(rng.randbytes(30_000))


def _only_copy(journal: Path, rng: random.Random) -> None:
    _flip(journal.with_name(COPY_NAME), rng, 3)


KINDS: Mapping[str, Damage] = {
    "a bit of the file": lambda j, rng: _flip(j, rng, 1),
    "many bits of the file": lambda j, rng: _flip(j, rng, 40),
    "a bit of the log": lambda j, rng: _flip(_wal(j), rng, 1),
    "many bits of the log": lambda j, rng: _flip(_wal(j), rng, 40),
    "a page zeroed": lambda j, rng: _fill(j, rng, bytes),
    "a page of garbage": lambda j, rng: _fill(j, rng, rng.randbytes),
    "a page of the log torn": lambda j, rng: _fill(_wal(j), rng, bytes),
    "two pages swapped": _swap,
    "the header": _header,
    "an SQLite of another version": _version,
    "another schema": _another_schema,
    "the file truncated": _truncate,
    "the log truncated": lambda j, rng: _truncate(_wal(j), rng),
    "the log missing": lambda j, _: _wal(j).unlink(),
    "the log of another database": _foreign_wal,
    "the file missing, the log there": lambda j, _: j.unlink(),
    "both missing": lambda j, _: _both_gone(j),
    "the file empty": lambda j, _: os.truncate(j, 0),
    "the file zeroed": lambda j, _: _change(j, lambda content: content.__setitem__(slice(None), bytes(len(content)))),
    "garbage instead": lambda j, rng: _change(j, lambda c: c.__setitem__(slice(None), rng.randbytes(len(c)))),
    "text instead": _text,
    "a folder instead": _folder,
    "a line bent": _bent_line,
    "the durable memory bent": _bent_memory,
    "the copy of the durable memory": _only_copy,
    "everything at once": _everything,
}
WITH_THE_COPY = frozenset({"everything at once"})
"""Damage that reaches the journal and the copy of the durable memory: then it may be lost."""
