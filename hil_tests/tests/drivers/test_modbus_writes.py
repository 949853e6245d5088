"""Writing to a Modbus TCP device: once, checked, and never what nobody wants any more."""

from __future__ import annotations

import asyncio
import struct
from asyncio import StreamWriter
from dataclasses import replace

import pytest

from hil_tests.tests.drivers.devices import board, held, now_s, point, running, until
from hil_tests.tests.drivers.scripted_tcp import Request, frame
from hil_tests.tests.drivers.tcp_link import POINTS, first_time, linked, owner_of, scripted


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


@pytest.mark.parametrize(("name", "value", "function"), [("limit_w", 5000, 16), ("open", True, 5)])
async def test_the_echo_of_another_write_is_no_answer(name: str, value: float, function: int) -> None:
    """Number, unit, function and length are right, and it speaks of the register behind: ours was not obeyed."""

    async def lie(request: Request, writer: StreamWriter) -> None:
        body = struct.pack(">BH", function, request.address + 1) + request.body[2:4]
        writer.write(frame(request.tid, request.unit, body))

    async with linked(first_time(lie, function)) as (peer, link):
        await until(lambda: link.is_up)
        while len(peer.writes(function)) < 2:
            link.write(name, value)
            await asyncio.sleep(0.01)
        assert peer.connections == 2, "what answers so is out of step"


LEVEL, ORDER = point("open", 20, "bool", "w", space="coil"), point("close", 21, "bool", "w", space="coil")
ASKABLE = [replace(each, read_back=True) for each in (LEVEL, ORDER)]


@pytest.mark.parametrize("name", ["open", "close"])
async def test_a_write_of_what_is_not_polled_is_read_back_when_its_answer_was_lost(name: str) -> None:
    """Each lost answer sent it again: ten closings in a second, of which the device had obeyed the first."""

    async def swallow(request: Request, writer: StreamWriter) -> None:
        peer.answer(request)

    async with linked(first_time(swallow, function=5), points=[*POINTS[:2], *ASKABLE]) as (peer, link):
        await until(lambda: link.is_up)
        end_s = now_s() + 0.8
        while now_s() < end_s:
            link.write(name, True)
            await asyncio.sleep(0.02)
        assert len(peer.writes(5)) == 1
        assert len(peer.writes(1)) == 1  # it is asked, once: nobody polls it
        assert link.reading(name) is not None


async def test_a_closing_that_nobody_can_read_back_goes_again_after_a_second_and_an_opening_at_once() -> None:
    async def swallow(request: Request, writer: StreamWriter) -> bool:
        if request.function == 5:
            peer.answer(request)
        return request.function == 5

    async with linked(swallow, points=[*POINTS[:2], LEVEL, ORDER], timeout_s=0.05) as (peer, link):
        await until(lambda: link.is_up)
        start_s = now_s()
        while not (orders := [request for request in peer.writes(5) if request.address == 21])[1:]:
            link.write("close", True)
            link.write("open", True)
            await asyncio.sleep(0.02)
        assert now_s() - start_s > 0.9
        assert len(orders) == 2
        assert sum(request.address == 20 for request in peer.writes(5)) > 2


@pytest.mark.parametrize(("code", "writes_count"), [(6, 1), (11, 1), (3, 2)])
async def test_a_device_that_obeys_and_says_it_did_not_is_asked_before_it_is_told_again(
    code: int, writes_count: int
) -> None:
    """Busy, failed, or a gateway speaks for it: it may have happened. What it calls illegal has not."""

    async def grumble(request: Request, writer: StreamWriter) -> None:
        peer.answer(request)
        writer.write(frame(request.tid, request.unit, bytes((request.function | 0x80, code))))

    async with linked(first_time(grumble, function=16)) as (peer, link):
        await until(lambda: link.is_up)
        end_s = now_s() + 1.3
        while now_s() < end_s:
            link.write("limit_w", 5000)
            await asyncio.sleep(0.01)
        assert len(peer.writes(16)) == writes_count


async def test_a_closing_that_was_taken_back_while_the_device_was_asked_for_it_is_not_sent() -> None:
    """The first closing is lost; before the second the contact is asked, and the answer takes its time."""
    contact = point("closed", 7, "bool", "rw", space="coil")

    async def script(request: Request, writer: StreamWriter) -> bool:
        if len(peer.writes(5)) == 1 and request.function == 1:
            link.write("closed", False)
        return len(peer.writes(5)) == 1 and request.function == 5

    async with linked(script, points=[contact], normal_s=60.0) as (peer, link):
        await until(lambda: link.is_up)
        link.write("closed", True)
        await until(lambda: peer.writes(5))
        await until(lambda: link.failures == 1)
        link.write("closed", True)
        await until(lambda: len(peer.writes(5)) == 2)
        assert [request.count for request in peer.writes(5)] == [0xFF00, 0]


async def test_a_device_that_is_quarantined_while_it_is_asked_about_an_order_is_not_told_it() -> None:
    """Nobody knows which of its registers the order would reach."""
    contact = point("closed", 7, "bool", "rw", space="coil")

    async def script(request: Request, writer: StreamWriter) -> bool:
        if len(peer.writes(5)) == 1 and request.function == 1:
            link.is_barred = True
        return len(peer.writes(5)) == 1 and request.function == 5

    async with linked(script, points=[contact], normal_s=60.0) as (peer, link):
        await until(lambda: link.is_up)
        link.write("closed", True)
        await until(lambda: link.failures == 1)
        link.write("closed", True)
        await until(lambda: link.is_barred)
        await asyncio.sleep(0.2)
        assert len(peer.writes(5)) == 1


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
    """On a wire where something is always due to be read; after a set-point one read has its turn."""
    far_apart = [point(f"power_{number}_w", 1000 * number) for number in range(1, 20)]
    async with linked(points=[*POINTS, *far_apart], normal_s=0.001) as (peer, link):
        await until(lambda: link.is_up)
        seen = len(peer.requests)
        link.write("beat", 1)
        link.write("limit_w", 100)
        link.write("open", True)
        await until(lambda: peer.writes(5) and len(peer.writes(16)) == 2)
        functions = [request.function for request in peer.requests[seen:]]
        in_the_air = functions[0] == 3
        assert functions[in_the_air : in_the_air + 4] == [5, 16, 3, 16]


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


async def test_cancelled_in_mid_write_the_outcome_is_unknown_and_nothing_hangs() -> None:
    """The device has obeyed. Whoever serves it next asks before it is told again."""

    async def swallow(request: Request, writer: StreamWriter) -> None:
        peer.answer(request)

    async with scripted(first_time(swallow, function=16)) as peer:
        link = board(POINTS, port=peer.port, timeout_s=5.0)
        async with running(owner_of(link)):
            await until(lambda: link.is_up)
            link.write("limit_w", 5000)
            await until(lambda: peer.writes(16))
        assert not link.is_up
        async with running(owner_of(link)):
            end_s = now_s() + 0.5
            while now_s() < end_s:
                link.write("limit_w", 5000)
                await asyncio.sleep(0.01)
        assert len(peer.writes(16)) == 1
        assert held(link, "limit_w").value == 5000
