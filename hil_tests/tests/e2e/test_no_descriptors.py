"""No file and no socket can be opened any more (EMFILE): the hub is controlled, it is said, and it is over when it is.

The controller keeps what it has, and gets nothing beside it. A service manager as strict as the shipped unit listens:
whoever opened a socket for each sign of life would be killed in the island.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from controller import clock
from controller.socket_client import SocketClient
from hil_tests.benchmarks.village import Village
from hil_tests.plant.plant import PlantOptions

WATCHDOG_S = 2.0  # WatchdogSec of the shipped unit
STARVED_S = 6.0
LOOK_S = 0.05


class Manager:
    """A service manager as strict as the shipped unit: how long the controller was silent at most."""

    def __init__(self, told: socket.socket) -> None:
        self._told = told
        self.silent_max_s = 0.0
        self._heard_at_s = clock.now_s()

    async def listen(self) -> None:
        """Until cancelled."""
        while True:
            with contextlib.suppress(BlockingIOError):
                while self._told.recv(64):
                    self._heard_at_s = clock.now_s()
            self.silent_max_s = max(self.silent_max_s, clock.now_s() - self._heard_at_s)
            await asyncio.sleep(LOOK_S)

    def begin(self) -> None:
        """From now on."""
        self._heard_at_s, self.silent_max_s = clock.now_s(), 0.0


@asynccontextmanager
async def managed(folder: Path) -> AsyncIterator[Manager]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.setblocking(False)
        told.bind(str(folder / "notify"))
        manager = Manager(told)
        listening = asyncio.create_task(manager.listen())
        try:
            yield manager
        finally:
            listening.cancel()


@contextmanager
def no_descriptors(pid: int) -> Iterator[None]:
    """Nothing can be opened by this process meanwhile: all numbers below the limit are in use."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (_first_free(pid), hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


def _first_free(pid: int) -> int:
    """Of several looks the lowest: a file that is being written takes a number for a moment."""
    looks = []
    for _ in range(50):
        used = {int(each.name) for each in Path(f"/proc/{pid}/fd").iterdir()}
        looks.append(min(set(range(len(used) + 1)) - used))
    return min(looks)


async def ask(village: Village) -> list[dict[str, Any]]:
    """Everything the journal has, through the socket."""
    client = SocketClient(village.process.run_dir, 1.0)
    answer = await asyncio.to_thread(client.ask, method="events", after=0, limit=500)
    return list(answer["events"])


async def test_control_goes_on_and_what_is_missing_is_said_and_comes_back(tmp_path: Path) -> None:
    async with Village(options=PlantOptions(irradiance_w_per_m2=0.0)) as village, managed(tmp_path) as manager:
        controller = village.start_controller(NOTIFY_SOCKET=str(tmp_path / "notify"))
        await village.until_mode("grid_connected")
        await village.until(lambda: all(each["is_up"] for each in village.status["devices"]), "all devices")
        manager.begin()
        with no_descriptors(controller.pid):
            village.plant.grid.blackout()
            await village.until_mode("islanded", 10.0)
            await asyncio.sleep(STARVED_S)
            assert clock.now_s() - village.status["written_at_s"] < 1.5, "the page has fresh figures"
            assert manager.silent_max_s < WATCHDOG_S, "the service manager hears that it lives"
            with pytest.raises((TimeoutError, ConnectionError)):  # by asyncio's loop, and by uvloop's
                await ask(village)
            said = village.process.log.read_text(errors="replace")
            assert said.count("no file and no connection can be opened any more. Control goes on") == 1
        await village.until(lambda: "can be opened again" in village.process.log.read_text(), "said", 5.0)
        assert controller.poll() is None
        assert village.status["mode"] == "islanded"
        told = [event["kind"] for event in await ask(village) if event["reason"] == "no_descriptors"]
        assert told == ["alarm", "alarm_cleared"]
        assert all(each["is_up"] for each in village.status["devices"])
