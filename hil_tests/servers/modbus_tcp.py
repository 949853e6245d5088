"""A Modbus TCP device: replies in the order of the requests, each with its own request's number, or none at all."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Mapping

from hil_tests.faults.wire import Broken, WireFaults
from hil_tests.servers.modbus import answer
from hil_tests.servers.registers import RegisterMap

HEADER = struct.Struct(">HHHB")  # transaction, protocol, length, unit (Modbus Messaging on TCP/IP V1.0b, 3.1.3)
LENGTH_MIN, LENGTH_MAX = 2, 254  # of what follows the length itself: unit and function at least
BEFORE_LENGTH = 6
HOST = "127.0.0.1"


class TcpServer:
    """One device, or a gateway with several units, on a loopback port. Units in `silent` give no answer.

    Whoever pipelines is served in order. `stop` and `start` are a power cycle: the port stays the same.
    """

    def __init__(self, units: Mapping[int, RegisterMap], catch_up: Callable[[], object], port: int = 0) -> None:
        self._units, self._catch_up = units, catch_up
        self._server: asyncio.Server | None = None
        self._connections: dict[_Connection, asyncio.Transport] = {}
        self.silent: set[int] = set()
        self.wires: dict[int, WireFaults] = {}  # units whose bytes are troubled
        self.on_frame: Callable[[], None] | None = None  # every request
        self.connections_max: int | None = None
        self.port = port

    async def start(self) -> None:
        """Listen; port 0 becomes a free one. Raises OSError when the port is taken."""
        self._server = await asyncio.get_running_loop().create_server(lambda: _Connection(self), HOST, self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Refuse new connections, reset those there are."""
        if self._server is not None:
            self._server.close()
        self.drop_connections()
        await asyncio.sleep(0)
        self._server = None

    def drop_connections(self) -> None:
        """Reset those there are."""
        for transport in list(self._connections.values()):
            transport.abort()

    def takes(self, connection: _Connection, transport: asyncio.Transport) -> bool:
        """Somebody has connected; False when that is one too many."""
        if self.connections_max is not None and len(self._connections) >= self.connections_max:
            return False
        self._connections[connection] = transport
        return True

    def forget(self, connection: _Connection) -> None:
        """It is gone."""
        self._connections.pop(connection, None)

    def hears(self, unit: int) -> bool:
        """Whether this unit answers at all."""
        if unit not in self._units or unit in self.silent:
            return False
        if self.on_frame is not None:
            self.on_frame()
        return True

    def reply(self, frame: bytes, wire: WireFaults | None = None) -> bytes:
        """The whole answer to a whole request."""
        self._catch_up()
        transaction, _, _, unit = HEADER.unpack(frame[: HEADER.size])
        refusal = wire.refusal(frame) if wire is not None else None
        body = refusal or answer(frame[HEADER.size :], self._units[unit])
        return HEADER.pack(transaction, 0, len(body) + 1, unit) + body


class _Connection(asyncio.Protocol):
    """One client."""

    def __init__(self, server: TcpServer) -> None:
        self._server = server
        self._buffer = b""
        self._transport: asyncio.Transport
        self._slow: asyncio.Task[None] | None = None  # a request on a troubled wire: the next ones wait

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if not self._server.takes(self, transport):
            transport.abort()

    def connection_lost(self, _: Exception | None) -> None:
        self._server.forget(self)
        if self._slow is not None:
            self._slow.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._serve()

    def _serve(self) -> None:
        """What has come whole, in its order."""
        while self._slow is None and not self._transport.is_closing():
            frame = self._next_frame()
            if frame is None:
                return
            unit = frame[HEADER.size - 1]
            if not self._server.hears(unit):
                continue
            wire = self._server.wires.get(unit)
            if wire is None:
                self._transport.write(self._server.reply(frame))
            else:
                self._slow = asyncio.get_running_loop().create_task(self._serve_troubled(frame, wire))
                self._slow.add_done_callback(self._is_served)

    def _next_frame(self) -> bytes | None:
        if len(self._buffer) < HEADER.size:
            return None
        _, protocol, length, _ = HEADER.unpack(self._buffer[: HEADER.size])
        if protocol != 0 or not LENGTH_MIN <= length <= LENGTH_MAX:
            self._transport.close()  # this is not Modbus, and no frame can be found in it any more
            return None
        end = BEFORE_LENGTH + length
        if len(self._buffer) < end:
            return None
        frame, self._buffer = self._buffer[:end], self._buffer[end:]
        return frame

    async def _serve_troubled(self, frame: bytes, wire: WireFaults) -> None:
        """One request over a wire with faults."""
        loop = asyncio.get_running_loop()
        for delay_s, heard in wire.on_request(frame):
            await asyncio.sleep(delay_s)
            pieces = wire.on_reply(heard, self._server.reply(heard, wire))
            if isinstance(pieces, Broken):
                self._transport.abort()
                return
            for piece_s, piece in pieces:
                loop.call_later(piece_s, self._send, piece)

    def _is_served(self, task: asyncio.Task[None]) -> None:
        self._slow = None
        if not task.cancelled():
            self._serve()

    def _send(self, piece: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(piece)
