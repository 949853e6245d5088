"""Faults of bytes: what becomes of a frame, and what a client then gets over a real socket and a real line."""

from __future__ import annotations

import asyncio
import os
import random
import struct

import pytest

from hil_tests.faults.catalogue import CATALOGUE
from hil_tests.faults.desk import Desk
from hil_tests.faults.real_links import RealLinks
from hil_tests.faults.stage import Stage
from hil_tests.faults.types import CannotInjectError, Heal
from hil_tests.faults.wire import WIRE_FAULTS, Broken, Pieces, WireFault, WireFaults
from hil_tests.servers.modbus_rtu import crc
from hil_tests.tests.servers.benches import RawClient, Served, raw_client, served

REQUEST = bytes.fromhex("0007 0000 0006 01 03 0009 0001")
REPLY = bytes.fromhex("0007 0000 0005 01 03 02 0352")
READ_SOC = struct.pack(">BHH", 3, 9, 1)


def struck(kind: str, count: int = 1, **params: object) -> list[Pieces | Broken]:
    wire = WireFaults(True, [WireFault(kind, {"ratio": 1.0, **params}, random.Random(3))])
    return [wire.on_reply(REQUEST, REPLY) for _ in range(count)]


def test_what_becomes_of_a_reply() -> None:
    assert struck("duplicate") == [[(0.0, REPLY), (0.0, REPLY)]]
    assert struck("late_reply", delay_s=0.5) == [[(0.5, REPLY)]]
    assert struck("reset") == [Broken.RESET]
    assert struck("drop") == [[]]
    assert struck("trickle", byte_s=1.0)[0] == [(float(at), REPLY[at : at + 1]) for at in range(len(REPLY))]
    assert struck("line_noise", noise="echo") == [[(0.0, REQUEST + REPLY)]]


def one(pieces: Pieces | Broken) -> bytes:
    assert not isinstance(pieces, Broken)
    ((_, frame),) = pieces
    return frame


def test_a_reply_under_another_number_is_otherwise_whole() -> None:
    for pieces in struck("wrong_transaction", 50):
        assert one(pieces)[:2] != REPLY[:2]
        assert one(pieces)[2:] == REPLY[2:]


def test_a_flipped_bit_is_one_and_in_the_data() -> None:
    for pieces in struck("bit_flip", 50):
        frame = one(pieces)
        difference = int.from_bytes(frame, "big") ^ int.from_bytes(REPLY, "big")
        assert difference.bit_count() == 1
        assert frame[:9] == REPLY[:9]


def test_a_torn_reply_is_a_beginning() -> None:
    for pieces in struck("truncate", 50):
        assert REPLY.startswith(one(pieces))
        assert 0 < len(one(pieces)) < len(REPLY)


def test_faults_happen_as_often_as_they_should_and_together() -> None:
    wire = WireFaults(
        True,
        [
            WireFault("duplicate", {"ratio": 0.2}, random.Random(1)),
            WireFault("late_reply", {"ratio": 1.0, "delay_s": 0.25}, random.Random(2)),
        ],
    )
    counts = [len(pieces) for _ in range(1000) if not isinstance(pieces := wire.on_reply(REQUEST, REPLY), Broken)]
    assert 150 < counts.count(2) < 250
    assert wire.on_reply(REQUEST, REPLY)[0][0] == 0.25  # type: ignore[index]


# -- over a socket and a line ------------------------------------------------------------------------------------------


def inject(bench: Served, unit: str, kind: str, **parameters: object) -> Heal:
    site = bench.servers.devices.site
    desk = Desk(Stage(site, bench.servers.devices, 1), RealLinks(bench.servers).table())
    return desk.inject(unit, kind, parameters)


async def soc(client: RawClient) -> bytes:
    client.send(READ_SOC)
    _, _, pdu = await client.receive()
    return pdu


async def test_a_device_answers_with_an_exception_and_does_nothing() -> None:
    async with served() as bench, raw_client(bench.place("inverter_main", "port")) as client:
        whole = await soc(client)
        heal = inject(bench, "inverter_main", "exception", code="6", what="writes")
        client.send(struct.pack(">BHH", 6, 101, 77))
        assert (await client.receive())[2] == bytes((0x86, 6))
        assert "battery.power_set_w" not in bench.servers.devices.device("inverter_main").written
        assert await soc(client) == whole
        heal()
        client.send(struct.pack(">BHH", 6, 101, 77))
        assert (await client.receive())[2] == struct.pack(">BHH", 6, 101, 77)


async def test_a_duplicate_comes_twice_and_a_reset_ends_it() -> None:
    async with served() as bench, raw_client(bench.place("inverter_main", "port")) as client:
        heal = inject(bench, "inverter_main", "duplicate", ratio=1.0)
        assert await soc(client) == (await client.receive())[2]
        heal()
        inject(bench, "inverter_main", "reset", ratio=1.0)
        client.send(READ_SOC)
        with pytest.raises((ConnectionError, EOFError)):
            await client.receive()


async def test_silence_and_loss_are_heard_as_nothing() -> None:
    async with served() as bench, raw_client(bench.place("inverter_main", "port")) as client:
        heal = inject(bench, "inverter_main", "drop", ratio=1.0)
        client.send(READ_SOC)
        assert await client.hears_nothing()
        heal()
        heal = inject(bench, "inverter_main", "silent")
        client.send(READ_SOC)
        assert await client.hears_nothing()
        heal()
        assert len(await soc(client)) == 4


async def test_a_further_client_is_refused() -> None:
    async with served() as bench, raw_client(bench.place("inverter_main", "port")) as first:
        await soc(first)
        heal = inject(bench, "inverter_main", "connection_limit", max=1)
        async with raw_client(bench.place("inverter_main", "port")) as second:
            second.send(READ_SOC)
            with pytest.raises((ConnectionError, EOFError)):
                await second.receive()
        assert len(await soc(first)) == 4
        heal()
        async with raw_client(bench.place("inverter_main", "port")) as second:
            assert len(await soc(second)) == 4


async def test_an_empty_restart_over_a_socket() -> None:
    async with served() as bench:
        timers = Stage(bench.servers.devices.site, bench.servers.devices, 1)
        desk = Desk(timers, RealLinks(bench.servers).table())
        desk.inject("inverter_main", "empty_restart", {"down_s": 1.0, "empty_s": 1.0})
        bench.pass_time(1.2)
        desk.after_step()
        async with raw_client(bench.place("inverter_main", "port")) as client:
            assert (await soc(client))[2:] == b"\0\0"
            bench.pass_time(1.0)
            desk.after_step()
            assert (await soc(client))[2:] != b"\0\0"


async def test_noise_on_the_line_is_heard_before_the_reply() -> None:
    async with served() as bench:
        end = os.open(bench.place("contactor_water", "serial_port"), os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            inject(bench, "contactor_water", "line_noise", noise="echo", ratio=1.0)
            body = bytes((11, 3, 0, 0, 0, 1))
            heard = b""
            for _ in range(20):  # half of what the line spoils are requests
                os.write(end, body + crc(body))
                await asyncio.sleep(0.08)
                try:
                    heard = os.read(end, 256)
                    break
                except BlockingIOError:
                    continue
            assert heard.startswith(body + crc(body))
            assert len(heard) > 8
        finally:
            os.close(end)


async def test_what_a_link_cannot_have_it_refuses() -> None:
    async with served() as bench:
        with pytest.raises(CannotInjectError, match="OPC UA device"):
            inject(bench, "inverter_second", "bit_flip")
        with pytest.raises(CannotInjectError, match="no OPC UA device"):
            inject(bench, "inverter_main", "bad_status")
        with pytest.raises(CannotInjectError, match="no connections"):
            inject(bench, "contactor_water", "connection_limit")


def test_the_wire_knows_the_catalogues_names() -> None:
    assert set(CATALOGUE) >= WIRE_FAULTS
