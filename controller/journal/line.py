"""A line of the journal: what it holds, how it hangs on the line before, and how lines are read by cursor.

Nothing here writes: any connection may be read through, one to a copy of the file as well.
"""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass

import orjson

from controller import clock
from controller.model.decision import Event

GENESIS = "0" * 64
_PLAIN = ("seq", "boot", "mono_s", "unix_s", "clock", "kind", "reason", "subject")
ENTRY = ("boot", "mono_s", "unix_s", "clock", "kind", "reason", "subject", "body", "rule", "inputs", "uncertainty_s")
UNTOLD = {"rule": "''", "inputs": "'{}'", "uncertainty_s": "NULL"}
"""Columns that files of the first version do not have, and what stands for them."""


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
        whole = (*parts, self.subject, self.body, *told)
        return hashlib.sha256("\n".join(map(str, whole)).encode(errors="replace")).hexdigest()


def entry_of(event: Event, boot: str, mono_s: float, uncertainty_s: float | None) -> Entry:
    """The line of an event, labelled with the wall clock as it is now."""
    return Entry(
        boot=boot,
        mono_s=mono_s,
        unix_s=clock.unix_s(),
        clock=clock.quality().value,
        kind=event.kind.value,
        reason=event.reason.value,
        subject=event.subject,
        body=orjson.dumps(dict(event.values)).decode(),
        rule=event.rule,
        inputs=orjson.dumps(dict(event.inputs)).decode(),
        uncertainty_s=uncertainty_s,
    )


def columns_of(connection: sqlite3.Connection, wanted: tuple[str, ...]) -> str:
    """For a SELECT; what an older file does not have is told as nothing."""
    has = {row[1] for row in connection.execute("PRAGMA table_info(event)")}
    return ", ".join(name if name in has or name not in UNTOLD else f"{UNTOLD[name]} AS {name}" for name in wanted)


def read_events(connection: sqlite3.Connection, after_seq: int, limit: int) -> list[dict[str, object]]:
    """Events behind a cursor, oldest first; those of an older file have no rule or inputs."""
    columns = columns_of(connection, (*_PLAIN, "body", *UNTOLD))
    rows = connection.execute(f"SELECT {columns} FROM event WHERE seq > ? ORDER BY seq LIMIT ?", (after_seq, limit))
    return [_told(row) for row in rows]


def newest_events(connection: sqlite3.Connection, limit: int) -> list[dict[str, object]]:
    """The last events, oldest first."""
    last = connection.execute("SELECT max(seq) FROM event").fetchone()[0] or 0
    return read_events(connection, max(0, last - limit), limit)


def _told(row: tuple[object, ...]) -> dict[str, object]:
    body, rule, inputs, uncertainty_s = row[len(_PLAIN) :]
    plain = dict(zip(_PLAIN, row, strict=False))
    why = {"rule": rule, "inputs": orjson.loads(str(inputs)), "uncertainty_s": uncertainty_s}
    return {**plain, "values": orjson.loads(str(body)), **why}
