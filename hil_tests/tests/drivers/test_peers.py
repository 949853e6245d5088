"""Our drivers against libmodbus' servers, and our simulator against `mbpoll`: they share no line of code."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest

from controller.config.types import Point, Protocol
from controller.drivers.board import Board
from controller.drivers.errors import BadReplyError, DeviceError, NoAnswerError, RefusedError
from controller.drivers.link import Value
from controller.drivers.modbus_bus import ModbusBus
from controller.drivers.modbus_rtu import RTU_RULES, RtuWire
from controller.drivers.modbus_tcp import TcpWire
from controller.drivers.transport import Question
from hil_tests.servers.modbus_rtu import RtuLine
from hil_tests.servers.modbus_tcp import TcpServer
from hil_tests.servers.ports import free_port
from hil_tests.servers.registers import RegisterMap, table_cells
from hil_tests.tests.drivers.devices import board, device, held, point, running, surroundings, until
from hil_tests.tests.drivers.peers import (
    RTU_SERVER,
    TCP_SERVER,
    Cable,
    compiled,
    evil_server,
    is_listening,
    started,
)
from hil_tests.tests.drivers.tcp_link import owner_of
from hil_tests.tests.drivers.test_breaker import Memory
from hil_tests.tests.missing import skip

POINTS = [
    point("first", 0),
    point("far", 40),
    point("input", 5, space="input"),
    point("bit", 3, "bool", space="discrete"),
    point("limit", 20, "uint16", "rw"),
    point("open", 9, "bool", "rw", space="coil"),
]


async def restated(link: Board, name: str, value: Value) -> None:
    """As a caller does, cycle by cycle: libmodbus on a serial line takes what follows a question to an absent unit for
    that unit's answer, so the first telegram behind one is lost.
    """
    while (reading := link.reading(name)) is None or reading.value != value:
        link.write(name, value)
        await asyncio.sleep(0.05)


@pytest.mark.timeout(120)  # compiling included, on a busy machine
async def test_libmodbus_over_tcp_is_read_written_and_found_again(tmp_path: Path) -> None:
    program, port = compiled(tmp_path, "tcp_server", TCP_SERVER), free_port()
    link = board(POINTS, port=port, timeout_s=0.5)
    async with running(owner_of(link)):
        with started(program, str(port)):
            await until(lambda: all(link.reading(each.id) for each in POINTS))
            found = [held(link, name).value for name in ("first", "far", "input", "bit")]
            assert found == [100, 140, 205, True]
            await restated(link, "limit", 4321)
            await restated(link, "open", True)
        await until(lambda: not link.is_up, "killed")
        with started(program, str(port)):
            await until(lambda: link.is_up and held(link, "limit").value == 120, "back, and its registers are as new")


@pytest.mark.timeout(120)  # compiling included, on a busy machine
async def test_libmodbus_on_a_serial_line_is_read_and_written(tmp_path: Path) -> None:
    program, cable = compiled(tmp_path, "rtu_server", RTU_SERVER), Cable()
    points = [point("first", 0), point("far", 40), point("limit", 20, "uint16", "rw")]
    link = board(points, Protocol.MODBUS_RTU, unit=7, baudrate=19200, serial_port=cable.names[0], timeout_s=0.3)
    absent = board(points, Protocol.MODBUS_RTU, name="absent", unit=8, baudrate=19200, timeout_s=0.05)
    try:
        with started(program, cable.names[1]):
            async with running(ModbusBus([link, absent], RtuWire(link.device), RTU_RULES, surroundings())):
                await until(lambda: link.reading("first") and link.reading("far"))
                assert (held(link, "first").value, held(link, "far").value) == (300, 340)
                await restated(link, "limit", 77)
                assert not absent.is_up
    finally:
        cable.stop()


@pytest.mark.parametrize(
    ("address", "count", "wrong"),
    [
        pytest.param(0x160, 2, BadReplyError, id="fewer registers than asked"),
        pytest.param(0x170, 1, RefusedError, id="busy"),
        pytest.param(0x171, 1, DeviceError, id="another transaction"),
        pytest.param(0x172, 1, NoAnswerError, id="later than its time"),
        pytest.param(0x173, 1, None, id="byte by byte"),
    ],
)
async def test_what_libmodbus_own_misbehaving_server_says_is_no_value(
    tmp_path: Path, address: int, count: int, wrong: type[DeviceError] | None
) -> None:
    program, port = evil_server(tmp_path)
    with started(program, "tcp"):
        await until(lambda: is_listening(port))
        evil = device(POINTS, port=port, unit=255, timeout_s=0.25)
        wire = TcpWire(evil)
        await wire.open(lambda: None)
        try:
            assert await wire.read(evil, Question("input", 0x108, 1)) == b"\x00\x0a"
            if wrong is None:
                assert await wire.read(evil, Question("holding", address, count)) == b"\0\0"
            else:
                with pytest.raises(wrong):
                    await wire.read(evil, Question("holding", address, count))
            if wrong is NoAnswerError:
                await asyncio.sleep(0.4)  # the late answer comes, and is not the next one's
                assert await wire.read(evil, Question("input", 0x108, 1)) == b"\x00\x0a"
        finally:
            wire.close()


# ---- mbpoll asks our simulator --------------------------------------------------------------------------------------

SERVED = [point("first", 0, "uint16", "rw"), point("second", 1, "int16", "rw")]


async def mbpoll(*arguments: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("mbpoll") is None:
        skip("mbpoll is not installed")
    command = ["mbpoll", "-0", "-1", "-q", "-o", "0.5", *arguments]
    return await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=20, check=False)


def simulated(points: list[Point]) -> RegisterMap:
    return RegisterMap(Memory(), table_cells(points))


async def test_mbpoll_reads_and_writes_our_tcp_simulator() -> None:
    server = TcpServer({3: simulated(SERVED)}, lambda: None)
    await server.start()
    place = ("-m", "tcp", "-p", str(server.port), "-a", "3", "127.0.0.1")
    try:
        written = await mbpoll("-r", "0", *place, "1234", "42")
        assert written.returncode == 0, written.stderr
        read = await mbpoll("-r", "0", "-c", "2", "-t", "4", *place)
        assert ("1234" in read.stdout, "42" in read.stdout, read.returncode) == (True, True, 0)
        beyond = await mbpoll("-r", "500", "-c", "1", "-t", "4", *place)
        assert "Illegal data address" in beyond.stderr + beyond.stdout
        silent = await mbpoll("-r", "0", "-m", "tcp", "-p", str(server.port), "-a", "4", "127.0.0.1")
        assert silent.returncode != 0, "an absent unit says nothing"
    finally:
        await server.stop()


async def test_mbpoll_reads_our_serial_simulator() -> None:
    line = RtuLine({3: simulated(SERVED)}, lambda: None, 19200)
    line.start()
    place = ("-m", "rtu", "-b", "19200", "-P", "none", "-a", "3", line.serial_port)
    try:
        written = await mbpoll("-r", "1", *place, "777")
        assert written.returncode == 0, written.stderr
        read = await mbpoll("-r", "0", "-c", "2", "-t", "4", *place)
        assert ("777" in read.stdout, read.returncode) == (True, 0)
    finally:
        line.stop()
