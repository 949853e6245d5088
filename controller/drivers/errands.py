"""What is done on a Modbus wire, one errand at a time: a poll, a write, its read-back, a discovery.

A write is never blindly repeated: it is sent, read back and compared, and one whose answer was lost, or was that the
device is busy or failed, is read back before it is sent again. What cannot be read back has rules of its own
(`outbox.py`). Between an answer and the next question each device has the pause that its table asks for.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from controller.config.types import Device
from controller.drivers.blocks import Block, Located
from controller.drivers.codec import raw_number, registers
from controller.drivers.errors import ILLEGAL_ADDRESS, NOT_BEGUN_CODES, DeviceError, RefusedError
from controller.drivers.link import Said, Value
from controller.drivers.outbox import Wish
from controller.drivers.quiet_log import QuietLog
from controller.drivers.schedule import Poll
from controller.drivers.station import Station
from controller.drivers.sunspec import discover
from controller.drivers.transport import Question, Transport

REFUSED_PAUSE_S = 1.0  # a refusal costs a whole time-out on a serial line; it will not change within a second


class Errands:
    """Those of all devices on one wire. Raise what the wire raises."""

    def __init__(self, wire: Transport, clock: Callable[[], float], log: QuietLog) -> None:
        self._wire = wire
        self._clock = clock
        self._log = log

    async def discover(self, station: Station) -> None:
        """Ask where the points are. Raises WrongDeviceError."""
        station.discovered(await discover(_Asking(self, station), station.board.device), self._clock())

    async def poll(self, station: Station, poll: Poll) -> None:
        """Read a block; one that is refused is read without its holes from now on."""
        poll.timer.done(self._clock())
        try:
            await self._read(station, poll.block, poll.values)
        except RefusedError as refusal:
            if refusal.code == ILLEGAL_ADDRESS and poll.block.pieces:
                station.split(poll, self._clock())
                return
            poll.timer.done(self._clock(), REFUSED_PAUSE_S)
            for entry in poll.block.entries:
                station.board.keep(entry.point, None, self._clock())
            raise

    async def write(self, station: Station, wish: Wish) -> None:
        """Send a wish, unless the device turns out to have it, or nobody wants it any more when that is known."""
        assert station.layout is not None
        located = station.layout.writable[wish.point]
        outbox = station.board.outbox
        wanted = _encoded(located, wish.value)
        if outbox.must_check_first(wish):
            if await self._holds(station, wish.point, wish.value):
                outbox.has(wish, self._clock())
                return
            await self._gap(station)
            if station.board.is_barred or outbox.is_overtaken(wish, self._clock()):
                return
        outbox.sending(wish, self._clock())
        try:
            await self._send(station, located, wanted)
        except RefusedError as refusal:
            if refusal.code not in NOT_BEGUN_CODES:
                outbox.doubted(wish)
            raise
        except (DeviceError, asyncio.CancelledError):
            outbox.lost(wish)
            raise
        outbox.answered(wish)

    async def check(self, station: Station, point: str, value: Value) -> None:
        """Read an accepted write back."""
        try:
            is_held = await self._holds(station, point, value)
        except (DeviceError, asyncio.CancelledError):
            station.board.outbox.unchecked(point)
            raise
        if not is_held:
            self._log.warn(f"{station.board.name} {point}", f"written {value}, reads back otherwise")

    async def ask(self, station: Station, question: Question) -> tuple[float, bytes]:
        """When the device was asked, which is as early as it may have sampled, and the data bytes of its answer."""
        await self._gap(station)
        at_s = self._clock()
        try:
            return at_s, await self._wire.read(station.board.device, question)
        finally:
            station.asked(self._clock())

    async def _send(self, station: Station, located: Located, wanted: tuple[int, ...]) -> None:
        device, address = station.board.device, located.where.address
        await self._gap(station)
        try:
            if located.is_bit:
                await self._wire.write_coil(device, address, bool(wanted[0]))
            else:
                await self._wire.write_registers(device, address, wanted)
        finally:
            station.asked(self._clock())

    async def _gap(self, station: Station) -> None:
        """The rest of the pause that the device wants, where one errand asks twice."""
        wait_s = station.free_at_s - self._clock()
        if wait_s > 0.0:
            await asyncio.sleep(wait_s)

    async def _read(self, station: Station, block: Block, decode: Callable[[bytes], Sequence[Said]]) -> Sequence[Said]:
        at_s, payload = await self.ask(station, Question(block.space, block.address, block.count))
        values = decode(payload)
        station.board.keep_block(block, values, at_s)
        return values

    async def _holds(self, station: Station, point: str, value: Value) -> bool:
        """Read one point and compare, as the device's numbers show it."""
        assert station.layout is not None
        located, block = station.layout.writable[point], station.layout.singles[point]
        wanted = _encoded(located, value)
        data = bytes(wanted) if located.is_bit else struct.pack(f">{len(wanted)}H", *wanted)
        expected = block.decode(data)
        return await self._read(station, block, block.decode) == expected


@dataclass(frozen=True, slots=True)
class _Asking:
    """One station's wire, for who asks many questions in one errand."""

    errands: Errands
    station: Station

    async def read(self, device: Device, question: Question) -> bytes:
        """The data bytes of an answer."""
        assert device is self.station.board.device
        _, payload = await self.errands.ask(self.station, question)
        return payload


def _encoded(located: Located, value: Value) -> tuple[int, ...]:
    if located.is_bit:
        return (int(raw_number(located.point, value, located.scale)),)
    return registers(located.point, value, located.scale)
