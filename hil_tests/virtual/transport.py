"""Two ends of a connection in memory. Bytes arrive a moment later, in their order, like on a quiet local network."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

HOST = "127.0.0.1"
ONE_WAY_S = 0.001  # half a millisecond of network, and as much until the other side has looked


class _End:
    """What can arrive besides bytes."""

    def __init__(self, error: ConnectionError | None) -> None:
        self.error = error


def connect(
    loop: asyncio.AbstractEventLoop, ours: asyncio.BaseProtocol, theirs: asyncio.BaseProtocol
) -> VirtualTransport:
    """Join two protocols; the answer is our end."""
    near, far = VirtualTransport(loop, ours), VirtualTransport(loop, theirs)
    near.peer, far.peer = far, near
    theirs.connection_made(far)
    ours.connection_made(near)
    return near


class VirtualTransport(asyncio.Transport):
    """One end. `close` is said in order, `abort` is a reset."""

    __slots__ = ("_inbox", "_is_closing", "_loop", "_protocol", "peer")

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: asyncio.BaseProtocol) -> None:
        super().__init__({"peername": (HOST, 0), "sockname": (HOST, 0)})
        self._loop, self._protocol = loop, protocol
        self._inbox: deque[bytes | _End] = deque()
        self._is_closing = False
        self.peer: VirtualTransport

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """On its way."""
        if not self._is_closing:
            self.peer.arrives(bytes(data))

    def close(self) -> None:
        """The other side hears it after all that was written."""
        self._close(_End(None))

    def abort(self) -> None:
        """The other side hears a reset."""
        self._close(_End(ConnectionResetError("connection reset by peer")))

    def is_closing(self) -> bool:
        """Nothing can be written any more."""
        return self._is_closing

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Somebody else listens from now on."""
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Who listens."""
        return self._protocol

    def get_write_buffer_size(self) -> int:
        """Nothing ever waits here."""
        return 0

    def can_write_eof(self) -> bool:
        """A connection is closed as a whole."""
        return False

    def _close(self, word: _End) -> None:
        if self._is_closing:
            return
        self._is_closing = True
        self.peer.arrives(word)
        self._loop.call_soon(self._protocol.connection_lost, None)

    def arrives(self, what: bytes | _End) -> None:
        """The other end says something."""
        self._inbox.append(what)
        self._loop.call_later(ONE_WAY_S, self._hand_over)

    def _hand_over(self) -> None:
        what = self._inbox.popleft()
        if self._is_closing:
            return
        protocol: Any = self._protocol
        if not isinstance(what, _End):
            protocol.data_received(what)
        elif what.error is not None:
            self._is_closing = True
            protocol.connection_lost(what.error)
        elif not protocol.eof_received():
            self.close()
