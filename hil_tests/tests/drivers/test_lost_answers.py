"""A write whose answer was lost is unknown until it is read back: over TCP, over RTU and over OPC UA alike.

The story is the same on each of the three. Somebody wants a limit and restates it each cycle, as the core does. The
device that has it is not told again; one that has it not is told once more, and not before it was asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from hil_tests.servers.ports import free_port
from hil_tests.tests.drivers.devices import held, now_s, until
from hil_tests.tests.drivers.fates import ALIVE, LIMIT, VALUE_W, Far, Fate, Open, over_opcua, over_rtu, over_tcp
from hil_tests.tests.drivers.opcua_peer import Peer

pytestmark = pytest.mark.asyncio(loop_scope="module")

CYCLE_S = 0.02
CALM_S = 0.5  # half the time after which what is sure is restated
PATIENCE_S = 8.0
PROTOCOLS = ("tcp", "rtu", "opcua")
STORIES = [pytest.param(protocol, fate, id=f"{protocol}: {fate.value}") for protocol in PROTOCOLS for fate in Fate]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def peer() -> AsyncIterator[Peer]:
    made = Peer(free_port())
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def opened(protocol: str, tmp_path: Path, peer: Peer) -> Open:
    return {"tcp": over_tcp, "rtu": over_rtu(tmp_path), "opcua": over_opcua(peer)}[protocol]


@pytest.mark.parametrize(("protocol", "fate"), STORIES)
async def test_what_is_written_and_not_polled(opened: Open, fate: Fate) -> None:
    """It is read when nobody knows whether it was heard, and at no other time."""
    async with opened(fate, False) as far:
        await _restated(far, lambda: fate is Fate.ANSWERED or "read" in far.heard)
        as_told = ["write", "read"] if fate.is_obeyed else ["write", "read", "write"]
        assert far.heard == (["write"] if fate is Fate.ANSWERED else as_told)


@pytest.mark.parametrize(("protocol", "fate"), STORIES)
async def test_what_is_polled_as_well(opened: Open, fate: Fate) -> None:
    async with opened(fate, True) as far:
        await _restated(far, lambda: held(far.link, LIMIT).value == VALUE_W)
        told = [number for number, what in enumerate(far.heard) if what == "write"]
        assert len(told) == (1 if fate.is_obeyed else 2)
        assert fate.is_obeyed or "read" in far.heard[told[0] : told[1]], "it is asked before it is told again"


async def _restated(far: Far, is_known: Callable[[], bool]) -> None:
    """Wish it each cycle until the device has it and we know, and a little longer."""
    await until(lambda: far.link.reading(ALIVE), "connected")
    far.heard.clear()
    end_s, known_s = now_s() + PATIENCE_S, None
    while known_s is None or now_s() < known_s + CALM_S:
        assert now_s() < end_s, f"it does not get through: {far.heard}"
        far.link.write(LIMIT, VALUE_W)
        await asyncio.sleep(CYCLE_S)
        if known_s is None and far.holds_w() == VALUE_W and is_known():
            known_s = now_s()
