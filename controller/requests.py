"""The one Unix socket: people's requests come in, events go out. Length-prefixed JSON, peers checked.

A frame is a 4-byte big-endian length and that many bytes of JSON, at most 64 kB. Requests are advice: they live for at
most thirty seconds of our own clock and are never stored and forwarded.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from controller.journal import Journal
from controller.model.advice import OperatorRequest, RequestKind

FRAME_MAX_BYTES = 64 * 1024
CLIENTS_MAX = 8
FRAME_DEADLINE_S = 1.0
EVENTS_MAX = 500
REQUESTS_MAX = 32
NAME = "control.sock"


class RequestFrame(BaseModel):
    """What a person asks."""

    model_config = ConfigDict(extra="forbid")
    method: str
    kind: RequestKind
    subject: str | None = Field(default=None, max_length=64)
    who: str = Field(min_length=1, max_length=64)
    at_the_hub: bool = False
    ttl_s: float = Field(default=10.0, gt=0, le=30)


class EventsFrame(BaseModel):
    """Which events a reader wants: those behind a cursor, or the newest when there is none."""

    model_config = ConfigDict(extra="forbid")
    method: str
    after: int | None = Field(default=None, ge=0)
    limit: int = Field(default=100, ge=1, le=EVENTS_MAX)


class ControlSocket:
    """Serves the socket; keeps the living requests."""

    def __init__(self, run_dir: Path, journal: Journal, now: Callable[[], float]) -> None:
        self._path = run_dir / NAME
        self._journal, self._now = journal, now
        self._requests: list[OperatorRequest] = []
        self._numbers = itertools.count(1)
        self._clients_count = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; an old socket file of a dead process is removed."""
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
            if method == "ping":
                return {"ok": True}
            if method == "events":
                return await self._events(EventsFrame.model_validate(raw))
            if method == "request":
                return self._take(RequestFrame.model_validate(raw))
        except orjson.JSONDecodeError as error:
            return {"error": "bad_frame", "detail": f"not JSON: {error}"}
        except ValidationError as error:
            return {"error": "bad_request", "detail": [_plain(e) for e in error.errors(include_url=False)]}
        return {"error": "unknown_method", "detail": "known: ping, events, request"}

    async def _events(self, frame: EventsFrame) -> dict[str, Any]:
        after, limit = frame.after, frame.limit
        question = self._journal.ask(lambda s: s.newest(limit) if after is None else s.read(after, limit))
        try:
            async with asyncio.timeout(FRAME_DEADLINE_S):
                events = await asyncio.wrap_future(question)
        except (OSError, TimeoutError) as error:
            return {"error": "journal", "detail": str(error) or "the journal does not answer"}
        cursor = events[-1]["seq"] if events else after or 0
        return {"events": events, "cursor": cursor}

    def _take(self, frame: RequestFrame) -> dict[str, Any]:
        now_s = self._now()
        if len(self.living(now_s)) >= REQUESTS_MAX:
            return {"error": "busy", "detail": "too many requests are waiting"}
        request = OperatorRequest(
            id=f"{os.getpid()}-{next(self._numbers)}",
            kind=frame.kind,
            subject=frame.subject,
            who=frame.who,
            at_the_hub=frame.at_the_hub,
            expires_at_s=now_s + frame.ttl_s,
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


def _is_welcome(writer: asyncio.StreamWriter) -> bool:
    """Same user, same group, or root."""
    peer = writer.get_extra_info("socket")
    raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, gid = struct.unpack("3i", raw)
    return uid in {0, os.geteuid()} or gid == os.getegid()


def _plain(error: Any) -> str:
    return f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}"


class SocketClient:
    """For the page, the command line and tests: one question, one answer, blocking."""

    def __init__(self, run_dir: Path, timeout_s: float = 1.5) -> None:
        self._path, self._timeout_s = run_dir / NAME, timeout_s

    def ask(self, **question: object) -> dict[str, Any]:
        """Send a frame and read the answer. Raises OSError when nobody answers."""
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as peer:
            peer.settimeout(self._timeout_s)
            peer.connect(str(self._path))
            body = orjson.dumps(question)
            peer.sendall(struct.pack(">I", len(body)) + body)
            (length,) = struct.unpack(">I", _exactly(peer, 4))
            answer: dict[str, Any] = orjson.loads(_exactly(peer, min(length, 16 * FRAME_MAX_BYTES)))
            return answer


def _exactly(peer: socket.socket, count: int) -> bytes:
    parts = b""
    while len(parts) < count:
        part = peer.recv(count - len(parts))
        if not part:
            raise ConnectionError("the controller closed the connection")
        parts += part
    return parts
