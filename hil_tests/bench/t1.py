"""T1: virtual time, production Modbus drivers, bytes in memory. As repeatable as T0, with all that a wire can do."""

from __future__ import annotations

import asyncio

from controller.config.types import Site
from hil_tests.bench.director import Director
from hil_tests.bench.outcome import Played, played
from hil_tests.bench.plant_options import options_of
from hil_tests.bench.predicates import INSTANT_S
from hil_tests.bench.scenario import Scenario
from hil_tests.bench.scene import Scene
from hil_tests.plant.plant import Plant
from hil_tests.simulation.controller import BenchController
from hil_tests.virtual.bench import WireBench
from hil_tests.virtual.desk import WireDesk
from hil_tests.virtual.loop import VirtualLoop
from hil_tests.virtual.serial_port import silences_in_virtual_time


def run_t1(scenario: Scenario, site: Site, seed: int) -> Played:
    """Play one scenario with one seed. Raises PlantBrokenError when the plant is no number any more."""
    loop = VirtualLoop()
    try:
        with silences_in_virtual_time(loop):
            return loop.run_until_complete(_Run(scenario, site, seed, loop).play())
    finally:
        loop.close()


class _Run:
    """One run."""

    def __init__(self, scenario: Scenario, site: Site, seed: int, loop: VirtualLoop) -> None:
        self._scenario = scenario
        self._plant = Plant(site.hub, seed, options_of(scenario))
        self._bench = WireBench(site, self._plant, seed, loop)
        self._bench.on_step = self._after_step
        self._desk = WireDesk(self._bench)
        self._scene = Scene(site, self._plant, self._bench.devices, BenchController(self._bench), self._desk, seed)
        self._director = Director(scenario, self._scene)
        self._is_over = asyncio.Event()
        self._failure: Exception | None = None

    async def play(self) -> Played:
        """Until the scenario is over. Raises what a step raised."""
        try:
            await self._bench.start()
            await self._is_over.wait()
        finally:
            self._is_over.set()
            self._desk.close()
            await self._bench.stop()
        if self._failure is not None:
            raise self._failure
        return played(self._director, self._scene, str(self._bench.fingerprint))

    def _after_step(self) -> None:
        """In whichever task stepped the plant: what is raised here must reach the run, not a server."""
        if self._is_over.is_set():
            return
        try:
            self._desk.after_step()
            self._director.after_step()
            if self._plant.now_s >= self._scenario.until - INSTANT_S or self._director.is_over:
                self._director.look_last()
                self._is_over.set()
        except Exception as error:
            self._failure = error
            self._is_over.set()
