"""One hub with the real guard, plant, drivers' image and outputs; whoever is in charge sits where the decision does.

No loop, no journal and no status: what stands between a wish and the plant is the guard alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from controller.bounds import bounds_of
from controller.config.types import Site
from controller.drivers.assets import Assembler
from controller.drivers.outputs import Outputs
from controller.guard.bounds import Bounds
from controller.guard.memory import GuardMemory
from controller.guard.vet import Verdict, vet
from controller.loop import TAKE_BACK_S
from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.commands import Commands
from controller.model.decision import Event
from controller.model.image import ProcessImage
from controller.model.memory import DurableMemory
from controller.model.words import Authority, Mode
from hil_tests.bench.scene import Scene
from hil_tests.bench.verdict import Finding
from hil_tests.checkers.catalogue import all_checkers
from hil_tests.checkers.watch import Watch
from hil_tests.plant.plant import STEP_S, Plant, PlantOptions
from hil_tests.servers.points import PlantDevices
from hil_tests.simulation.direct import DirectLink

HELD = frozenset({"I1", "I2", "I3", "I4", "I8"})
LEFT_OUT = tuple(checker.about.id for checker in all_checkers() if checker.about.id not in HELD)

Guard = Callable[[GuardMemory, Commands, ProcessImage, Bounds, float], Verdict]


@dataclass(frozen=True, slots=True)
class Wish:
    """What whoever is in charge hands to the shell: commands, and a durable memory that may be one great lie."""

    commands: Commands
    durable: DurableMemory = field(default_factory=DurableMemory)
    requests: tuple[OperatorRequest, ...] = ()


class InCharge(Protocol):
    """Sits in the place of the decision."""

    def wish(self, seen: ProcessImage, allowed: Commands, now_s: float) -> Wish:
        """`allowed`: what passed in the cycle before."""
        ...


class NoController:
    """The process lives, or is away; nothing it says is to be believed, and nothing else is known of it."""

    mode: Mode | None = None
    authority = Authority.AUTO
    is_asleep = False

    def __init__(self) -> None:
        self.is_running = True
        self.events: list[tuple[float, Event]] = []

    def request(self, kind: RequestKind, subject: str | None, *, at_the_hub: bool) -> None:
        """Nobody listens."""

    def kill(self) -> None:
        """It restarts by itself."""

    def start(self) -> None:
        """It runs."""


class NoDesk:
    """Troubles come from `world`."""

    def inject(self, unit: str, kind: str, parameters: object) -> Callable[[], None]:
        """Not here."""
        raise ValueError(f"{unit} {kind} {parameters}")


class Rig:
    """A hub, its guard, and the checkers that hold whatever is ordered."""

    def __init__(self, site: Site, seed: int, options: PlantOptions, guard: Guard = vet) -> None:
        self.site, self.guard = site, guard
        self.plant = Plant(site.hub, seed, options)
        self.devices = PlantDevices(site, self.plant)
        self.links = {n: DirectLink(device, self.devices.device(n)) for n, device in site.devices.items()}
        self.outputs = Outputs(site)
        self.controller = NoController()
        self.scene = Scene(site, self.plant, self.devices, self.controller, NoDesk(), seed)
        self.watch = Watch(self.scene, LEFT_OUT)
        self.seen, self.allowed, self.memory = ProcessImage(), Commands(), GuardMemory()
        self.vetoes_count = 0
        self.restart()

    def restart(self) -> None:
        """A new process: guard and drivers know nothing."""
        self.assembler = Assembler(self.site)
        self.memory, self.allowed, self._acted_at_s = GuardMemory(), Commands(), -math.inf
        for link in self.links.values():
            link.forget()

    def pause(self, duration_s: float) -> None:
        """Nobody is in charge for a while; what stands on the devices stands."""
        until_s = self.plant.now_s + duration_s
        self.controller.is_running = False
        while self.plant.now_s < until_s - 1e-9:
            self._step()
        self.controller.is_running = True

    def cycle(self, in_charge: InCharge, steps_count: int) -> None:
        """So many steps of the plant, then one cycle of whoever is in charge."""
        for _ in range(steps_count):
            self._step()
        now_s, links = self.plant.now_s, self.links
        for link in links.values():
            link.now_s = now_s
        self.seen = seen = self.assembler.image(links, now_s)
        wish = in_charge.wish(seen, self.allowed, now_s)
        bounds = bounds_of(self.site.hub, self.site.envelope, wish.durable, Advice(requests=wish.requests))
        verdict = self.guard(self.memory, wish.commands, seen, bounds, now_s)
        self.memory, self.allowed = verdict.memory, verdict.allowed
        self.vetoes_count += len(verdict.vetoes)
        self.controller.is_running = (
            wish.durable.authority is not Authority.OBSERVE
        )  # who only watches answers for nothing
        if self.controller.is_running:
            self.outputs.apply(links, verdict.allowed, now_s)
            self._acted_at_s = now_s
        elif now_s - self._acted_at_s <= TAKE_BACK_S:
            self.outputs.take_back(links)

    @property
    def findings(self) -> list[Finding]:
        """What must never be, and was."""
        return self.watch.findings

    def _step(self) -> None:
        self.plant.step(STEP_S)
        now_s = self.plant.now_s
        for link in self.links.values():
            if link.next_s <= now_s + 1e-9:
                link.step(now_s)
        self.devices.after_step()
        self.watch.look()
