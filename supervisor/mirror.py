"""Events in the web's own file, fetched from the controller by cursor: history stays readable when it is down."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

import orjson

from controller.requests import SocketClient

KEEP_COUNT = 20_000
FETCH_COUNT = 500
FETCH_EVERY_S = 0.5
_SCHEMA = "CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY, body TEXT NOT NULL)"


class EventMirror:
    """One connection, one lock; a thread fetches. `:memory:` when no folder is given or it cannot be written."""

    def __init__(self, run_dir: Path, data_dir: Path | None) -> None:
        self._client = SocketClient(run_dir)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._connection = _open(data_dir)
        self._thread = threading.Thread(target=self._run, name="mirror", daemon=True)

    def start(self) -> None:
        """Begin to fetch."""
        self._thread.start()

    def stop(self) -> None:
        """Stop fetching and close the file."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2.0)
        with self._lock:
            self._connection.close()

    def newest(self, count: int) -> list[dict[str, Any]]:
        """The last events, newest first."""
        with self._lock:
            rows = self._connection.execute("SELECT body FROM event ORDER BY seq DESC LIMIT ?", (count,)).fetchall()
        return [orjson.loads(row[0]) for row in rows]

    def after(self, cursor: int, limit: int) -> list[dict[str, Any]]:
        """Events behind a cursor, oldest first."""
        query = "SELECT body FROM event WHERE seq > ? ORDER BY seq LIMIT ?"
        with self._lock:
            rows = self._connection.execute(query, (cursor, limit)).fetchall()
        return [orjson.loads(row[0]) for row in rows]

    def fetch(self) -> bool:
        """Take what is new; False when the controller does not answer or its journal cannot."""
        with self._lock:
            cursor = self._connection.execute("SELECT max(seq) FROM event").fetchone()[0] or 0
        try:
            answer = self._client.ask(method="events", after=cursor, limit=FETCH_COUNT)
            events = answer["events"]
        except (OSError, ValueError, KeyError):
            return False
        if events:
            self._keep(events)
        elif cursor and self._journal_began_anew(cursor):
            self._forget()
        return True

    def _keep(self, events: list[dict[str, Any]]) -> None:
        rows = [(int(event["seq"]), orjson.dumps(event).decode()) for event in events]
        with self._lock, self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO event (seq, body) VALUES (?, ?)", rows)
            self._connection.execute("DELETE FROM event WHERE seq <= ?", (rows[-1][0] - KEEP_COUNT,))

    def _journal_began_anew(self, cursor: int) -> bool:
        """A journal that was set aside counts from 1 again: then our cursor points beyond its end."""
        try:
            newest = self._client.ask(method="events", limit=1)["events"]
        except (OSError, ValueError, KeyError):
            return False
        return bool(newest) and int(newest[-1]["seq"]) < cursor

    def _forget(self) -> None:
        with self._lock, self._connection:
            self._connection.execute("DELETE FROM event")

    def _run(self) -> None:
        while not self._stop.wait(FETCH_EVERY_S):
            self.fetch()


def _open(data_dir: Path | None) -> sqlite3.Connection:
    try:
        if data_dir is not None:
            data_dir.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(data_dir / "events.db", check_same_thread=False)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(_SCHEMA)
            return connection
    except (OSError, sqlite3.Error):
        pass  # history degrades, the page goes on
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.execute(_SCHEMA)
    return connection
