"""Start, kill -9 and hang, with a service manager as strict as the shipped unit: until the hub is in control again.

The service manager is this module: it listens to the process's own notifications and acts on `WatchdogSec`,
`RestartSec` of `configs/systemd/hallig-controller.service`.
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
from controller.model.words import BreakerPosition
from hil_tests.benchmarks.row import Row, row_of
from hil_tests.benchmarks.village import Village

RESTART_S = 0.25
WATCHDOG_S = 2.0
LOOK_S = 0.01
START_GOAL_S, KILL_GOAL_S, HANG_GOAL_S = 1.5, 3.0, 5.0


async def restart_rows(count: int) -> list[Row]:
    """Each of the three `count` times."""
    starts_s = await _starts(count)
    kills_s, kill_moves = await _in_the_island(count, hang=False)
    hangs_s, hang_moves = await _in_the_island(count, hang=True)
    return [
        row_of("start of `hallig run` -> first decision", "s", starts_s, START_GOAL_S, "on grid, empty journal"),
        row_of("kill -9 in the island -> in control", "s", kills_s, KILL_GOAL_S, f"{kill_moves} contactor moves"),
        row_of("SIGSTOP in the island -> in control", "s", hangs_s, HANG_GOAL_S, f"{hang_moves} contactor moves"),
    ]


async def _starts(count: int) -> list[float]:
    took_s = []
    async with Village() as village:
        for _ in range(count):
            village.forget()
            began_s = clock.now_s()
            village.start_controller()
            took_s.append(await village.until_mode("grid_connected") - began_s)
            village.kill_controller()
    return took_s


async def _in_the_island(count: int, *, hang: bool) -> tuple[list[float], int]:
    took_s, moves = [], 0
    async with Village() as village:
        with _manager(village.folder) as told:
            village.start_controller(NOTIFY_SOCKET=str(village.folder / "notify"))
            await village.until_mode("grid_connected")
            village.plant.grid.blackout()
            await village.until_mode("islanded")
            for _ in range(count):
                await asyncio.sleep(1.0)
                before = _positions(village)
                began_s = clock.now_s()
                await _end(village, told, hang=hang)
                await asyncio.sleep(RESTART_S)
                village.start_controller(NOTIFY_SOCKET=str(village.folder / "notify"))
                took_s.append(await village.until_mode("islanded") - began_s)
                moves += sum(before[name] is not now for name, now in _positions(village).items())
    return took_s, moves


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


def _positions(village: Village) -> dict[str, BreakerPosition]:
    """Of everything that can be switched."""
    plant = village.plant
    return {
        "poi": plant.poi.position,
        "earthing": plant.earthing.position,
        **{name: feeder.position for name, feeder in plant.feeders.items()},
    }


@contextlib.contextmanager
def _manager(folder: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.setblocking(False)  # noqa: FBT003  (positional by its own design)
        told.bind(str(folder / "notify"))
        yield told
