"""Slaves of bare bytes on a pseudo terminal, with a stable name for the controller's end."""

from __future__ import annotations

import os
import select
import struct
import threading
import time
import tty
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from serial import Serial, SerialException

Script = Callable[["Asked"], "bytes | None"]


@dataclass(frozen=True)
class Asked:
    unit: int
    function: int
    address: int
    count: int
    raw: bytes


def check_sum(data: bytes) -> bytes:
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return struct.pack("<H", crc)


def framed(unit: int, pdu: bytes) -> bytes:
    body = bytes((unit,)) + pdu
    return body + check_sum(body)


@dataclass
class ScriptedLine:
    """All slaves of one line. `script` gives the bytes to answer with, or None for the right answer; b"" is silence."""

    name: Path
    registers: dict[tuple[int, int], int] = field(default_factory=dict)  # (unit, address) -> value
    units: frozenset[int] = frozenset({1})
    script: Script | None = None
    asked: list[Asked] = field(default_factory=list)

    def start(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.name.unlink(missing_ok=True)
        self.name.symlink_to(os.ttyname(self._slave))
        self._running = True
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """As if the adapter were pulled out."""
        self._running = False
        self._thread.join()
        os.close(self._master)
        os.close(self._slave)
        self.name.unlink(missing_ok=True)

    def _serve(self) -> None:
        buffer = b""
        while self._running:
            if not select.select([self._master], [], [], 0.01)[0]:
                buffer = b""  # a pause ends a frame
                continue
            buffer += os.read(self._master, 512)
            length = self._length(buffer)
            if length and len(buffer) >= length:
                self._one(buffer[:length])
                buffer = buffer[length:]

    @staticmethod
    def _length(buffer: bytes) -> int:
        if len(buffer) < 8:
            return 0
        return 9 + buffer[6] if buffer[1] == 16 else 8

    def _one(self, raw: bytes) -> None:
        address, count = struct.unpack(">HH", raw[2:6])
        asked = Asked(raw[0], raw[1], address, count, raw)
        self.asked.append(asked)
        answer = None if self.script is None else self.script(asked)
        if answer is None:
            answer = self.answer(asked) if asked.unit in self.units else b""
        with suppress(OSError):
            os.write(self._master, answer)

    def answer(self, asked: Asked) -> bytes:
        if asked.function == 16:
            values = struct.unpack(f">{asked.count}H", asked.raw[7:-2])
            self.registers.update({(asked.unit, asked.address + i): value for i, value in enumerate(values)})
            return framed(asked.unit, asked.raw[1:6])
        values = tuple(self.registers.get((asked.unit, asked.address + i), 0) for i in range(asked.count))
        return framed(asked.unit, struct.pack(f">BB{asked.count}H", asked.function, 2 * asked.count, *values))

    def later(self, delay_s: float, answer: bytes) -> None:
        """Send bytes by and by, as a slow slave does."""

        def send() -> None:
            time.sleep(delay_s)
            with suppress(OSError):
                os.write(self._master, answer)

        threading.Thread(target=send, daemon=True).start()


@dataclass
class Adapter:
    """Opens real ports that fail in the midst of a question when they are told to, and are there again at once."""

    fails_next: bool = False

    def open(self, name: str, **more: Any) -> Serial:
        return _Port(self, name, **more)

    def fail_if_told(self) -> None:
        if self.fails_next:
            self.fails_next = False
            raise SerialException("device reports readiness to read but returned no data")


class _Port(Serial):
    def __init__(self, adapter: Adapter, name: str, **more: Any) -> None:
        super().__init__(name, **more)
        self._adapter = adapter

    def read(self, size: int = 1) -> bytes:
        self._adapter.fail_if_told()
        data: bytes = super().read(size)
        if not data:
            self._adapter.fail_if_told()
        return data
