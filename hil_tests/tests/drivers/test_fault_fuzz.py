"""Thousands of transactions, a third of them spoilt at random: no value may ever come from the wrong register.

Every register holds its own address, and all blocks have the same length: any answer taken for another's would show.
"""

from __future__ import annotations

import asyncio
import random
import struct
from asyncio import StreamWriter
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.config.types import Protocol
from controller.drivers.backoff import Patience
from controller.drivers.board import Board
from controller.drivers.modbus_bus import ModbusBus
from controller.drivers.modbus_rtu import RTU_RULES, RtuWire
from controller.drivers.modbus_tcp import TCP_RULES, TcpWire
from controller.drivers.station import Station
from hil_tests.tests.drivers.devices import board, now_s, point, running, surroundings
from hil_tests.tests.drivers.scripted_rtu import Asked, ScriptedLine
from hil_tests.tests.drivers.scripted_tcp import Request, ScriptedDevice, frame

ADDRESSES = range(1000, 1400, 50)
POINTS = [point(str(address), address) for address in ADDRESSES]
TIME_S = 3.0
IMPATIENT = Patience(jitter=lambda: 0.0)


def wrong_values(link: Board) -> list[tuple[str, object]]:
    readings = [(each.id, link.reading(each.id)) for each in POINTS]
    return [(name, reading.value) for name, reading in readings if reading is not None and reading.value != int(name)]


async def watch(link: Board, seed: int) -> int:
    """Look at all readings for a while; how many different ones were seen."""
    seen: set[float] = set()
    end_s = now_s() + TIME_S
    while now_s() < end_s:
        assert wrong_values(link) == [], f"seed {seed}"
        seen |= {reading.at_s for each in POINTS if (reading := link.reading(each.id)) is not None}
        await asyncio.sleep(0)
    return len(seen)


def spoilt(request: Request, right: bytes, previous: list[bytes], dice: random.Random) -> bytes:
    """One of the ways in which an answer goes wrong; `previous` are frames of earlier transactions."""
    other = struct.pack(">BBH", 3, 2, dice.choice(ADDRESSES))
    ways: list[Callable[[], bytes]] = [
        lambda: b"",
        lambda: right[: dice.randrange(len(right))],
        lambda: right + right,
        lambda: frame(0, request.unit, other),
        # never a number that we are about to use: an answer with the right number is the right answer, for anybody
        lambda: frame(max(0, request.tid - dice.randrange(1, 5)), request.unit, other),
        lambda: frame(request.tid + 30_000, request.unit, other),
        lambda: frame(request.tid, request.unit + 1, other),
        lambda: frame(request.tid, request.unit, b"\x04" + other[1:]),
        lambda: frame(request.tid, request.unit, other[:3]),
        lambda: frame(request.tid, request.unit, b"\x03\x04" + other[2:]),
        lambda: frame(request.tid, request.unit, b"\x83\x06"),
        lambda: b"".join(previous[-3:]) + right,
        lambda: dice.randbytes(dice.randrange(1, 40)),
    ]
    return dice.choice(ways)()


@pytest.mark.parametrize("seed", [1, 2])
async def test_tcp_never_delivers_another_registers_value(seed: int) -> None:
    dice = random.Random(seed)
    previous: list[bytes] = []

    async def script(request: Request, writer: StreamWriter) -> bool:
        right = frame(request.tid, request.unit, struct.pack(">BBH", 3, 2, request.address))
        previous.append(right)
        del previous[:-8]
        if dice.random() < 0.33:
            answer = spoilt(request, right, previous[:-1], dice)
            if dice.random() < 0.2:
                await asyncio.sleep(0.03)  # later than its time
            writer.write(answer)
            return True
        writer.write(right)
        return True

    peer = ScriptedDevice(script=script)
    await peer.start()
    link = board(POINTS, port=peer.port, timeout_s=0.02, normal_s=0.002)
    wire = TcpWire("127.0.0.1", peer.port)
    try:
        async with running(ModbusBus([Station(link, 20, 0.0)], wire, TCP_RULES, surroundings(IMPATIENT))):
            assert await watch(link, seed) > 50
    finally:
        await peer.stop()


async def test_rtu_never_delivers_another_registers_value(tmp_path: Path) -> None:
    dice = random.Random(3)
    line = ScriptedLine(tmp_path / "line", registers={(1, address): address for address in ADDRESSES})

    def script(asked: Asked) -> bytes | None:
        if dice.random() > 0.3:
            return None
        right = line.answer(asked)
        match dice.randrange(5):
            case 0:
                line.later(dice.uniform(0.07, 0.1), right)  # late, within twice its time, and a busy machine has room
                return b""
            case 1:
                return right[:-1]
            case 2:
                return dice.randbytes(len(right))
            case 3:
                return bytes((2,)) + right[1:]
            case _:
                return b""

    line.script = script
    line.start()
    link = board(POINTS, Protocol.MODBUS_RTU, baudrate=115200, timeout_s=0.08, normal_s=0.005)
    stations = [Station(link, RTU_RULES.hole_max, 0.0)]
    try:
        async with running(ModbusBus(stations, RtuWire(str(line.name), 115200), RTU_RULES, surroundings(IMPATIENT))):
            assert await watch(link, 3) > 20
    finally:
        line.stop()
