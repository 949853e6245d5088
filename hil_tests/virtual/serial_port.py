"""A serial line in memory: the client's end looks like a pyserial port, the devices' end like a pseudo-terminal's."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import minimalmodbus
from serial import SerialException

from hil_tests.virtual.loop import VirtualLoop, pause

_NUMBERS = itertools.count(1)  # minimalmodbus remembers by name when a port was last read, over all runs


@dataclass(slots=True)
class SerialPorts:
    """The lines of one run, by name."""

    _ends: dict[str, VirtualEnd] = field(default_factory=dict)

    def end(self) -> VirtualEnd:
        """The devices' end of a new line."""
        return VirtualEnd(self._ends)

    def open(self, name: str, baudrate: int, **_: object) -> VirtualPort:
        """As `serial.Serial`. Raises SerialException where there is no such line."""
        end = self._ends.get(name)
        if end is None:
            raise SerialException(f"could not open port {name}")
        return VirtualPort(end, name, baudrate)


class VirtualEnd:
    """Where the devices are."""

    def __init__(self, ends: dict[str, VirtualEnd]) -> None:
        self._ends = ends
        self._heard = b""
        self._news = asyncio.Event()
        self.hear: Callable[[bytes], None]
        self.name = ""

    def start(self, hear: Callable[[bytes], None]) -> str:
        """Lay the line; the answer is the name of the client's end."""
        self.name, self.hear = f"line {next(_NUMBERS)}", hear
        self._ends[self.name] = self
        return self.name

    def stop(self) -> None:
        """Tear it out."""
        self._ends.pop(self.name, None)

    def send(self, data: bytes) -> None:
        """What a device says."""
        self._heard += data
        self._news.set()

    def forget(self) -> None:
        """What has come and was not read is gone."""
        self._heard = b""

    async def take(self, count: int, timeout_s: float | None) -> bytes:
        """So many bytes, or those that came in time."""
        try:
            async with asyncio.timeout(timeout_s):
                while len(self._heard) < count:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            pass
        taken, self._heard = self._heard[:count], self._heard[count:]
        return taken


class VirtualPort:
    """What minimalmodbus uses of a pyserial port."""

    def __init__(self, end: VirtualEnd, name: str, baudrate: int) -> None:
        self._end = end
        self.port, self.baudrate = name, baudrate
        self.timeout: float | None = None
        self.is_open = True

    def open(self) -> None:
        """Again."""
        self.is_open = True

    def close(self) -> None:
        """Let go of it."""
        self.is_open = False

    def write(self, data: bytes) -> int:
        """Onto the line."""
        self._end.hear(bytes(data))
        return len(data)

    def read(self, size: int = 1) -> bytes:
        """Blocks until all has come or the time is over."""
        answer: bytes = pause(self._end.take(size, self.timeout))
        return answer

    def reset_input_buffer(self) -> None:
        """Throw away what has come."""
        self._end.forget()

    def reset_output_buffer(self) -> None:
        """What is written has left already."""

    def flush(self) -> None:
        """The same."""


@contextmanager
def silences_in_virtual_time(loop: VirtualLoop) -> Iterator[None]:
    """Minimalmodbus measures and sleeps the silence between two frames with the module `time`: here, with the loop."""
    real = minimalmodbus.time
    minimalmodbus.time = _LoopTime(loop)
    try:
        yield
    finally:
        minimalmodbus.time = real


@dataclass(frozen=True, slots=True)
class _LoopTime:
    loop: VirtualLoop

    def monotonic(self) -> float:
        """Seconds."""
        return self.loop.time()

    def sleep(self, duration_s: float) -> None:
        """Only ever in the midst of a transaction."""
        pause(asyncio.sleep(duration_s))
