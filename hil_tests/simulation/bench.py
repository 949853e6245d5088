"""A hub in virtual time: plant, direct links, assembler, decide, vet and outputs in one deterministic loop.

The same code as in the field, without a wire and without a clock. Stories are told on this; so are the seeds.
"""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.config.types import Site
from controller.core.decide import Decision, decide, fresh_memory
from controller.core.memory import CoreMemory
from controller.drivers.assets import Assembler
from controller.drivers.outputs import Outputs
from controller.guard.bounds import Bounds
from controller.guard.memory import GuardMemory
from controller.guard.vet import vet
from controller.loop import released_feeders
from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.decision import Event, Veto
from controller.model.image import ProcessImage
from controller.model.memory import DurableMemory
from controller.model.words import Authority, Mode
from hil_tests.plant.plant import STEP_S, Plant, PlantOptions
from hil_tests.servers.points import PlantDevices
from hil_tests.simulation.direct import TICK_S, DirectLink, Latency
from hil_tests.simulation.invariants import Invariants, Violation

REQUEST_LIFE_S = 10.0
TRACE = struct.Struct("<dddd")


@dataclass(slots=True)
class Bench:
    """One hub and its controller. `events` and `vetoes` carry the plant's instant."""

    site: Site
    plant: Plant
    devices: PlantDevices
    links: dict[str, DirectLink]
    assembler: Assembler
    outputs: Outputs
    invariants: Invariants
    memory: CoreMemory
    durable: DurableMemory = field(default_factory=DurableMemory)
    guard: GuardMemory = field(default_factory=GuardMemory)
    events: list[tuple[float, Event]] = field(default_factory=list)
    vetoes: list[tuple[float, Veto]] = field(default_factory=list)
    image: ProcessImage = field(default_factory=ProcessImage)
    decision: Decision | None = None
    is_running: bool = True
    _advice: Advice = field(default_factory=Advice)
    _requests: list[OperatorRequest] = field(default_factory=list)
    _requests_count: int = 0
    _next_cycle_s: float = 0.0
    _bounds: Bounds | None = None
    _bounds_of: DurableMemory | None = None
    _hash: hashlib._Hash = field(default_factory=hashlib.sha256)

    @staticmethod
    def of(
        name: str | Site = "musterhallig",
        seed: int = 1,
        options: PlantOptions | None = None,
        latency: Latency | None = None,
    ) -> Bench:
        """A bench around a shipped hub by its name, a site file by its path, or a site that is loaded already."""
        site = name if isinstance(name, Site) else load_site(_site_path(name))
        plant = Plant(site.hub, seed, options)
        devices = PlantDevices(site, plant)
        return Bench(
            site=site,
            plant=plant,
            devices=devices,
            links={name: DirectLink(device, devices.device(name), latency) for name, device in site.devices.items()},
            assembler=Assembler(site),
            outputs=Outputs(site),
            invariants=Invariants(plant, site.hub, seed),
            memory=fresh_memory(DurableMemory(), 0.0),
        )

    # -- telling a story ------------------------------------------------------------------------------------------
    def run_for(self, duration_s: float) -> None:
        """Let time pass."""
        until_s = self.plant.now_s + duration_s
        while self.plant.now_s < until_s - 1e-9:
            self._step()

    def run_until(self, condition: Callable[[Bench], bool], timeout_s: float = 120.0) -> float:
        """Let time pass until something is so; returns how long it took. Raises AssertionError when it never is."""
        start_s = self.plant.now_s
        while not condition(self):
            assert self.plant.now_s - start_s < timeout_s, (
                f"not within {timeout_s} s; mode {self.memory.mode.value}, seed {self.invariants.seed}"
            )
            self._step()
        return self.plant.now_s - start_s

    def run_to(self, mode: Mode, timeout_s: float = 120.0) -> float:
        """Until the controller is in this mode."""
        return self.run_until(lambda bench: bench.memory.mode is mode, timeout_s)

    def advice(self, advice: Advice) -> None:
        """Foresight, notices and calendar from now on, beside what people ask."""
        self._advice = advice

    def request(self, kind: RequestKind, subject: str | None = None, *, at_the_hub: bool = True) -> None:
        """A person asks for something."""
        self._requests_count += 1
        life_s = self.plant.now_s + REQUEST_LIFE_S
        number = f"request-{self._requests_count}"
        self._requests.append(OperatorRequest(number, kind, subject, "duty officer", at_the_hub, life_s))

    def cut(self, *devices: str) -> None:
        """These devices fall silent."""
        for name in devices:
            self.links[name].is_cut = True

    def restore(self, *devices: str) -> None:
        """They answer again."""
        for name in devices:
            self.links[name].is_cut = False

    def stop_controller(self) -> None:
        """As kill -9: nothing is decided, no heart beats."""
        self.is_running = False

    def start_controller(self) -> None:
        """A new process: it has the durable memory and looks at the plant."""
        self.is_running = True
        self.memory = fresh_memory(self.durable, self.plant.now_s)
        self.guard = GuardMemory()
        self._requests.clear()
        for link in self.links.values():
            link.forget()

    def restart_controller(self, gap_s: float = 3.0) -> None:
        """Killed, and in control again after a while."""
        self.stop_controller()
        self.run_for(gap_s)
        self.start_controller()

    # -- reading it ------------------------------------------------------------------------------------------------
    @property
    def mode(self) -> Mode:
        """What the controller believes."""
        return self.memory.mode

    @property
    def violations(self) -> list[Violation]:
        """What must never be, and was."""
        return self.invariants.violations

    def happened(self, *kinds_and_reasons: object) -> list[tuple[float, Event]]:
        """Events whose kind, reason or subject are all among these."""
        wanted = set(kinds_and_reasons)
        return [(at_s, e) for at_s, e in self.events if wanted <= {e.kind, e.reason, e.subject}]

    def trace_hash(self) -> str:
        """The same seed gives the same run, to the bit."""
        return self._hash.hexdigest()

    # -- one step --------------------------------------------------------------------------------------------------
    def _step(self) -> None:
        self.plant.step(STEP_S)
        self.after_step()

    def after_step(self) -> None:
        """The plant has moved, by a step or further: everything else follows."""
        now_s = self.plant.now_s
        for link in self.links.values():
            if link.next_s <= now_s + TICK_S:
                link.step(now_s, vetted=self.is_running and self.durable.authority is not Authority.OBSERVE)
        self.devices.after_step()
        if self.is_running and now_s >= self._next_cycle_s - 1e-9:
            self._next_cycle_s = now_s + self.site.hub.timing.cycle_s
            self._cycle(now_s)
        self.invariants.watch()

    def _cycle(self, now_s: float) -> None:
        for link in self.links.values():
            link.now_s = now_s
        self.image = self.assembler.image(self.links, now_s)
        decision = decide(self.memory, self.image, self.advice_now(now_s), self.site.hub, now_s)
        self.decision, self.memory = decision, decision.memory
        self.durable = decision.memory.durable
        verdict = vet(self.guard, decision.commands, self.image, self.bounds(), now_s)
        self.guard = verdict.memory
        if self.durable.authority is not Authority.OBSERVE:
            self.outputs.apply(self.links, verdict.allowed, now_s)
        self.events.extend((now_s, event) for event in decision.events)
        self.vetoes.extend((now_s, veto) for veto in verdict.vetoes)
        plant = self.plant
        bus, angle_deg = plant.bus, plant.angle_difference_deg
        self._hash.update(TRACE.pack(now_s, bus.real, bus.imag, math.nan if angle_deg is None else angle_deg))
        self._hash.update(f"{self.memory.mode.value} {plant.poi.position.value} {verdict.vetoes or ''}".encode())

    def advice_now(self, now_s: float) -> Advice:
        """Foresight, and what people ask that is still alive."""
        if not self._requests:
            return self._advice
        self._requests = [request for request in self._requests if request.expires_at_s >= now_s]
        return replace(self._advice, requests=(*self._advice.requests, *self._requests))

    def bounds(self) -> Bounds:
        """As the shell makes them, from the durable memory; made anew when that or a request has changed."""
        if self._bounds is not None and self._bounds_of is self.durable and not self._requests:
            return self._bounds
        bounds = Bounds(
            hub=self.site.hub,
            envelope=self.site.envelope,
            authority=self.durable.authority,
            latched=frozenset(latch.subject for latch in self.durable.latches),
            held_open=self.durable.held_open,
            shed_by_us=self.durable.shed_by_us,
            released=released_feeders(tuple(self._requests)),
            attempts=self.durable.attempts,
        )
        self._bounds, self._bounds_of = (None if self._requests else bounds), self.durable
        return bounds


def _site_path(name: str) -> Path:
    return Path(name) if name.endswith(".toml") else configs_dir() / "hubs" / f"{name}.toml"
