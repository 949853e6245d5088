"""Devices whose answers go wrong in every way that devices, gateways and wires are known for, on wires in memory.

A register shows its own address in its high word and the instant of the question in its low word, so an answer that is
taken for another register's or for another question's shows. Nothing here speaks with the library that the drivers use.
"""

from __future__ import annotations

import asyncio
import math
import random
import struct
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hil_tests.servers.modbus_rtu import crc

TICK_S = 0.001
TICKS = 0x10000
ADDRESSES = range(1000, 1400, 50)
SET_POINT = 2000  # polled
ASKED_POINT = 2100  # can be read, and is not polled
BLIND_ORDER = 2200  # cannot be read
ORDER_GAP_S = 0.999  # before it may come again, less rounding
READ, WRITE = 3, 16
HEADER = struct.Struct(">HHHB")
REMEMBERED = 8  # earlier answers that come again


def tick_at(at_s: float) -> int:
    """An instant as registers show it."""
    return int(at_s / TICK_S) % TICKS


@dataclass(slots=True)
class Device:
    """What it holds, and what it was told. `unsure`: registers of which the answer to the last write was spoilt."""

    now_s: Callable[[], float]
    held: dict[int, int] = field(default_factory=lambda: {SET_POINT: 0, ASKED_POINT: 0, BLIND_ORDER: 0})
    asked_count: int = 0
    blind_writes_count: int = 0
    unsure: set[int] = field(default_factory=set)
    ordered_at_s: float = -math.inf

    def answer(self, request: bytes) -> bytes:
        """The right one to a request without its address. Counts writes that repeat what was never looked at."""
        self.asked_count += 1
        function, address, count = struct.unpack(">BHH", request[:5])
        if function == WRITE:
            (value,) = struct.unpack(">H", request[6:8])
            self.blind_writes_count += self._is_blind(address, value)
            if address == BLIND_ORDER:
                self.ordered_at_s = self.now_s()
            self.held[address] = value
            self.unsure.discard(address)
            return request[:5]
        if address == BLIND_ORDER:
            return bytes((READ | 0x80, 2))
        if address in self.held:
            self.unsure.discard(address)
            return struct.pack(">BBH", READ, 2, self.held[address])
        return struct.pack(">BB2H", READ, 2 * count, address, tick_at(self.now_s()))

    def is_spoilt(self, request: bytes) -> None:
        """The answer does not arrive as it was given."""
        if request[0] == WRITE:
            self.unsure.add(int.from_bytes(request[1:3], "big"))

    def _is_blind(self, address: int, value: int) -> bool:
        """The same again, and nobody has looked; where nobody can, before a second is over."""
        if address not in self.unsure or value != self.held[address]:
            return False
        return address != BLIND_ORDER or (value != 0 and self.now_s() - self.ordered_at_s < ORDER_GAP_S)


Piece = tuple[float, bytes | None]
"""A delay, and bytes; None is the end of the connection."""


@dataclass(slots=True)
class Spoiler:
    """Chooses what becomes of an answer."""

    dice: random.Random
    ratio: float
    timeout_s: float
    ways: Sequence[str] = ()
    used: dict[str, int] = field(default_factory=dict)
    earlier: deque[bytes] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def way(self) -> str | None:
        """One of the ways, or none."""
        if self.dice.random() >= self.ratio:
            return None
        chosen = self.dice.choice(self.ways)
        self.used[chosen] = self.used.get(chosen, 0) + 1
        return chosen

    def lie(self) -> bytes:
        """What another register would have answered long ago."""
        return struct.pack(">BB2H", READ, 4, self.dice.choice(ADDRESSES), self.dice.randrange(TICKS))


TcpWay = Callable[[Spoiler, int, int, bytes], list[Piece]]


def frame(transaction: int, unit: int, body: bytes) -> bytes:
    """With its header."""
    return HEADER.pack(transaction % 0x10000, 0, len(body) + 1, unit) + body


def _torn(it: Spoiler, number: int, unit: int, right: bytes) -> list[Piece]:
    whole = frame(number, unit, right)
    return [(0.0, whole[: it.dice.randrange(1, len(whole))])]


def _split_duplicate(it: Spoiler, number: int, unit: int, right: bytes) -> list[Piece]:
    whole = frame(number, unit, right)
    cut = it.dice.randrange(1, len(whole))
    return [(0.0, whole + whole[:cut]), (it.dice.uniform(0.0, 0.01), whole[cut:])]


def _late(it: Spoiler, number: int, unit: int, right: bytes) -> list[Piece]:
    return [(it.timeout_s * it.dice.uniform(1.0, 3.0), frame(number, unit, right))]


def _bytewise(seconds: float) -> TcpWay:
    def way(_: Spoiler, number: int, unit: int, right: bytes) -> list[Piece]:
        whole = frame(number, unit, right)
        return [(at * seconds, whole[at : at + 1]) for at in range(len(whole))]

    return way


TCP_WAYS: dict[str, TcpWay] = {
    "silence": lambda _, __, ___, ____: [],
    "torn": _torn,
    "duplicate": lambda _, number, unit, right: [(0.0, 2 * frame(number, unit, right))],
    "duplicate in two segments": _split_duplicate,
    "transaction 0": lambda it, _, unit, __: [(0.0, frame(0, unit, it.lie()))],
    # never a number that we are about to use: an answer with the right number is the right answer, for anybody
    "an older transaction": lambda it, number, unit, _: [
        (0.0, frame(number - it.dice.randrange(1, 5), unit, it.lie()))
    ],
    "a strange transaction": lambda it, number, unit, _: [(0.0, frame(number + 30_000, unit, it.lie()))],
    "another unit": lambda it, number, unit, _: [(0.0, frame(number, unit + 1, it.lie()))],
    "another function": lambda it, number, unit, _: [(0.0, frame(number, unit, b"\x04" + it.lie()[1:]))],
    "short": lambda it, number, unit, _: [(0.0, frame(number, unit, it.lie()[:4]))],
    "byte count lies": lambda it, number, unit, _: [(0.0, frame(number, unit, b"\x03\x08" + it.lie()[2:]))],
    "no function": lambda _, number, unit, __: [(0.0, frame(number, unit, b""))],
    "unknown function": lambda it, number, unit, _: [(0.0, frame(number, unit, b"\x55" + it.lie()[1:]))],
    "busy": lambda _, number, unit, right: [(0.0, frame(number, unit, bytes((right[0] | 0x80, 6))))],
    "refused without a code": lambda _, number, unit, right: [(0.0, frame(number, unit, bytes((right[0] | 0x80,))))],
    "earlier ones with it": lambda it, number, unit, right: [
        (0.0, b"".join(it.earlier) + frame(number, unit, right))
    ],
    "noise": lambda it, _, __, ___: [(0.0, it.dice.randbytes(it.dice.randrange(1, 40)))],
    "late": _late,
    "byte by byte": _bytewise(0.0),
    "a byte a second": _bytewise(1.0),
    "closed in its midst": lambda it, number, unit, right: [*_torn(it, number, unit, right), (0.0, None)],
    "closed": lambda _, __, ___, ____: [(0.0, None)],
}  # fmt: skip


class TcpPeer(asyncio.Protocol):
    """One connection to the device."""

    def __init__(self, device: Device, spoiler: Spoiler) -> None:
        self._device, self._spoiler = device, spoiler
        self._buffer = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has connected."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._spoiler.earlier.clear()

    def data_received(self, data: bytes) -> None:
        """Every request that is whole has its answer, or what becomes of it."""
        self._buffer += data
        while len(self._buffer) >= HEADER.size:
            number, _, length, unit = HEADER.unpack(self._buffer[: HEADER.size])
            end = HEADER.size - 1 + length
            if len(self._buffer) < end:
                return
            request, self._buffer = self._buffer[HEADER.size : end], self._buffer[end:]
            self._serve(number, unit, request)

    def _serve(self, number: int, unit: int, request: bytes) -> None:
        right = self._device.answer(request)
        way = self._spoiler.way()
        pieces: list[Piece] = [(0.0, frame(number, unit, right))]
        if way is not None:
            self._device.is_spoilt(request)
            pieces = TCP_WAYS[way](self._spoiler, number, unit, right)
        self._spoiler.earlier.append(frame(number, unit, right))
        for delay_s, piece in pieces:
            asyncio.get_running_loop().call_later(delay_s, self._send, piece)

    def _send(self, piece: bytes | None) -> None:
        if piece is None:
            self._transport.abort()
        elif not self._transport.is_closing():
            self._transport.write(piece)


RtuWay = Callable[[Spoiler, bytes, bytes], list[tuple[float, bytes]]]


def summed(body: bytes) -> bytes:
    """With its check sum."""
    return body + crc(body)


RTU_WAYS: dict[str, RtuWay] = {
    "silence": lambda _, __, ___: [],
    "short": lambda it, _, right: [(0.0, right[: it.dice.randrange(1, len(right))])],
    "a byte lost (parity)": lambda it, _, right: [(0.0, _without(right, it.dice.randrange(len(right))))],
    "noise": lambda it, _, right: [(0.0, it.dice.randbytes(len(right)))],
    "noise before": lambda it, _, right: [(0.0, it.dice.randbytes(it.dice.randrange(1, 8)) + right)],
    "collision": lambda it, _, right: [(0.0, bytes(byte & it.dice.randrange(256) for byte in right[:-2]) + b"\0\0")],
    "echo": lambda _, request, right: [(0.0, request + right)],
    "another unit": lambda it, _, right: [(0.0, summed(bytes((right[0] + 1,)) + it.lie()))],
    "another function": lambda it, _, right: [(0.0, summed(right[:1] + b"\x04" + it.lie()[1:]))],
    "busy": lambda _, __, right: [(0.0, summed(bytes((right[0], right[1] | 0x80, 6))))],
    # later than its time and within the quiet time behind it: beyond, no master on a serial line can tell
    "late": lambda it, _, right: [(it.timeout_s * it.dice.uniform(1.3, 1.7), right)],
}


def _without(data: bytes, at: int) -> bytes:
    return data[:at] + data[at + 1 :]


@dataclass(slots=True)
class RtuPeer:
    """The device on a line: what it hears, and how it is heard."""

    device: Device
    spoiler: Spoiler
    send: Callable[[bytes], None]

    def hear(self, request: bytes) -> None:
        """A whole request: lines in memory do not cut them."""
        right = summed(request[:1] + self.device.answer(request[1:-2]))
        way = self.spoiler.way()
        pieces = [(0.0, right)]
        if way is not None:
            self.device.is_spoilt(request[1:-2])
            pieces = RTU_WAYS[way](self.spoiler, request, right)
        for delay_s, piece in pieces:
            asyncio.get_running_loop().call_later(delay_s, self.send, piece)
