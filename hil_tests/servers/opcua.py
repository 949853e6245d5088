"""An OPC UA server for the devices of one address: nodes from the table, values from the plant, writes to it.

Importing this module costs 350 ms: only a site with such a device does.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from typing import Any

from asyncua import ua
from asyncua.server.address_space import NodeData
from asyncua.server.server import Server
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes

from controller.config.types import NodeWhere, Point
from hil_tests.servers.encoding import raw_of, value_of
from hil_tests.servers.opcua_keys import Keys, new_server, secure
from hil_tests.servers.opcua_space import standard_nodes
from hil_tests.servers.points import PlantDevice

NAMESPACE = "urn:hallig:bench"
REFRESH_S = 0.05
HOLD_S = 0.001  # a client needs ten times as long for its session
KINDS = {
    "bool": ua.VariantType.Boolean,
    "int16": ua.VariantType.Int16,
    "uint16": ua.VariantType.UInt16,
    "int32": ua.VariantType.Int32,
    "uint32": ua.VariantType.UInt32,
    "float32": ua.VariantType.Float,
    "string": ua.VariantType.String,
}

logging.getLogger("asyncua").setLevel(logging.CRITICAL)  # it logs every client that goes away as an error


class UaServer:
    """One server on a loopback port. Orders reach the plant as they arrive; values are refreshed 20 times a second."""

    def __init__(
        self, devices: Sequence[PlantDevice], catch_up: Callable[[], object], port: int, keys: Keys | None = None
    ) -> None:
        """With `keys`, it speaks to that hub alone, signed and encrypted."""
        self._devices, self._catch_up, self.keys = devices, catch_up, keys
        self._server: Server | None = None
        self._shown: list[tuple[PlantDevice, Point, ua.NodeId]] = []
        self._task: asyncio.Task[None] | None = None
        self.status: int | None = None  # what every node shows instead of a good one
        self._is_silent = False
        self.is_stalled = False  # goes on answering with what it last knew
        self.url = f"opc.tcp://127.0.0.1:{port}/hallig/"

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        server = new_server(self.keys)
        await server.init(await asyncio.to_thread(standard_nodes))
        server.set_endpoint(self.url)
        await secure(server, self.keys)
        await server.register_namespace(NAMESPACE)
        for device in self._devices:
            for point in device.device.table.points.values():
                await self._add(server, device, point)
        await server.start()
        self._server = server
        self._task = asyncio.create_task(self._refresh(server), name="opcua-refresh")

    async def stop(self) -> None:
        """Stop the refreshing, then the server with all its connections."""
        if self._task is None or self._server is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await self._server.stop()
        self._shown.clear()
        self._server = self._task = None

    async def lose_sessions(self) -> None:
        """Every session ends, and every connection with it."""
        for transport in self._transports():
            transport.close()

    def fall_silent(self) -> None:
        """Half open: connections and requests are taken, and nobody reads them."""
        self._is_silent = True
        for transport in self._transports():
            transport.pause_reading()

    def speak_again(self) -> None:
        """What has come meanwhile is answered now."""
        self._is_silent = False
        for transport in self._transports():
            transport.resume_reading()

    def _transports(self) -> list[asyncio.Transport]:
        binary = self._server.bserver if self._server is not None else None
        transports = [protocol.transport for protocol in binary.clients] if binary is not None else []
        return [transport for transport in transports if transport is not None and not transport.is_closing()]

    async def _add(self, server: Server, device: PlantDevice, point: Point) -> None:
        if not isinstance(point.where, NodeWhere):
            return
        node_id = ua.NodeId.from_string(point.where.node)
        name = point.where.node.rpartition("=")[2]
        kind = KINDS[point.type]
        start = _data_value(point, device.read(point.id))
        node = await server.nodes.objects.add_variable(node_id, name, ua.Variant(_zero(kind), kind))
        if point.writable:
            await node.set_writable()
            take = self._taker(device, point)
            server.iserver.aspace.set_attribute_value_setter(node_id, AttributeIds.Value, take)
        else:
            await server.write_attribute_value(node_id, start)
            self._shown.append((device, point, node_id))

    def _taker(self, device: PlantDevice, point: Point) -> Callable[..., Any]:  # asyncua declares it wrongly
        def take(node: NodeData, attribute: AttributeIds, wanted: ua.DataValue) -> None:
            node.attributes[attribute].value = wanted
            raw = None if wanted.Value is None else wanted.Value.Value
            value = raw if isinstance(raw, str) else None if raw is None else value_of(point, raw)
            if value is not None:
                self._catch_up()
                device.write(point.id, value)

        return take

    async def _refresh(self, server: Server) -> None:
        while True:
            if self._is_silent:
                self.fall_silent()  # whoever has connected since, and before he is told anything
                await asyncio.sleep(HOLD_S)
                continue
            for device, point, node_id in () if self.is_stalled else self._shown:
                shown = _data_value(point, device.read(point.id))
                if self.status is not None:
                    shown = ua.DataValue(shown.Value, StatusCode=ua.StatusCode(ua.UInt32(self.status)))
                await server.write_attribute_value(node_id, shown)
            await asyncio.sleep(REFRESH_S)


def _data_value(point: Point, value: float | str | bool | None) -> ua.DataValue:
    """What the server shows; a value that is not there has a bad status, not a number."""
    if value is None:
        return ua.DataValue(StatusCode=ua.StatusCode(ua.UInt32(StatusCodes.BadNoData)))
    kind = KINDS[point.type]
    raw = value if isinstance(value, str) and point.enum is None else raw_of(point, value)
    return ua.DataValue(ua.Variant(bool(raw) if kind is ua.VariantType.Boolean else raw, kind))


def _zero(kind: ua.VariantType) -> float | str | bool:
    if kind is ua.VariantType.String:
        return ""
    return False if kind is ua.VariantType.Boolean else 0.0 if kind is ua.VariantType.Float else 0
