"""Modbus on both wires: one request handler, a TCP server and an RTU line on a pty.

Written by hand and not with the drivers' library: agreement of the two then proves something, and every byte can be
bent by a fault. Replies keep their order per connection; an absent unit stays silent.
"""

from __future__ import annotations

import asyncio
import os
import struct
import tty
from collections.abc import Mapping
from typing import Protocol

from hil_tests.servers.registers import ILLEGAL_FUNCTION, ILLEGAL_VALUE, SPACES, ModbusRefusal

READS = frozenset(SPACES)
TURNAROUND_S = 0.003


class Map(Protocol):
    """Registers that can be read and written."""

    def read(self, space: str, address: int, count: int) -> list[int]:
        """Words or bits."""
        ...

    def write(self, space: str, address: int, words: list[int]) -> None:
        """Orders."""
        ...


def answer(pdu: bytes, registers: Map) -> bytes:
    """The reply to one request, an exception reply where it is refused (Modbus Application Protocol 1.1b3)."""
    function = pdu[0]
    try:
        if function in READS:
            return _read(function, pdu, registers)
        if function in {5, 6, 15, 16}:
            return _write(function, pdu, registers)
        raise ModbusRefusal(ILLEGAL_FUNCTION)
    except ModbusRefusal as refusal:
        return bytes((function | 0x80, refusal.code))
    except (struct.error, IndexError, KeyError, ValueError):
        return bytes((function | 0x80, ILLEGAL_VALUE))


def _read(function: int, pdu: bytes, registers: Map) -> bytes:
    address, count = struct.unpack(">HH", pdu[1:5])
    words = registers.read(SPACES[function], address, count)
    if function in {1, 2}:
        data = bytearray((count + 7) // 8)
        for index, bit in enumerate(words):
            data[index // 8] |= (bit & 1) << (index % 8)
    else:
        data = bytearray(struct.pack(f">{count}H", *words))
    return bytes((function, len(data))) + bytes(data)


def _write(function: int, pdu: bytes, registers: Map) -> bytes:
    space = "coil" if function in {5, 15} else "holding"
    address, second = struct.unpack(">HH", pdu[1:5])
    if function == 5:
        words = [int(second == 0xFF00)]
    elif function == 6:
        words = [second]
    elif function == 15:
        words = [(pdu[6 + index // 8] >> (index % 8)) & 1 for index in range(second)]
    else:
        words = list(struct.unpack(f">{second}H", pdu[6 : 6 + 2 * second]))
    registers.write(space, address, words)
    return pdu[:5]


class TcpServer:
    """One device, or several units, on one loopback port."""

    def __init__(self, units: Mapping[int, Map]) -> None:
        self._units = units
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def start(self) -> int:
        """Listen on the port of before, or on a free one; returns it."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self.port

    async def stop(self) -> None:
        """Stop listening and cut everybody off."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while True:
                transaction, protocol, length, unit = struct.unpack(">HHHB", await reader.readexactly(7))
                pdu = await reader.readexactly(length - 1)
                registers = self._units.get(unit)
                if registers is None or protocol != 0:
                    continue
                reply = answer(pdu, registers)
                writer.write(struct.pack(">HHHB", transaction, 0, len(reply) + 1, unit) + reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, struct.error):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()


class RtuLine:
    """Several units on one RS-485 line, whose other end is the path of a pty."""

    def __init__(self, units: Mapping[int, Map]) -> None:
        self._units = dict(units)
        self.silent: set[int] = set()
        self._buffer = b""
        self._master = self._slave = -1
        self.path = ""

    def start(self) -> str:
        """Open the pty; returns the path for the controller. Our own hold on the slave keeps the line open."""
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        asyncio.get_running_loop().add_reader(self._master, self._arrived)
        return self.path

    def stop(self) -> None:
        """The cable is pulled."""
        if self._master >= 0:
            asyncio.get_running_loop().remove_reader(self._master)
            os.close(self._master)
            os.close(self._slave)
            self._master = self._slave = -1

    def _arrived(self) -> None:
        try:
            self._buffer += os.read(self._master, 512)
        except (BlockingIOError, OSError):
            return
        while (length := _frame_length(self._buffer)) is not None and len(self._buffer) >= length:
            frame, self._buffer = self._buffer[:length], self._buffer[length:]
            if crc(frame[:-2]) != frame[-2:]:
                self._buffer = b""  # noise: wait for the silence that ends it
                return
            registers = self._units.get(frame[0])
            if registers is not None and frame[0] not in self.silent:
                reply = frame[:1] + answer(frame[1:-2], registers)
                asyncio.get_running_loop().call_later(TURNAROUND_S, self._send, reply + crc(reply))

    def _send(self, frame: bytes) -> None:
        if self._master >= 0:
            os.write(self._master, frame)


def crc(data: bytes) -> bytes:
    """CRC-16/MODBUS, low byte first."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return struct.pack("<H", value)


def _frame_length(buffer: bytes) -> int | None:
    """The length of the request at the head of the buffer; None while it cannot be known."""
    if len(buffer) < 2:
        return None
    if buffer[1] in {15, 16}:
        return 9 + buffer[6] if len(buffer) > 6 else None
    return 8
