"""An OPC UA server for the devices of one address: nodes from the table, values from the plant, writes to it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from asyncua import ua
from asyncua.common.node import Node
from asyncua.server.server import Server

from controller.config.types import NodeWhere, Point
from controller.drivers.link import Value
from hil_tests.servers.points import PlantDevice

NAMESPACE = "urn:hallig:bench"
REFRESH_S = 0.05


class UaServer:
    """One server; it is refreshed by its own task."""

    def __init__(self, devices: Sequence[PlantDevice]) -> None:
        self._devices = devices
        self._server: Server | None = None
        self._nodes: list[tuple[PlantDevice, Point, Node]] = []
        self._task: asyncio.Task[None] | None = None
        self.url = ""

    async def start(self, port: int) -> str:
        """Listen; returns the url."""
        self.url = f"opc.tcp://127.0.0.1:{port}/hallig/"
        server = Server()
        await server.init()
        server.set_endpoint(self.url)
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        await server.register_namespace(NAMESPACE)
        for device in self._devices:
            for point in device.device.table.points.values():
                await self._add(server, device, point)
        await server.start()
        self._server = server
        self._task = asyncio.create_task(self._refresh(), name="opcua-refresh")
        return self.url

    async def stop(self) -> None:
        """Stop the task, then the server."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._server is not None:
            await self._server.stop()
        self._nodes.clear()
        self._server = self._task = None

    async def _add(self, server: Server, device: PlantDevice, point: Point) -> None:
        if not isinstance(point.where, NodeWhere):
            return
        node_id = ua.NodeId.from_string(point.where.node)
        name = point.where.node.rpartition("=")[2]
        value = _variant(point, device.read(point.id))
        node = await server.nodes.objects.add_variable(node_id, name, value)
        if point.writable:
            await node.set_writable()
        self._nodes.append((device, point, node))

    async def _refresh(self) -> None:
        """Values out, orders in, twenty times a second."""
        last: dict[str, object] = {}
        while True:
            for device, point, node in self._nodes:
                if point.writable:
                    raw = await node.read_value()
                    key = f"{device.device.name}/{point.id}"
                    if last.setdefault(key, raw) != raw:
                        last[key] = raw
                        device.write(point.id, _value(point, raw))
                else:
                    await node.write_value(_variant(point, device.read(point.id)))
            await asyncio.sleep(REFRESH_S)


def _variant(point: Point, value: Value | None) -> ua.Variant:
    if point.type == "bool":
        return ua.Variant(bool(value), ua.VariantType.Boolean)
    if point.enum is not None:
        raw = next((r for r, word in point.enum.items() if word == value), 0)
        return ua.Variant(raw, ua.VariantType.UInt16)
    if point.type in {"uint16", "int16"}:
        return ua.Variant(int(value or 0), ua.VariantType.UInt16)
    number = float("nan") if value is None else float(value) / point.scale
    return ua.Variant(number, ua.VariantType.Float)


def _value(point: Point, raw: object) -> Value:
    if point.enum is not None and isinstance(raw, int):
        return point.enum.get(raw, "")
    if isinstance(raw, (bool, str)):
        return raw
    assert isinstance(raw, (int, float))
    return raw * point.scale
