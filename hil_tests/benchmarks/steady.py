"""The controller in its steady state: lateness of cycles, memory, and what a crowd at the page does to both."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from controller import clock
from controller.config.types import Protocol
from hil_tests.benchmarks.observed import FILE_VARIABLE
from hil_tests.benchmarks.row import Row, row_of
from hil_tests.benchmarks.village import Village
from hil_tests.servers.ports import free_port

MS = 1000.0
MB = 1e6
LATENESS_GOAL_MS = 5.0
PAGE_GOAL_MS = 50.0
MEMORY_GOAL_MB = 80.0
OPCUA_MB = 40.0  # on top, where a site has such a device
CLIENTS_COUNT = 50
SETTLE_S = 5.0
HUB_WITHOUT_OPCUA = "hybridhof"
THINK_S = 0.5  # a client reloads twice a second: far more than people do


async def steady_rows(duration_s: float) -> list[Row]:
    """Alone for this long, then for a fifth of it with a crowd; at last the memory of a hub without OPC UA."""
    async with Village() as village:
        port, log = free_port(), village.folder / "lateness"
        village.start_controller("hil_tests.benchmarks.observed", **{FILE_VARIABLE: str(log)})
        page = village.start_page(port)
        await village.until_mode("grid_connected")
        await village.until(lambda: not _is_free(port), "the page")
        marks = [await next_cycle_number(village)]
        await asyncio.sleep(duration_s)
        marks.append(await next_cycle_number(village))
        answers_ms = await _crowd(port, duration_s / 5.0)
        marks.append(await next_cycle_number(village))
        memory = _memory_rows(village, "controller, with OPC UA", MEMORY_GOAL_MB + OPCUA_MB)
        memory += _process_rows("page, after the crowd", page.pid, MEMORY_GOAL_MB)
        await village.end_controller()
        alone_ms, crowded_ms = cut(lateness_ms(log), marks)
    return [
        row_of(f"cycle lateness over {duration_s:.0f} s", "ms", alone_ms, LATENESS_GOAL_MS, "each cycle a sample"),
        row_of(f"cycle lateness with {CLIENTS_COUNT} clients", "ms", crowded_ms, LATENESS_GOAL_MS),
        row_of(f"page, {CLIENTS_COUNT} clients", "ms", answers_ms, PAGE_GOAL_MS, "whole page over HTTP"),
        *memory,
        *await _rows_without_opcua(),
    ]


def lateness_ms(log: Path) -> list[float]:
    """Of every cycle since the start, from the file that the observed controller left."""
    return [float(line) * MS for line in log.read_text(encoding="ascii").split()]


def cut(samples: Sequence[float], marks: Sequence[int]) -> list[list[float]]:
    """What lies between each two marks, which are counts from the beginning."""
    return [list(samples[begin:end]) for begin, end in pairwise(marks)]


async def next_cycle_number(village: Village) -> int:
    """How many cycles there have been, by the next snapshot."""
    before = village.status["sequence"]
    await village.until(lambda: village.status.get("sequence", before) != before, "a snapshot")
    return int(village.status["cycle"]["count"])


async def _rows_without_opcua() -> list[Row]:
    async with Village(HUB_WITHOUT_OPCUA) as village:
        village.start_controller()
        await village.until_mode("grid_connected")
        await asyncio.sleep(SETTLE_S)
        return _memory_rows(village, "controller, without OPC UA", MEMORY_GOAL_MB)


def _memory_rows(village: Village, name: str, goal_mb: float) -> list[Row]:
    assert village.controller is not None
    devices = village.site.devices.values()
    has_opcua = any(device.table.protocol is Protocol.OPCUA for device in devices)
    assert has_opcua is ("without" not in name), "another hub than its row says"
    return _process_rows(f"{name}, {len(devices)} devices", village.controller.pid, goal_mb)


def _process_rows(name: str, pid: int, goal_mb: float) -> list[Row]:
    folder = Path(f"/proc/{pid}")
    status, shares = _sizes_mb(folder / "status"), _sizes_mb(folder / "smaps_rollup")
    resident, peak, share = status["VmRSS"], status["VmHWM"], shares["Pss"]
    return [
        Row(f"memory, {name}", "MB", resident, resident, peak, goal_mb, "resident; last column its peak"),
        Row(f"memory, {name}", "MB", share, share, share, None, "its proportional share (PSS)"),
    ]


def _sizes_mb(file: Path) -> dict[str, float]:
    """Lines of `Name:  number kB`."""
    found = re.findall(r"^(\w+):\s+(\d+) kB$", file.read_text(), re.MULTILINE)
    return {name: float(size) * 1024.0 / MB for name, size in found}


async def _crowd(port: int, duration_s: float) -> list[float]:
    answers_ms: list[float] = []
    until_s = clock.now_s() + duration_s
    await asyncio.gather(*(_client(port, until_s, number, answers_ms) for number in range(CLIENTS_COUNT)))
    return answers_ms


async def _client(port: int, until_s: float, number: int, answers_ms: list[float]) -> None:
    """One phone: a new connection for each look, as a phone that slept."""
    await asyncio.sleep(THINK_S * number / CLIENTS_COUNT)
    while clock.now_s() < until_s:
        began_s = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: hub\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        assert answer.startswith(b"HTTP/1.1 200"), answer[:80]
        answers_ms.append((time.perf_counter() - began_s) * MS)
        await asyncio.sleep(THINK_S)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
