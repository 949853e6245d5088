"""What should not wait for its turn begins the next cycle at once; and nobody outside can make a cycle wait."""

from __future__ import annotations

import asyncio
import socket
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
