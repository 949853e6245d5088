"""OPC UA devices behind a real server that restarts, refuses and says "bad"."""

from __future__ import annotations

import asyncio
import socket
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asyncua import ua
from asyncua.server.server import Server
from asyncua.ua.status_codes import StatusCodes

from controller.config.types import NodeWhere, Point, PollGroup, Protocol
from controller.drivers.board import Board
from controller.drivers.opcua import UaServer
from hil_tests.tests.drivers.devices import board, held, now_s, running, surroundings, until

MODES = {0: "off", 1: "grid_following", 2: "grid_forming"}


def node_point(name: str, node: str, kind: str = "float32", access: str = "r", **more: Any) -> Point:
    return Point(name, NodeWhere(f"ns=2;s={node}"), kind, "r" in access, "w" in access, **more)


POINTS = [
    node_point("soc_pct", "SoC", minimum=0.0, maximum=100.0),
    node_point("mode", "Mode", "uint16", enum=MODES),
    node_point("name", "Name", "string", group=PollGroup.SLOW),
    node_point("is_alive", "Alive", "bool"),
    node_point("mode_set", "ModeSet", "uint16", "rw", enum=MODES),
    node_point("power_set_w", "PowerSet", "float32", "rw", scale=1000.0),
    node_point("small_set", "SmallSet", "uint16", "w"),
    node_point("missing", "Missing"),
]
START = {
    "SoC": (55.5, ua.VariantType.Float),
    "Mode": (1, ua.VariantType.UInt16),
    "Name": ("Speicher", ua.VariantType.String),
    "Alive": (True, ua.VariantType.Boolean),
    "ModeSet": (0, ua.VariantType.UInt16),
    "PowerSet": (0.0, ua.VariantType.Double),
    "SmallSet": (0, ua.VariantType.Byte),
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Peer:
    """A server whose nodes a test can look at."""

    def __init__(self, port: int) -> None:
        self.url = f"opc.tcp://127.0.0.1:{port}/hallig/"

    async def start(self) -> None:
        self.server = Server()
        await self.server.init()
        self.server.set_endpoint(self.url)
        self.server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        await self.server.register_namespace("urn:hallig:test")
        self.nodes = {}
        for name, (value, kind) in START.items():
            made = await self.server.nodes.objects.add_variable(
                ua.NodeId.from_string(f"ns=2;s={name}"), name, value, kind
            )
            await made.set_writable()
            self.nodes[name] = made
        await self.server.start()

    async def stop(self) -> None:
        await self.server.stop()

    async def value(self, name: str) -> Any:
        return await self.nodes[name].read_value()


@asynccontextmanager
async def linked() -> AsyncIterator[tuple[Peer, Board]]:
    peer = Peer(free_port())
    await peer.start()
    link = board(POINTS, Protocol.OPCUA, url=peer.url, timeout_s=1.0)
    try:
        async with running(UaServer([link], peer.url, 0.0, surroundings())):
            await until(lambda: link.is_up and link.reading("soc_pct"), "connected")
            yield peer, link
    finally:
        await peer.stop()


async def test_reads_words_truths_and_numbers_and_lives_with_a_missing_node() -> None:
    async with linked() as (_, link):
        await until(lambda: link.reading("name"))
        assert held(link, "soc_pct").value == pytest.approx(55.5)
        assert held(link, "mode").value == "grid_following"
        assert held(link, "name").value == "Speicher"
        assert held(link, "is_alive").value is True
        assert link.reading("missing") is None
        assert now_s() - held(link, "soc_pct").at_s < 1.0


async def test_a_bad_status_and_an_implausible_value_are_none() -> None:
    async with linked() as (peer, link):
        await peer.nodes["SoC"].write_value(140.0, ua.VariantType.Float)
        await until(lambda: link.reading("soc_pct") is None, "implausible")
        await peer.nodes["SoC"].write_value(60.0, ua.VariantType.Float)
        await until(lambda: link.reading("soc_pct") is not None)
        await peer.nodes["SoC"].write_value(
            ua.DataValue(ua.Variant(50.0, ua.VariantType.Float), ua.StatusCode(ua.UInt32(StatusCodes.BadSensorFailure)))
        )
        await until(lambda: link.reading("soc_pct") is None, "bad status")


async def test_writes_in_the_servers_own_types_and_reads_back() -> None:
    async with linked() as (peer, link):
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


async def test_the_server_restarts_and_everything_is_back() -> None:
    tasks_before = len(asyncio.all_tasks())
    async with linked() as (peer, link):
        await peer.stop()
        await until(lambda: not link.is_up, "the loss is seen")
        await peer.start()
        await until(lambda: link.is_up, "back")
        start_s = now_s()
        while await peer.value("ModeSet") != 1:
            link.write("mode_set", "grid_following")
            await asyncio.sleep(0.01)
        assert now_s() - start_s < 1.0
    await until(lambda: len(asyncio.all_tasks()) <= tasks_before, "no task is left behind")


async def test_nobody_listens() -> None:
    url = f"opc.tcp://127.0.0.1:{free_port()}/"
    link = board(POINTS, Protocol.OPCUA, url=url)
    async with running(UaServer([link], url, 0.0, surroundings())):
        await asyncio.sleep(0.3)
        assert not link.is_up


async def test_somebody_listens_and_says_nothing() -> None:
    async def silent(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    url = f"opc.tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    link = board(POINTS, Protocol.OPCUA, url=url)
    async with running(UaServer([link], url, 0.0, surroundings())):
        await asyncio.sleep(0.5)
        assert not link.is_up
    server.close()


async def test_somebody_listens_and_talks_nonsense() -> None:
    async def nonsense(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.read(8)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 4)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(nonsense, "127.0.0.1", 0)
    url = f"opc.tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    link = board(POINTS, Protocol.OPCUA, url=url)
    async with running(UaServer([link], url, 0.0, surroundings())):
        await asyncio.sleep(0.5)
        assert not link.is_up
    server.close()
