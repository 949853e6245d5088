"""The owner of one Modbus connection or line: one task, one transaction at a time.

Writes go before read-backs, read-backs before reads. A device that does not answer is asked with growing patience
(`breaker.py`) and the others go on. Whatever devices do, `run` goes on until it is cancelled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from controller.drivers.board import Board
from controller.drivers.breaker import ProbeBudget
from controller.drivers.errands import Errands
from controller.drivers.errors import (
    BadReplyError,
    DeviceError,
    LinkDownError,
    NoAnswerError,
    RefusedError,
    UnfitValueError,
    WrongDeviceError,
)
from controller.drivers.station import Station
from controller.drivers.surroundings import Surroundings
from controller.drivers.transport import Rules, Transport

IDLE_S = 1.0  # a device that is only written to is looked at this often
WRONG_DEVICE_PAUSE_S = 5.0  # somebody has to exchange it or correct the site file
GATEWAY_CODES = (10, 11)  # a gateway speaks for a device that did not answer


Turn = tuple[Station, Coroutine[Any, Any, None]]


class ModbusBus:
    """Serves the devices of one wire."""

    def __init__(
        self, boards: Sequence[Board], wire: Transport, rules: Rules, around: Surroundings, phase: float = 0.0
    ) -> None:
        """`phase` (0 to 1) is where in the poll period this wire has its turn."""
        self._stations = [Station(board, rules, phase, around.patience) for board in boards]
        self._wire = wire
        self._errands = Errands(wire, around.clock, around.log)
        self._rules = rules
        self._clock = around.clock
        self._patience = around.patience
        self._log = around.log
        self._wake = asyncio.Event()
        self._probes = ProbeBudget()
        self._connect_failures = 0
        self._silences = 0
        self._last_failed: Station | None = None
        self._owes_a_poll = False
        for station in self._stations:
            station.board.wake = self._wake.set

    async def run(self) -> None:
        """Connect, serve, connect again, until cancelled."""
        while True:
            try:
                await self._wire.open(self._wake.set)
                await self._serve()
            except LinkDownError as error:
                self._log.warn(" ".join(station.board.name for station in self._stations), str(error))
            finally:
                self._wire.close()
                for station in self._stations:
                    station.board.lost()
            await asyncio.sleep(self._patience.wait_s(self._connect_failures))
            self._connect_failures += 1

    async def _serve(self) -> None:
        self._silences = 0
        delay_s = max(station.board.device.table.connect_delay_s for station in self._stations)
        for station in self._stations:  # behind a gateway they have one place to connect to
            station.restart(self._clock(), delay_s)
        while self._wire.is_open:
            now_s = self._clock()
            turn = self._turn(now_s)
            if turn is None:
                await self._rest(now_s)
            else:
                await self._attempt(*turn)
        raise LinkDownError("connection lost")

    def _turn(self, now_s: float) -> Turn | None:
        """The most urgent thing to do, or None when nothing is."""
        ready = self._ready(now_s)
        unknown = next((station for station in ready if station.layout is None), None)
        if unknown is not None:
            return unknown, self._errands.discover(unknown)
        owes_a_poll = self._owes_a_poll
        return (
            self._next_write(ready, now_s, switches_only=owes_a_poll)
            or self._next_poll(ready, now_s, only_if=owes_a_poll)
            or (self._next_write(ready, now_s, switches_only=False) if owes_a_poll else None)
            or self._next_check(ready)
            or self._next_poll(ready, now_s, only_if=True)
        )

    def _ready(self, now_s: float) -> list[Station]:
        """Those that may be asked now; of the absent ones only the one that has waited longest, if it is time."""
        able = [each for each in self._stations if each.free_at_s <= now_s and each.breaker.until_s <= now_s]
        absent = [station for station in able if station.breaker.is_absent]
        if not absent:
            return able
        ready = [station for station in able if not station.breaker.is_absent]
        if self._everybody_is_absent() or self._probes.free_at_s <= now_s:
            waiting = [station for station in absent if station.next_turn_s(now_s, IDLE_S) <= now_s]
            ready += sorted(waiting, key=lambda station: station.breaker.until_s)[:1]
        return ready

    def _everybody_is_absent(self) -> bool:
        return all(station.breaker.is_absent for station in self._stations)

    def _next_write(self, ready: Sequence[Station], now_s: float, *, switches_only: bool) -> Turn | None:
        for station in ready:
            wish = station.board.outbox.take(now_s, switches_only=switches_only)
            if wish is not None:
                # set-points that change every cycle must not keep a slow line from ever reading
                self._owes_a_poll = not isinstance(wish.value, bool)
                return station, self._errands.write(station, wish)
        return None

    def _next_check(self, ready: Sequence[Station]) -> Turn | None:
        for station in ready:
            check = station.board.outbox.take_check()
            if check is not None:
                return station, self._errands.check(station, *check)
        return None

    def _next_poll(self, ready: Sequence[Station], now_s: float, *, only_if: bool) -> Turn | None:
        if not only_if:
            return None
        self._owes_a_poll = False
        others = [station for station in ready if station is not self._last_failed]
        found = self._due_poll(others, now_s)
        return found if found is not None or len(others) == len(ready) else self._due_poll(ready, now_s)

    def _due_poll(self, stations: Sequence[Station], now_s: float) -> Turn | None:
        due = [(station, poll) for station in stations for poll in station.polls if poll.timer.due_s <= now_s]
        if not due:
            return None
        station, poll = due[0] if len(due) == 1 else max(due, key=lambda pair: pair[1].timer.lateness(now_s))
        return station, self._errands.poll(station, poll)

    async def _rest(self, now_s: float) -> None:
        """Wait until something is due, somebody wishes something, or the connection breaks."""
        self._wake.clear()
        next_s = min(self._next_turn_s(station, now_s) for station in self._stations)
        alarm = asyncio.get_running_loop().call_later(max(0.0, next_s - now_s), self._wake.set)
        try:
            await self._wake.wait()
        finally:
            alarm.cancel()

    def _next_turn_s(self, station: Station, now_s: float) -> float:
        next_s = station.next_turn_s(now_s, IDLE_S)
        if station.breaker.is_absent and not self._everybody_is_absent():
            return max(next_s, self._probes.free_at_s)
        return next_s

    async def _attempt(self, station: Station, work: Coroutine[Any, Any, None]) -> None:
        began_s = self._clock()
        try:
            await work
        except RefusedError as refusal:
            self._log.warn(station.board.name, str(refusal))
            if refusal.code in GATEWAY_CODES:
                self._failed(station, began_s)
            else:
                self._succeeded(station)
        except UnfitValueError as error:
            self._log.warn(station.board.name, f"not written: {error}")
        except WrongDeviceError as error:
            self._log.warn(station.board.name, str(error))
            self._failed(station, began_s, WRONG_DEVICE_PAUSE_S)
        except (NoAnswerError, BadReplyError) as error:
            self._log.warn(station.board.name, str(error))
            await self._unanswered(station, error, began_s)
        else:
            self._succeeded(station)

    def _succeeded(self, station: Station) -> None:
        station.board.answered()
        self._silences = self._connect_failures = 0
        self._last_failed = None

    async def _unanswered(self, station: Station, error: DeviceError, began_s: float) -> None:
        self._silences += 1
        if isinstance(error, BadReplyError) and self._rules.is_stream:
            self._failed(station, began_s)
            raise LinkDownError(str(error))
        await self._wire.quiet(station.board.device)
        self._failed(station, began_s)
        is_deaf = all(each.board.failures > 0 for each in self._stations)  # one dead unit is not the whole gateway
        if is_deaf and self._silences >= self._rules.failures_to_drop:
            raise LinkDownError(f"{self._silences} questions in a row without an answer")

    def _failed(self, station: Station, began_s: float, at_least_s: float = 0.0) -> None:
        now_s = self._clock()
        station.breaker.failed(now_s, at_least_s)
        self._last_failed = station
        if station.breaker.is_absent:
            self._probes.spent(now_s - began_s, now_s)
