"""A running Modbus TCP link to a scripted device, for the tests of reading and of writing."""

from __future__ import annotations

from asyncio import StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from controller.config.types import Point
from controller.drivers.board import Board
from controller.drivers.connect import Owner
from controller.drivers.modbus_bus import ModbusBus
from controller.drivers.modbus_tcp import TCP_RULES, TcpWire
from hil_tests.tests.drivers.devices import board, point, running, surroundings
from hil_tests.tests.drivers.scripted_tcp import Request, Script, ScriptedDevice

Misbehave = Callable[[Request, StreamWriter], Awaitable[None]]

POINTS = [
    point("soc_pct", 0, scale=0.1),
    point("power_w", 1, "int16", scale=10),
    point("limit_w", 10, "int16", "rw", scale=10),
    point("open", 20, "bool", "w", space="coil"),
    point("beat", 30, "uint16", "w"),
]


def owner_of(*boards: Board) -> Owner:
    return ModbusBus(boards, TcpWire(boards[0].device), TCP_RULES, surroundings())


@asynccontextmanager
async def scripted(script: Script | None = None) -> AsyncIterator[ScriptedDevice]:
    peer = ScriptedDevice(registers={0: 500, 1: 120, 10: 7}, script=script)
    await peer.start()
    try:
        yield peer
    finally:
        await peer.stop()


@asynccontextmanager
async def linked(
    script: Script | None = None, points: list[Point] = POINTS, **more: Any
) -> AsyncIterator[tuple[ScriptedDevice, Board]]:
    """A running link to a scripted device."""
    async with scripted(script) as peer:
        link = board(points, port=peer.port, **more)
        async with running(owner_of(link)):
            yield peer, link


def first_time(misbehave: Misbehave, function: int = 3) -> Script:
    """A script that misbehaves once, then lets the device answer well."""
    done: list[Request] = []

    async def script(request: Request, writer: StreamWriter) -> bool:
        if done or request.function != function:
            return False
        done.append(request)
        await misbehave(request, writer)
        return True

    return script
