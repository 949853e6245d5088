"""Modbus RTU on a pseudo-terminal: the client opens its end as a serial port, we read and write the other.

Replies take the time that their bits would take on a real line at its baud rate. A unit that is absent stays silent.
"""

from __future__ import annotations

import asyncio
import os
import tty

from pymodbus.exceptions import ModbusIOException
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU, ModbusPDU

from hil_tests.servers.line import Line

CHARACTER_BITS = 11  # Modbus over serial line V1.02, 2.5.1: start, 8 data, parity or second stop, stop
SILENCE_S = 0.05  # what is left of a torn request after this is noise
REQUESTS_MAX = 8


class RtuLine:
    """One RS-485 line with all its units."""

    def __init__(self, line: Line, baudrate: int) -> None:
        self.line = line
        self.serial_port = ""
        self._character_s = CHARACTER_BITS / baudrate
        self._framer = FramerRTU(DecodePDU(True))  # noqa: FBT003 - pymodbus' own parameter: is_server
        self._buffer = b""
        self._heard_at_s = 0.0
        self._requests: asyncio.Queue[tuple[ModbusPDU, int]] = asyncio.Queue(REQUESTS_MAX)
        self._worker: asyncio.Task[None] | None = None
        self._ends: tuple[int, int] | None = None

    async def start(self) -> None:
        """Make the pair. `serial_port` is the client's end; we keep it open too, so that it outlives its clients."""
        ours, theirs = os.openpty()
        for end in (ours, theirs):
            tty.setraw(end)
            os.set_blocking(end, False)
        self._ends, self.serial_port = (ours, theirs), os.ttyname(theirs)
        asyncio.get_running_loop().add_reader(ours, self._hear, ours)
        self._worker = asyncio.create_task(self._work(ours))

    async def stop(self) -> None:
        """Close both ends."""
        if self._ends is None or self._worker is None:
            return
        asyncio.get_running_loop().remove_reader(self._ends[0])
        self._worker.cancel()
        await asyncio.gather(self._worker, return_exceptions=True)
        for end in self._ends:
            os.close(end)
        self._ends = None

    def _hear(self, end: int) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._heard_at_s > SILENCE_S:
            self._buffer = b""
        self._heard_at_s = now_s
        self._buffer += os.read(end, 1024)
        try:
            used, request = self._framer.handleFrame(self._buffer, 0, 0)
        except ModbusIOException:
            self._buffer = b""
            return
        self._buffer = self._buffer[used:]
        if request is not None and not self._requests.full():
            self._requests.put_nowait((request, used))

    async def _work(self, end: int) -> None:
        while True:
            request, request_length = await self._requests.get()
            reply = await self.line.answer(request)
            if reply is None:
                continue
            frame = self._framer.buildFrame(reply)
            await asyncio.sleep((request_length + len(frame)) * self._character_s)
            os.write(end, frame)
