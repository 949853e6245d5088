"""Modbus RTU on one line: the client opens its end as a serial port, we read and write the other.

A reply comes when a real line at this baud rate could have carried it. Absent units stay silent.
"""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import Callable, Mapping
from typing import Protocol

from hil_tests.faults.wire import Broken, Pieces, WireFaults
from hil_tests.servers.modbus import answer
from hil_tests.servers.registers import RegisterMap

CHARACTER_BITS = 11  # Modbus over Serial Line V1.02, 2.5.1: start, 8 data, parity or second stop, stop
TURNAROUND_S = 0.003
SILENCE_S = 0.05  # what is left of a torn request after this is noise
READ_MAX_LENGTH = 1024
LENGTH_PLAIN = 8  # unit, function, two words, CRC
LENGTH_MULTIPLE = 9  # unit, function, two words, count of bytes, CRC; and the bytes


class LineEnd(Protocol):
    """The devices' end of a line."""

    def start(self, hear: Callable[[bytes], None]) -> str:
        """Lay the line and hand on what is heard; the answer is the name of the client's end."""
        ...

    def stop(self) -> None:
        """Tear it out."""
        ...

    def send(self, data: bytes) -> None:
        """What a device says; nothing when there is no line any more."""
        ...


class PtyEnd:
    """A pseudo-terminal. We hold the client's end open too, so that the line outlives its clients."""

    def __init__(self) -> None:
        self._ends: tuple[int, int] | None = None

    def start(self, hear: Callable[[bytes], None]) -> str:
        """Open both ends. Raises OSError when this machine has no pseudo-terminal left."""
        ours, theirs = os.openpty()
        for end in (ours, theirs):
            tty.setraw(end)
        os.set_blocking(ours, False)
        self._ends = ours, theirs
        asyncio.get_running_loop().add_reader(ours, lambda: hear(os.read(ours, READ_MAX_LENGTH)))
        return os.ttyname(theirs)

    def stop(self) -> None:
        """Close both."""
        if self._ends is not None:
            asyncio.get_running_loop().remove_reader(self._ends[0])
            for end in self._ends:
                os.close(end)
            self._ends = None

    def send(self, data: bytes) -> None:
        """Write to ours."""
        if self._ends is not None:
            os.write(self._ends[0], data)


class RtuLine:
    """One RS-485 line with all its units. Units in `silent` give no answer."""

    def __init__(
        self,
        units: Mapping[int, RegisterMap],
        catch_up: Callable[[], object],
        baudrate: int,
        end: LineEnd | None = None,
    ) -> None:
        """`end` is a pseudo-terminal by default."""
        self._units, self._catch_up = units, catch_up
        self._character_s = CHARACTER_BITS / baudrate
        self._end = end or PtyEnd()
        self.on_frame: Callable[[], None] | None = None  # every request
        self._buffer = b""
        self._heard_at_s = 0.0
        self.silent: set[int] = set()
        self.wires: dict[int, WireFaults] = {}  # units whose bytes are troubled
        self.serial_port = ""

    def start(self) -> None:
        """Lay the line. `serial_port` is the client's end."""
        self.serial_port = self._end.start(self._hear)

    def stop(self) -> None:
        """Tear the line out."""
        self._end.stop()

    def _hear(self, data: bytes) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._heard_at_s > SILENCE_S:
            self._buffer = b""
        self._heard_at_s = now_s
        self._buffer += data
        length = _request_length(self._buffer)
        if length is None or len(self._buffer) < length:
            return
        frame, self._buffer = self._buffer[:length], b""
        if crc(frame[:-2]) == frame[-2:]:
            self._answer(frame)

    def _answer(self, frame: bytes) -> None:
        unit = frame[0]
        if unit not in self._units or unit in self.silent:
            return
        if self.on_frame is not None:
            self.on_frame()
        wire = self.wires.get(unit)
        if wire is None:
            self._reply(frame, None)
            return
        for delay_s, heard in wire.on_request(frame):
            asyncio.get_running_loop().call_later(delay_s, self._reply, heard, wire)

    def _reply(self, frame: bytes, wire: WireFaults | None) -> None:
        self._catch_up()
        refusal = wire.refusal(frame) if wire is not None else None
        body = bytes((frame[0],)) + (refusal or answer(frame[1:-2], self._units[frame[0]]))
        reply = body + crc(body)
        pieces: Pieces | Broken = [(0.0, reply)] if wire is None else wire.on_reply(frame, reply)
        wire_s = (len(frame) + len(reply)) * self._character_s  # a pty carries the request in no time at all
        for delay_s, piece in [] if isinstance(pieces, Broken) else pieces:
            asyncio.get_running_loop().call_later(TURNAROUND_S + wire_s + delay_s, self._end.send, piece)


def crc(data: bytes) -> bytes:
    """CRC of a frame, low byte first (Modbus over Serial Line V1.02, 6.2.2)."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value.to_bytes(2, "little")


def _request_length(buffer: bytes) -> int | None:
    """How long the request at the head of the buffer is; None while that cannot be known."""
    if len(buffer) < 2:
        return None
    if buffer[1] in {15, 16}:
        return LENGTH_MULTIPLE + buffer[6] if len(buffer) > 6 else None
    return LENGTH_PLAIN
