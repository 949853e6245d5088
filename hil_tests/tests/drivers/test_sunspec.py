"""SunSpec devices: the chain is walked, the scale factors are read, and then it is a device like any other."""

from __future__ import annotations

import struct
from asyncio import StreamWriter
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from controller.config.types import Device, Point, SunSpecWhere
from controller.drivers.board import Board
from controller.drivers.errors import ILLEGAL_ADDRESS, RefusedError, WrongDeviceError
from controller.drivers.modbus_bus import ModbusBus
from controller.drivers.modbus_tcp import TCP_RULES, TcpWire
from controller.drivers.sunspec import discover
from controller.drivers.transport import Question
from hil_tests.tests.drivers.devices import board, held, running, surroundings, until
from hil_tests.tests.drivers.scripted_tcp import Request, ScriptedDevice, frame

POINTS = [
    Point("pv.power_w", SunSpecWhere(701, 10, 116), "int16", readable=True, writable=False),
    Point("pv.limit_w", SunSpecWhere(704, 15, 54), "uint16", readable=True, writable=False, scale=300.0),
    Point("pv.is_connected", SunSpecWhere(701, 5, None), "bool", readable=True, writable=False),
    Point("pv.limit_set_w", SunSpecWhere(704, 15, 54), "uint16", readable=False, writable=True, scale=300.0),
]
SUNS = (0x5375, 0x6E53)


def chain(base: int, models: list[tuple[int, int, dict[int, int]]]) -> dict[int, int]:
    """Registers of a chain: (model, length, {offset: value}) one behind the other."""
    registers = dict(enumerate(SUNS, base))
    address = base + 2
    for model, length, values in models:
        registers |= {address: model, address + 1: length}
        registers |= {address + offset: value & 0xFFFF for offset, value in values.items()}
        address += 2 + length
    registers |= {address: 0xFFFF, address + 1: 0}
    return registers


def inverter(
    base: int, power: int = 1234, power_scale: int = 1, limit_scale: int = -1, connected: int = 1
) -> dict[int, int]:
    return chain(
        base,
        [
            (1, 66, {}),
            (701, 153, {5: connected, 10: power, 116: power_scale}),
            (704, 65, {15: 1000, 54: limit_scale}),
        ],
    )


@asynccontextmanager
async def linked(registers: dict[int, int]) -> AsyncIterator[tuple[ScriptedDevice, Board]]:
    async def only_what_exists(request: Request, writer: StreamWriter) -> bool:
        if request.address in peer.registers:
            return False
        nearest = [address for address in peer.registers if request.address - 200 < address < request.address]
        if nearest:
            return False  # within a model
        writer.write(frame(request.tid, request.unit, bytes((request.function | 0x80, 2))))
        return True

    peer = ScriptedDevice(registers=registers, script=only_what_exists)
    await peer.start()
    link = board(POINTS, port=peer.port)
    owner = ModbusBus([link], TcpWire(link.device), TCP_RULES, surroundings())
    try:
        async with running(owner):
            yield peer, link
    finally:
        await peer.stop()


@dataclass
class FlippingWire:
    """Answers from registers; of every address the first answer has a bit flipped, or each has another one."""

    registers: dict[int, int]
    flips_always: bool = False
    asked: Counter[int] = field(default_factory=Counter)

    async def read(self, _: Device, question: Question) -> bytes:
        self.asked[question.address] += 1
        if question.address not in self.registers:
            raise RefusedError(ILLEGAL_ADDRESS, "there is nothing")
        words = [self.registers[question.address + number] for number in range(question.count)]
        if self.flips_always or self.asked[question.address] == 1:
            words[-1] ^= 1 << self.asked[question.address]
        return struct.pack(f">{question.count}H", *words)


async def test_a_flipped_bit_in_a_scale_factor_writes_no_ten_times_higher_limit() -> None:
    found = await discover(FlippingWire(inverter(40000)), board(POINTS, port=1).device)
    assert [each.scale for each in found] == [10.0, 0.1, 1.0, 0.1]


async def test_a_device_of_which_no_two_answers_agree_is_not_found_out() -> None:
    with pytest.raises(WrongDeviceError, match="something else in each"):
        await discover(FlippingWire(inverter(40000), flips_always=True), board(POINTS, port=1).device)


@pytest.mark.parametrize("base", [40000, 50000, 0])
async def test_points_are_found_wherever_the_chain_begins(base: int) -> None:
    async with linked(inverter(base)) as (_, link):
        await until(lambda: link.reading("pv.power_w") and link.reading("pv.limit_w"))
        assert held(link, "pv.power_w").value == 12_340
        assert held(link, "pv.limit_w").value == pytest.approx(30_000)


async def test_a_limit_in_watts_becomes_a_percentage_and_is_read_back_at_its_place() -> None:
    async with linked(inverter(40000)) as (peer, link):
        await until(lambda: link.is_up)
        link.write("pv.limit_set_w", 15_000.0)
        await until(lambda: link.reading("pv.limit_w") and held(link, "pv.limit_w").value == pytest.approx(15_000))
        assert peer.registers[40002 + 68 + 155 + 15] == 500
        assert len(peer.writes(16)) == 1


async def test_not_implemented_is_none() -> None:
    async with linked(inverter(40000, power=-0x8000)) as (_, link):
        await until(lambda: link.reading("pv.limit_w"))
        assert link.reading("pv.power_w") is None


@pytest.mark.parametrize(("raw", "wanted"), [(1, True), (0, False), (0xFFFF, None)])
async def test_a_truth_that_is_not_implemented_is_none(raw: int, wanted: bool | None) -> None:
    async with linked(inverter(40000, connected=raw)) as (_, link):
        await until(lambda: link.reading("pv.limit_w"))
        reading = link.reading("pv.is_connected")
        assert (None if reading is None else reading.value) is wanted


async def test_a_chain_without_its_end_marker_is_read_as_far_as_it_goes() -> None:
    registers = inverter(40000)
    end = max(registers) - 1
    assert registers.pop(end) == 0xFFFF
    del registers[end + 1]
    async with linked(registers) as (_, link):
        await until(lambda: link.reading("pv.power_w"))


async def test_the_chain_is_walked_no_further_than_the_table_needs() -> None:
    """Behind the last model that matters may lie a vendor's mistakes."""
    registers = inverter(40000)
    registers |= {max(registers) - 1: 64_100, max(registers): 0xFFFF}
    async with linked(registers) as (_, link):
        await until(lambda: link.reading("pv.power_w"))


async def test_a_scale_factor_that_is_not_implemented_is_one() -> None:
    async with linked(inverter(40000, power_scale=-0x8000)) as (_, link):
        await until(lambda: link.reading("pv.power_w"))
        assert held(link, "pv.power_w").value == 1234


@pytest.mark.parametrize(
    "registers",
    [
        pytest.param({40000: 1, 40001: 2}, id="no marker"),
        pytest.param(chain(40000, [(1, 66, {})]), id="no such model"),
        pytest.param(inverter(40000, power_scale=77), id="absurd scale factor"),
        pytest.param(chain(40000, [(1, 0xFFF0, {}), (701, 153, {})]), id="a length that leads beyond all addresses"),
        pytest.param(chain(40000, [(701, 20, {10: 5}), (704, 65, {})]), id="a model too short for the table"),
        pytest.param(chain(0, [(1, 0xFFB0, {}), (701, 0xFFFF, {}), (704, 65, {})]), id="a model beyond all addresses"),
    ],
)
async def test_what_is_no_sunspec_inverter_is_down_and_keeps_its_connection(registers: dict[int, int]) -> None:
    async with linked(registers) as (peer, link):
        await until(lambda: link.failures >= 1)
        assert not link.is_up
        assert peer.connections == 1


async def test_a_chain_without_end_is_left() -> None:
    endless = dict.fromkeys(range(40002, 40002 + 400), 0) | dict(enumerate(SUNS, 40000))
    async with linked(endless) as (_, link):
        await until(lambda: link.failures >= 1)


async def test_another_device_after_a_reconnect_is_discovered_again() -> None:
    async with linked(inverter(40000)) as (peer, link):
        await until(lambda: link.reading("pv.power_w"))
        peer.registers = inverter(0, power=5)
        peer.cut()
        await until(lambda: held(link, "pv.power_w").value == 50)
