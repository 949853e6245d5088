"""The owner of one Modbus connection or line: one task, one transaction at a time.

Writes go before read-backs, read-backs before reads. A device that does not answer waits its turn with growing
patience and the others go on. Whatever devices do, `run` goes on until it is cancelled.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Coroutine, Sequence
from typing import Any

from controller.drivers.blocks import Block, Located
from controller.drivers.cancellation import raise_if_cancelled
from controller.drivers.codec import raw_number, registers
from controller.drivers.errors import (
    ILLEGAL_ADDRESS,
    BadReplyError,
    DeviceError,
    LinkDownError,
    NoAnswerError,
    RefusedError,
    UnfitValueError,
    WrongDeviceError,
)
from controller.drivers.link import Value
from controller.drivers.outbox import Wish
from controller.drivers.schedule import Poll
from controller.drivers.station import Station
from controller.drivers.sunspec import discover
from controller.drivers.surroundings import Surroundings
from controller.drivers.transport import Question, Rules, Transport

REFUSED_PAUSE_S = 1.0  # a refusal costs a whole time-out on a serial line; it will not change within a second
IDLE_S = 1.0  # a device that is only written to is looked at this often
WRONG_DEVICE_PAUSE_S = 5.0  # somebody has to exchange it or correct the site file
GATEWAY_CODES = (10, 11)  # a gateway speaks for a device that did not answer


Turn = tuple[Station, Coroutine[Any, Any, None]]


class ModbusBus:
    """Serves the devices of one wire."""

    def __init__(self, stations: Sequence[Station], wire: Transport, rules: Rules, around: Surroundings) -> None:
        self._stations = stations
        self._wire = wire
        self._rules = rules
        self._clock = around.clock
        self._patience = around.patience
        self._log = around.log
        self._wake = asyncio.Event()
        self._connect_failures = 0
        self._silences = 0
        self._last_failed: Station | None = None
        self._owes_a_poll = False
        for station in stations:
            station.board.wake = self._wake.set

    async def run(self) -> None:
        """Connect, serve, connect again, until cancelled."""
        while True:
            try:
                await self._wire.open(self._wake.set)
                await self._serve()
            except LinkDownError as error:
                self._log.warn(" ".join(station.board.name for station in self._stations), str(error))
                raise_if_cancelled()
            finally:
                self._wire.close()
                for station in self._stations:
                    station.board.lost()
            await asyncio.sleep(self._patience.wait_s(self._connect_failures))
            self._connect_failures += 1

    async def _serve(self) -> None:
        self._silences = 0
        for station in self._stations:
            station.restart(self._clock())
        while self._wire.is_open:
            raise_if_cancelled()
            now_s = self._clock()
            turn = self._turn(now_s)
            if turn is None:
                await self._rest(now_s)
            else:
                await self._attempt(*turn)
        raise LinkDownError("connection lost")

    def _turn(self, now_s: float) -> Turn | None:
        """The most urgent thing to do, or None when nothing is."""
        ready = [station for station in self._stations if station.not_before_s <= now_s]
        unknown = next((station for station in ready if station.layout is None), None)
        if unknown is not None:
            return unknown, self._discover(unknown)
        return (
            self._next_write(ready, now_s, switches_only=self._owes_a_poll)
            or self._next_poll(ready, now_s, only_if=self._owes_a_poll)
            or self._next_write(ready, now_s, switches_only=False)
            or self._next_check(ready)
            or self._next_poll(ready, now_s, only_if=True)
        )

    def _next_write(self, ready: Sequence[Station], now_s: float, *, switches_only: bool) -> Turn | None:
        for station in ready:
            wish = station.board.outbox.take(now_s, switches_only=switches_only)
            if wish is not None:
                # set-points that change every cycle must not keep a slow line from ever reading
                self._owes_a_poll = not isinstance(wish.value, bool)
                return station, self._write(station, wish)
        return None

    def _next_check(self, ready: Sequence[Station]) -> Turn | None:
        for station in ready:
            check = station.board.outbox.take_check()
            if check is not None:
                return station, self._check(station, *check)
        return None

    def _next_poll(self, ready: Sequence[Station], now_s: float, *, only_if: bool) -> Turn | None:
        if not only_if:
            return None
        self._owes_a_poll = False
        others = [station for station in ready if station is not self._last_failed]
        return self._due_poll(others, now_s) or self._due_poll(ready, now_s)

    def _due_poll(self, stations: Sequence[Station], now_s: float) -> Turn | None:
        due = [(station, poll) for station in stations for poll in station.polls if poll.timer.due_s <= now_s]
        if not due:
            return None
        station, poll = max(due, key=lambda pair: pair[1].timer.lateness(now_s))
        return station, self._poll(station, poll)

    async def _rest(self, now_s: float) -> None:
        """Wait until something is due, somebody wishes something, or the connection breaks."""
        self._wake.clear()
        next_s = min(_next_turn_s(station, now_s) for station in self._stations)
        alarm = asyncio.get_running_loop().call_later(max(0.0, next_s - now_s), self._wake.set)
        try:
            await self._wake.wait()
        finally:
            alarm.cancel()

    async def _attempt(self, station: Station, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except RefusedError as refusal:
            self._log.warn(station.board.name, str(refusal))
            if refusal.code in GATEWAY_CODES:
                self._pause(station, self._clock())
            else:
                self._succeeded(station)
        except UnfitValueError as error:
            self._log.warn(station.board.name, f"not written: {error}")
        except WrongDeviceError as error:
            self._log.warn(station.board.name, str(error))
            self._pause(station, self._clock(), WRONG_DEVICE_PAUSE_S)
        except (NoAnswerError, BadReplyError) as error:
            self._log.warn(station.board.name, str(error))
            await self._failed(station, error)
        else:
            self._succeeded(station)

    def _succeeded(self, station: Station) -> None:
        station.board.answered()
        self._silences = self._connect_failures = 0
        self._last_failed = None

    async def _failed(self, station: Station, error: DeviceError) -> None:
        self._silences += 1
        self._pause(station, self._clock())
        if isinstance(error, BadReplyError) and self._rules.is_stream:
            raise LinkDownError(str(error))
        if self._rules.failures_to_drop is not None and self._silences >= self._rules.failures_to_drop:
            raise LinkDownError(f"{self._silences} questions in a row without an answer")
        await self._wire.quiet(station.board.device)

    def _pause(self, station: Station, now_s: float, at_least_s: float = 0.0) -> None:
        station.board.failed()
        self._last_failed = station
        over = station.board.failures - self._rules.failures_to_pause
        wait_s = self._patience.wait_s(over) if over >= 0 else 0.0
        station.not_before_s = now_s + max(wait_s, at_least_s)

    async def _discover(self, station: Station) -> None:
        station.discovered(await discover(self._wire, station.board.device), self._clock())

    async def _poll(self, station: Station, poll: Poll) -> None:
        poll.timer.done(self._clock())
        try:
            await self._read(station, poll.block)
        except RefusedError as refusal:
            if refusal.code == ILLEGAL_ADDRESS and poll.block.pieces:
                station.split(poll, self._clock())
                return
            poll.timer.done(self._clock(), REFUSED_PAUSE_S)
            for entry in poll.block.entries:
                station.board.keep(entry.point, None, self._clock())
            raise

    async def _read(self, station: Station, block: Block) -> list[Value | None]:
        at_s = self._clock()  # the device may have sampled as early as this
        payload = await self._wire.read(station.board.device, Question(block.space, block.address, block.count))
        values = block.decode(payload)
        station.board.keep_block(block.entries, values, at_s)
        return values

    async def _write(self, station: Station, wish: Wish) -> None:
        assert station.layout is not None
        located = station.layout.writable[wish.point]
        outbox = station.board.outbox
        wanted = _encoded(located, wish.value)
        if outbox.must_check_first(wish) and await self._holds(station, wish.point, wish.value):
            outbox.has(wish, self._clock())
            return
        outbox.sending(wish, self._clock())
        try:
            await self._send(station, located, wanted)
        except RefusedError:
            raise
        except (DeviceError, asyncio.CancelledError):
            outbox.lost(wish)
            raise
        outbox.answered(wish)

    async def _send(self, station: Station, located: Located, wanted: tuple[int, ...]) -> None:
        device, address = station.board.device, located.where.address
        if located.is_bit:
            await self._wire.write_coil(device, address, bool(wanted[0]))
        else:
            await self._wire.write_registers(device, address, wanted)

    async def _check(self, station: Station, point: str, value: Value) -> None:
        if not await self._holds(station, point, value):
            self._log.warn(f"{station.board.name} {point}", f"written {value}, reads back otherwise")

    async def _holds(self, station: Station, point: str, value: Value) -> bool:
        """Read one point and compare, as the device's numbers show it."""
        assert station.layout is not None
        located, block = station.layout.writable[point], station.layout.singles[point]
        wanted = _encoded(located, value)
        data = bytes(wanted) if located.is_bit else struct.pack(f">{len(wanted)}H", *wanted)
        expected = block.decode(data)
        return await self._read(station, block) == expected


def _encoded(located: Located, value: Value) -> tuple[int, ...]:
    if located.is_bit:
        return (int(raw_number(located.point, value, located.scale)),)
    return registers(located.point, value, located.scale)


def _next_turn_s(station: Station, now_s: float) -> float:
    if station.layout is None:
        return station.not_before_s
    poll = station.next_due()
    return now_s + IDLE_S if poll is None else max(poll.timer.due_s, station.not_before_s)
