"""Faults of links in real time: bytes on sockets and serial lines, and what an OPC UA server can do to its clients."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping

from asyncua.ua.status_codes import StatusCodes

from hil_tests.faults.data import empty
from hil_tests.faults.lives import once
from hil_tests.faults.stage import Inject, Injection, all_of
from hil_tests.faults.types import CannotInjectError, Heal
from hil_tests.faults.wire import WIRE_FAULTS, WireFault, WireFaults
from hil_tests.servers.bench import DeviceServers
from hil_tests.servers.modbus_rtu import RtuLine
from hil_tests.servers.modbus_tcp import TcpServer
from hil_tests.servers.opcua import UaServer


class RealLinks:
    """One bench's servers, with their faults."""

    def __init__(self, servers: DeviceServers) -> None:
        self._servers = servers
        self._silences: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def table(self) -> Mapping[str, Inject]:
        """By the names of the catalogue."""
        return {
            **dict.fromkeys(WIRE_FAULTS, self._on_the_wire),
            "silent": self._silent,
            "empty_restart": self._empty_restart,
            "connection_limit": self._connection_limit,
            "bad_status": self._bad_status,
            "session_loss": self._session_loss,
        }

    def _modbus(self, injection: Injection) -> tuple[TcpServer | RtuLine, int]:
        wire = self._wire(injection)
        if isinstance(wire, UaServer):
            raise CannotInjectError(f"{injection.unit} is an OPC UA device: no {injection.name} here")
        return wire, injection.stage.site.devices[injection.unit].unit

    def _wire(self, injection: Injection) -> TcpServer | RtuLine | UaServer:
        try:
            return self._servers.wire(injection.unit)
        except KeyError:
            raise CannotInjectError(f"{injection.unit} is real: the bench cannot spoil its link") from None

    def _on_the_wire(self, injection: Injection) -> Heal:
        wire, unit = self._modbus(injection)
        faults = wire.wires.setdefault(unit, WireFaults(isinstance(wire, TcpServer)))
        fault = WireFault(injection.name, injection.values, injection.rng)
        faults.active.append(fault)

        def heal() -> None:
            faults.active.remove(fault)
            if not faults.active:
                wire.wires.pop(unit, None)

        return heal

    def _silent(self, injection: Injection) -> Heal:
        name = injection.unit
        wire, unit = self._wire(injection), injection.stage.site.devices[name].unit
        self._silences[name] = self._silences.get(name, 0) + 1
        if isinstance(wire, UaServer):
            wire.fall_silent()
        else:
            wire.silent.add(unit)

        def heal() -> None:
            self._silences[name] -= 1
            if self._silences[name]:
                return
            if isinstance(wire, UaServer):
                wire.speak_again()
            else:
                wire.silent.discard(unit)

        return heal

    def _empty_restart(self, injection: Injection) -> Heal:
        """Connections break; the device is silent, then there and knowing nothing, then itself again."""
        wire, _ = self._modbus(injection)
        values, timers, now_s = injection.values, injection.stage.timers, injection.plant.now_s
        ends = [once(self._silent(injection)), once(empty(injection.device))]
        injection.device.written.clear()
        if isinstance(wire, TcpServer):
            wire.drop_connections()
        back_s = now_s + values["down_s"]
        return all_of([timers.at(back_s, ends[0]), timers.at(back_s + values["empty_s"], ends[1]), *ends])

    def _connection_limit(self, injection: Injection) -> Heal:
        wire, _ = self._modbus(injection)
        if not isinstance(wire, TcpServer):
            raise CannotInjectError(f"{injection.unit} has no connections")

        def put(most: int | None) -> None:
            wire.connections_max = most
            if most == 0:
                wire.drop_connections()

        most = injection.values["max"]
        return injection.stage.held.hold((injection.unit, "connections"), wire.connections_max, most, put)

    def _ua(self, injection: Injection) -> UaServer:
        wire = self._wire(injection)
        if not isinstance(wire, UaServer):
            raise CannotInjectError(f"{injection.unit} is no OPC UA device: no {injection.name} here")
        return wire

    def _bad_status(self, injection: Injection) -> Heal:
        server = self._ua(injection)
        server.status = getattr(StatusCodes, injection.values["status"])
        return lambda: setattr(server, "status", None)

    def _session_loss(self, injection: Injection) -> Heal:
        server = self._ua(injection)
        if injection.values["loses"] == "session":
            self._begin(server.lose_sessions())
            return lambda: None
        server.is_stalled = True
        return lambda: setattr(server, "is_stalled", False)

    def _begin(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
