"""The controller in its steady state: lateness of cycles, memory, and what a crowd at the page does to both."""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path

from controller import clock
from hil_tests.benchmarks.row import Row, row_of
from hil_tests.benchmarks.village import Village

MS = 1000.0
MB = 1e6
LATENESS_GOAL_MS = 5.0
PAGE_GOAL_MS = 50.0
MEMORY_GOAL_MB = 80.0
OPCUA_MB = 40.0  # on top, where a site has such a device
CLIENTS_COUNT = 50
SAMPLE_S = 10.0  # the snapshot's own percentiles cover the last 1 000 cycles, 50 s
THINK_S = 0.5  # a client reloads twice a second: far more than people do


async def steady_rows(duration_s: float) -> list[Row]:
    """Alone for this long, then for a fifth of it with a crowd."""
    async with Village() as village:
        village.start_controller()
        await village.until_mode("grid_connected")
        port = _free_port()
        page = village.start_page(port)
        await village.until(lambda: not _is_free(port), "the page")
        alone = await _lateness_ms(village, duration_s)
        rows = [_lateness_row(f"cycle lateness over {duration_s:.0f} s", alone)]
        rows += _memory_rows(village, page.pid)
        crowd_s = duration_s / 5.0
        answers, crowded = await asyncio.gather(_crowd(port, crowd_s), _lateness_ms(village, crowd_s))
        rows.append(row_of(f"page, {CLIENTS_COUNT} clients", "ms", answers, PAGE_GOAL_MS, "whole page over HTTP"))
        rows.append(_lateness_row(f"cycle lateness with {CLIENTS_COUNT} clients", crowded))
        return rows


async def _lateness_ms(village: Village, duration_s: float) -> list[tuple[float, float]]:
    """The p99 and the maximum of the window that the controller publishes, at intervals."""
    await asyncio.sleep(min(duration_s, SAMPLE_S))
    samples = []
    until_s = clock.now_s() + max(0.0, duration_s - SAMPLE_S)
    while True:
        cycle = village.status["cycle"]
        samples.append((cycle["lateness_p99_s"] * MS, cycle["lateness_max_s"] * MS))
        if clock.now_s() >= until_s:
            return samples
        await asyncio.sleep(SAMPLE_S)


def _lateness_row(name: str, samples: list[tuple[float, float]]) -> Row:
    p99s, worst = sorted(p99 for p99, _ in samples), max(worst for _, worst in samples)
    note = f"{len(samples)} windows of 1 000 cycles; the first two columns are the median and the worst of their p99"
    return Row(name, "ms", p99s[len(p99s) // 2], p99s[-1], worst, LATENESS_GOAL_MS, note)


def _memory_rows(village: Village, page_pid: int) -> list[Row]:
    assert village.controller is not None
    has_opcua = any(device.table.protocol.value == "opcua" for device in village.site.devices.values())
    goal = MEMORY_GOAL_MB + (OPCUA_MB if has_opcua else 0.0)
    what = "controller, with OPC UA" if has_opcua else "controller"
    return [
        _memory_row(what, village.controller.pid, goal),
        _memory_row("page", page_pid, MEMORY_GOAL_MB),
    ]


def _memory_row(name: str, pid: int, goal: float) -> Row:
    resident, peak = _memory_mb(pid)
    return Row(f"memory, {name}", "MB", resident, resident, peak, goal, "resident, last column its peak")


def _memory_mb(pid: int) -> tuple[float, float]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    found = {line.split(":")[0]: float(line.split()[1]) * 1024.0 / MB for line in lines if line.startswith("Vm")}
    return found["VmRSS"], found["VmHWM"]


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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
