"""A village in real time: device servers in this process, the controller in another, and a stop-watch on every order.

The stop-watch shows the plant's time. It starts when the plant makes a criterion true at the instrument, and it stops
when a device server has received an order: the wire, the drivers, the cycle and the decision all lie between.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from controller import clock
from controller.config.load import load_site
from controller.config.paths import site_path
from controller.config.types import Site
from controller.drivers.link import Value
from controller.model.words import BreakerPosition
from hil_tests.plant.plant import Plant, PlantOptions
from hil_tests.servers.bench import DeviceServers, Overrides
from hil_tests.servers.process import ControllerProcess, memory_folder, spawn

PATIENCE_S = 40.0
LOOK_S = 0.005

Criterion = Callable[[Plant], bool]


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
        self.folder = memory_folder("hallig-benchmark-")
        self.process = ControllerProcess(self.folder, str(self.site.path))
        self.overrides: Overrides = {}
        self.received: list[Received] = []
        self._watched: dict[Criterion, float | None] = {}
        self._count_moves_from: dict[str, BreakerPosition] = {}
        self.moves_count = 0
        self._others: list[subprocess.Popen[bytes]] = []

    async def __aenter__(self) -> Self:
        try:
            self.plant.advance_to(1.0)
            self._listen()
            self.overrides = await self.servers.start()
            self.process.connect_to(self.overrides)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self.kill_controller()
        for process in self._others:
            process.terminate()
            process.wait()
        try:
            await self.servers.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    # -- processes --------------------------------------------------------------------------------------------------
    @property
    def controller(self) -> subprocess.Popen[bytes] | None:
        """The one that was started last and has not been ended."""
        return self.process.process

    def start_controller(self, command: str = "controller.cli", **environment: str) -> subprocess.Popen[bytes]:
        """Start `hallig run` on this village, or a module that takes the same arguments and observes it."""
        self.process.start(command, environment)
        assert self.process.process is not None
        return self.process.process

    def start_page(self, port: int) -> subprocess.Popen[bytes]:
        """Start `hallig supervise` beside it."""
        places = ["--run-dir", str(self.folder / "run"), "--data-dir", str(self.folder / "web")]
        self._others.append(spawn(["controller.cli", "supervise", str(self.site.path), *places, "--port", str(port)]))
        return self._others[-1]

    def forget(self) -> None:
        """The next controller finds no journal and no snapshot."""
        self.process.forget()

    def kill_controller(self) -> None:
        """As kill -9."""
        self.process.kill()

    async def end_controller(self) -> None:
        """Ask it to end, as the service manager does, and wait until it has."""
        await asyncio.to_thread(self.process.end, PATIENCE_S)

    @property
    def status(self) -> dict[str, Any]:
        """The newest snapshot; empty when there is none."""
        return self.process.status

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
    def watch_for(self, *criteria: Criterion) -> None:
        """Forget what came; start a watch for each of these, when the plant first makes it true from now on."""
        self.received.clear()
        self._watched = dict.fromkeys(criteria)

    @property
    def criterion_at_s(self) -> float | None:
        """The plant's time at which the first of them became true; None: not yet."""
        return next(iter(self._watched.values()), None)

    def true_at_s(self, criterion: Criterion) -> float | None:
        """The plant's time at which this one became true; None: not yet, or not watched."""
        return self._watched.get(criterion)

    def count_moves(self) -> None:
        """Begin to count every contact that moves, in every step of the plant."""
        self._count_moves_from, self.moves_count = positions(self.plant), 0

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
        for criterion, at_s in self._watched.items():
            if at_s is None and criterion(self.plant):
                self._watched[criterion] = self.plant.now_s
        if self._count_moves_from:
            now = positions(self.plant)
            self.moves_count += sum(now[name] is not before for name, before in self._count_moves_from.items())
            self._count_moves_from = now


def positions(plant: Plant) -> dict[str, BreakerPosition]:
    """Of everything that can be switched."""
    return {
        "poi": plant.poi.position,
        "earthing": plant.earthing.position,
        **{name: feeder.position for name, feeder in plant.feeders.items()},
    }
