"""What a device, a gateway or a network between does to a whole connection: slow, deaf, full, restarted, cut."""

from __future__ import annotations

import asyncio
import struct
import time
from asyncio import StreamWriter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise

import pytest

from controller.drivers.backoff import Patience
from controller.drivers.modbus_bus import ModbusBus
from controller.drivers.modbus_tcp import TCP_RULES, TcpWire
from hil_tests.tests.drivers.devices import board, held, now_s, point, running, surroundings, until
from hil_tests.tests.drivers.scripted_tcp import Request, ScriptedDevice, frame
from hil_tests.tests.drivers.tcp_link import POINTS, first_time, linked, owner_of, scripted

LIE = struct.pack(">BB11H", 3, 22, *[999] * 11)


def right(peer: ScriptedDevice, request: Request) -> bytes:
    return frame(request.tid, request.unit, peer.answer(request))


async def test_a_byte_a_second_is_no_answer_and_its_rest_is_no_head_of_the_next() -> None:
    """The rest of the trickle is a whole answer to the next question: number, unit, function and length are right."""
    tails: list[bytes] = []

    async def trickle(request: Request, writer: StreamWriter) -> None:
        writer.write(right(peer, request)[:1])
        tails.append(frame(request.tid + 1, request.unit, LIE))
        asyncio.get_running_loop().call_later(0.11, writer.write, right(peer, request)[1:] + tails[0])

    async with linked(first_time(trickle)) as (peer, link):
        await until(lambda: link.reading("soc_pct"), "the next connection answers")
        assert held(link, "soc_pct").value == pytest.approx(50.0)
        assert peer.connections == 2
        await asyncio.sleep(0.15)
        assert held(link, "soc_pct").value == pytest.approx(50.0)


async def test_an_answer_that_comes_twice_is_one() -> None:
    async def twice(request: Request, writer: StreamWriter) -> bool:
        writer.write(2 * right(peer, request))
        return True

    async with linked(twice) as (peer, link):
        await until(lambda: len(peer.requests) >= 5 and link.reading("soc_pct"))
        assert held(link, "soc_pct").value == pytest.approx(50.0)
        assert peer.connections == 1


async def test_half_a_duplicate_puts_the_stream_out_of_step_and_the_connection_is_made_anew() -> None:
    async def one_and_a_half(request: Request, writer: StreamWriter) -> None:
        writer.write(right(peer, request) + right(peer, request)[:5])

    async with linked(first_time(one_and_a_half)) as (peer, link):
        await until(lambda: peer.connections == 2 and link.is_up)
        assert held(link, "soc_pct").value == pytest.approx(50.0)


async def test_a_half_open_connection_is_given_up_after_three_time_outs() -> None:
    """The device lost its power: nothing comes back, not even a FIN."""
    is_deaf = False
    unheard: list[Request] = []

    async def deaf(request: Request, _: StreamWriter) -> bool:
        if is_deaf:
            unheard.append(request)
        return is_deaf

    async with linked(deaf, timeout_s=0.05) as (peer, link):
        await until(lambda: link.is_up)
        is_deaf = True
        await until(lambda: not link.is_up, "seen")
        assert len(unheard) == 3
        is_deaf = False
        await until(lambda: peer.connections == 2 and link.is_up, "back")


async def test_a_device_that_is_full_closes_at_once_and_is_asked_with_growing_patience() -> None:
    """Its only place is taken by somebody else."""
    accepted: list[float] = []
    is_full = True

    class Full(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            accepted.append(now_s())
            assert isinstance(transport, asyncio.Transport)
            if is_full:
                transport.close()

    server = await asyncio.get_running_loop().create_server(Full, "127.0.0.1", 0)
    link = board(POINTS, port=server.sockets[0].getsockname()[1])
    bus = ModbusBus([link], TcpWire(link.device), TCP_RULES, surroundings(Patience(jitter=lambda: 1.0)))
    try:
        async with running(bus):
            await until(lambda: len(accepted) == 4)
            waits_s = [after - before for before, after in pairwise(accepted)]
            assert all(wait_s > 0.5 * wanted_s for wait_s, wanted_s in zip(waits_s, [0.1, 0.2, 0.4], strict=True)), (
                waits_s
            )
            assert not link.is_up
    finally:
        server.close()
        await server.wait_closed()


async def test_a_device_that_restarts_with_empty_registers_is_told_again_what_it_has_forgotten() -> None:
    async with linked() as (peer, link):
        await until(lambda: link.is_up)
        link.write("limit_w", 5000)
        await until(lambda: peer.registers[10] == 500 and held(link, "limit_w").value == 5000)
        port = peer.port
        await peer.stop()
        await until(lambda: not link.is_up)
        peer.registers, peer.port = {0: 500}, port
        heard_before = len(peer.requests)
        await peer.start()
        while peer.registers.get(10) != 500:
            link.write("limit_w", 5000)  # the caller states its whole wish in every cycle
            await asyncio.sleep(0.02)
        assert len(peer.writes(16)) == 2
        since = peer.requests[heard_before:]
        before_it = since[: since.index(peer.writes(16)[1])]
        assert (3, 10, 1) in {(each.function, each.address, each.count) for each in before_it}, "it is asked first"


@pytest.mark.parametrize("end", [ScriptedDevice.cut, ScriptedDevice.reset])
async def test_a_lost_connection_is_seen_at_once_and_is_soon_back(end: Callable[[ScriptedDevice], None]) -> None:
    """Long before the question that was under way has timed out, in order (FIN) and by a reset (RST)."""
    async with linked(normal_s=0.01, timeout_s=5.0) as (peer, link):

        def is_up_again(after_count: int) -> bool:
            return peer.connections > after_count and peer.open_connections == 1 and link.is_up

        for _ in range(3):
            await until(partial(is_up_again, 0))
            end(peer)
            began_s = now_s()
            await until(partial(is_up_again, peer.connections))
            assert now_s() - began_s < 5.0


async def test_questions_are_never_sent_before_the_last_is_answered_or_over() -> None:
    open_questions = 0

    async def slow(request: Request, writer: StreamWriter) -> bool:
        nonlocal open_questions
        open_questions += 1
        assert open_questions == 1
        await asyncio.sleep(0.01)
        open_questions -= 1
        writer.write(right(peer, request))
        return True

    points = [*POINTS, point("far", 500), point("farther", 900)]
    async with linked(slow, points=points) as (peer, link):
        for number in range(20):
            link.write("limit_w", 10 * number)
            await asyncio.sleep(0.02)
        assert link.is_up
        assert len(peer.requests) > 20


async def dead_unit(request: Request, _: StreamWriter) -> bool:
    """The second behind the gateway never answers."""
    return request.unit == 2


async def test_a_dead_slow_unit_does_not_cost_a_gateway_its_connection() -> None:
    """The living unit is read once a second only; between two of its answers the dead one is silent three times."""

    async with scripted(dead_unit) as peer:
        alive = board(POINTS, name="alive", unit=1, port=peer.port, normal_s=1.0)
        dead = board(POINTS, name="dead", unit=2, port=peer.port, timeout_s=0.05)
        async with running(owner_of(alive, dead)):
            await until(lambda: alive.is_up and dead.failures >= 3)
            await asyncio.sleep(0.3)
            assert peer.connections == 1
            assert alive.is_up


async def test_an_order_that_waited_too_long_behind_a_dead_unit_is_not_sent() -> None:
    """Its deadline began when it was wished: the gateway was still waiting for another unit when it was over."""

    async with scripted(dead_unit) as peer:
        alive = board(POINTS, name="alive", unit=1, port=peer.port, normal_s=0.02)
        dead = board(POINTS, name="dead", unit=2, port=peer.port, timeout_s=0.8)
        async with running(owner_of(alive, dead)):
            await until(lambda: any(each.unit == 2 for each in peer.requests))
            alive.write("open", True)
            asked_before = len(peer.requests)
            await until(lambda: len(peer.requests) > asked_before + 3, "the gateway goes on")
            assert not peer.writes(5)
            while not peer.writes(5):  # wished again and again it gets through
                alive.write("open", True)
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("code", [10, 11])
async def test_what_a_gateway_says_for_an_absent_unit_is_an_absence(code: int) -> None:
    async def gateway(request: Request, writer: StreamWriter) -> bool:
        if request.unit == 2:
            writer.write(frame(request.tid, request.unit, bytes((request.function | 0x80, code))))
        return request.unit == 2

    async with scripted(gateway) as peer:
        alive = board(POINTS, name="alive", unit=1, port=peer.port)
        absent = board(POINTS, name="absent", unit=2, port=peer.port)
        async with running(owner_of(alive, absent)):
            await until(lambda: alive.is_up and absent.failures >= 3)
            assert not absent.is_up
            assert peer.connections == 1


async def test_a_device_has_its_pause_between_questions_and_before_the_first() -> None:
    asked: list[float] = []

    async def note(_: Request, __: StreamWriter) -> bool:
        asked.append(now_s())
        return False

    async with scripted(note) as peer:
        link = board([*POINTS, point("far", 500)], port=peer.port, normal_s=0.01)
        table = replace(link.device.table, min_gap_s=0.05, connect_delay_s=0.2)
        link.device = replace(link.device, table=table)
        began_s = now_s()
        async with running(owner_of(link)):
            await until(lambda: len(asked) >= 6)
        assert asked[0] - began_s >= 0.2
        assert min(after - before for before, after in pairwise(asked)) >= 0.05


async def test_a_device_with_room_for_one_is_let_go_with_a_reset() -> None:
    """With a FIN alone its only place stays taken until it notices."""
    ends: list[Exception | None] = []

    class Device(asyncio.Protocol):
        def connection_lost(self, error: Exception | None) -> None:
            ends.append(error)

    server = await asyncio.get_running_loop().create_server(Device, "127.0.0.1", 0)
    try:
        for is_single in (False, True):
            device = board(POINTS, port=server.sockets[0].getsockname()[1]).device
            wire = TcpWire(replace(device, table=replace(device.table, is_single_client=is_single)))
            await wire.open(lambda: None)
            await asyncio.sleep(0.02)
            wire.close()
            wanted = 2 if is_single else 1
            await until(lambda wanted=wanted: len(ends) == wanted)  # type: ignore[misc]
    finally:
        server.close()
        await server.wait_closed()
    assert ends[0] is None
    assert isinstance(ends[1], ConnectionResetError)


async def test_garbage_is_not_a_line_in_the_log_each_time(caplog: pytest.LogCaptureFixture) -> None:
    async def garbage(request: Request, writer: StreamWriter) -> bool:
        writer.write(frame(request.tid, request.unit, b"\x55\x01\x02"))
        return True

    with caplog.at_level("WARNING"):
        async with linked(garbage) as (peer, _):
            until_s = time.monotonic() + 0.5
            while time.monotonic() < until_s or peer.connections < 3:
                await asyncio.sleep(0.01)
    assert len(caplog.records) <= 2, [record.message for record in caplog.records]
