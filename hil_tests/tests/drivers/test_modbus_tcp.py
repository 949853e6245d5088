"""A Modbus TCP connection against a device that misbehaves in every way that devices and gateways are known for."""

from __future__ import annotations

import asyncio
import struct
from asyncio import StreamWriter
from collections.abc import Callable
from dataclasses import replace

import pytest

from controller.drivers.board import Board
from controller.drivers.link import Reading
from controller.drivers.modbus_bus import ModbusBus
from controller.drivers.modbus_tcp import TCP_RULES, TcpWire
from hil_tests.tests.drivers.devices import board, held, now_s, point, running, surroundings, until
from hil_tests.tests.drivers.scripted_tcp import Request, ScriptedDevice, frame
from hil_tests.tests.drivers.tcp_link import POINTS, Misbehave, first_time, linked, owner_of, scripted


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
        rules = replace(TCP_RULES, hole_max=125)
        async with running(ModbusBus([link], TcpWire(link.device), rules, surroundings())):
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
