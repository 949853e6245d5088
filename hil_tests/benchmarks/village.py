"""A village in real time: device servers in this process, the controller in another, and a stop-watch on every order.

The stop-watch shows the plant's time. It starts when the plant makes a criterion true at the instrument, and it stops
when a device server has received an order: the wire, the drivers, the cycle and the decision all lie between.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from controller import clock
from controller.config.load import load_site
from controller.config.paths import site_path
from controller.config.types import Site
from controller.drivers.link import Value
from hil_tests.plant.plant import Plant, PlantOptions
from hil_tests.servers.bench import DeviceServers, Overrides

PATIENCE_S = 40.0
LOOK_S = 0.005


class NeverCameError(Exception):
    """What the benchmark waited for did not happen."""


@dataclass(frozen=True, slots=True)
class Received:
    """One order as a device server got it."""

    at_s: float  # the plant's time
    asset: str
    field: str
    value: Value


class Village:
    """One hub with its servers and, when started, its controller. Use it as an async context."""

    def __init__(self, hub: str = "musterhallig", options: PlantOptions | None = None) -> None:
        self.site: Site = load_site(site_path(hub))
        self.plant = Plant(self.site.hub, options=options)
        self.servers = DeviceServers(self.site, self.plant, on_step=self._after_step)
        self.folder = Path(tempfile.mkdtemp(prefix="hallig-benchmark-", dir=_memory_disk()))
        self.overrides: Overrides = {}
        self.received: list[Received] = []
        self.controller: subprocess.Popen[bytes] | None = None
        self._criterion: Callable[[Plant], bool] | None = None
        self._criterion_at_s: float | None = None
        self._others: list[subprocess.Popen[bytes]] = []

    async def __aenter__(self) -> Self:
        self.plant.advance_to(1.0)
        self._listen()
        self.overrides = await self.servers.start()
        (self.folder / "overrides.json").write_text(json.dumps(self.overrides))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.kill_controller()
        for process in self._others:
            process.terminate()
            process.wait()
        await self.servers.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- processes --------------------------------------------------------------------------------------------------
    def start_controller(self, **environment: str) -> subprocess.Popen[bytes]:
        """Start `hallig run` on this village."""
        places = ["--run-dir", str(self.folder / "run"), "--data-dir", str(self.folder / "data")]
        self.controller = self._start(
            ["run", str(self.site.path), *places, "--overrides", str(self.folder / "overrides.json")], environment
        )
        return self.controller

    def start_page(self, port: int) -> subprocess.Popen[bytes]:
        """Start `hallig supervise` beside it."""
        places = ["--run-dir", str(self.folder / "run"), "--data-dir", str(self.folder / "web")]
        self._others.append(self._start(["supervise", str(self.site.path), *places, "--port", str(port)], {}))
        return self._others[-1]

    def forget(self) -> None:
        """The next controller finds no journal and no snapshot."""
        for name in ("run", "data"):
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def kill_controller(self) -> None:
        """As kill -9."""
        if self.controller is not None:
            self.controller.send_signal(signal.SIGKILL)
            self.controller.wait()
            self.controller = None

    def _start(self, arguments: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "controller.cli", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **environment},
        )

    @property
    def status(self) -> dict[str, Any]:
        """The newest snapshot; empty when there is none."""
        try:
            return dict(json.loads((self.folder / "run" / "status.json").read_bytes()))
        except (OSError, ValueError):
            return {}

    # -- waiting ----------------------------------------------------------------------------------------------------
    async def until(self, condition: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> float:
        """Wait until something is so; returns the instant on the clock. Raises NeverCameError."""
        until_s = clock.now_s() + patience_s
        while not condition():
            if clock.now_s() > until_s:
                raise NeverCameError(f"{what}: not within {patience_s:.0f} s; {self.status.get('mode')}")
            await asyncio.sleep(LOOK_S)
        return clock.now_s()

    async def until_mode(self, mode: str, patience_s: float = PATIENCE_S) -> float:
        """Until the living controller says that it is in this mode."""

        def is_there() -> bool:
            status = self.status
            is_ours = self.controller is not None and status.get("pid") == self.controller.pid
            return is_ours and status.get("mode") == mode

        return await self.until(is_there, mode, patience_s)

    # -- the stop-watch ---------------------------------------------------------------------------------------------
    def watch_for(self, criterion: Callable[[Plant], bool]) -> None:
        """Start anew when the plant first makes this true."""
        self.received.clear()
        self._criterion, self._criterion_at_s = criterion, None

    @property
    def criterion_at_s(self) -> float | None:
        """The plant's time at which it became true; None: not yet."""
        return self._criterion_at_s

    def orders(self, *wanted: tuple[str, Value]) -> list[Received]:
        """The orders of these fields and values that came since the watch began."""
        return [each for each in self.received if (each.field, each.value) in wanted]

    def _listen(self) -> None:
        """Know every writable point by the asset and field that it serves."""
        served = {
            (ref.device, ref.point): (binding.asset, name)
            for binding in self.site.bindings.values()
            for name, ref in binding.writes.items()
        }
        for device in self.servers.devices.all():

            def took(point: str, value: Value, name: str = device.device.name) -> None:
                place = served.get((name, point))
                if place is not None:
                    self.received.append(Received(self.servers.devices.instant_s, *place, value))

            device.on_write = took

    def _after_step(self) -> None:
        if self._criterion is not None and self._criterion_at_s is None and self._criterion(self.plant):
            self._criterion_at_s = self.plant.now_s


def _memory_disk() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
