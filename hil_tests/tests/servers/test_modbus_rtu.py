"""The RS-485 line, spoken to through a serial port by minimalmodbus."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable
from typing import TypeVar

import minimalmodbus
import pytest
import serial

from controller.model.words import BreakerPosition
from hil_tests.servers.modbus_rtu import crc
from hil_tests.tests.servers.benches import OPCUA, Served, served

GENSET, WATER, PHONES, RADIO, WEATHER = 10, 11, 12, 13, 14

T = TypeVar("T")


async def on_line(hub: Served, unit: int, work: Callable[[minimalmodbus.Instrument], T]) -> T:
    """Work with one unit, in a thread of its own as the library blocks."""

    def in_thread() -> T:
        instrument = minimalmodbus.Instrument(hub.place("genset_panel", "serial_port"), unit)
        instrument.serial.baudrate = 19200
        instrument.serial.timeout = 0.3
        try:
            return work(instrument)
        finally:
            instrument.serial.close()

    return await asyncio.to_thread(in_thread)


async def test_every_unit_answers_for_itself() -> None:
    async with served() as hub:
        hub.pass_time(0.1)
        genset = await on_line(hub, GENSET, lambda unit: unit.read_registers(0, 5))
        phones = await on_line(hub, PHONES, lambda unit: unit.read_registers(0, 6))
        weather = await on_line(hub, WEATHER, lambda unit: unit.read_registers(0, 2))
    assert genset == [0, 0, 0, 0, 1500]
    assert phones[0] == 2
    assert phones[1] == phones[3] == 0  # on L2 alone
    assert phones[2] > 1000
    assert weather == [450, 120]


async def test_orders_reach_the_plant() -> None:
    async with served() as hub:
        await on_line(hub, WATER, lambda unit: unit.write_register(5, 0, functioncode=6))
        await on_line(hub, GENSET, lambda unit: unit.write_registers(100, [1, 1200]))
        hub.pass_time(0.2)
        assert hub.plant.feeders["water"].position is BreakerPosition.OPEN
        assert hub.plant.feeders["phones"].position is BreakerPosition.CLOSED
        assert hub.plant.gensets["genset"].run_ordered
        assert hub.plant.gensets["genset"].power_set_w == 12000.0


async def test_absent_and_cut_units_are_silent_and_the_others_answer() -> None:
    async with served(absent=["radio_tetra_node", *OPCUA]) as hub:
        await hub.servers.cut("contactor_water")
        for unit in (RADIO, WATER, 99):
            with pytest.raises(minimalmodbus.NoResponseError):
                await on_line(hub, unit, lambda instrument: instrument.read_register(0))
        assert await on_line(hub, PHONES, lambda unit: unit.read_register(0)) == 2
        await hub.servers.restore("contactor_water")
        assert await on_line(hub, WATER, lambda unit: unit.read_register(0)) == 2


async def test_what_is_not_there_is_refused() -> None:
    async with served() as hub:
        with pytest.raises(minimalmodbus.IllegalRequestError):
            await on_line(hub, WEATHER, lambda unit: unit.read_register(40))


async def test_a_reply_takes_as_long_as_its_bits() -> None:
    def timed(unit: minimalmodbus.Instrument) -> float:
        began_s = time.monotonic()
        unit.read_registers(0, 6)
        return time.monotonic() - began_s

    async with served() as hub:
        took_s = await on_line(hub, PHONES, timed)
    assert took_s >= (8 + 5 + 12) * 11 / 19200


async def test_noise_and_torn_requests_are_forgotten() -> None:
    def disturb(unit: minimalmodbus.Instrument) -> int:
        line: serial.Serial = unit.serial
        line.write(struct.pack(">BBHHH", PHONES, 3, 0, 1, 0xBEEF))  # not its CRC
        assert line.read(1) == b""
        line.write(b"\x0c\x03\x00")  # torn
        assert line.read(1) == b""
        return int(unit.read_register(0))

    async with served() as hub:
        assert await on_line(hub, PHONES, disturb) == 2


def test_the_checksum_is_the_one_of_the_standard() -> None:
    assert crc(b"\x02\x07") == b"\x41\x12"  # Modbus over Serial Line V1.02, 6.2.2
