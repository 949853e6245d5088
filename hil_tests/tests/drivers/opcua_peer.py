"""An OPC UA server that a test can look into, and links to it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import serial
from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds

from controller.config.types import NodeWhere, Point, PollGroup, Protocol
from controller.drivers.backoff import Patience
from controller.drivers.board import Board
from controller.drivers.opcua import UaServer
from controller.drivers.quiet_log import QuietLog
from controller.drivers.surroundings import Surroundings
from hil_tests.servers.opcua_keys import Keys, new_server, secure
from hil_tests.tests.drivers.devices import board, now_s, running

MODES = {0: "off", 1: "grid_following", 2: "grid_forming"}
FAST_S = 0.02
REQUEST_S = 1.0


def node_point(name: str, node: str, kind: str = "float32", access: str = "r", **more: Any) -> Point:
    return Point(name, NodeWhere(f"ns=2;s={node}"), kind, "r" in access, "w" in access, **more)


POINTS = [
    node_point("soc_pct", "SoC", minimum=0.0, maximum=100.0, group=PollGroup.FAST),
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


class Peer:
    """A real server. Starting one takes a second: a module shares it."""

    def __init__(self, port: int, keys: Keys | None = None) -> None:
        self.port, self.keys = port, keys
        self.url = url_of(port)

    async def start(self) -> None:
        self.server = new_server(self.keys)
        await self.server.init()
        self.server.set_endpoint(self.url)
        await secure(self.server, self.keys)
        await self.server.register_namespace("urn:hallig:test")
        self.nodes = {}
        for name, (value, kind) in START.items():
            node = ua.NodeId.from_string(f"ns=2;s={name}")
            made = await self.server.nodes.objects.add_variable(node, name, value, kind)
            await made.set_writable()
            self.nodes[name] = made
        await self.server.start()

    async def stop(self) -> None:
        await self.server.stop()

    def reset(self) -> None:
        """Every node as it was."""
        for name, (value, kind) in START.items():
            self.show(name, value, kind)

    def show(self, name: str, value: object, kind: ua.VariantType | None, status: int = 0) -> None:
        """Let a node hold something else, of whatever kind."""
        shown = ua.DataValue(None if kind is None else ua.Variant(value, kind), ua.StatusCode(ua.UInt32(status)))
        node = self.server.iserver.aspace[self.nodes[name].nodeid]  # its front door refuses what is of another kind
        node.attributes[AttributeIds.Value].value = shown

    async def value(self, name: str) -> Any:
        return await self.nodes[name].read_value()


def url_of(port: int) -> str:
    return f"opc.tcp://127.0.0.1:{port}/hallig/"


class Heard(logging.Handler):
    """What the driver said."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@asynccontextmanager
async def linked(url: str, points: list[Point] = POINTS, **more: Any) -> AsyncIterator[tuple[Board, list[str]]]:
    """A running driver; its board, and what it says."""
    link = board(points, Protocol.OPCUA, url=url, **{"timeout_s": REQUEST_S, "fast_s": FAST_S, **more})
    logger, heard = logging.getLogger(f"test.opcua.{id(link)}"), Heard()
    logger.addHandler(heard)
    patience = Patience()
    patience.set_islanded(True)  # so that a server may take its time
    around = Surroundings(now_s, patience, QuietLog(logger, now_s), serial.Serial)
    async with running(UaServer([link], url, 0.0, around)):
        yield link, heard.lines


async def stamps(link: Board, duration_s: float) -> list[float]:
    """The instants of all readings of the fast point within a while."""
    seen: set[float] = set()
    end_s = now_s() + duration_s
    while now_s() < end_s:
        reading = link.reading("soc_pct")
        if reading is not None:
            seen.add(reading.at_s)
        await asyncio.sleep(FAST_S / 10.0)
    return sorted(seen)
