"""What many links cost, and how fresh the fastest values stay beside them: the production links of made-up fleets.

The devices are simple servers in another process: each Modbus register is served at once, a serial line when a line of
its speed could have carried it. Only the links run here: no cycle, no page.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from controller import clock
from controller.config import types as config
from controller.config.load import load_site
from controller.config.paths import site_path
from controller.drivers.connect import Links, open_links
from controller.event_loop import loop_factory
from hil_tests.benchmarks.fleet_peer import BAUD
from hil_tests.benchmarks.opcua import POINTS_COUNT, device_at, served
from hil_tests.benchmarks.opcua_server import url_of
from hil_tests.benchmarks.polling import ask_barely, serve_numbers
from hil_tests.benchmarks.row import Row, row_of

PERCENT = 100.0
MS = 1000.0
SETTLE_S = 2.0
WINDOW_S = 1.0
FLEET_GOAL_PCT = 5.0
SITE_GOAL_PCT = 50.0
RATIO_GOAL = 2.0
BARE = "no check, no decoding, no board: what the machine asks for it at least"
AGE_GOAL_MS = 5.0
LOSS_GOAL_MS = 20.0
BACK_GOAL_MS = 300.0
POI_PERIOD_S = 0.02
BLOCK_REGISTERS = 20
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Fleet:
    """So many devices, each with so many blocks of points, read so often."""

    tcp_count: int
    blocks_count: int
    points_per_block: int
    period_s: float
    lines_count: int = 0
    units_per_line: int = 0


TWENTY = Fleet(20, 3, BLOCK_REGISTERS, 0.1)
SITE = Fleet(64, 3, 25, 0.2, lines_count=4, units_per_line=4)  # 4 800 points on TCP, 200 on serial lines at 1 s


@dataclass(frozen=True, slots=True)
class Peer:
    """The other process."""

    ports: tuple[int, ...]
    silent_port: int  # takes connections and never answers
    lines: tuple[str, ...]


@contextmanager
def _peer(fleet: Fleet) -> Iterator[Peer]:
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


def fleet_rows(duration_s: float) -> list[Row]:
    """All rows, each event loop on its own."""
    with _peer(SITE) as peer:
        rows: list[Row] = []
        for name, factory in _loops().items():
            with asyncio.Runner(loop_factory=factory) as runner:
                rows += runner.run(_rows(name, peer, duration_s))
    return rows


def _loops() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    found = {"asyncio": asyncio.new_event_loop}
    if loop_factory() is not asyncio.new_event_loop:
        found["uvloop"] = loop_factory()
    return found


async def _rows(name: str, peer: Peer, duration_s: float) -> list[Row]:
    shares, ages = await _measured(_devices(TWENTY, peer), duration_s)
    bare_shares = await _bare(TWENTY, peer, duration_s)
    ratios = [ours / bare for ours, bare in zip(shares, bare_shares, strict=True)]
    dead_shares, dead_ages = await _measured(_with_a_dead_one(_devices(TWENTY, peer), peer), duration_s, dead_count=1)
    with served(None) as (port, keys):
        devices = [*_devices(SITE, peer), device_at(url_of(port), keys)]
        site_shares, site_ages = await _measured(devices, duration_s)
    resets, backs = await _cuts(max(5, int(duration_s)), lambda writer: writer.transport.abort())
    ends, ends_backs = await _cuts(max(5, int(duration_s)), lambda writer: writer.close())
    points = SITE.tcp_count * SITE.blocks_count * SITE.points_per_block
    points += SITE.lines_count * SITE.units_per_line * BLOCK_REGISTERS + POINTS_COUNT
    return [
        row_of(f"20 devices x 3 blocks x 10 Hz, {name}", "% of a core", shares, FLEET_GOAL_PCT, "links alone"),
        row_of(f"the same transactions, nothing but asyncio, {name}", "% of a core", bare_shares, None, BARE),
        row_of(f"ours / nothing but asyncio, {name}", "ratio", ratios, RATIO_GOAL, "decoding and checking included"),
        row_of(f"POI sample age at 50 Hz beside them, {name}", "ms", ages, AGE_GOAL_MS, "beyond its period"),
        row_of(f"the same with one device dead, {name}", "ms", dead_ages, AGE_GOAL_MS, "it adds nothing"),
        row_of(f"20 devices of which one is dead, {name}", "% of a core", dead_shares, FLEET_GOAL_PCT),
        row_of(
            f"64 TCP devices, 4 serial lines, OPC UA, {name}",
            "% of a core",
            site_shares,
            SITE_GOAL_PCT,
            f"{points} points",
        ),
        row_of(f"POI sample age beside that, {name}", "ms", site_ages, None, "beyond its period"),
        row_of(f"connection reset (RST) -> seen, {name}", "ms", resets, LOSS_GOAL_MS),
        row_of(f"connection reset (RST) -> values again, {name}", "ms", backs, BACK_GOAL_MS),
        row_of(f"connection ended (FIN) -> seen, {name}", "ms", ends, LOSS_GOAL_MS),
        row_of(f"connection ended (FIN) -> values again, {name}", "ms", ends_backs, BACK_GOAL_MS),
    ]


async def _measured(
    devices: Sequence[config.Device], duration_s: float, dead_count: int = 0
) -> tuple[list[float], list[float]]:
    """CPU in percent of a core, a window a sample; and how late the POI's samples were, in ms."""
    links = _links(devices)
    running = asyncio.create_task(links.run())
    try:
        await asyncio.sleep(SETTLE_S)
        absent = [name for name, link in links.links.items() if not link.is_up]
        assert len(absent) == dead_count, absent
        shares = await _shares(duration_s)
        return shares, await _ages(links, duration_s)  # after the CPU: looking so often costs some of its own
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _shares(duration_s: float) -> list[float]:
    """What this process takes, in percent of a core, a window a sample."""
    shares = []
    for _ in range(max(1, int(duration_s / WINDOW_S))):
        began_s, cpu_s = clock.now_s(), time.process_time()
        await asyncio.sleep(WINDOW_S)
        shares.append((time.process_time() - cpu_s) / (clock.now_s() - began_s) * PERCENT)
    return shares


async def _bare(fleet: Fleet, peer: Peer, duration_s: float) -> list[float]:
    """The transactions of that fleet and of the POI beside it, at the same rates, spread alike."""
    paces = [(peer.ports[0], 1, POI_PERIOD_S, 0.0)]
    paces += [
        (peer.ports[1 + number], fleet.blocks_count, fleet.period_s, number / fleet.tcp_count)
        for number in range(fleet.tcp_count)
    ]
    running = [asyncio.create_task(_ask_barely_for_ever(*pace)) for pace in paces]
    try:
        await asyncio.sleep(SETTLE_S)
        return await _shares(duration_s)
    finally:
        for task in running:
            task.cancel()
        ends = await asyncio.gather(*running, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends


async def _ask_barely_for_ever(port: int, blocks_count: int, period_s: float, phase: float) -> None:
    reader, writer = await asyncio.open_connection(HOST, port)
    due_s = clock.now_s() + phase * period_s
    try:
        for number in itertools.count():
            await asyncio.sleep(max(0.0, due_s - clock.now_s()))
            for block in range(blocks_count):
                await ask_barely(reader, writer, number * blocks_count + block, (3, 100 * block, BLOCK_REGISTERS))
            due_s += period_s
    finally:
        writer.close()


async def _ages(links: Links, duration_s: float) -> list[float]:
    """How much older than its period each sample of the POI was when the next replaced it."""
    link, late_ms = links.links["poi"], []
    until_s, last_s = clock.now_s() + duration_s, None
    while clock.now_s() < until_s:
        await asyncio.sleep(0.002)
        reading = link.reading("p0")
        assert reading is not None
        if last_s is not None and reading.at_s != last_s:
            late_ms.append(max(0.0, reading.at_s - last_s - POI_PERIOD_S) * MS)
        last_s = reading.at_s
    return late_ms


async def _cuts(count: int, cut: Callable[[asyncio.StreamWriter], None]) -> tuple[list[float], list[float]]:
    """A device that gives up its connection: when that is seen, and when there are values again."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await serve_numbers(reader, writer)

    server = await asyncio.start_server(serve, HOST, 0)
    poi = replace(_poi(0), port=server.sockets[0].getsockname()[1])
    links = _links([poi])
    link, running = links.links["poi"], asyncio.create_task(links.run())
    seen_ms, back_ms = [], []
    try:
        for _ in range(count):
            await _until(lambda: link.is_up)
            await asyncio.sleep(0.1)
            began_s = clock.now_s()
            cut(writers[-1])
            await _until(lambda: not link.is_up)
            seen_ms.append((clock.now_s() - began_s) * MS)
            await _until(lambda: link.is_up)
            back_ms.append((clock.now_s() - began_s) * MS)
    finally:
        running.cancel()
        server.close()
        await asyncio.gather(running, return_exceptions=True)
    return seen_ms, back_ms


async def _until(is_true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10.0):
        while not is_true():
            await asyncio.sleep(0.0005)


# ---- made-up devices ------------------------------------------------------------------------------------------------


def _links(devices: Sequence[config.Device]) -> Links:
    site = replace(load_site(site_path("musterhallig")), devices={device.name: device for device in devices})
    return open_links(site, clock.now_s, lambda: None)


def _devices(fleet: Fleet, peer: Peer) -> list[config.Device]:
    devices = [_poi(peer.ports[0])]
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


def _with_a_dead_one(devices: list[config.Device], peer: Peer) -> list[config.Device]:
    """The first beside the POI takes a connection and never answers."""
    return [devices[0], replace(devices[1], port=peer.silent_port), *devices[2:]]


def _poi(port: int) -> config.Device:
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
