"""An event loop that never waits: time, connections, and work that blocks."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from hil_tests.virtual.loop import StuckError, VirtualLoop, pause
from hil_tests.virtual.transport import ONE_WAY_S

HOUR_S = 3600.0


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    loop = VirtualLoop()
    yield loop
    loop.close()


def run(loop: VirtualLoop, work: Coroutine[Any, Any, Any]) -> Any:
    return loop.run_until_complete(work)


def test_an_hour_takes_no_time_and_is_an_hour(loop: VirtualLoop) -> None:
    began_s = time.monotonic()
    run(loop, asyncio.sleep(HOUR_S))
    assert loop.time() == pytest.approx(HOUR_S)
    assert time.monotonic() - began_s < HOUR_S / 100


def test_what_is_due_first_happens_first(loop: VirtualLoop) -> None:
    seen: list[tuple[float, str]] = []

    async def tell(word: str, *after_s: float) -> None:
        for each in after_s:
            await asyncio.sleep(each)
            seen.append((round(loop.time(), 6), word))

    async def both() -> None:
        await asyncio.gather(tell("slow", 3.0, 3.0), tell("quick", 1.0, 1.0, 3.0))

    run(loop, both())
    assert seen == [(1.0, "quick"), (2.0, "quick"), (3.0, "slow"), (5.0, "quick"), (6.0, "slow")]


def test_what_is_due_together_happens_as_it_was_asked_for_and_what_is_called_off_does_not(loop: VirtualLoop) -> None:
    seen: list[int] = []
    timers = [loop.call_at(5.0, seen.append, number) for number in range(20)]
    for timer in timers[::3]:
        timer.cancel()
    loop.call_at(6.0, seen.append, -1).cancel()
    run(loop, asyncio.sleep(HOUR_S))
    assert seen == [number for number in range(20) if number % 3]


def test_a_wait_shorter_than_an_instant_ends_although_others_are_busy(loop: VirtualLoop) -> None:
    done = asyncio.Event()

    async def wait(due_s: float) -> None:
        while loop.time() < due_s:
            await asyncio.sleep(due_s - loop.time())
        done.set()

    async def be_busy() -> None:
        await asyncio.sleep(20.0)
        while not done.is_set():
            await asyncio.sleep(0)

    async def both() -> None:
        await asyncio.gather(wait(math.nextafter(20.0, 21.0)), be_busy())

    run(loop, both())
    assert loop.time() == pytest.approx(20.0)


def test_who_waits_for_nothing_is_told(loop: VirtualLoop) -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    with pytest.raises(StuckError):
        run(loop, forever())


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line)
    writer.close()


def test_a_connection_carries_bytes_and_takes_its_time(loop: VirtualLoop) -> None:
    async def talk() -> tuple[bytes, float, bytes]:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
        asked_s = loop.time()
        writer.write(b"one\ntwo\n")
        answer = await reader.readline() + await reader.readline()
        took_s = loop.time() - asked_s
        writer.write_eof() if writer.can_write_eof() else writer.close()
        server.close()
        return answer, took_s, await reader.read()

    assert run(loop, talk()) == (b"one\ntwo\n", pytest.approx(2 * ONE_WAY_S), b"")


def test_nobody_listens(loop: VirtualLoop) -> None:
    with pytest.raises(ConnectionRefusedError):
        run(loop, asyncio.open_connection("127.0.0.1", 40_000))


def test_a_port_is_taken_until_it_is_left(loop: VirtualLoop) -> None:
    async def listen() -> None:
        first = await asyncio.start_server(echo, "127.0.0.1", 502)
        with pytest.raises(OSError, match="502 is taken"):
            await asyncio.start_server(echo, "127.0.0.1", 502)
        first.close()
        (await asyncio.start_server(echo, "127.0.0.1", 502)).close()

    run(loop, listen())


def test_a_reset_is_heard_as_one_and_comes_after_what_was_said(loop: VirtualLoop) -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"half")
        writer.transport.abort()

    async def hear() -> bytes:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        reader, _ = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
        heard = await reader.readexactly(4)
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
        server.close()
        return heard

    assert run(loop, hear()) == b"half"


def test_work_that_blocks_lets_time_pass_and_others_go_on(loop: VirtualLoop) -> None:
    def work() -> str:
        pause(asyncio.sleep(2.0))
        word: str = pause(asyncio.sleep(2.0, "done"))
        return f"{word} at {loop.time():.0f} s"

    async def both() -> tuple[str, float]:
        working = loop.run_in_executor(None, work)
        await asyncio.sleep(1.0)
        return await working, loop.time()

    assert run(loop, both()) == ("done at 4 s", pytest.approx(4.0))


def test_what_blocking_work_raises_arrives(loop: VirtualLoop) -> None:
    def work() -> None:
        pause(asyncio.sleep(1.0))
        raise ValueError("after a while")

    async def wait() -> None:
        with pytest.raises(ValueError, match="after a while"):
            await loop.run_in_executor(None, work)

    run(loop, wait())
