"""The breakers of devices and what all absent ones together cost a wire, in virtual time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence

import pytest

from controller.config.bus_budget import gap_s
from controller.config.types import Protocol
from controller.drivers.backoff import Patience
from controller.drivers.board import Board
from controller.drivers.breaker import PROBES_SHARE_RATIO, Breaker
from controller.drivers.link import Value
from controller.drivers.modbus_bus import ModbusBus
from controller.drivers.modbus_rtu import RTU_RULES, RtuWire
from controller.drivers.modbus_tcp import TCP_RULES, TcpWire
from controller.drivers.quiet_log import QuietLog
from controller.drivers.surroundings import Surroundings
from hil_tests.servers.modbus_rtu import RtuLine
from hil_tests.servers.modbus_tcp import TcpServer
from hil_tests.servers.registers import RegisterMap, table_cells
from hil_tests.tests.drivers.devices import board, device, point
from hil_tests.virtual.loop import VirtualLoop
from hil_tests.virtual.serial_port import SerialPorts, silences_in_virtual_time

POINTS = [point("power_w", 0, "int16", access="rw")]
MINUTE_S = 60.0
TIMEOUT_S = 0.3
BAUD = 19200


class Memory:
    """A device that holds what it was told."""

    def __init__(self) -> None:
        self._held: dict[str, Value | None] = {}

    def read_all(self, points: Sequence[str]) -> list[Value | None]:
        return [self._held.get(name, 0.0) for name in points]

    def write(self, name: str, value: Value) -> None:
        self._held[name] = value

    def is_live(self, _: str) -> bool:
        return True

    def standing(self) -> object:
        return None


def memory() -> RegisterMap:
    return RegisterMap(Memory(), table_cells(POINTS))


def test_a_breaker_opens_after_so_many_failures_and_stays_open_longer_each_time() -> None:
    link = board(POINTS)
    breaker = Breaker(link, 3, Patience(jitter=lambda: 1.0))
    open_for_s = []
    for _ in range(4):
        breaker.failed(100.0)
        open_for_s.append(round(breaker.until_s - 100.0, 3))
    assert open_for_s == [0.0, 0.0, 0.1, 0.2]
    assert breaker.is_absent
    link.answered()
    assert not breaker.is_absent


def around(loop: VirtualLoop) -> Surroundings:
    patience = Patience(jitter=lambda: 0.5)
    patience.set_islanded(True)
    return Surroundings(loop.time, patience, QuietLog(logging.getLogger("test"), loop.time), lambda *_, **__: None)


def on_a_line(units: Iterable[int], dead: Iterable[int], *, wishes: bool) -> dict[int, int]:
    """A minute of the island on a serial line where these units are dead; how often each was asked in vain."""
    loop, ports = VirtualLoop(), SerialPorts()
    failures: dict[int, int] = {}

    async def minute() -> None:
        line = RtuLine({unit: memory() for unit in units}, lambda: None, BAUD, ports.end())
        line.silent.update(dead)
        line.start()
        boards = [slave(loop, unit, line.serial_port) for unit in units]
        bus = ModbusBus(boards, RtuWire(boards[0].device, ports.open), RTU_RULES, around(loop))
        await _for_a_minute(bus, boards, wishes=wishes)
        failures.update({each.device.unit: each.failures for each in boards})

    with silences_in_virtual_time(loop):
        loop.run_until_complete(minute())
    loop.close()
    return failures


def slave(loop: VirtualLoop, unit: int, port: str, timeout_s: float = TIMEOUT_S) -> Board:
    return Board(
        device(POINTS, Protocol.MODBUS_RTU, name=f"slave {unit}", unit=unit, baudrate=BAUD, timeout_s=timeout_s,
               normal_s=0.2, serial_port=port),
        loop.time,
    )  # fmt: skip


async def _for_a_minute(bus: ModbusBus, boards: list[Board], *, wishes: bool) -> None:
    serving = asyncio.create_task(bus.run())
    for number in range(int(MINUTE_S / 0.05)):
        for each in boards if wishes else []:
            each.write("power_w", number % 100)
        await asyncio.sleep(0.05)
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


@pytest.mark.parametrize("wishes", [False, True], ids=["polled", "polled and written to"])
@pytest.mark.parametrize("dead", [[2], [2, 3, 4]], ids=["one dead", "three dead"])
def test_dead_slaves_cost_a_serial_line_a_tenth_of_its_time(dead: list[int], wishes: bool) -> None:
    failures = on_a_line([1, *dead], dead, wishes=wishes)
    line_s = 13 * 11 / BAUD + 2 * gap_s(BAUD)
    lost_s = sum(failures.values()) * (2 * TIMEOUT_S + line_s)  # the time-out, and the quiet time behind it
    first_s = 3 * len(dead) * (2 * TIMEOUT_S + line_s)  # three silences each, to know that nobody is there
    assert failures[1] == 0
    assert first_s < lost_s <= PROBES_SHARE_RATIO * MINUTE_S + first_s


def test_each_dead_slave_has_its_turn() -> None:
    """They share the budget, and a caller that wants something of the first does not keep the others from it."""
    units = {unit: memory() for unit in (1, 2, 3)}
    loop, ports = VirtualLoop(), SerialPorts()
    failures: list[int] = []

    async def minute() -> None:
        line = RtuLine(units, lambda: None, BAUD, ports.end())
        line.silent.update({2, 3})
        line.start()
        boards = [slave(loop, unit, line.serial_port, 0.1) for unit in units]
        bus = ModbusBus(boards, RtuWire(boards[0].device, ports.open), RTU_RULES, around(loop))
        serving = asyncio.create_task(bus.run())
        for number in range(1200):
            boards[1].write("power_w", number % 100)
            await asyncio.sleep(0.05)
        failures.extend(each.failures for each in boards)
        line.silent.clear()
        await asyncio.sleep(5.0)
        assert all(each.is_up for each in boards), "and comes back"
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    with silences_in_virtual_time(loop):
        loop.run_until_complete(minute())
    loop.close()
    assert failures[0] == 0
    assert min(failures[1:]) >= 0.4 * max(failures[1:])


def test_a_dead_unit_costs_a_gateway_a_tenth_of_its_time() -> None:
    loop, units = VirtualLoop(), {1: memory(), 2: memory()}
    failures: list[int] = []

    async def minute() -> None:
        server = TcpServer(units, lambda: None)
        server.silent.add(2)
        await server.start()
        boards = [
            Board(device(POINTS, name=f"unit {unit}", unit=unit, port=server.port, timeout_s=TIMEOUT_S, normal_s=0.2),
                  loop.time)
            for unit in units
        ]  # fmt: skip
        bus = ModbusBus(boards, TcpWire(boards[0].device), TCP_RULES, around(loop))
        await _for_a_minute(bus, boards, wishes=False)
        failures.extend(each.failures for each in boards)

    loop.run_until_complete(minute())
    loop.close()
    assert failures[0] == 0
    assert 3 < failures[1] <= PROBES_SHARE_RATIO * MINUTE_S / TIMEOUT_S + 3


def test_where_everybody_is_absent_nobody_has_to_be_spared() -> None:
    """The adapter was pulled out and put back: found again after the usual wait."""
    units = {1: memory(), 2: memory()}
    loop, ports = VirtualLoop(), SerialPorts()
    opened: list[float] = []

    def open_port(name: str, **more: object) -> object:
        opened.append(loop.time())
        return ports.open(name, **more)  # type: ignore[arg-type]

    async def story() -> None:
        line = RtuLine(units, lambda: None, BAUD, ports.end())
        line.start()
        boards = [slave(loop, unit, line.serial_port, 0.1) for unit in units]
        bus = ModbusBus(boards, RtuWire(boards[0].device, open_port), RTU_RULES, around(loop))
        serving = asyncio.create_task(bus.run())
        await asyncio.sleep(1.0)
        line.silent.update({1, 2})
        await asyncio.sleep(20.0)
        assert len(opened) > 3, "a port that nobody answers on is opened anew: some adapters need it"
        assert not any(each.is_up for each in boards)
        line.silent.clear()
        await asyncio.sleep(2.0)
        assert all(each.is_up for each in boards)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    with silences_in_virtual_time(loop):
        loop.run_until_complete(story())
    loop.close()
