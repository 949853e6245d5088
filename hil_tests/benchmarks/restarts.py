"""Start, kill -9 and hang, with a service manager as strict as the shipped unit: until the hub is in control again.

The service manager is this module: it listens to the process's own notifications and acts on `WatchdogSec`,
`RestartSec` of `configs/systemd/hallig-controller.service`, but not on its priority: the kills are measured a second
time beside two processes a core that do nothing but keep it busy, and the controller is one among equals.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

from controller import clock
from hil_tests.benchmarks.row import Row, count_row, row_of
from hil_tests.benchmarks.village import Village
from hil_tests.servers.process import spawn

RESTART_S = 0.25
WATCHDOG_S = 2.0
LOOK_S = 0.01
SETTLE_S = 2.0  # the contacts of the transfer itself have moved by then
CALM_S = 1.0
BUSY_PER_CORE_COUNT = 2
ENDLESS = ["timeit", "--number", "1000000000000", "--repeat", "1", "pass"]
START_GOAL_S, KILL_GOAL_S, HANG_GOAL_S = 1.5, 3.0, 5.0


async def restart_rows(count: int) -> list[Row]:
    """Each of the three `count` times, and every contact that moved meanwhile."""
    starts_s, start_moves = await _starts(count)
    kills_s, kill_moves = await _in_the_island(count, hang=False)
    hangs_s, hang_moves = await _in_the_island(count, hang=True)
    busy_count = BUSY_PER_CORE_COUNT * (os.cpu_count() or 1)
    busy_s, busy_moves = await _in_the_island(count, hang=False, busy_count=busy_count)
    told = f"the same, beside {busy_count} busy processes of the same priority"
    kill_moves += busy_moves
    moves = f"{start_moves} at starts, {kill_moves} after kills, {hang_moves} after hangs; POI, earthing, feeders"
    return [
        row_of("start of `hallig run` -> first decision", "s", starts_s, START_GOAL_S, "on grid, empty journal"),
        row_of("kill -9 in the island -> in control", "s", kills_s, KILL_GOAL_S, "restart delay of the unit included"),
        row_of("kill -9 in the island, busy machine -> in control", "s", busy_s, note=told),
        row_of("SIGSTOP in the island -> in control", "s", hangs_s, HANG_GOAL_S, "its watchdog and delay included"),
        count_row("contactor moves by a restart", start_moves + kill_moves + hang_moves, 0, moves),
    ]


async def _starts(count: int) -> tuple[list[float], int]:
    took_s = []
    async with Village() as village:
        village.count_moves()
        for _ in range(count):
            village.forget()
            began_s = clock.now_s()
            village.start_controller()
            took_s.append(await village.until_mode("grid_connected") - began_s)
            village.kill_controller()
        return took_s, village.moves_count


async def _in_the_island(count: int, *, hang: bool, busy_count: int = 0) -> tuple[list[float], int]:
    took_s = []
    async with Village() as village:
        with _manager(village.folder) as told:
            village.start_controller(NOTIFY_SOCKET=str(village.folder / "notify"))
            await village.until_mode("grid_connected")
            village.plant.grid.blackout()
            await village.until_mode("islanded")
            await asyncio.sleep(SETTLE_S)
            village.count_moves()
            with _busy(busy_count):
                for _ in range(count):
                    await asyncio.sleep(CALM_S)
                    began_s = clock.now_s()
                    await _end(village, told, hang=hang)
                    await asyncio.sleep(RESTART_S)
                    village.start_controller(NOTIFY_SOCKET=str(village.folder / "notify"))
                    took_s.append(await village.until_mode("islanded") - began_s)
            return took_s, village.moves_count


async def _end(village: Village, told: socket.socket, *, hang: bool) -> None:
    """Kill it; or stop it, and notice as the service manager would: by its silence."""
    if hang and village.controller is not None:
        os.kill(village.controller.pid, signal.SIGSTOP)
        heard_s = clock.now_s()
        while clock.now_s() - heard_s < WATCHDOG_S:
            with contextlib.suppress(BlockingIOError):
                while told.recv(64):
                    heard_s = clock.now_s()
            await asyncio.sleep(LOOK_S)
    village.kill_controller()


@contextlib.contextmanager
def _busy(count: int) -> Iterator[None]:
    processes = [spawn(ENDLESS) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


@contextlib.contextmanager
def _manager(folder: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.setblocking(False)  # noqa: FBT003  (positional by its own design)
        told.bind(str(folder / "notify"))
        yield told
