"""From the site's devices to running links: one task per TCP connection, per serial line, per OPC UA server."""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from typing import Protocol as Shape

import serial

from controller.config.types import Device, Protocol, Site
from controller.drivers.backoff import Patience
from controller.drivers.board import Board
from controller.drivers.heartbeat import Heart
from controller.drivers.link import Link
from controller.drivers.modbus_bus import ModbusBus
from controller.drivers.modbus_rtu import RTU_RULES, RtuWire
from controller.drivers.modbus_tcp import TCP_RULES, TcpWire
from controller.drivers.quiet_log import QuietLog
from controller.drivers.surroundings import Surroundings

LOOK_EVERY_S = 0.005
IN_FLIGHT_S = 0.05  # the last wish has left its box: a device's gap, and its place on the wire


class Owner(Shape):
    """Owns one connection for as long as it runs."""

    async def run(self) -> None:
        """Serve until cancelled, whatever the devices do."""
        ...


class Links:
    """All links of a site. Nothing is connected before `run`."""

    def __init__(self, boards: Mapping[str, Board], owners: Sequence[Owner], heart: Heart, patience: Patience) -> None:
        self._boards = boards
        self._owners = owners
        self._heart = heart
        self._patience = patience

    @property
    def links(self) -> Mapping[str, Link]:
        """By device name; always the same mapping."""
        return self._boards

    def when_urgent(self, points: Mapping[str, Mapping[str, float]], hurry: Callable[[], None]) -> None:
        """Call `hurry` as soon as one of these points, by device, changes by more than its step."""
        for device, steps in points.items():
            self._boards[device].when_urgent(steps, hurry)

    def set_eager(self, is_eager: bool) -> None:
        """While the hub is being transferred or something is doubted, every sample counts: both need two of them."""
        for board in self._boards.values():
            board.is_eager = is_eager

    def set_islanded(self, islanded: bool) -> None:
        """While islanded, absent devices are tried at least once a second."""
        self._patience.set_islanded(islanded)

    async def send_what_waits(self, for_s: float) -> None:
        """Return when nothing waits to be sent to a device that is there, or after so many seconds.

        For the last words of a process: whoever leaves wishes and cancels `run` at once has sent next to none of them.
        """
        for _ in range(round(for_s / LOOK_EVERY_S)):
            if not any(board.is_up and board.outbox.has_work() for board in self._boards.values()):
                break
            await asyncio.sleep(LOOK_EVERY_S)
        await asyncio.sleep(IN_FLIGHT_S)

    async def run(self) -> None:
        """Keep every connection until cancelled. Ends only by cancellation or by a mistake of ours."""
        async with asyncio.TaskGroup() as group:
            for owner in self._owners:
                group.create_task(owner.run())
            group.create_task(self._heart.run())


class _LateUaServer:
    """An OPC UA server whose driver is imported beside control: half a second of processor time, and 25 MB.

    After a start nobody waits for it who speaks Modbus. Only a site with such a device imports it at all.
    """

    def __init__(self, boards: Sequence[Board], phase: float, around: Surroundings) -> None:
        self._boards, self._phase, self._around = boards, phase, around

    async def run(self) -> None:
        """As UaServer, once it is there."""
        opcua = await asyncio.to_thread(importlib.import_module, "controller.drivers.opcua")
        server: Owner = opcua.UaServer(self._boards, self._boards[0].device.url, self._phase, self._around)
        await server.run()


def open_links(
    site: Site,
    clock: Callable[[], float],
    vetted_at: Callable[[], float | None],
    *,
    patience: Patience | None = None,
    open_serial: Callable[..., Any] = serial.Serial,
) -> Links:
    """The links of a site, not yet running.

    Args:
        site: the checked configuration.
        clock: boot time in seconds; readings bear it.
        vetted_at: when a cycle was last completed and vetted, None before the first; feeds the heartbeats.
        patience: with devices that are not there; the usual one by default.
        open_serial: opens a serial port by name and baud rate; a bench has ports of its own.

    Raises:
        UnusableTableError: a device table that its protocol cannot speak.
    """
    log = QuietLog(logging.getLogger("hallig.drivers"), clock)
    around = Surroundings(clock, patience or Patience(), log, open_serial)
    boards = {name: Board(device, clock) for name, device in site.devices.items()}
    groups = _connections(boards.values())
    owners = [_owner(members, phase=number / len(groups), around=around) for number, members in enumerate(groups)]
    heart = Heart(boards.values(), site.hub.timing.cycle_s, clock, vetted_at)
    return Links(boards, owners, heart, around.patience)


def _connections(boards: Iterable[Board]) -> list[list[Board]]:
    """Devices that share a connection: the same host and port, serial port, or server."""
    groups: dict[tuple[object, ...], list[Board]] = {}
    for board in boards:
        groups.setdefault(_place(board.device), []).append(board)
    return list(groups.values())


def _place(device: Device) -> tuple[object, ...]:
    match device.table.protocol:
        case Protocol.MODBUS_TCP:
            return device.table.protocol, device.host, device.port
        case Protocol.MODBUS_RTU:
            return device.table.protocol, device.serial_port
        case Protocol.OPCUA:
            return device.table.protocol, device.url


def _owner(boards: Sequence[Board], *, phase: float, around: Surroundings) -> Owner:
    device = boards[0].device
    match device.table.protocol:
        case Protocol.MODBUS_TCP:
            narrow = (board.device for board in boards if board.device.table.is_single_client)
            return ModbusBus(boards, TcpWire(next(narrow, device)), TCP_RULES, around, phase)
        case Protocol.MODBUS_RTU:
            return ModbusBus(boards, RtuWire(device, around.open_serial), RTU_RULES, around, phase)
        case Protocol.OPCUA:
            return _LateUaServer(boards, phase, around)
