"""The made-up fleets of `fleet.py`, and the process that plays their devices."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from controller import clock
from controller.config import types as config
from controller.config.load import load_site
from controller.config.paths import site_path
from controller.drivers.connect import Links, open_links
from hil_tests.benchmarks.fleet_peer import BAUD

HOST = "127.0.0.1"
POI_PERIOD_S = 0.02
BLOCK_REGISTERS = 20


@dataclass(frozen=True, slots=True)
class Fleet:
    """So many devices, each with so many blocks of points, read so often."""

    tcp_count: int
    blocks_count: int
    points_per_block: int
    period_s: float
    lines_count: int = 0
    units_per_line: int = 0

    @property
    def polls_per_s(self) -> float:
        """Over TCP, those of the POI beside them included."""
        return self.tcp_count * self.blocks_count / self.period_s + 1.0 / POI_PERIOD_S


TWENTY = Fleet(20, 3, BLOCK_REGISTERS, 0.1)
SITE = Fleet(64, 3, 25, 0.2, lines_count=4, units_per_line=4)  # 4 800 points on TCP, 200 on serial lines at 1 s


@dataclass(frozen=True, slots=True)
class Peer:
    """The other process."""

    ports: tuple[int, ...]
    silent_port: int  # takes connections and never answers
    lines: tuple[str, ...]


@contextmanager
def peer_of(fleet: Fleet) -> Iterator[Peer]:
    """A process with all that this fleet talks to, while it is needed."""
    command = [
        sys.executable,
        "-m",
        "hil_tests.benchmarks.fleet_peer",
        str(fleet.tcp_count + 1),
        str(fleet.lines_count),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        try:
            said = json.loads(process.stdout.readline())
            yield Peer(tuple(said["ports"]), said["silent_port"], tuple(said["lines"]))
        finally:
            process.terminate()


def links_of(devices: Sequence[config.Device]) -> Links:
    """The production links, not yet running."""
    site = replace(load_site(site_path("musterhallig")), devices={device.name: device for device in devices})
    return open_links(site, clock.now_s, lambda: None)


def devices_of(fleet: Fleet, peer: Peer) -> list[config.Device]:
    """The POI's first."""
    devices = [poi_at(peer.ports[0])]
    for number in range(fleet.tcp_count):
        table = _table(config.Protocol.MODBUS_TCP, fleet.blocks_count, fleet.points_per_block)
        port = peer.ports[1 + number]
        devices.append(config.Device(f"device_{number}", table, host=HOST, port=port, normal_s=fleet.period_s))
    for line in range(fleet.lines_count):
        for unit in range(1, fleet.units_per_line + 1):
            table = _table(config.Protocol.MODBUS_RTU, 1, BLOCK_REGISTERS)
            devices.append(
                config.Device(f"line_{line}_{unit}", table, unit=unit, serial_port=peer.lines[line], baudrate=BAUD,
                              normal_s=1.0)
            )  # fmt: skip
    return devices


def with_a_dead_one(devices: list[config.Device], peer: Peer) -> list[config.Device]:
    """The first beside the POI takes a connection and never answers."""
    return [devices[0], replace(devices[1], port=peer.silent_port), *devices[2:]]


def poi_at(port: int) -> config.Device:
    """What the POI is measured by: one block, fifty times a second."""
    table = _table(config.Protocol.MODBUS_TCP, 1, BLOCK_REGISTERS)
    return config.Device("poi", table, host=HOST, port=port, normal_s=POI_PERIOD_S)


def _table(protocol: config.Protocol, blocks_count: int, points_count: int) -> config.DeviceTable:
    points = [
        config.Point(f"p{100 * block + number}", config.ModbusWhere("holding", 100 * block + number), "int16",
                     readable=True, writable=False, scale=0.1)
        for block in range(blocks_count)
        for number in range(points_count)
    ]  # fmt: skip
    hold = config.OnLoss.HOLD
    return config.DeviceTable(
        name="fleet", path=Path("fleet.toml"), brand="none", model="none", protocol=protocol,
        evidence=config.Evidence.SIMULATED, source="this benchmark", caveats=(), on_loss=hold, on_loss_island=hold,
        reversion_s=None, heartbeat=None, points={point.id: point for point in points},
    )  # fmt: skip
