"""The network goes away with an order on its way, and comes back when nobody wants the order any more.

A connection that was merely closed is repeated by the kernel for minutes: the order would arrive behind newer ones.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from hil_tests.servers.ports import free_port
from hil_tests.servers.proxy import Proxy
from hil_tests.tests.drivers import opcua_peer
from hil_tests.tests.drivers.devices import board, running, until
from hil_tests.tests.drivers.tcp_link import POINTS, owner_of, scripted

NOBODY_WANTS_IT_S = 0.6


@asynccontextmanager
async def proxied(port: int) -> AsyncIterator[Proxy]:
    proxy = Proxy(port)
    await proxy.start()
    try:
        yield proxy
    finally:
        proxy.hold_back(False)
        await proxy.stop()


async def test_an_order_that_went_into_a_hole_does_not_come_out_of_it_over_modbus_tcp() -> None:
    async with scripted() as peer, proxied(peer.port) as proxy:
        link = board(POINTS, port=proxy.port)
        async with running(owner_of(link)):
            await until(lambda: link.is_up)
            proxy.hold_back(True)
            link.write("open", True)
            await until(lambda: not link.is_up, "the hole is seen")
            await asyncio.sleep(NOBODY_WANTS_IT_S)
            proxy.hold_back(False)
            await until(lambda: link.is_up)
            await asyncio.sleep(0.2)
        assert not peer.writes(5)


async def test_the_last_order_before_our_end_is_not_taken_back_though_an_answer_is_owed() -> None:
    heard_count = 0
    ends: list[Exception | None] = []

    class Silent(asyncio.Protocol):
        def data_received(self, _: bytes) -> None:
            nonlocal heard_count
            heard_count += 1

        def connection_lost(self, error: Exception | None) -> None:
            ends.append(error)

    server = await asyncio.get_running_loop().create_server(Silent, "127.0.0.1", 0)
    link = board(POINTS, port=server.sockets[0].getsockname()[1], timeout_s=0.2)
    async with running(owner_of(link)):
        await until(lambda: heard_count == 2, "the first question has timed out")
    await until(lambda: ends)
    server.close()
    await server.wait_closed()
    assert ends == [None]


@pytest.mark.parametrize("timeout_s", [1.0, 8.0], ids=["we give up", "the library gives up"])
async def test_an_order_that_went_into_a_hole_does_not_come_out_of_it_over_opc_ua(timeout_s: float) -> None:
    peer = opcua_peer.Peer(free_port())
    await peer.start()
    try:
        async with (
            proxied(peer.port) as proxy,
            opcua_peer.linked(opcua_peer.url_of(proxy.port), timeout_s=timeout_s) as (link, _),
        ):
            await until(lambda: link.reading("soc_pct"), "connected")
            proxy.hold_back(True)
            link.write("mode_set", "grid_forming")
            await until(lambda: not link.is_up, "the hole is seen")
            await asyncio.sleep(NOBODY_WANTS_IT_S)
            proxy.hold_back(False)
            await until(lambda: link.is_up)
            await asyncio.sleep(0.2)
            assert await peer.value("ModeSet") == 0
    finally:
        await peer.stop()


# ---- a controller that is killed meanwhile: nobody is left to take the order back


OPENS = bytes((5,)) + (20).to_bytes(2, "big") + b"\xff\x00"  # write coil 20
WRITES = b"\x01\x00\xa1\x02"  # the type of a WriteRequest, i=673, as a four-byte NodeId (OPC 10000-6, 5.2.2.9)


async def killed_in_the_hole(kind: str, proxy: Proxy, order: bytes) -> None:
    """The order is on its way and not through when its giver is killed; later the hole closes."""
    heard = bytearray()

    def hears(data: bytes) -> None:
        """The hole opens under the order: a question that it swallows would keep the order back."""
        heard.extend(data)
        if order in heard:
            proxy.hold_back(True)

    words = [sys.executable, "-m", "hil_tests.tests.drivers.hole_writer", kind, str(proxy.port)]
    pipe = asyncio.subprocess.PIPE
    giver = await asyncio.create_subprocess_exec(*words, stdin=pipe, stdout=pipe)
    assert giver.stdin is not None
    assert giver.stdout is not None
    try:
        assert await asyncio.wait_for(giver.stdout.readline(), 20.0) == b"up\n"
        proxy.listener = hears
        giver.stdin.write(b"now\n")
        await until(lambda: order in heard, "the order is on its way")
    finally:
        giver.kill()
        await giver.wait()
    await asyncio.sleep(0.1)
    proxy.hold_back(False)
    await asyncio.sleep(0.3)


async def test_nor_when_its_giver_was_killed_over_modbus_tcp() -> None:
    async with scripted() as peer, proxied(peer.port) as proxy:
        await killed_in_the_hole("modbus", proxy, OPENS)
        assert not peer.writes(5)


async def test_nor_when_its_giver_was_killed_over_opc_ua() -> None:
    peer = opcua_peer.Peer(free_port())
    await peer.start()
    try:
        async with proxied(peer.port) as proxy:
            await killed_in_the_hole("opcua", proxy, WRITES)
            assert await peer.value("ModeSet") == 0
    finally:
        await peer.stop()
