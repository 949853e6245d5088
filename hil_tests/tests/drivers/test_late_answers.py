"""Answers that come after their time: never part of another one, and no reason to drop whoever sends in pieces."""

from __future__ import annotations

import asyncio
from asyncio import StreamWriter

import pytest

from controller.drivers.late_answers import LateAnswers
from controller.drivers.link import Value
from hil_tests.tests.drivers.devices import board, held, point, running, until
from hil_tests.tests.drivers.scripted_tcp import Request, frame
from hil_tests.tests.drivers.tcp_link import POINTS, linked, owner_of, scripted
from hil_tests.tests.drivers.test_tcp_rows import right


@pytest.mark.parametrize(
    ("data", "at_s", "is_one"),
    [
        pytest.param(b"\x03\x04" + frame(5, 2, b"\x03\x02")[:4], 1.0, True, id="the head is cut off by the end"),
        pytest.param(b"\x03\x10ab" + frame(5, 2, b"\x03\x02\0\1"), 1.0, True, id="all of it"),
        pytest.param(b"\x03\x10ab" + frame(5, 3, b"\x03\x02\0\1"), 1.0, False, id="another unit's"),
        pytest.param(b"\x03\x10ab" + frame(6, 2, b"\x03\x02\0\1"), 1.0, False, id="another transaction's"),
        pytest.param(b"\x03\x10ab" + frame(5, 2, b"\x03\x02\0\1"), 2.1, False, id="later than it can come"),
    ],
)
def test_an_owed_answer_is_known_by_its_head_for_as_long_as_it_may_come(data: bytes, at_s: float, is_one: bool) -> None:
    late = LateAnswers()
    late.owe(5, 2, until_s=2.0)
    assert late.is_one_within(data, at_s) is is_one


@pytest.mark.parametrize("is_one_segment", [False, True])
async def test_a_torn_answer_and_a_late_one_are_not_put_together(is_one_segment: bool) -> None:
    """The late one's head would fill the torn one up, and its numbers would be taken for values."""
    frames: list[bytes] = []

    async def script(request: Request, writer: StreamWriter) -> bool:
        if request.function != 3 or len(frames) == 2:
            return False
        frames.append(right(peer, request))
        if len(frames) == 2:
            late, torn = frames[0], frames[1][:-4]
            writer.write(torn + late if is_one_segment else torn)
            if not is_one_segment:
                asyncio.get_running_loop().call_later(0.03, writer.write, late)
        return True

    async with linked(script, points=[point("first", 0), point("last", 1)]) as (peer, link):
        await until(lambda: peer.connections == 2 and link.is_up)
        assert (held(link, "first").value, held(link, "last").value) == (500, 120)


@pytest.mark.parametrize("is_one_segment", [False, True])
async def test_a_late_answer_that_fills_a_torn_one_exactly_up_is_no_value(is_one_segment: bool) -> None:
    """Nothing is left over behind it: number, unit, function and length are right."""
    points = [*(point(f"near {number}", number) for number in range(20, 32)), point("far", 500)]
    late: list[bytes] = []

    async def script(request: Request, writer: StreamWriter) -> bool:
        if not late and request.count == 1:
            late.append(right(peer, request))
            return True
        if len(late) == 1 and request.count == 12:
            torn = right(peer, request)[: -len(late[0])]
            if is_one_segment:
                writer.write(torn + late[0])
            else:
                writer.write(torn)
                asyncio.get_running_loop().call_later(0.03, writer.write, late[0])
            late.append(b"")
            return True
        return False

    async with linked(script, points=points) as (peer, link):
        wrong: list[Value] = []

        def is_made_anew() -> bool:
            wrong.extend(each.value for name in points if (each := link.reading(name.id)) is not None and each.value)
            return peer.connections == 2

        await until(is_made_anew)
        assert not wrong, "its registers are empty"
        await until(lambda: link.is_up)


async def test_a_gateway_that_sends_head_and_data_apart_is_not_dropped_for_a_dead_unit() -> None:
    async def apart(request: Request, writer: StreamWriter) -> bool:
        if request.unit != 2:
            writer.write(right(peer, request)[:8])
            await writer.drain()
            await asyncio.sleep(0.003)
            writer.write(right(peer, request)[8:])
        return True

    async with scripted(apart) as peer:
        alive = board(POINTS, name="alive", unit=1, port=peer.port, normal_s=0.02)
        dead = board(POINTS, name="dead", unit=2, port=peer.port, timeout_s=0.05)
        async with running(owner_of(alive, dead)):
            await until(lambda: alive.is_up and dead.failures >= 4)
            assert peer.connections == 1
            assert alive.failures == 0
