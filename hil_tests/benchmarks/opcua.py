"""OPC UA: how soon the values are back after a cut, whether they come as often as before, and what they cost.

The server runs in a process of its own; a proxy in between cuts the connection. The client is the driver as it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import serial
from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds

from controller import clock
from controller.config.credentials import credentials
from controller.config.load import load_site
from controller.config.paths import site_path
from controller.config.types import Device, NodeWhere, Point
from controller.drivers.backoff import Patience
from controller.drivers.board import Board
from controller.drivers.opcua import UaServer
from controller.drivers.opcua_client import new_client
from controller.drivers.quiet_log import QuietLog
from controller.drivers.surroundings import Surroundings
from hil_tests.benchmarks.opcua_server import node_name, url_of
from hil_tests.benchmarks.row import Row, count_row, row_of
from hil_tests.servers.opcua_keys import Keys, new_keys
from hil_tests.servers.ports import free_port
from hil_tests.servers.process import memory_folder, spawn
from hil_tests.servers.proxy import Proxy

POINTS_COUNT = 100
PERIOD_S = 0.2  # of the group "normal", as shipped
RATE_S = 2.0
START_PATIENCE_S = 30.0
LOOK_S = 0.001
BACK_GOAL_S = 0.5
RATIO_GOAL = 1.5  # from judgement: statuses, units, plausibility and age may cost half of what the library does
POLICIES = (None, "Basic256Sha256", "Aes256Sha256RsaPss")
MODEL = "inverter_second"


async def opcua_rows(cuts_count: int, duration_s: float) -> list[Row]:
    """Plain, and by both policies."""
    rows = []
    for policy in POLICIES:
        name = "plain" if policy is None else policy
        with served(policy) as (port, keys):
            shares_pct, ratios = [], []
            for _ in range(5):
                async with _driver(port, keys):
                    shares_pct.append(await _cpu_pct(duration_s / 5.0))
                ratios.append(shares_pct[-1] / await _bare_pct(port, keys, duration_s / 5.0))
            backs_s, before, slow_count = await _cuts(port, keys, cuts_count)
        note = f"{POINTS_COUNT} points, read every {PERIOD_S:g} s; connecting included"
        rate = f"{before} batches in {RATE_S:g} s before"
        rows += [
            row_of(f"OPC UA {name}: cut -> values again", "s", backs_s, BACK_GOAL_S, note),
            count_row(f"OPC UA {name}: cuts with fewer values after", slow_count, 0, rate),
            row_of(f"OPC UA {name}: CPU for {POINTS_COUNT} points", "% of a core", shares_pct),
            row_of(
                f"OPC UA {name}: our driver / bare asyncua",
                "ratio",
                ratios,
                RATIO_GOAL,
                "the same reads, each a sample",
            ),
        ]
    return rows


async def _cuts(port: int, keys: Keys | None, count: int) -> tuple[list[float], int, int]:
    """Times until values are back; batches in a while before; after how many cuts there were fewer."""
    proxy = Proxy(port)
    await proxy.start()
    try:
        async with _driver(proxy.port, keys) as board:
            before = await _batches(board)
            backs_s, slow_count = [], 0
            for _ in range(count):
                backs_s.append(await _cut(board, proxy))
                slow_count += await _batches(board) < before - 1
    finally:
        await proxy.stop()
    return backs_s, before, slow_count


async def _cut(board: Board, proxy: Proxy) -> float:
    """From the reset to the first value that was asked for after it."""
    cut_at_s = clock.now_s()
    proxy.cut()
    while not _newest_s(board) > cut_at_s:  # noqa: ASYNC110  (as the controller would: it looks)
        await asyncio.sleep(LOOK_S)
    return clock.now_s() - cut_at_s


async def _batches(board: Board) -> int:
    """How many come in a while."""
    end_s, stamps = clock.now_s() + RATE_S, set()
    while clock.now_s() < end_s:
        stamps.add(_newest_s(board))
        await asyncio.sleep(PERIOD_S / 10.0)
    return len(stamps)


async def _cpu_pct(duration_s: float) -> float:
    began_s, cpu_s = time.perf_counter(), time.process_time()
    await asyncio.sleep(duration_s)
    return 100.0 * (time.process_time() - cpu_s) / (time.perf_counter() - began_s)


async def _bare_pct(port: int, keys: Keys | None, duration_s: float) -> float:
    """The library alone: the same nodes as often, and nothing done with them."""
    client = new_client(url_of(port), 1.0, None if keys is None else credentials(keys.security))
    await client.connect()
    nodes = [ua.NodeId.from_string(node_name(number)) for number in range(POINTS_COUNT)]

    async def read() -> None:
        while True:
            await client.uaclient.read_attributes(nodes, AttributeIds.Value)
            await asyncio.sleep(PERIOD_S)

    reading = asyncio.create_task(read())
    share_pct = await _cpu_pct(duration_s)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    await client.disconnect()
    return share_pct


def _newest_s(board: Board) -> float:
    reading = board.reading(f"value.{POINTS_COUNT - 1}")
    return -1.0 if reading is None else reading.at_s


@contextlib.contextmanager
def served(policy: str | None) -> Iterator[tuple[int, Keys | None]]:
    """A server in a process of its own: its port, and the keys where it wants any."""
    folder, port = memory_folder("hallig-opcua-"), free_port()
    keys = None if policy is None else new_keys(folder, policy)
    process = _start(port, folder, keys)
    try:
        yield port, keys
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.asynccontextmanager
async def _driver(port: int, keys: Keys | None) -> AsyncIterator[Board]:
    """Running, with its first values."""
    board = Board(device_at(url_of(port), keys), clock.now_s)
    logger = logging.getLogger("hallig.benchmark")
    logger.setLevel(logging.CRITICAL)  # that the connection is lost is what we do
    around = Surroundings(clock.now_s, Patience(), QuietLog(logger, clock.now_s), serial.Serial)
    driver = asyncio.create_task(UaServer([board], url_of(port), 0.0, around).run())
    try:
        async with asyncio.timeout(START_PATIENCE_S):
            while _newest_s(board) < 0.0:  # noqa: ASYNC110  (as above)
                await asyncio.sleep(LOOK_S)
        yield board
    finally:
        driver.cancel()
        await asyncio.gather(driver, return_exceptions=True)


def _start(port: int, folder: Path, keys: Keys | None) -> subprocess.Popen[bytes]:
    secured = [] if keys is None else [str(folder), keys.policy]
    words = ["hil_tests.benchmarks.opcua_server", str(port), str(POINTS_COUNT), *secured]
    process = spawn(words, sink=subprocess.PIPE)
    assert process.stdout is not None
    ready = process.stdout.readline()
    assert ready == b"ready\n", ready
    return process


def device_at(url: str, keys: Keys | None) -> Device:
    """A device with all the numbers of that server."""
    model = load_site(site_path("musterhallig")).devices[MODEL]
    points = {
        f"value.{number}": Point(f"value.{number}", NodeWhere(node_name(number)), "float32", True, False)  # noqa: FBT003
        for number in range(POINTS_COUNT)
    }
    table = replace(model.table, points=points, heartbeat=None)
    security = None if keys is None else keys.security
    return replace(model, table=table, url=url, normal_s=PERIOD_S, security=security)
