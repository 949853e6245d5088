"""All devices of a site as servers on this machine, around one plant that keeps step with the clock."""

from __future__ import annotations

import asyncio
import gc
import shutil
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from controller.clock import now_s
from controller.config.types import Device, Protocol, Site
from hil_tests.plant.plant import STEP_S, Plant
from hil_tests.servers.lateness import Lateness
from hil_tests.servers.modbus_rtu import LineEnd, PtyEnd, RtuLine
from hil_tests.servers.modbus_tcp import HOST, TcpServer
from hil_tests.servers.points import PlantDevices
from hil_tests.servers.ports import free_port
from hil_tests.servers.process import memory_folder
from hil_tests.servers.registers import RegisterMap, table_cells
from hil_tests.servers.sunspec import chain, is_sunspec

if TYPE_CHECKING:
    from hil_tests.servers.opcua import UaServer
    from hil_tests.servers.opcua_keys import Keys

Overrides = dict[str, dict[str, object]]


@dataclass(frozen=True, slots=True)
class Wiring:
    """On what the devices are served. Devices that share a port are asked for by the first of them; 0: any free one."""

    port_of: Callable[[str], int] = lambda _: 0
    new_line: Callable[[], LineEnd] = PtyEnd
    secures: Callable[[Device], bool] = lambda _: False  # OPC UA signed and encrypted, with keys made for the occasion
    serves: Callable[[Device], bool] = lambda _: True  # the others have no server here, and somebody else's link


class DeviceServers:
    """Start it, give its overrides to `load_site`, stop it. Loopback only, free ports only.

    Devices that share an address in the site file share a server here. `on_step` is called after every plant step.
    `lateness` says how well the plant kept step: a run that was late is not valid, whatever came out of it.
    """

    def __init__(
        self,
        site: Site,
        plant: Plant,
        on_step: Callable[[], None] | None = None,
        clock: Callable[[], float] = now_s,
        wiring: Wiring | None = None,
    ) -> None:
        self._site = site
        self._wiring = wiring or Wiring()
        self.lateness = Lateness()
        self.devices = PlantDevices(site, plant, clock, on_step)
        self._tcp: dict[str, TcpServer] = {}  # by device name; a gateway appears under each of its units
        self._lines: dict[str, RtuLine] = {}
        self._ua: dict[str, UaServer] = {}
        self._folder: Path | None = None  # of the keys
        self._timer: asyncio.TimerHandle | None = None  # for the plant's next step

    async def start(self, absent: Collection[str] = (), elsewhere: Overrides | None = None) -> Overrides:
        """Start every device but the absent ones, and those that are real; returns what to override in the site file.

        `elsewhere` are the real ones, with their addresses.
        """
        elsewhere = elsewhere or {}
        self.devices.leave_to_others(elsewhere)
        served = (device for device in self._site.devices.values() if self._wiring.serves(device))
        ours = [device for device in served if device.name not in elsewhere]
        for devices in _by_address(ours):
            match devices[0].table.protocol:
                case Protocol.MODBUS_TCP:
                    await self._start_tcp(devices)
                case Protocol.MODBUS_RTU:
                    self._start_line(devices)
                case Protocol.OPCUA:
                    await self._start_ua(devices, absent)
        for name in absent:
            await self.cut(name)
        gc.freeze()  # an OPC UA server keeps 100 000 objects, and looking through them stops the bench for 0.3 s
        self.devices.resume()
        self._keep_time()
        return {**{device.name: self._override(device) for device in ours}, **elsewhere}

    async def stop(self) -> None:
        """Stop everything."""
        gc.unfreeze()
        if self._timer is not None:
            self._timer.cancel()
        for server in set(self._tcp.values()):
            await server.stop()
        for ua in set(self._ua.values()):
            await ua.stop()
        for line in set(self._lines.values()):
            line.stop()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    async def cut(self, name: str) -> None:
        """The device loses its power: connections are reset and nobody listens; a unit among others falls silent."""
        if name in self._ua:
            await self._ua[name].stop()
        elif self._has_neighbours(name):
            self.silence(name)
        else:
            await self._tcp[name].stop()

    def silence(self, name: str) -> None:
        """Half open: a Modbus device takes connections and requests and never answers."""
        self._wire(name).silent.add(self._site.devices[name].unit)

    async def restore(self, name: str) -> None:
        """It is back, at the same address, from a cut or from silence."""
        if name in self._ua:
            await self._ua[name].start()
            return
        wire, unit = self._wire(name), self._site.devices[name].unit
        if unit in wire.silent:
            wire.silent.discard(unit)
        elif isinstance(wire, TcpServer):
            await wire.start()

    def modbus_wires(self) -> set[TcpServer | RtuLine]:
        """Every server and every line."""
        return {*self._tcp.values(), *self._lines.values()}

    def wire(self, name: str) -> TcpServer | RtuLine | UaServer:
        """What serves a device; a gateway or a line serves several. Raises KeyError for one that is elsewhere."""
        return self._ua[name] if name in self._ua else self._wire(name)

    def _wire(self, name: str) -> TcpServer | RtuLine:
        return self._tcp[name] if name in self._tcp else self._lines[name]

    def _has_neighbours(self, name: str) -> bool:
        return name in self._lines or sum(server is self._tcp[name] for server in self._tcp.values()) > 1

    async def _start_tcp(self, devices: list[Device]) -> None:
        server = TcpServer(self._units(devices), self._catch_up, self._wiring.port_of(devices[0].name))
        await server.start()
        self._tcp |= {device.name: server for device in devices}

    def _start_line(self, devices: list[Device]) -> None:
        line = RtuLine(self._units(devices), self._catch_up, devices[0].baudrate, self._wiring.new_line())
        line.start()
        self._lines |= {device.name: line for device in devices}

    async def _start_ua(self, devices: list[Device], absent: Collection[str]) -> None:
        from hil_tests.servers.opcua import UaServer  # noqa: PLC0415 - 350 ms, only where it is needed

        targets = [self.devices.device(device.name) for device in devices]
        keys = self._new_keys(devices[0].name) if self._wiring.secures(devices[0]) else None
        server = UaServer(targets, self._catch_up, self._wiring.port_of(devices[0].name) or free_port(), keys)
        if not all(device.name in absent for device in devices):  # starting one takes a second
            await server.start()
        self._ua |= {device.name: server for device in devices}

    def _new_keys(self, name: str) -> Keys:
        from hil_tests.servers.opcua_keys import new_keys  # noqa: PLC0415 - as above

        self._folder = self._folder or memory_folder("hallig-keys-")
        (self._folder / name).mkdir()
        return new_keys(self._folder / name)

    def _units(self, devices: list[Device]) -> dict[int, RegisterMap]:
        return {device.unit: self._map(device) for device in devices}

    def _map(self, device: Device) -> RegisterMap:
        target, points = self.devices.device(device.name), device.table.points.values()
        if is_sunspec(points):
            cells, fixed = chain(points, device.name)
            return RegisterMap(target, cells, fixed)
        return RegisterMap(target, table_cells(points))

    def _override(self, device: Device) -> dict[str, object]:
        if device.name in self._ua:
            server = self._ua[device.name]
            return {"url": server.url, **({} if server.keys is None else {"security": server.keys.override})}
        if device.name in self._lines:
            return {"serial_port": self._lines[device.name].serial_port}
        return {"host": HOST, "port": self._tcp[device.name].port}

    def _catch_up(self) -> None:
        """Whoever is first after a delay has to make up for it, a request or the timer: it counts all the same."""
        behind_s = self.devices.catch_up()
        if behind_s >= STEP_S:
            self.lateness.add(behind_s - STEP_S)

    def _keep_time(self) -> None:
        """Step the plant as the clock goes."""
        self._catch_up()
        self._timer = asyncio.get_running_loop().call_later(self.devices.next_step_in_s, self._keep_time)


def _by_address(devices: Collection[Device]) -> list[list[Device]]:
    groups: dict[tuple[object, ...], list[Device]] = defaultdict(list)
    for device in devices:
        match device.table.protocol:
            case Protocol.MODBUS_TCP:
                groups[device.host, device.port].append(device)
            case Protocol.MODBUS_RTU:
                groups[device.serial_port,].append(device)
            case Protocol.OPCUA:
                groups[device.url,].append(device)
    return list(groups.values())
