"""A Modbus TCP connection against a device that misbehaves in every way that devices and gateways are known for."""

from __future__ import annotations

import asyncio
import struct
from asyncio import StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from controller.config.types import Point
from controller.drivers.board import Board
from controller.drivers.connect import Owner
from controller.drivers.link import Reading
from controller.drivers.modbus_bus import ModbusBus
from controller.drivers.modbus_tcp import TCP_RULES, TcpWire
from controller.drivers.station import Station
from hil_tests.tests.drivers.devices import board, held, now_s, point, running, surroundings, until
from hil_tests.tests.drivers.scripted_tcp import Request, Script, ScriptedDevice, frame

Misbehave = Callable[[Request, StreamWriter], Awaitable[None]]

POINTS = [
    point("soc_pct", 0, scale=0.1),
    point("power_w", 1, "int16", scale=10),
    point("limit_w", 10, "int16", "rw", scale=10),
    point("open", 20, "bool", "w", space="coil"),
    point("beat", 30, "uint16", "w"),
]


def owner_of(*boards: Board) -> Owner:
    wire = TcpWire("127.0.0.1", boards[0].device.port)
    return ModbusBus([Station(each, 20, 0.0) for each in boards], wire, TCP_RULES, surroundings())


@asynccontextmanager
async def scripted(script: Script | None = None) -> AsyncIterator[ScriptedDevice]:
    peer = ScriptedDevice(registers={0: 500, 1: 120, 10: 7}, script=script)
    await peer.start()
    try:
        yield peer
    finally:
        await peer.stop()


@asynccontextmanager
async def linked(
    script: Script | None = None, points: list[Point] = POINTS, **more: Any
) -> AsyncIterator[tuple[ScriptedDevice, Board]]:
    """A running link to a scripted device."""
    async with scripted(script) as peer:
        link = board(points, port=peer.port, **more)
        async with running(owner_of(link)):
            yield peer, link


def first_time(misbehave: Misbehave, function: int = 3) -> Script:
    """A script that misbehaves once, then lets the device answer well."""
    done: list[Request] = []

    async def script(request: Request, writer: StreamWriter) -> bool:
        if done or request.function != function:
            return False
        done.append(request)
        await misbehave(request, writer)
        return True

    return script


async def recovers_without_a_wrong_value(misbehave: Misbehave) -> int:
    async with linked(first_time(misbehave)) as (peer, link):
        wrong: list[Reading] = []
        await until(lambda: collect(link, wrong) and link.is_up, "the link recovers")
        assert not wrong
        return peer.connections


def collect(link: Board, wrong: list[Reading]) -> bool:
    reading = link.reading("soc_pct")
    if reading is not None and reading.value != pytest.approx(50.0):
        wrong.append(reading)
    return reading is not None


async def test_reads_in_our_units() -> None:
    async with linked() as (_, link):
        await until(lambda: link.reading("power_w"), "first reading")
        assert held(link, "soc_pct").value == pytest.approx(50.0)
        assert held(link, "power_w").value == 1200.0
        assert now_s() - held(link, "power_w").at_s < 1.0


async def test_the_refresh_of_the_instrument_adds_to_the_age() -> None:
    points = [point("a", 0), point("b", 1, refresh_s=100.0)]
    async with linked(points=points) as (_, link):
        await until(lambda: link.reading("b"))
        assert held(link, "a").at_s - held(link, "b").at_s == pytest.approx(100.0)


def reply(
    request: Request, values: list[int], tid: int | None = None, unit: int | None = None, function: int | None = None
) -> bytes:
    pdu = struct.pack(f">BB{len(values)}H", function or request.function, 2 * len(values), *values)
    return frame(request.tid if tid is None else tid, request.unit if unit is None else unit, pdu)


LIES = [999] * 11


@pytest.mark.parametrize(
    "lie",
    [
        pytest.param(lambda r: reply(r, LIES, tid=0), id="transaction 0"),
        pytest.param(lambda r: reply(r, LIES, tid=r.tid + 7), id="another transaction"),
        pytest.param(lambda r: reply(r, LIES, unit=77), id="another unit"),
        pytest.param(lambda r: reply(r, LIES, function=4), id="another function"),
        pytest.param(lambda r: reply(r, LIES[:5]), id="fewer registers"),
        pytest.param(lambda r: reply(r, [*LIES, 1]), id="more registers"),
        pytest.param(lambda r: frame(r.tid, r.unit, b"\x03\xff" + bytes(22)), id="byte count lies"),
        pytest.param(lambda r: frame(r.tid, r.unit, b"\x03"), id="nothing behind the function"),
        pytest.param(lambda r: frame(r.tid, r.unit, b"\x83"), id="exception without a code"),
        pytest.param(lambda r: frame(r.tid, r.unit, b"\x55\x01\x02"), id="unknown function"),
        pytest.param(lambda r: reply(r, LIES)[:12], id="half an answer"),
        pytest.param(lambda _: b"\x00" * 64, id="zeros"),
        pytest.param(lambda _: b"", id="silence"),
    ],
)
async def test_no_lie_is_ever_a_value(lie: Callable[[Request], bytes]) -> None:
    async def misbehave(request: Request, writer: StreamWriter) -> None:
        writer.write(lie(request))

    await recovers_without_a_wrong_value(misbehave)


async def test_a_late_answer_is_not_the_answer_to_the_next_question() -> None:
    async def late(request: Request, writer: StreamWriter) -> None:
        await asyncio.sleep(0.15)
        writer.write(reply(request, LIES))

    await recovers_without_a_wrong_value(late)


async def test_two_answers_in_one_segment_survive() -> None:
    """125 registers late, and the next answer right behind: more than the library's own buffer."""
    points = [point("first", 0, scale=0.1), point("last", 124)]
    late: list[bytes] = []

    async def script(request: Request, writer: StreamWriter) -> bool:
        if not late and request.count == 125:
            late.append(reply(request, [9] * 125))
            return True
        if len(late) == 1:
            late.append(b"")
            writer.write(late[0] + reply(request, [500] * 125))
            return True
        return False

    async with scripted(script) as peer:
        link = board(points, port=peer.port)
        wire = TcpWire("127.0.0.1", peer.port)
        async with running(ModbusBus([Station(link, 125, 0.0)], wire, TCP_RULES, surroundings())):
            await until(lambda: link.reading("first"))
            assert held(link, "first").value == pytest.approx(50.0)
            assert peer.connections == 1


async def test_an_answer_in_single_bytes_is_an_answer() -> None:
    async def trickle(request: Request, writer: StreamWriter) -> None:
        for byte in reply(request, [500, 120, *[0] * 9]):
            writer.write(bytes((byte,)))
            await writer.drain()
            await asyncio.sleep(0)

    assert await recovers_without_a_wrong_value(trickle) == 1


async def test_a_connection_closed_in_mid_transaction_fails_at_once_and_comes_back() -> None:
    async def close(request: Request, writer: StreamWriter) -> None:
        writer.transport.abort()

    async with linked(first_time(close), timeout_s=5.0) as (peer, link):
        await until(lambda: link.reading("soc_pct"), "back long before the time-out")
        assert peer.connections == 2


async def test_a_connection_lost_while_idle_is_seen_and_made_anew_and_leaks_no_socket() -> None:
    async with linked(normal_s=60.0) as (peer, link):
        await until(lambda: link.is_up)
        for _ in range(3):
            wanted = peer.connections + 1
            peer.cut()
            await until(lambda wanted=wanted: peer.connections >= wanted and link.is_up, "reconnected")  # type: ignore[misc]
        await until(lambda: peer.open_connections == 1)


async def test_three_silences_in_a_row_drop_the_connection() -> None:
    async def silent(request: Request, writer: StreamWriter) -> bool:
        return True

    async with linked(silent, timeout_s=0.02) as (peer, link):
        await until(lambda: peer.connections >= 2)
        assert len(peer.requests) in (3, 4)
        assert not link.is_up


async def test_nobody_listens_and_then_somebody_does() -> None:
    peer = ScriptedDevice(registers={0: 500})
    await peer.start()
    await peer.stop()
    link = board(POINTS, port=peer.port)
    async with running(owner_of(link)):
        await asyncio.sleep(0.05)
        assert not link.is_up
        await peer.start()
        try:
            await until(lambda: link.is_up)
        finally:
            await peer.stop()


async def test_a_write_arrives_once_and_is_read_back() -> None:
    async with linked() as (peer, link):
        await until(lambda: link.is_up)
        for _ in range(20):
            link.write("limit_w", 5000)
            link.write("open", True)
            await asyncio.sleep(0.005)
        await until(lambda: held(link, "limit_w").value == 5000)
        assert peer.registers[10] == 500
        assert peer.coils[20] is True
        assert len(peer.writes(16)) == 1
        assert len(peer.writes(5)) == 1


async def test_what_the_caller_restates_is_sent_again_after_a_second() -> None:
    async with linked() as (peer, link):
        await until(lambda: link.is_up)
        start_s = now_s()
        while len(peer.writes(5)) < 2:
            link.write("open", True)
            await asyncio.sleep(0.05)
        assert 0.9 < now_s() - start_s < 2.0


async def test_a_write_whose_answer_was_lost_is_read_back_and_not_repeated() -> None:
    async def swallow(request: Request, writer: StreamWriter) -> None:
        peer.answer(request)  # the device obeys, and its answer is lost

    async with linked(first_time(swallow, function=16)) as (peer, link):
        await until(lambda: link.is_up)
        for _ in range(60):
            link.write("limit_w", 5000)
            await asyncio.sleep(0.01)
        assert peer.registers[10] == 500
        assert len(peer.writes(16)) == 1


async def test_a_write_that_never_arrived_is_sent_again_while_restated() -> None:
    async def lose(request: Request, writer: StreamWriter) -> None:
        return None

    async with linked(first_time(lose, function=16)) as (peer, link):
        await until(lambda: link.is_up)
        while peer.registers[10] != 500:
            link.write("limit_w", 5000)
            await asyncio.sleep(0.01)
        assert len(peer.writes(16)) == 2


async def test_an_order_that_is_no_longer_restated_does_not_arrive_when_the_device_comes_back() -> None:
    async with linked() as (peer, link):
        await until(lambda: link.is_up)
        port = peer.port
        await peer.stop()
        link.write("open", True)
        await asyncio.sleep(0.7)
        peer.port = port
        await peer.start()
        await until(lambda: link.is_up)
        await asyncio.sleep(0.1)
        assert not peer.writes(5)


async def test_a_value_that_does_not_fit_is_not_written_and_harms_nobody() -> None:
    async with linked() as (peer, link):
        await until(lambda: link.is_up)
        link.write("limit_w", 1e9)
        link.write("open", True)
        await until(lambda: peer.writes(5))
        assert not peer.writes(16)
        assert peer.connections == 1


async def test_writes_go_before_reads_and_switches_before_setpoints() -> None:
    async with linked() as (peer, link):
        await until(lambda: link.is_up)
        seen = len(peer.requests)
        link.write("beat", 1)
        link.write("limit_w", 100)
        link.write("open", True)
        await until(lambda: peer.writes(5) and len(peer.writes(16)) == 2)
        functions = [request.function for request in peer.requests[seen:] if request.function != 3]
        assert functions == [5, 16, 16]


async def test_setpoints_that_change_all_the_time_leave_room_for_reading() -> None:
    async with linked() as (peer, link):
        await until(lambda: link.is_up)
        before = len(peer.writes(3))
        end_s = now_s() + 0.5
        number = 0
        while now_s() < end_s:
            number += 1
            link.write("beat", number % 1000)
            await asyncio.sleep(0)
        assert len(peer.writes(3)) - before >= 5


async def test_a_refused_read_costs_the_other_blocks_nothing() -> None:
    points = [*POINTS, point("gone", 200)]

    async def refuse(request: Request, writer: StreamWriter) -> bool:
        if request.address != 200:
            return False
        writer.write(frame(request.tid, request.unit, b"\x83\x02"))
        return True

    async with linked(refuse, points=points) as (peer, link):
        await until(lambda: link.reading("soc_pct"))
        assert link.is_up
        assert link.reading("gone") is None
        assert peer.connections == 1


async def test_a_device_that_refuses_holes_is_read_in_pieces() -> None:
    points = [point("a", 0, scale=0.1), point("b", 5)]

    async def refuse(request: Request, writer: StreamWriter) -> bool:
        if request.count == 1:
            return False
        writer.write(frame(request.tid, request.unit, b"\x83\x02"))
        return True

    async with linked(refuse, points=points) as (_, link):
        await until(lambda: link.reading("a") and link.reading("b"))


async def test_units_behind_one_port_share_one_connection_and_a_dead_one_costs_the_other_little() -> None:
    async def dead_unit(request: Request, writer: StreamWriter) -> bool:
        return request.unit == 2

    async with scripted(dead_unit) as peer:
        alive = board(POINTS, name="alive", unit=1, port=peer.port, timeout_s=0.05, fast_s=0.02)
        dead = board(POINTS, name="dead", unit=2, port=peer.port, timeout_s=0.05)
        async with running(owner_of(alive, dead)):
            await until(lambda: alive.is_up and dead.failures > 4)
            assert peer.open_connections == 1
            alive_asked = sum(request.unit == 1 for request in peer.requests)
            dead_asked = sum(request.unit == 2 for request in peer.requests)
            assert alive_asked > dead_asked
        assert not dead.is_up


async def test_cancelled_in_mid_write_the_outcome_is_unknown_and_nothing_hangs() -> None:
    async def silent(request: Request, writer: StreamWriter) -> bool:
        return request.function == 16

    async with scripted(silent) as peer:
        link = board(POINTS, port=peer.port, timeout_s=5.0)
        async with running(owner_of(link)):
            await until(lambda: link.is_up)
            link.write("limit_w", 5000)
            await until(lambda: peer.writes(16))
        assert not link.is_up
