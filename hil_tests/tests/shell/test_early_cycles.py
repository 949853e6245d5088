"""What should not wait for its turn begins the next cycle at once; and nobody outside can make a cycle wait."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest

from controller.loop import Loop
from controller.watchdog import notify
from hil_tests.tests.shell.test_loop import a_loop


def slow(loop: Loop) -> asyncio.Event:
    """With a cycle of a minute only news can bring a second cycle while the test runs. Set after each cycle."""
    timing = replace(loop.site.hub.timing, cycle_s=60.0)
    loop.site = replace(loop.site, hub=replace(loop.site.hub, timing=timing))
    cycled = asyncio.Event()
    loop.on_cycle = lambda *_: cycled.set()
    return cycled


async def test_news_begin_the_next_cycle_at_once() -> None:
    loop, _, _ = a_loop()
    cycled = slow(loop)
    running = asyncio.create_task(loop.run())
    try:
        for count in (1, 2, 3):
            async with asyncio.timeout(10.0):
                await cycled.wait()
            cycled.clear()
            assert loop.time.count == count
            loop.hurry()
    finally:
        running.cancel()
    assert loop.time.overruns_count == 0, "early is not late"


async def test_an_order_that_waits_for_its_line_goes_when_it_is_written() -> None:
    loop, _, _ = a_loop()
    cycled = slow(loop)
    running = asyncio.create_task(loop.run())
    try:
        await cycled.wait()
        loop.intent_is_durable()
        assert not loop.is_hurried, "nothing waits for it"
        loop.gate.is_holding = True
        loop.intent_is_durable()
        assert loop.is_hurried
    finally:
        running.cancel()


async def test_who_stood_still_listens_before_judging() -> None:
    """Stopped for 0.3 s in a young island, the guard took its own sleep for a silent relay, and stopped the battery."""
    loop, _, _ = a_loop()
    judged: list[bool] = []
    loop.on_cycle = lambda *_: judged.append(heard)
    heard = False
    running = asyncio.create_task(loop.run())
    try:
        while not judged:
            await asyncio.sleep(0)
        time.sleep(loop.site.envelope.sample_age_max_s + 2 * loop.site.hub.timing.cycle_s)  # noqa: ASYNC251 - as SIGSTOP
        loop_of_links = asyncio.get_running_loop()
        before_count = len(judged)

        def hears() -> None:
            nonlocal heard
            heard = True

        loop_of_links.call_later(0.5 * loop.site.hub.timing.cycle_s, hears)  # a poll that begins when we wake
        while len(judged) == before_count:
            await asyncio.sleep(0)
    finally:
        running.cancel()
    assert judged[before_count], "what was sent meanwhile is heard before anybody judges"
    assert loop.time.overruns_count >= 1, "and the cycle was late all the same"


def test_a_service_manager_that_does_not_listen_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full queue of datagrams stopped the loop: found by a benchmark that did not read its notifications."""
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(address)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        for _ in range(2_000):
            notify("WATCHDOG=1")
        assert deaf.recv(64) == b"WATCHDOG=1"
