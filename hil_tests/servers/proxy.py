"""A TCP proxy between a client and a server, for what happens on the way: cuts, and holes that swallow everything."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from controller.drivers.reset import reset

HOST = "127.0.0.1"
CHUNK = 65536


class Proxy:
    """Listens on a free loopback port."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._door: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self.port = 0
        self.connections_count = 0
        self.is_hole = False  # takes everything, passes nothing on
        self._passes = asyncio.Event()
        self._passes.set()
        self.listener: Callable[[bytes], object] | None = None  # hears everything, both ways

    async def start(self) -> None:
        """Listen."""
        self._door = await asyncio.start_server(self._serve, HOST, 0)
        self.port = self._door.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Cut everything, listen no more."""
        if self._door is not None:
            self._door.close()
        self.cut()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    def hold_back(self, is_held: bool) -> None:
        """Nothing gets through now. All that was sent meanwhile comes later, as TCP repeats it, though its sender has
        closed; what a sender has taken back with a reset does not.
        """
        self._passes.clear() if is_held else self._passes.set()

    def cut(self) -> None:
        """Reset every connection, on both sides."""
        for writer in self._writers:
            reset(writer.transport)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections_count += 1
        self._writers.add(writer)
        try:
            onward_reader, onward_writer = await asyncio.open_connection(HOST, self._server_port)
        except OSError:
            writer.transport.abort()
            self._writers.discard(writer)
            return
        self._writers.add(onward_writer)
        for source, sink in ((reader, onward_writer), (onward_reader, writer)):
            pump = asyncio.create_task(self._pump(source, sink))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        held = b""
        with contextlib.suppress(OSError):
            while data := await source.read(CHUNK):
                if self.listener is not None:
                    self.listener(data)
                if not self.is_hole:
                    held += data
                if self._passes.is_set():
                    sink.write(held)
                    await sink.drain()
                    held = b""
            await self._passes.wait()
            if not sink.is_closing():
                sink.write(held)
        sink.close()
        self._writers.discard(sink)
