"""All devices of a site as servers on this machine, around one plant that keeps step with the clock."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections import defaultdict
from collections.abc import Callable, Collection

from controller.config.types import Device, Protocol, Site, SunSpecWhere
from hil_tests.plant.plant import STEP_S, Plant
from hil_tests.servers.modbus import Map, RtuLine, TcpServer
from hil_tests.servers.opcua import UaServer
from hil_tests.servers.points import PlantDevices
from hil_tests.servers.registers import RegisterMap
from hil_tests.servers.sunspec import SunSpecMap

CATCH_UP_MAX_S = 1.0  # behind by more: this machine is too slow, and the time is let go

Overrides = dict[str, dict[str, object]]


class DeviceServers:
    """Start it, give its overrides to `load_site`, stop it. Loopback only, free ports only."""

    def __init__(self, site: Site, plant: Plant, on_step: Callable[[], None] | None = None) -> None:
        self._site, self._plant = site, plant
        self._on_step = on_step
        self.devices = PlantDevices(site, plant)
        self._tcp: dict[str, TcpServer] = {}
        self._ua: dict[str, UaServer] = {}
        self._ua_ports: dict[str, int] = {}
        self._lines: dict[str, RtuLine] = {}
        self._task: asyncio.Task[None] | None = None
        self.lost_time_s = 0.0
        self.lateness_max_s = 0.0

    async def start(self, absent: Collection[str] = ()) -> Overrides:
        """Start every device but the absent ones; returns what to override in the site file."""
        overrides: Overrides = {}
        lines: dict[str, dict[int, Map]] = defaultdict(dict)
        for device in self._site.devices.values():
            match device.table.protocol:
                case Protocol.MODBUS_TCP:
                    overrides[device.name] = await self._start_tcp(device, absent)
                case Protocol.OPCUA:
                    overrides[device.name] = await self._start_ua(device, absent)
                case Protocol.MODBUS_RTU:
                    lines[device.serial_port][device.unit] = self._map(device)
        for port, units in lines.items():
            line = RtuLine(units)
            path = line.start()
            self._lines[port] = line
            for device in self._site.devices.values():
                if device.table.protocol is Protocol.MODBUS_RTU and device.serial_port == port:
                    overrides[device.name] = {"serial_port": path}
                    line.silent |= {device.unit} if device.name in absent else set()
        self._task = asyncio.create_task(self._keep_time(), name="plant")
        return overrides

    async def stop(self) -> None:
        """Stop everything."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for server in self._tcp.values():
            await server.stop()
        for ua in self._ua.values():
            await ua.stop()
        for line in self._lines.values():
            line.stop()

    async def cut(self, name: str) -> None:
        """One device falls silent: its connection is cut and nobody answers."""
        device = self._site.devices[name]
        match device.table.protocol:
            case Protocol.MODBUS_TCP:
                await self._tcp[name].stop()
            case Protocol.OPCUA:
                await self._ua[name].stop()
            case Protocol.MODBUS_RTU:
                self._lines[device.serial_port].silent.add(device.unit)

    async def restore(self, name: str) -> None:
        """It is back, at the same address."""
        device = self._site.devices[name]
        match device.table.protocol:
            case Protocol.MODBUS_TCP:
                await self._tcp[name].start()
            case Protocol.OPCUA:
                await self._ua[name].start(self._ua_ports[name])
            case Protocol.MODBUS_RTU:
                self._lines[device.serial_port].silent.discard(device.unit)

    def _map(self, device: Device) -> Map:
        target = self.devices.device(device.name)
        chained = any(isinstance(point.where, SunSpecWhere) for point in device.table.points.values())
        return SunSpecMap(target) if chained else RegisterMap(target)

    async def _start_tcp(self, device: Device, absent: Collection[str]) -> dict[str, object]:
        server = TcpServer({device.unit: self._map(device)})
        server.port = _free_port()
        self._tcp[device.name] = server
        if device.name not in absent:
            await server.start()
        return {"host": "127.0.0.1", "port": server.port}

    async def _start_ua(self, device: Device, absent: Collection[str]) -> dict[str, object]:
        server = UaServer([self.devices.device(device.name)])
        port = self._ua_ports[device.name] = _free_port()
        self._ua[device.name] = server
        if device.name not in absent:
            await server.start(port)
        return {"url": f"opc.tcp://127.0.0.1:{port}/hallig/"}

    async def _keep_time(self) -> None:
        """Step the plant as the clock goes; how late it ran is kept, and time beyond catching up is let go."""
        began_s = time.monotonic() - self._plant.now_s
        while True:
            behind_s = time.monotonic() - began_s - self._plant.now_s
            self.lateness_max_s = max(self.lateness_max_s, behind_s)
            if behind_s > CATCH_UP_MAX_S:
                began_s += behind_s
                self.lost_time_s += behind_s
            while self._plant.now_s + STEP_S <= time.monotonic() - began_s:
                self._plant.step(STEP_S)
                self.devices.check_dead_men()
                if self._on_step is not None:
                    self._on_step()
            await asyncio.sleep(STEP_S / 2)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
