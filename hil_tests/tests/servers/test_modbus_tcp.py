"""Modbus TCP devices, read by a client that shares no line of code with the drivers or with any library."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from controller.model.words import BreakerPosition, InverterMode
from hil_tests.plant.plant import Plant
from hil_tests.servers.modbus_tcp import TcpServer
from hil_tests.servers.points import PlantDevice
from hil_tests.servers.registers import RegisterMap, table_cells
from hil_tests.tests.drivers.devices import device, point
from hil_tests.tests.servers.benches import OPCUA, RawClient, raw_client, served, site

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3


async def test_the_relay_shows_both_sides_of_the_poi() -> None:
    async with served() as hub, raw_client(hub.place("poi_relay", "port")) as client:
        words = await client.registers(0, 19)
    assert words[0] == 2  # closed
    assert all(2250 < volts < 2350 for volts in words[1:7])
    assert words[7:10] == (50000, 50000, 0)
    assert words[10] == 0b0101  # rotation equal, sync permitted; not tripped, not locked
    assert words[11:13] == (1, 0)  # grid settings, public grid


async def test_a_dead_grid_has_no_frequency_and_no_angle() -> None:
    async with served() as hub, raw_client(hub.place("poi_relay", "port")) as client:
        hub.plant.poi.trip()
        hub.plant.grid.blackout()
        hub.pass_time(1.0)
        words = await client.registers(0, 10)
    assert words[0] == 1
    assert words[1:4] == (0, 0, 0)
    assert (words[7], words[9]) == (0xFFFF, 0x8000)


async def test_orders_reach_the_plant() -> None:
    async with served() as hub:
        async with raw_client(hub.place("poi_relay", "port")) as relay:
            await relay.write(100, 1)
        async with raw_client(hub.place("inverter_main", "port")) as inverter:
            reply = await inverter.ask(struct.pack(">BHHB3H", 16, 101, 3, 6, 0x10000 - 500, 50100, 2310))
            assert reply == struct.pack(">BHH", 16, 101, 3)
            await inverter.write(100, 2)
        hub.pass_time(0.5)
        battery = hub.plant.batteries["battery_main"]
        assert hub.plant.poi.position is BreakerPosition.OPEN
        assert battery.mode is InverterMode.GRID_FORMING
        assert battery.power_set_w == -5000.0
        assert battery.frequency_set_hz == pytest.approx(50.1)
        assert battery.voltage_set_ratio == pytest.approx(231.0 / 230.0)


async def test_a_channel_switches_its_own_feeder() -> None:
    async with served() as hub, raw_client(hub.place("io_module", "port")) as client:
        await client.write(3 * 8 + 5, 0)
        hub.pass_time(0.2)
        assert hub.plant.feeders["cold_chain"].position is BreakerPosition.OPEN
        assert hub.plant.feeders["warm_room"].position is BreakerPosition.CLOSED
        assert (await client.registers(3 * 8, 6)) == (1, 0, 0, 0, 0, 0)


async def test_pipelined_requests_are_answered_in_order_under_their_own_numbers() -> None:
    async with served() as hub, raw_client(hub.place("poi_relay", "port")) as client:
        sent = [client.send(struct.pack(">BHH", 3, address, 1)) for address in (0, 7, 11, 12)]
        replies = [await client.receive() for _ in sent]
    assert [transaction for transaction, _, _ in replies] == sent
    assert [struct.unpack(">H", pdu[2:])[0] for _, _, pdu in replies] == [2, 50000, 1, 0]


async def test_a_request_may_come_in_pieces() -> None:
    async with served() as hub, raw_client(hub.place("poi_relay", "port")) as client:
        for byte in struct.pack(">HHHBBHH", 77, 0, 6, 1, 3, 0, 1):
            client.writer.write(bytes((byte,)))
            await client.writer.drain()
            await asyncio.sleep(0)
        assert await client.receive() == (77, 1, b"\x03\x02\x00\x02")


async def test_an_absent_unit_is_silent_and_disturbs_nobody() -> None:
    async with served() as hub, raw_client(hub.place("poi_relay", "port")) as client:
        client.send(struct.pack(">BHH", 3, 0, 1), unit=9)
        assert await client.hears_nothing()
        assert (await client.registers(0, 1)) == (2,)


async def test_who_speaks_another_protocol_is_hung_up_on() -> None:
    async with served() as hub, raw_client(hub.place("poi_relay", "port")) as client:
        client.writer.write(b"GET / HTTP/1.1\r\n\r\n")
        async with asyncio.timeout(5):
            assert await client.reader.read() == b""


@pytest.mark.parametrize(
    ("request_pdu", "code"),
    [
        (struct.pack(">BHH", 3, 50, 1), ILLEGAL_ADDRESS),
        (struct.pack(">BHH", 3, 18, 2), ILLEGAL_ADDRESS),
        (struct.pack(">BHH", 4, 0, 1), ILLEGAL_ADDRESS),  # nothing among the input registers
        (struct.pack(">BHH", 6, 0, 1), ILLEGAL_ADDRESS),  # the position cannot be written
        (struct.pack(">BHH", 6, 11, 7), ILLEGAL_VALUE),  # no such settings group
        (struct.pack(">BHH", 3, 0, 0), ILLEGAL_VALUE),
        (struct.pack(">BHH", 3, 0, 126), ILLEGAL_VALUE),
        (struct.pack(">BHHBH", 16, 100, 2, 4, 1), ILLEGAL_VALUE),  # one register short
        (struct.pack(">BH", 3, 0), ILLEGAL_VALUE),
        (struct.pack(">BHH", 8, 0, 0), ILLEGAL_FUNCTION),
    ],
)
async def test_what_cannot_be_done_is_refused_with_its_code(request_pdu: bytes, code: int) -> None:
    async with served() as hub, raw_client(hub.place("poi_relay", "port")) as client:
        assert await client.ask(request_pdu) == bytes((request_pdu[0] | 0x80, code))


async def test_a_refused_block_moves_nothing() -> None:
    async with served() as hub, raw_client(hub.place("inverter_main", "port")) as client:
        reply = await client.ask(struct.pack(">BHHB2H", 16, 100, 2, 4, 9, 100))  # no mode 9
        assert reply == bytes((0x90, ILLEGAL_VALUE))
        assert hub.plant.batteries["battery_main"].power_set_w == 0.0


# ---- the four spaces ------------------------------------------------------------------------------------------------

POINTS = [
    point("lamp", 3, "bool", "rw", space="coil"),
    point("pump", 4, "bool", "w", space="coil"),
    point("door", 0, "bool", space="discrete"),
    point("alarm", 9, "bool", space="discrete"),
    point("level", 2, "int32_le", space="input", scale=0.1),
    point("speed", 10, "float32", "rw"),
]


@asynccontextmanager
async def four_spaces() -> AsyncIterator[tuple[RawClient, PlantDevice]]:
    target = PlantDevice(device(POINTS), Plant(site().hub))
    target.readers |= {"door": lambda: True, "alarm": lambda: True, "level": lambda: -7000.5}
    server = TcpServer({1: RegisterMap(target, table_cells(POINTS))}, catch_up=lambda: None)
    await server.start()
    try:
        async with raw_client(server.port) as client:
            yield client, target
    finally:
        await server.stop()


async def test_coils_are_written_one_by_one_and_together() -> None:
    async with four_spaces() as (client, target):
        on = struct.pack(">BHH", 5, 3, 0xFF00)
        assert await client.ask(on) == on
        assert target.written == {"lamp": True}
        assert await client.ask(struct.pack(">BHH", 1, 3, 2)) == b"\x01\x01\x01"
        reply = await client.ask(struct.pack(">BHHBB", 15, 3, 2, 1, 0b10))
        assert reply == struct.pack(">BHH", 15, 3, 2)
        assert target.written == {"lamp": False, "pump": True}
        assert await client.ask(struct.pack(">BHH", 5, 3, 1)) == bytes((0x85, ILLEGAL_VALUE))


async def test_discrete_inputs_are_packed_lowest_bit_first() -> None:
    async with four_spaces() as (client, _):
        assert await client.ask(struct.pack(">BHH", 2, 0, 10)) == b"\x02\x02\x01\x02"


async def test_numbers_of_two_registers_keep_their_word_order() -> None:
    async with four_spaces() as (client, target):
        low, high = await client.registers(2, 2, function=4)
        assert struct.unpack(">i", struct.pack(">HH", high, low))[0] == -70005
        words = struct.unpack(">HH", struct.pack(">f", 12.5))
        await client.ask(struct.pack(">BHHB2H", 16, 10, 2, 4, *words))
        assert target.written["speed"] == 12.5
        assert await client.registers(10, 2) == words


# ---- cut and back ---------------------------------------------------------------------------------------------------


async def test_a_cut_device_resets_refuses_and_comes_back_at_its_address() -> None:
    async with served() as hub:
        port = hub.place("poi_relay", "port")
        async with raw_client(port) as client:
            await client.registers(0, 1)
            await hub.servers.cut("poi_relay")
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await client.registers(0, 1)
        with pytest.raises(ConnectionError):
            await asyncio.open_connection("127.0.0.1", port)
        await hub.servers.restore("poi_relay")
        async with raw_client(port) as client:
            assert await client.registers(0, 1) == (2,)


async def test_a_half_open_device_takes_requests_and_never_answers() -> None:
    async with served() as hub, raw_client(hub.place("poi_relay", "port")) as client:
        hub.servers.silence("poi_relay")
        client.send(struct.pack(">BHH", 3, 0, 1))
        assert await client.hears_nothing()
        await hub.servers.restore("poi_relay")
        assert await client.registers(0, 1) == (2,)


async def test_an_absent_device_never_listens() -> None:
    async with served(absent=["poi_relay", *OPCUA]) as hub:
        with pytest.raises(ConnectionError):
            await asyncio.open_connection("127.0.0.1", hub.place("poi_relay", "port"))
        async with raw_client(hub.place("io_module", "port")) as client:
            assert await client.registers(0, 1) == (2,)
