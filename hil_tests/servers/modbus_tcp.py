"""A Modbus TCP server that answers like a device: in order, each reply with its own request's number, or not at all.

pymodbus 3.16 frames and decodes. Its own handler gives a late answer the number of the next request, loses pipelined
requests, and lets absent units answer; so each connection here has a queue and a worker of its own.
"""

from __future__ import annotations

import asyncio
import logging

from pymodbus.constants import ExcCodes
from pymodbus.exceptions import ModbusIOException
from pymodbus.pdu import ExceptionResponse, ModbusPDU
from pymodbus.server import ModbusTcpServer
from pymodbus.server.requesthandler import ServerRequestHandler
from pymodbus.simulator import SimData, SimDevice

from hil_tests.servers.line import Line

REQUESTS_MAX = 64  # waiting on one connection; more is not a client but an attack
BUFFER_MAX = 65536

logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)  # the bench speaks for itself


class TcpDevice:
    """One listening address with its line. May be taken down and brought back on the same port."""

    def __init__(self, line: Line, host: str = "127.0.0.1", port: int = 0) -> None:
        self.line, self.host, self.port = line, host, port
        self._server: _Server | None = None

    @property
    def is_listening(self) -> bool:
        """Accepts connections."""
        return self._server is not None

    async def start(self) -> None:
        """Listen; port 0 becomes a free one and stays. Raises OSError when the port is taken."""
        server = _Server(self.line, (self.host, self.port))
        if not await server.listen():
            raise OSError(f"cannot listen on {self.host}:{self.port}")
        self._server, self.port = server, server.bound_port

    async def stop(self) -> None:
        """Stop listening and reset every connection, as a device that loses its power."""
        if self._server is None:
            return
        server, self._server = self._server, None
        for connection in list(server.active_connections.values()):
            connection.transport.abort()
        await server.shutdown()


class _Server(ModbusTcpServer):
    def __init__(self, line: Line, address: tuple[str, int]) -> None:
        # the base class wants a data model of its own; requests never reach it
        super().__init__(SimDevice(0, simdata=SimData(0)), address=address)
        self.line = line

    @property
    def bound_port(self) -> int:
        """The port in use."""
        return int(self.transport.sockets[0].getsockname()[1])

    def callback_new_connection(self) -> _Connection:
        """A handler for a new connection."""
        return _Connection(self)


class _Connection(ServerRequestHandler):
    def __init__(self, server: _Server) -> None:
        super().__init__(server, None, None, None)
        self.max_buffer_size = BUFFER_MAX
        self._line = server.line
        self._requests: asyncio.Queue[ModbusPDU] = asyncio.Queue(REQUESTS_MAX)
        self._worker = asyncio.create_task(self._work())

    def callback_data(self, data: bytes, addr: tuple[str, int] | None = None) -> int:
        """Queue every whole request in the buffer; returns how many bytes they took."""
        del addr
        used = 0
        while True:
            try:
                length, request = self.framer.handleFrame(data[used:], 0, 0)
            except ModbusIOException as error:
                self._refuse(error, data)
                return len(data)
            used += length
            if request is None:
                return used
            if self._requests.full():
                self.transport.abort()
                return len(data)
            self._requests.put_nowait(request)

    def callback_disconnected(self, exc: Exception | None) -> None:
        """Nobody is left to answer."""
        self._worker.cancel()
        super().callback_disconnected(exc)

    async def _work(self) -> None:
        while True:
            reply = await self._line.answer(await self._requests.get())
            if reply is not None and self.transport is not None:
                self.transport.write(self.framer.buildFrame(reply))

    def _refuse(self, error: ModbusIOException, data: bytes) -> None:
        """A function that nobody knows; the rest of the buffer is given up."""
        reply = ExceptionResponse(data[7] if len(data) > 7 else 0, ExcCodes.ILLEGAL_FUNCTION)
        reply.dev_id, reply.transaction_id = error.dev_id, error.transaction_id
        self.transport.write(self.framer.buildFrame(reply))
