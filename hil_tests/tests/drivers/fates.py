"""One point behind each of our protocols, and what becomes of the first write to it and of its answer."""

from __future__ import annotations

import asyncio
from asyncio import StreamWriter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes

from controller.config.types import Point, Protocol
from controller.drivers.board import Board
from controller.drivers.modbus_bus import ModbusBus
from controller.drivers.modbus_rtu import RTU_RULES, RtuWire
from hil_tests.servers.proxy import Proxy
from hil_tests.tests.drivers import tcp_link
from hil_tests.tests.drivers.devices import board, point, running, surroundings, until
from hil_tests.tests.drivers.opcua_peer import Peer, linked, node_point, url_of
from hil_tests.tests.drivers.scripted_rtu import Adapter, Asked, ScriptedLine, framed
from hil_tests.tests.drivers.scripted_tcp import Request, frame

ALIVE, LIMIT = "soc_pct", "limit_w"
VALUE_W = 5000.0
ADDRESS, NODE, UNIT, BAUD = 10, "PowerSet", 1, 115200
WRITE, READ, BUSY = 16, 3, 6  # Modbus: two functions and an exception code


class Fate(Enum):
    """Of the first write. All later ones are obeyed and answered."""

    ANSWERED = "obeyed and answered"
    UNANSWERED = "obeyed, and the answer is lost"
    CUT = "obeyed, and the connection is reset, or the port fails, before the answer"
    LOST = "never arrived"
    FAILED = "obeyed, and said to have failed"
    FAILED_INDEED = "not obeyed, and said to have failed"

    @property
    def is_obeyed(self) -> bool:
        """The device holds the value after the first write."""
        return self not in {Fate.LOST, Fate.FAILED_INDEED}


@dataclass(slots=True)
class Far:
    """The far end: what it was asked and told of the one point, in order, and what it holds there, in watts."""

    link: Board
    holds_w: Callable[[], float]
    heard: list[str] = field(default_factory=list)  # "read" or "write"


Open = Callable[[Fate, bool], AbstractAsyncContextManager[Far]]


def limit(made: Point, *, is_polled: bool) -> Point:
    """Polled, or written and only read when its fate is unknown."""
    return replace(made, readable=is_polled, writable=True, read_back=not is_polled)


@asynccontextmanager
async def over_tcp(fate: Fate, is_polled: bool) -> AsyncIterator[Far]:
    """Modbus TCP."""
    heard: list[str] = []

    async def script(request: Request, writer: StreamWriter) -> bool:
        if request.address != ADDRESS:
            return False
        heard.append("write" if request.function == WRITE else "read")
        if request.function != WRITE or heard.count("write") > 1 or fate is Fate.ANSWERED:
            return False
        if fate.is_obeyed:
            peer.answer(request)
        if fate in {Fate.FAILED, Fate.FAILED_INDEED}:
            writer.write(frame(request.tid, request.unit, bytes((request.function | 0x80, BUSY))))
        if fate is Fate.CUT:
            writer.transport.abort()
        return True

    points = [point(ALIVE, 0, scale=0.1), limit(point(LIMIT, ADDRESS, "int16", scale=10), is_polled=is_polled)]
    async with tcp_link.linked(script, points=points) as (peer, link):
        yield Far(link, lambda: 10.0 * peer.registers[ADDRESS], heard)


def over_rtu(folder: Path) -> Open:
    """Modbus RTU, on a pseudo terminal in this folder."""

    @asynccontextmanager
    async def opened(fate: Fate, is_polled: bool) -> AsyncIterator[Far]:
        heard: list[str] = []
        adapter = Adapter()

        def script(asked: Asked) -> bytes | None:
            if asked.address != ADDRESS:
                return None
            heard.append("write" if asked.function == WRITE else "read")
            if asked.function != WRITE or heard.count("write") > 1 or fate is Fate.ANSWERED:
                return None
            if fate.is_obeyed:
                line.answer(asked)
            adapter.fails_next = fate is Fate.CUT
            is_refused = fate in {Fate.FAILED, Fate.FAILED_INDEED}
            return framed(asked.unit, bytes((asked.function | 0x80, BUSY))) if is_refused else b""

        line = ScriptedLine(folder / "line", script=script, registers={(UNIT, 0): 500, (UNIT, ADDRESS): 7})
        points = [point(ALIVE, 0, scale=0.1), limit(point(LIMIT, ADDRESS, "int16", scale=10), is_polled=is_polled)]
        link = board(points, Protocol.MODBUS_RTU, unit=UNIT, baudrate=BAUD, serial_port=str(line.name))
        line.start()
        try:
            async with running(ModbusBus([link], RtuWire(link.device, adapter.open), RTU_RULES, surroundings())):
                yield Far(link, lambda: 10.0 * line.registers[UNIT, ADDRESS], heard)
        finally:
            await asyncio.to_thread(line.stop)

    return opened


def over_opcua(peer: Peer) -> Open:
    """OPC UA: a real server with a real session, and a proxy that loses what it says."""

    @asynccontextmanager
    async def opened(fate: Fate, is_polled: bool) -> AsyncIterator[Far]:
        peer.reset()
        proxy = Proxy(peer.port)
        await proxy.start()
        points = [node_point(ALIVE, "SoC"), limit(node_point(LIMIT, NODE, scale=1000.0), is_polled=is_polled)]
        try:
            async with linked(url_of(proxy.port), points) as (link, _):
                far = Far(link, lambda: 1000.0 * _held(peer))
                with pytest.MonkeyPatch.context() as patch:
                    between = _Between(peer, proxy, far, fate)
                    patch.setattr(peer.server.iserver.attribute_service, "read", between.read)
                    patch.setattr(peer.server.iserver.attribute_service, "write", between.write)
                    yield far
        finally:
            await proxy.stop()

    return opened


def _held(peer: Peer) -> float:
    answer = peer.server.iserver.aspace.read_attribute_value(peer.nodes[NODE].nodeid, AttributeIds.Value)
    assert answer.Value is not None
    return float(answer.Value.Value)


class _Between:
    """Between the server's sessions and its nodes: the session and every byte of it stay real."""

    def __init__(self, peer: Peer, proxy: Proxy, far: Far, fate: Fate) -> None:
        service = peer.server.iserver.attribute_service
        self._read, self._write = service.read, service.write
        self._node, self._proxy, self._far, self._fate = peer.nodes[NODE].nodeid, proxy, far, fate
        self._mending: asyncio.Task[None] | None = None

    def read(self, asked: ua.ReadParameters) -> list[ua.DataValue]:
        is_value = [each.NodeId for each in asked.NodesToRead or () if each.AttributeId == AttributeIds.Value]
        if self._node in is_value:
            self._far.heard.append("read")
        return self._read(asked)

    async def write(self, told: ua.WriteParameters, **more: Any) -> list[ua.StatusCode]:
        if all(each.NodeId != self._node for each in told.NodesToWrite or ()):
            return await self._write(told, **more)  # the server's own clock
        self._far.heard.append("write")
        if self._far.heard.count("write") > 1 or self._fate is Fate.ANSWERED:
            return await self._write(told, **more)
        if self._fate.is_obeyed:
            await self._write(told, **more)
        if self._fate is Fate.CUT:
            self._proxy.cut()
        if self._fate in {Fate.UNANSWERED, Fate.LOST}:
            self._proxy.is_hole = True
            self._mending = asyncio.create_task(self._mends())
        return [ua.StatusCode(ua.UInt32(StatusCodes.BadTimeout))]  # heard where the answer gets through

    async def _mends(self) -> None:
        await until(lambda: not self._far.link.is_up, "the hole is seen")
        self._proxy.is_hole = False
