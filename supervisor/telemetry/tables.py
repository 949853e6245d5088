"""The tables of the telemetry's file, and how its one connection is opened.

Two connections that write or checkpoint can corrupt a WAL file in SQLite up to 3.51.2, hence exactly one. Opening reads
a few pages, however large the file is.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from controller.journal.damage import DamagedError

NAME = "telemetry.db"
FOLDER = "telemetry"
PAGE_BYTES = 4096
VERSION = 1
"""Of the form of the bodies: another one is not read, and the file set aside."""
_HEAD = (
    "id INTEGER PRIMARY KEY, boot INTEGER NOT NULL, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, "
    "unix_min_s REAL NOT NULL, unix_max_s REAL NOT NULL, count INTEGER NOT NULL, layout INTEGER NOT NULL"
)
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS boot (id INTEGER PRIMARY KEY, boot_id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS layout (id INTEGER PRIMARY KEY, channels TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS minute ({_HEAD});
CREATE TABLE IF NOT EXISTS minute_body (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS mean ({_HEAD});
CREATE TABLE IF NOT EXISTS mean_body (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS folded (id INTEGER PRIMARY KEY CHECK (id = 1), minute INTEGER NOT NULL);
"""
"""Bodies stand apart: whoever looks for a span walks through the small rows only."""
HEAD = "id, boot, first_ms, last_ms, unix_min_s, unix_max_s, count, layout"
TABLES = ("minute", "mean")


def open_connection(path: Path, size_max_bytes: int) -> sqlite3.Connection:
    """To this file, which is created where there is none. Raises sqlite3.Error; DamagedError: it is of another form."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0.5)
    try:
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("PRAGMA journal_size_limit=1048576")
        connection.execute(f"PRAGMA max_page_count={size_max_bytes // PAGE_BYTES}")
        connection.execute("PRAGMA cell_size_check=1")  # a page with a bent offset is an error, not another value
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in {0, VERSION}:
            raise DamagedError(f"it is of form {version}, and this web writes form {VERSION}")
        connection.executescript(SCHEMA)
        connection.execute(f"PRAGMA user_version={VERSION}")
        for table in TABLES:
            connection.execute(f"{select(table)} ORDER BY id DESC LIMIT 1").fetchall()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def select(table: str) -> str:
    """Rows of minutes or means with their bodies: the beginning of a query."""
    return f"SELECT {HEAD}, body FROM {table} JOIN {table}_body USING (id)"
