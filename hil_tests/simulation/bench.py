"""A hub in virtual time: plant, direct links and the controller's own loop, cycle by cycle, deterministic to the bit.

The same code as in the field, without a wire and without a clock. Stories are told on this; scenarios and seeds too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.config.types import Site
from controller.core.decide import Decision, fresh_memory
from controller.core.memory import CoreMemory
from controller.drivers.assets import Assembler
from controller.drivers.outputs import Outputs
from controller.durable import load_durable
from controller.guard.bounds import Bounds
from controller.guard.memory import GuardMemory
from controller.loop import CoreFailedError, Loop
from controller.model.advice import Advice, RequestKind
from controller.model.decision import Event, Veto
from controller.model.image import ProcessImage
from controller.model.memory import DurableMemory
from controller.model.words import Authority, Mode
from hil_tests.bench.scene import Scene
from hil_tests.bench.verdict import Finding
from hil_tests.checkers.watch import Watch
from hil_tests.plant.plant import STEP_S, Plant, PlantOptions
from hil_tests.servers.points import PlantDevices
from hil_tests.simulation.controller import BenchController
from hil_tests.simulation.desk import DirectDesk
from hil_tests.simulation.direct import TICK_S, DirectLink, Latency
from hil_tests.simulation.fingerprint import Fingerprint
from hil_tests.simulation.memory_journal import MemoryJournal
from hil_tests.simulation.people import People


@dataclass(slots=True)
class Bench:
    """One hub and its controller. `vetoes` carries the plant's instant; so do the journal's `events`."""

    site: Site
    plant: Plant
    devices: PlantDevices
    links: dict[str, DirectLink]
    seed: int = 1
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    vetoes: list[tuple[float, Veto]] = field(default_factory=list)
    is_running: bool = True
    is_frozen: bool = False  # its process gets no processor: nothing is asked, decided or sent
    watches: bool = True  # all invariants; a scenario's director does that itself
    on_step: Callable[[], None] | None = None  # after every step of the plant
    on_orders: Callable[[], None] | None = None  # when orders have arrived before a stride
    loop: Loop = field(init=False)
    desk: DirectDesk = field(init=False)
    scene: Scene = field(init=False)
    watch: Watch = field(init=False)
    _advice: Advice = field(default_factory=Advice)
    people: People = field(default_factory=People)
    _next_cycle_s: float = 0.0
    _fingerprint: Fingerprint = field(default_factory=Fingerprint)

    def __post_init__(self) -> None:
        self._new_loop()
        self.desk = DirectDesk(self)
        self.scene = Scene(self.site, self.plant, self.devices, BenchController(self), self.desk, self.seed)
        self.watch = Watch(self.scene)

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
            seed=seed,
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
                f"not within {timeout_s} s; mode {self.memory.mode.value}, seed {self.seed}"
            )
            self._step()
        return self.plant.now_s - start_s

    def run_to(self, mode: Mode, timeout_s: float = 120.0) -> float:
        """Until the controller is in this mode."""
        return self.run_until(lambda bench: bench.memory.mode is mode, timeout_s)

    def advice(self, advice: Advice) -> None:
        """Foresight, notices and calendar from now on, beside what people ask."""
        self._advice = self.loop.outside = advice

    def request(self, kind: RequestKind, subject: str | None = None, *, at_the_hub: bool = True) -> None:
        """A person asks for something."""
        self.people.ask(kind, subject, self.plant.now_s, at_the_hub=at_the_hub)

    def cut(self, *devices: str) -> None:
        """These devices fall silent."""
        for name in devices:
            self.links[name].is_cut = True

    def restore(self, *devices: str) -> None:
        """They answer again."""
        for name in devices:
            self.links[name].is_cut = False

    def stop_controller(self) -> None:
        """As kill -9: nothing is decided, no heart beats, and what was not on disk is lost."""
        self.is_running = False
        self.journal.lose_unkept()

    def start_controller(self) -> None:
        """A new process: it has the durable memory and looks at the plant."""
        self.is_running = True
        self.people.forget()
        self._new_loop()
        for link in self.links.values():
            link.forget()

    def restart_controller(self, gap_s: float = 3.0) -> None:
        """Killed, and in control again after a while."""
        self.stop_controller()
        self.run_for(gap_s)
        self.start_controller()

    def hand_over(self, authority: Authority) -> None:
        """Observe, auto or manual, as if it had been so before."""
        durable = replace(self.loop.memory.durable, authority=authority)
        self.loop.memory = replace(self.loop.memory, durable=durable)

    # -- reading it ------------------------------------------------------------------------------------------------
    @property
    def mode(self) -> Mode:
        """What the controller believes."""
        return self.loop.memory.mode

    @property
    def memory(self) -> CoreMemory:
        """What the decision carries from cycle to cycle."""
        return self.loop.memory

    @property
    def guard(self) -> GuardMemory:
        """What the guard carries."""
        return self.loop.guard_memory

    @property
    def durable(self) -> DurableMemory:
        """What survives a restart."""
        return self.loop.memory.durable

    @property
    def image(self) -> ProcessImage:
        """What the controller saw last."""
        return self.loop.image

    @property
    def decision(self) -> Decision | None:
        """What it decided last."""
        return self.loop.decision

    @property
    def assembler(self) -> Assembler:
        """From points to assets."""
        return self.loop.assembler

    @property
    def outputs(self) -> Outputs:
        """From commands to points."""
        return self.loop.outputs

    @property
    def events(self) -> list[tuple[float, Event]]:
        """The controller's log."""
        return self.journal.events

    @property
    def violations(self) -> list[Finding]:
        """What must never be, and was."""
        return [finding for finding in self.watch.findings if finding.is_hard]

    def happened(self, *kinds_and_reasons: object) -> list[tuple[float, Event]]:
        """Events whose kind, reason or subject are all among these."""
        wanted = set(kinds_and_reasons)
        return [(at_s, e) for at_s, e in self.events if wanted <= {e.kind, e.reason, e.subject}]

    @property
    def frame_sources(self) -> Collection[DirectLink]:
        """What says `on_frame` of every request."""
        return self.links.values()

    def trace_hash(self) -> str:
        """The same seed gives the same run, to the bit."""
        return str(self._fingerprint)

    # -- one step --------------------------------------------------------------------------------------------------
    def _step(self) -> None:
        self.plant.step(STEP_S)
        self.after_step()

    def after_step(self) -> None:
        """The plant has moved, by a step or further: everything else follows."""
        now_s = self.plant.now_s
        is_acting = self.is_running and self.durable.authority is not Authority.OBSERVE
        due_s = now_s + TICK_S
        for link in () if self.is_frozen else self.links.values():
            if link.next_s <= due_s:
                link.step(now_s, vetted=is_acting)
        self.devices.after_step()
        if self.journal.settle(now_s):
            self.loop.intent_is_durable()
        if self.is_running and not self.is_frozen and (now_s >= self._next_cycle_s - 1e-9 or self.loop.is_hurried):
            self._next_cycle_s = now_s + self.site.hub.timing.cycle_s
            self._cycle(now_s)
        self.desk.after_step()
        self.look()

    def look(self) -> None:
        """Whoever watches looks at what is so now."""
        if self.watches:
            self.watch.look()
        if self.on_step is not None:
            self.on_step()

    def look_at_orders(self) -> None:
        """Whoever judges orders looks at them on the plant they met, before it strides."""
        if self.watches:
            self.watch.look_at_orders()
        if self.on_orders is not None:
            self.on_orders()

    def _cycle(self, now_s: float) -> None:
        for link in self.links.values():
            link.now_s = now_s
        self.loop.calm()
        try:
            self.loop.cycle(now_s)
        except CoreFailedError:
            self.stop_controller()

    def _after_cycle(self, loop: Loop, now_s: float) -> None:
        vetoes = loop.verdict.vetoes if loop.verdict is not None else ()
        self.vetoes.extend((now_s, veto) for veto in vetoes)
        self._fingerprint.cycle(self.plant, loop, vetoes, now_s)

    def _new_loop(self) -> None:
        now_s = self.plant.now_s
        self.loop = Loop(
            self.site,
            self.links,
            self.journal,
            self.people.living,
            fresh_memory(load_durable(self.journal.kept, self.journal.boot, now_s), now_s),
            self._after_cycle,
            clock=lambda: self.plant.now_s,
        )
        self.loop.outside = self._advice

    def bounds(self) -> Bounds:
        """The guard's side conditions, as the loop makes them."""
        return self.loop.bounds()


def _site_path(name: str) -> Path:
    return Path(name) if name.endswith(".toml") else configs_dir() / "hubs" / f"{name}.toml"
