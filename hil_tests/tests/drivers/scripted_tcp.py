"""A Modbus TCP device of bare bytes that obeys a script: the misbehaviour that real devices and gateways show."""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from controller.drivers.reset import reset


@dataclass(frozen=True)
class Request:
    tid: int
    unit: int
    function: int
    body: bytes

    @property
    def address(self) -> int:
        return int(struct.unpack(">H", self.body[:2])[0])

    @property
    def count(self) -> int:
        return int(struct.unpack(">H", self.body[2:4])[0])


Script = Callable[[Request, asyncio.StreamWriter], Awaitable[bool]]


def frame(tid: int, unit: int, pdu: bytes) -> bytes:
    return struct.pack(">HHHB", tid, 0, len(pdu) + 1, unit) + pdu


@dataclass
class ScriptedDevice:
    """Holds registers and coils; `script` may answer a request in its own way, or return False to let us answer."""

    registers: dict[int, int] = field(default_factory=dict)
    coils: dict[int, bool] = field(default_factory=dict)
    script: Script | None = None
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    open_connections: int = 0
    port: int = 0

    async def start(self, context: ssl.SSLContext | None = None) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def stop(self) -> None:
        self._server.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def cut(self) -> None:
        """End every connection in order, in the midst of whatever it was (FIN)."""
        for writer in list(self._writers):
            writer.transport.abort()

    def reset(self) -> None:
        """The other side learns it by an error (RST)."""
        for writer in list(self._writers):
            reset(writer.transport)

    def writes(self, function: int = 16) -> list[Request]:
        return [request for request in self.requests if request.function == function]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        self.connections += 1
        self.open_connections += 1
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                while True:
                    await self._one(reader, writer)
        finally:
            self.open_connections -= 1
            self._tasks.discard(task)
            self._writers.discard(writer)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tid, _, length, unit = struct.unpack(">HHHB", await reader.readexactly(7))
        pdu = await reader.readexactly(length - 1)
        if not pdu:
            return  # this is not Modbus
        request = Request(tid, unit, pdu[0], pdu[1:])
        self.requests.append(request)
        if self.script is not None and await self.script(request, writer):
            return
        writer.write(frame(tid, unit, self.answer(request)))

    def answer(self, request: Request) -> bytes:
        """The right answer."""
        match request.function:
            case 3 | 4:
                values = [self.registers.get(request.address + i, 0) for i in range(request.count)]
                return struct.pack(f">BB{request.count}H", request.function, 2 * request.count, *values)
            case 1 | 2:
                bits = sum(self.coils.get(request.address + i, False) << i for i in range(request.count))
                size = (request.count + 7) // 8
                return bytes((request.function, size)) + bits.to_bytes(size, "little")
            case 5:
                self.coils[request.address] = request.count == 0xFF00
                return bytes((5,)) + request.body
            case 16:
                values = list(struct.unpack(f">{request.count}H", request.body[5:]))
                self.registers.update(zip(range(request.address, request.address + request.count), values, strict=True))
                return bytes((16,)) + request.body[:4]
            case _:
                return bytes((request.function | 0x80, 1))
