"""The other end of the control socket, for the page, the commands and tests: one question, one answer, blocking."""

from __future__ import annotations

import contextlib
import socket
import struct
from pathlib import Path
from typing import Any

import orjson

NAME = "control.sock"
FRAME_MAX_BYTES = 64 * 1024
ANSWER_MAX_BYTES = 16 * FRAME_MAX_BYTES


class SocketClient:
    """Asks one controller, by its run folder."""

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
            answer: dict[str, Any] = orjson.loads(_exactly(peer, min(length, ANSWER_MAX_BYTES)))
            return answer


def _exactly(peer: socket.socket, count: int) -> bytes:
    parts = b""
    while len(parts) < count:
        part = peer.recv(count - len(parts))
        if not part:
            raise ConnectionError("the controller closed the connection")
        parts += part
    return parts
