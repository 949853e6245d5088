"""The one Unix socket: people's requests come in, events go out. Length-prefixed JSON, peers checked.

Methods: `ping`; `request`, what a person asks; `answer`, what became of it; `events`, by cursor; `read`, values with
their age and their source; `verify`, one slice of the walk along the journal's chain. Only `events` and `verify` need
the disk.

A frame is a 4-byte big-endian length and that many bytes of JSON, at most 64 kB. Requests are advice: they live for at
most thirty seconds of our own clock and are never stored and forwarded.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
import socket
import sqlite3
import struct
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from controller.answers import Answers
from controller.config.wording import wanted
from controller.journal.chain import ASKED_COUNT, Walk
from controller.journal.store import JournalStore
from controller.journal.writer import Journal
from controller.model.advice import OperatorRequest, RequestKind
from controller.plain_words import in_words, of_a_disk
from controller.point_reading import UnknownPointError
from controller.socket_client import ANSWER_MAX_BYTES, FRAME_MAX_BYTES, NAME

READ_MAX = 32
CLIENTS_MAX = 8
FRAME_DEADLINE_S = 1.0
EVENTS_MAX = 500
REQUESTS_MAX = 32
T = TypeVar("T")


class RequestFrame(BaseModel):
    """What a person asks."""

    model_config = ConfigDict(extra="forbid")
    method: str
    kind: RequestKind
    subject: str | None = Field(default=None, max_length=64)
    who: str = Field(min_length=1, max_length=64)
    at_the_hub: bool = False
    ttl_s: float = Field(default=10.0, gt=0, le=30)
    for_s: float | None = Field(default=None, ge=60, le=7 * 86_400)  # of `island_on`; none: until somebody asks
    is_automatic: bool = False  # a timetable or a warning asks, no person


class AnswerFrame(BaseModel):
    """Of which request somebody wants to know what became of it."""

    model_config = ConfigDict(extra="forbid")
    method: str
    id: str = Field(min_length=1, max_length=64)


class EventsFrame(BaseModel):
    """Which events a reader wants: those behind a cursor, or the newest when there is none."""

    model_config = ConfigDict(extra="forbid")
    method: str
    after: int | None = Field(default=None, ge=0)
    limit: int = Field(default=100, ge=1, le=EVENTS_MAX)


class ReadFrame(BaseModel):
    """Which values somebody wants to see."""

    model_config = ConfigDict(extra="forbid")
    method: str
    names: list[str] = Field(min_length=1, max_length=READ_MAX)


class VerifyFrame(BaseModel):
    """How far somebody has come with the chain."""

    model_config = ConfigDict(extra="forbid")
    method: str
    walk: Walk = Field(default_factory=Walk)


ReadOne = Callable[[str], dict[str, Any]]
"""One value by its name; raises UnknownPointError."""


class ControlSocket:
    """Serves the socket; keeps the living requests. `read_one` and `answers` are fed by the shell."""

    def __init__(self, run_dir: Path, journal: Journal, now: Callable[[], float]) -> None:
        self._path = run_dir / NAME
        self.answers = Answers(journal)
        self.read_one: ReadOne | None = None
        self._journal, self._now = journal, now
        self._requests: list[OperatorRequest] = []
        self._life, self._numbers = secrets.token_hex(4), itertools.count(1)  # a pid may be the same in the next life
        self._clients_count = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; an old socket file of a dead process is removed. Again, when somebody has deleted ours."""
        if self._server is not None:
            self._server.close()
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, path=str(self._path))
        self._path.chmod(0o660)

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
        self._path.unlink(missing_ok=True)

    def living(self, now_s: float) -> tuple[OperatorRequest, ...]:
        """Requests that have not expired."""
        self._requests = [request for request in self._requests if request.expires_at_s >= now_s]
        return tuple(self._requests)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._clients_count >= CLIENTS_MAX or not _is_welcome(writer):
            writer.close()
            return
        self._clients_count += 1
        try:
            while (frame := await _read(reader)) is not None:
                await self._reply(writer, await self._answer(frame))
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the peer went away or dawdled: its loss
        finally:
            self._clients_count -= 1
            writer.close()

    async def _reply(self, writer: asyncio.StreamWriter, answer: dict[str, Any]) -> None:
        body = orjson.dumps(answer)
        writer.write(struct.pack(">I", len(body)) + body)
        async with asyncio.timeout(FRAME_DEADLINE_S):
            await writer.drain()

    async def _answer(self, frame: bytes) -> dict[str, Any]:
        try:
            raw = orjson.loads(frame)
            method = raw.get("method") if isinstance(raw, dict) else None
            if method == "events":
                return await self._events(EventsFrame.model_validate(raw))
            if method == "verify":
                return await self._verify(VerifyFrame.model_validate(raw).walk)
            return self._answer_now(str(method), raw)
        except orjson.JSONDecodeError as error:
            return {"error": "bad_frame", "detail": f"not JSON: {in_words(error)}"}
        except ValidationError as error:
            return {"error": "bad_request", "detail": [_plain(e) for e in error.errors(include_url=False)]}

    def _answer_now(self, method: str, raw: object) -> dict[str, Any]:
        """What needs no disk."""
        match method:
            case "ping":
                return {"ok": True}
            case "request":
                return self._take(RequestFrame.model_validate(raw))
            case "answer":
                return {"answer": self.answers.told(AnswerFrame.model_validate(raw).id)}
            case "read":
                return self._read(ReadFrame.model_validate(raw))
            case _:
                return {"error": "unknown_method", "detail": "known: answer, events, ping, read, request, verify"}

    async def _events(self, frame: EventsFrame) -> dict[str, Any]:
        after, limit = frame.after, frame.limit
        try:
            events = await self._of_journal(lambda s: s.newest(limit) if after is None else s.read(after, limit))
        except (OSError, TimeoutError) as error:
            return self._no_journal(error)
        events = _fitting(events)
        cursor = events[-1]["seq"] if events else after or 0
        return {"events": events, "cursor": cursor, **self._unwritten()}

    async def _verify(self, walk: Walk) -> dict[str, Any]:
        try:
            walk, ends = await self._of_journal(lambda store: (store.walk_on(walk, ASKED_COUNT), store.ends()))
        except (OSError, TimeoutError) as error:
            return self._no_journal(error)
        set_aside = self._journal.status.broken_files
        return {"walk": asdict(walk), "ends": asdict(ends), "set_aside": set_aside, **self._unwritten()}

    def _unwritten(self) -> dict[str, Any]:
        """How many events wait for a disk that does not take them, and why: nobody is to take silence for peace."""
        status = self._journal.status
        return {"unwritten_count": 0 if status.is_ok else status.pending_count, "why_unwritten": status.reason}

    async def _of_journal(self, question: Callable[[JournalStore], T]) -> T:
        """Raises OSError or TimeoutError: why there is no answer, in words for people."""
        try:
            async with asyncio.timeout(FRAME_DEADLINE_S):
                return await asyncio.wrap_future(self._journal.ask(question))
        except sqlite3.Error as error:
            raise OSError(f"the journal cannot be read: {of_a_disk(error)}") from None
        except (ValueError, TypeError, LookupError):
            raise OSError("the journal cannot be read: a line in it is not as it was written") from None

    def _no_journal(self, error: OSError) -> dict[str, Any]:
        reason = self._journal.status.reason
        late = f"the journal does not answer in time{f': {reason}' if reason else ''}"
        return {"error": "journal", "detail": str(error) or late}

    def _read(self, frame: ReadFrame) -> dict[str, Any]:
        if self.read_one is None:
            return {"error": "not_ready", "detail": "the controller has not read anything yet"}
        try:
            return {"values": [self.read_one(name) for name in frame.names]}
        except UnknownPointError as error:
            return {"error": "unknown_point", "detail": str(error)}

    def _take(self, frame: RequestFrame) -> dict[str, Any]:
        now_s = self._now()
        if len(self.living(now_s)) >= REQUESTS_MAX:
            return {"error": "busy", "detail": "too many requests are waiting"}
        request = OperatorRequest(
            id=f"{self._life}-{next(self._numbers)}",
            kind=frame.kind,
            subject=frame.subject,
            who=frame.who,
            at_the_hub=frame.at_the_hub,
            expires_at_s=now_s + frame.ttl_s,
            for_s=frame.for_s,
            is_automatic=frame.is_automatic,
        )
        self._requests.append(request)
        return {"ok": True, "id": request.id}


async def _read(reader: asyncio.StreamReader) -> bytes | None:
    """One frame; None when the peer has closed. A frame once begun must be over within its deadline."""
    first = await reader.read(1)
    if not first:
        return None
    async with asyncio.timeout(FRAME_DEADLINE_S):
        (length,) = struct.unpack(">I", first + await reader.readexactly(3))
        if length > FRAME_MAX_BYTES:
            raise OSError(f"a frame of {length} bytes")
        return await reader.readexactly(length)


def _fitting(events: list[dict[str, object]]) -> list[dict[str, object]]:
    """As many, from the oldest, as an answer may hold; the cursor leads to the rest."""
    while len(events) > 1 and len(orjson.dumps(events)) > ANSWER_MAX_BYTES // 2:
        events = events[: len(events) // 2]
    return events


def _is_welcome(writer: asyncio.StreamWriter) -> bool:
    """Same user, same group, or root."""
    peer = writer.get_extra_info("socket")
    raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, gid = struct.unpack("3i", raw)
    return uid in {0, os.geteuid()} or gid == os.getegid()


def _plain(error: Any) -> str:
    return f"{'.'.join(str(part) for part in error['loc'])}: wanted {wanted(error)}"
