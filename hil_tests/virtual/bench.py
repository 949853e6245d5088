"""A hub in virtual time with its wires: plant, device servers, the production drivers and the controller's own loop.

Modbus devices are served as bytes, on connections and serial lines in memory. OPC UA devices have direct links, as in
the tier without wires: a session of theirs costs more than all the rest of a hub together.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from controller.config.types import Device, Protocol, Site
from controller.core.decide import fresh_memory
from controller.drivers.backoff import Patience
from controller.drivers.connect import Links, open_links
from controller.drivers.link import Link
from controller.drivers.urgent import urgent_points
from controller.durable import load_durable
from controller.loop import CoreFailedError, Loop
from controller.model.advice import RequestKind
from controller.model.decision import Event
from controller.model.memory import DurableMemory
from controller.model.words import Authority, Mode
from hil_tests.plant.base import forked
from hil_tests.plant.plant import Plant
from hil_tests.servers.bench import DeviceServers, Overrides, Wiring
from hil_tests.servers.modbus_rtu import RtuLine
from hil_tests.servers.modbus_tcp import TcpServer
from hil_tests.servers.points import PlantDevices
from hil_tests.simulation.direct import TICK_S, DirectLink
from hil_tests.simulation.fingerprint import Fingerprint
from hil_tests.simulation.memory_journal import BOOT, MemoryJournal
from hil_tests.simulation.people import People
from hil_tests.virtual.loop import VirtualLoop
from hil_tests.virtual.serial_port import SerialPorts


class WireBench:
    """One hub and its controller, on one event loop. `start`, then let the loop run, then `stop`."""

    def __init__(self, site: Site, plant: Plant, seed: int, loop: VirtualLoop) -> None:
        self.site, self.plant, self.seed = site, plant, seed
        self.ports = SerialPorts()
        wiring = Wiring(new_line=self.ports.end, serves=is_on_a_wire)
        self.servers = DeviceServers(site, plant, self._after_step, loop.time, wiring)
        self.devices: PlantDevices = self.servers.devices
        self.direct = {
            name: DirectLink(device, self.devices.device(name))
            for name, device in site.devices.items()
            if not is_on_a_wire(device)
        }
        self.journal = MemoryJournal()
        self.fingerprint = Fingerprint()
        self.is_running = self.is_frozen = False
        self.on_step: Callable[[], None] | None = None
        self.loop: Loop
        self._event_loop = loop
        self._rng: random.Random = forked(seed, "patience")
        self._people = People()
        self._overrides: Overrides = {}
        self._links: Links
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Servers first, then the controller."""
        self._overrides = await self.servers.start()
        self.start_controller()

    async def stop(self) -> None:
        """Everything that was started."""
        self.stop_controller()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.servers.stop()

    # -- the process ----------------------------------------------------------------------------------------------
    def stop_controller(self) -> None:
        """As kill -9: its connections break, and what was not on disk is lost."""
        if self.is_running:
            self.is_running = False
            self.journal.lose_unkept()
            for task in self._tasks:
                task.cancel()

    def hang_core(self) -> None:
        """No cycle is begun any more; links go on as they do."""
        if self.is_running:
            self._tasks[-1].cancel()

    def start_controller(self) -> None:
        """A new process: it has the durable memory, connects anew, and looks at the plant."""
        now_s = self._event_loop.time()
        self.is_running = True
        self._people.forget()
        self._links = links = self._new_links()
        for link in self.direct.values():
            link.forget()
        reachable: dict[str, Link] = {**links.links, **self.direct}
        self.loop = loop = Loop(
            self.site,
            {name: reachable[name] for name in self.site.devices},
            self.journal,
            self._people.living,
            fresh_memory(load_durable(self.journal.kept, BOOT, now_s), now_s),
            self._after_cycle,
            clock=self._event_loop.time,
        )
        urgent = {name: points for name, points in urgent_points(self.site).items() if name in links.links}
        links.when_urgent(urgent, loop.hurry)
        cycles = self._event_loop.create_task(loop.run(), name="cycles")
        cycles.add_done_callback(self._cycles_ended)
        self._tasks = [self._event_loop.create_task(links.run(), name="links"), cycles]

    def request(self, kind: RequestKind, subject: str | None = None, *, at_the_hub: bool = True) -> None:
        """A person asks for something."""
        self._people.ask(kind, subject, self._event_loop.time(), at_the_hub=at_the_hub)

    # -- reading it -----------------------------------------------------------------------------------------------
    @property
    def mode(self) -> Mode:
        """What the controller believes."""
        return self.loop.memory.mode

    @property
    def durable(self) -> DurableMemory:
        """What survives a restart."""
        return self.loop.memory.durable

    @property
    def events(self) -> list[tuple[float, Event]]:
        """The controller's log."""
        return self.journal.events

    @property
    def frame_sources(self) -> Collection[TcpServer | RtuLine | DirectLink]:
        """What says `on_frame` of every request."""
        return [*self.servers.modbus_wires(), *self.direct.values()]

    # -- one step, one cycle --------------------------------------------------------------------------------------
    def _after_step(self) -> None:
        now_s = self.plant.now_s
        if self.journal.settle(now_s):
            self.loop.intent_is_durable()
        is_acting = self.is_running and self.durable.authority is not Authority.OBSERVE
        for link in self.direct.values():
            if link.next_s <= now_s + TICK_S:
                link.step(now_s, vetted=is_acting)
        if self.on_step is not None:
            self.on_step()

    def _after_cycle(self, loop: Loop, now_s: float) -> None:
        self._links.set_islanded(loop.memory.mode is not Mode.GRID_CONNECTED)
        self._links.set_eager(loop.is_tense)
        for link in self.direct.values():
            link.now_s = now_s
        vetoes = loop.verdict.vetoes if loop.verdict is not None else ()
        self.fingerprint.cycle(self.plant, loop, vetoes, now_s)

    def _cycles_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and isinstance(task.exception(), CoreFailedError) and task in self._tasks:
            self.stop_controller()

    def _new_links(self) -> Links:
        wired = {
            name: _at(device, self._overrides[name])
            for name, device in self.site.devices.items()
            if name in self._overrides
        }
        return open_links(
            replace(self.site, devices=wired),
            self._event_loop.time,
            self._vetted_at,
            patience=Patience(self._rng.random),
            open_serial=self.ports.open,
        )

    def _vetted_at(self) -> float | None:
        return self.loop.vetted_at_s


def is_on_a_wire(device: Device) -> bool:
    """Whether this tier carries the device's bytes."""
    return device.table.protocol is not Protocol.OPCUA


def _at(device: Device, place: Mapping[str, object]) -> Device:
    changes: dict[str, Any] = dict(place)
    return replace(device, **changes)
