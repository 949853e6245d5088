"""A Modbus TCP device: replies in the order of the requests, each with its own request's number, or none at all."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Callable, Mapping

from hil_tests.faults.wire import Broken, WireFaults
from hil_tests.servers.modbus import answer
from hil_tests.servers.registers import RegisterMap

HEADER = struct.Struct(">HHHB")  # transaction, protocol, length, unit (Modbus Messaging on TCP/IP V1.0b, 3.1.3)
LENGTH_MAX = 254
HOST = "127.0.0.1"


class TcpServer:
    """One device, or a gateway with several units, on a loopback port. Units in `silent` give no answer.

    Whoever pipelines is served in order. `stop` and `start` are a power cycle: the port stays the same.
    """

    def __init__(self, units: Mapping[int, RegisterMap], catch_up: Callable[[], object], port: int = 0) -> None:
        self._units, self._catch_up = units, catch_up
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.silent: set[int] = set()
        self.wires: dict[int, WireFaults] = {}  # units whose bytes are troubled
        self.on_frame: Callable[[], None] | None = None  # every request
        self.connections_max: int | None = None
        self.port = port

    async def start(self) -> None:
        """Listen; port 0 becomes a free one. Raises OSError when the port is taken."""
        self._server = await asyncio.start_server(self._serve, HOST, self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Refuse new connections, reset those there are."""
        if self._server is not None:
            self._server.close()
        self.drop_connections()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._server = None

    def drop_connections(self) -> None:
        """Reset those there are."""
        for writer in self._connections.values():
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if self.connections_max is not None and len(self._connections) >= self.connections_max:
            writer.transport.abort()
            return
        self._connections[task] = writer
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while await self._serve_one(reader, writer):
                    pass
        finally:
            del self._connections[task]
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request. False: this is not Modbus, and no frame can be found in it any more."""
        transaction, protocol, length, unit = HEADER.unpack(await reader.readexactly(HEADER.size))
        if protocol != 0 or not 2 <= length <= LENGTH_MAX:
            return False
        request = await reader.readexactly(length - 1)
        if unit not in self._units or unit in self.silent:
            return True
        if self.on_frame is not None:
            self.on_frame()
        if unit in self.wires:
            return await self._serve_troubled(HEADER.pack(transaction, 0, length, unit) + request, writer)
        self._catch_up()
        reply = answer(request, self._units[unit])
        writer.write(HEADER.pack(transaction, 0, len(reply) + 1, unit) + reply)
        await writer.drain()
        return True

    async def _serve_troubled(self, request: bytes, writer: asyncio.StreamWriter) -> bool:
        """One request over a wire with faults. False: it has broken."""
        transaction, _, _, unit = HEADER.unpack(request[: HEADER.size])
        wire = self.wires[unit]
        for delay_s, heard in wire.on_request(request):
            await asyncio.sleep(delay_s)
            self._catch_up()
            reply = wire.refusal(heard) or answer(heard[HEADER.size :], self._units[unit])
            pieces = wire.on_reply(heard, HEADER.pack(transaction, 0, len(reply) + 1, unit) + reply)
            if isinstance(pieces, Broken):
                writer.transport.abort()
                return False
            for piece_s, piece in pieces:
                asyncio.get_running_loop().call_later(piece_s, _send, writer, piece)
        return True


def _send(writer: asyncio.StreamWriter, piece: bytes) -> None:
    if not writer.is_closing():
        writer.write(piece)
