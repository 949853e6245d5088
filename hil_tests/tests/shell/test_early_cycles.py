"""What should not wait for its turn begins the next cycle at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from controller.loop import Loop
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
