"""OPC UA devices behind a real server: what is read, what is written, and who is no OPC UA server at all."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from asyncua import ua
from asyncua.server.address_space import NodeData
from asyncua.ua.attribute_ids import AttributeIds

from hil_tests.servers.ports import free_port
from hil_tests.tests.drivers.devices import held, now_s, until
from hil_tests.tests.drivers.opcua_peer import Peer, linked, url_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server() -> AsyncIterator[Peer]:
    made = Peer(free_port())
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def peer(server: Peer) -> Peer:
    """The same one, as it was at first."""
    server.reset()
    return server


async def test_reads_words_truths_and_numbers_and_lives_with_a_missing_node(peer: Peer) -> None:
    async with linked(peer.url) as (link, _):
        await until(lambda: link.reading("name"))
        assert held(link, "soc_pct").value == pytest.approx(55.5)
        assert held(link, "mode").value == "grid_following"
        assert held(link, "name").value == "Speicher"
        assert held(link, "is_alive").value is True
        assert link.reading("missing") is None
        assert now_s() - held(link, "soc_pct").at_s < 1.0


async def test_writes_in_the_servers_own_types_and_reads_back(peer: Peer) -> None:
    async with linked(peer.url) as (link, said):
        await until(lambda: link.is_up)
        for _ in range(30):
            link.write("mode_set", "grid_forming")
            link.write("power_set_w", -12_500.0)
            link.write("small_set", 300.0)  # a Byte on this server
            await asyncio.sleep(0.005)
        await until(lambda: held(link, "power_set_w").value == pytest.approx(-12_500.0))
        assert await peer.value("ModeSet") == 2
        assert await peer.value("PowerSet") == pytest.approx(-12.5)
        assert await peer.value("SmallSet") == 0
        assert link.is_up
        assert any("Byte cannot hold" in line for line in said)


async def test_a_write_that_does_not_arrive_as_written_is_told(peer: Peer) -> None:
    """The server takes it and keeps something else: read back, compared, said."""

    def keep_zero(node: NodeData, attribute: AttributeIds, wanted: ua.DataValue) -> None:
        del node, attribute, wanted

    value = peer.server.iserver.aspace[peer.nodes["PowerSet"].nodeid].attributes[AttributeIds.Value]
    value.value_setter = keep_zero
    try:
        async with linked(peer.url) as (link, said):
            await until(lambda: link.is_up)
            link.write("power_set_w", 5000.0)
            await until(lambda: any("reads back 0.0" in line for line in said), "the difference is said")
    finally:
        value.value_setter = None


async def test_nobody_listens() -> None:
    async with linked(url_of(free_port())) as (link, _):
        await asyncio.sleep(0.3)
        assert not link.is_up


async def test_somebody_listens_and_says_nothing() -> None:
    async def silent(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with listening(silent) as url, linked(url) as (link, _):
        await asyncio.sleep(0.5)
        assert not link.is_up


async def test_somebody_listens_and_talks_nonsense() -> None:
    async def nonsense(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.read(8)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 4)
        await writer.drain()
        writer.close()

    async with listening(nonsense) as url, linked(url) as (link, _):
        await asyncio.sleep(0.5)
        assert not link.is_up


@asynccontextmanager
async def listening(talk: Callable[[StreamReader, StreamWriter], Awaitable[None]]) -> AsyncIterator[str]:
    """The url of somebody who is no OPC UA server."""
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield url_of(server.sockets[0].getsockname()[1])
    finally:
        server.close()
