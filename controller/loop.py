"""THE SHELL: one cycle of everything, fifty milliseconds apart, and what to do when judgement fails.

The only place where clocks, links, journal and judgement meet. `decide` and `vet` never see any of them.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from controller import clock
from controller.blackbox.cycle import Cycle
from controller.bounds import bounds_of
from controller.config.types import Site
from controller.core.decide import Decision, decide
from controller.core.memory import CoreMemory
from controller.device_news import DeviceNews
from controller.drivers.assets import Assembler
from controller.drivers.link import Link
from controller.drivers.outputs import Outputs
from controller.durable import joined, news_of, without_undone
from controller.grid_news import Blindness, GridNews
from controller.guard.bounds import Bounds
from controller.guard.fallback import fallback
from controller.guard.memory import GuardMemory
from controller.guard.vet import Verdict, vet
from controller.intent import IntentGate
from controller.lateness import in_time
from controller.ledger import Ledger, Ticket
from controller.model.advice import Advice, OperatorRequest
from controller.model.commands import Commands
from controller.model.decision import Event, Veto
from controller.model.image import ProcessImage
from controller.model.memory import DurableMemory
from controller.model.reasons import EventKind, Reason
from controller.model.words import Authority, Mode
from controller.status import CycleStatus
from controller.veto_inputs import veto_inputs

LATENESS_WINDOW_COUNT = 1000
TRANSFERS = (Mode.PLANNED_ISLANDING, Mode.UNPLANNED_ISLANDING)
TAKE_BACK_S = 10.0  # after the last cycle that acted: an answer that is lost, a line that is busy or down for a moment
OVERRUN_RATIO = 1.0  # of the cycle time: a whole cycle late
EARLY_GAP_S = 0.005  # between two cycles at least: a contact that flickers must not turn the loop into a spin

log = logging.getLogger("hallig.loop")


class CoreFailedError(Exception):
    """Judgement raised. The fallback has acted; the process must end and start anew."""


@dataclass(slots=True)
class Timekeeping:
    """How late cycles begin, and how many were a whole cycle late."""

    lateness_s: deque[float] = field(default_factory=lambda: deque(maxlen=LATENESS_WINDOW_COUNT))
    count: int = 0
    overruns_count: int = 0
    vetoes_count: int = 0

    def note(self, late_s: float, cycle_s: float) -> None:
        """One more cycle."""
        self.count += 1
        self.lateness_s.append(late_s)
        self.overruns_count += late_s > OVERRUN_RATIO * cycle_s

    @property
    def status(self) -> CycleStatus:
        """For the snapshot."""
        ordered = sorted(self.lateness_s) or [0.0]
        p99_s = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
        return CycleStatus(self.count, p99_s, ordered[-1], self.overruns_count, self.vetoes_count)


@dataclass(slots=True)
class Loop:
    """Everything that one cycle needs. `judge`, `guard` and `clock` are parameters so that a test can bend them."""

    site: Site
    links: Mapping[str, Link]
    journal: Ledger
    requests: Callable[[float], tuple[OperatorRequest, ...]]
    memory: CoreMemory
    on_cycle: Callable[[Loop, float], None]
    judge: Callable[..., Decision] = decide
    guard: Callable[..., Verdict] = vet
    clock: Callable[[], float] = clock.now_s
    record: Callable[[Cycle], None] = lambda _: None  # the black box
    guard_memory: GuardMemory = field(default_factory=GuardMemory)
    time: Timekeeping = field(default_factory=Timekeeping)
    image: ProcessImage = field(default_factory=ProcessImage)
    vetted_at_s: float | None = None
    outside: Advice = field(default_factory=Advice)  # foresight, notices and calendar; requests are added to it
    decision: Decision | None = None  # of the last cycle
    verdict: Verdict | None = None  # on it
    ticket: Ticket | None = None  # of all that it gave the journal: of a line that was lost, if one was
    _allowed: Commands = field(default_factory=Commands)
    _vetoes: frozenset[Veto] = frozenset()
    _advice: Advice = field(default_factory=Advice)  # of the last cycle
    _acted_at_s: float = -math.inf
    _is_held_back: bool = False  # the closing of the POI that passed in the last cycle was not written
    _is_late: bool = False  # the last cycle's orders were
    _bounds: tuple[DurableMemory, Advice, Bounds] | None = None

    def __post_init__(self) -> None:
        self._news = asyncio.Event()
        self.assembler = Assembler(self.site)
        self.outputs = Outputs(self.site)
        self.news = DeviceNews()
        self.grid_news, self.blindness = GridNews(), Blindness(self.site)
        hub = self.site.hub
        self.gate = IntentGate(self.journal, hub.poi.id, hub.earthing.relay or "earthing")

    _news: asyncio.Event = field(init=False)
    assembler: Assembler = field(init=False)
    outputs: Outputs = field(init=False)
    news: DeviceNews = field(init=False)
    grid_news: GridNews = field(init=False)
    blindness: Blindness = field(init=False)
    gate: IntentGate = field(init=False)

    async def run(self) -> None:
        """Cycle on an absolute schedule until cancelled; early when told to hurry, and from then on again.

        Raises:
            CoreFailedError: after the fallback has acted.
        """
        cycle_s = self.site.hub.timing.cycle_s
        due_s = self.clock()
        while True:
            if self.clock() - due_s > self.site.envelope.sample_age_max_s:
                await asyncio.sleep(cycle_s)  # we stood still: what we hold is old, and what is new has yet to be heard
            now_s = self.clock()
            self.time.note(now_s - due_s, cycle_s)
            self.calm()
            self.cycle(now_s)
            due_s += cycle_s
            if self.clock() > due_s + cycle_s:
                due_s = self.clock()  # far behind: begin a new schedule rather than hurry through the missed ones
            if await self._rest(due_s):
                due_s = self.clock()

    def hurry(self) -> None:
        """Begin the next cycle at once: something happened that should not wait for its turn."""
        self._news.set()

    def calm(self) -> None:
        """The cycle that was hurried begins."""
        self._news.clear()

    @property
    def is_hurried(self) -> bool:
        """The next cycle will be early."""
        return self._news.is_set()

    @property
    def is_tense(self) -> bool:
        """Every sample counts, not only what has changed: proof needs two of them, and so does the end of a doubt."""
        return self.memory.mode in TRANSFERS or self.assembler.is_waiting

    def intent_is_durable(self) -> None:
        """The journal has written something; if an order waits for that, it goes now."""
        if self.gate.is_holding:
            self._news.set()

    def join(self, late: DurableMemory, had: DurableMemory) -> None:
        """The durable memory, which the disk has given back only now; `had` is what the start had of it."""
        self.memory = joined(without_undone(self.memory, late, had), news_of(late, had), self.clock())
        self.journal.keep(self.memory.durable)

    async def _rest(self, due_s: float) -> bool:
        """Until the next cycle is due, or until told to hurry; True for the latter."""
        await asyncio.sleep(min(EARLY_GAP_S, max(0.0, due_s - self.clock())))
        try:
            async with asyncio.timeout(max(0.0, due_s - self.clock())):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    def cycle(self, now_s: float) -> None:
        """One cycle: seen, decide, vet, write."""
        memory, guard_memory, advice, begun_s = self.memory, self.guard_memory, self.outside, self.clock()
        try:
            self.image = self.assembler.image(self.links, now_s)
            advice = self.advice(now_s)
            decision = self.judge(memory, self.image, advice, self.site.hub, now_s)
            verdict = self.guard(self.guard_memory, decision.commands, self.image, self.bounds(), now_s)
            self._allowed = verdict.allowed  # what the fallback acts by if the rest fails
            ticket = self._remember(decision, verdict, now_s)
        except Exception as error:
            self._fall_back(now_s)
            self.record(Cycle(now_s, memory, guard_memory, self.image, advice, None, None, error))
            log.exception("judgement failed; the fallback has acted")
            raise CoreFailedError(str(error)) from error
        self.decision, self.verdict = decision, verdict
        self._allowed = self._in_time(self.gate.pass_through(verdict.allowed, ticket, now_s), now_s, begun_s)
        self._is_held_back = verdict.allowed.poi.close is not None and self._allowed.poi.close is None
        is_acting = self.memory.durable.authority is not Authority.OBSERVE
        if is_acting:
            self.outputs.apply(self.links, self._allowed, now_s)
            self._acted_at_s = now_s
        elif now_s - self._acted_at_s <= TAKE_BACK_S:
            self.outputs.take_back(self.links)
        self.vetted_at_s = now_s if is_acting else None  # who only watches gives no sign of life either
        self.record(Cycle(now_s, memory, guard_memory, self.image, advice, decision, verdict))
        self._speak_of_devices(now_s)
        self.on_cycle(self, now_s)

    def bounds(self) -> Bounds:
        """The guard's side conditions, from the durable memory as the shell holds it."""
        durable, known = self.memory.durable, self._bounds
        if known is not None and known[0] is durable and known[1] is self._advice:
            return known[2]
        bounds = bounds_of(self.site.hub, self.site.envelope, durable, self._advice)
        self._bounds = (durable, self._advice, bounds)
        return bounds

    def advice(self, now_s: float) -> Advice:
        """What comes from outside the plant, now."""
        living, self._advice = self.requests(now_s), self.outside
        if living or self._vetoes or self._is_held_back:
            refused = frozenset(veto.subject for veto in self._vetoes)
            held_back = self._is_held_back
            self._advice = replace(self.outside, requests=living, refused=refused, closing_held_back=held_back)
        return self._advice

    def _remember(self, decision: Decision, verdict: Verdict, now_s: float) -> Ticket | None:
        """Journal what was decided and vetoed; keep the durable memory when it changed; the ticket of it all."""
        told = self.grid_news.told(decision.events, now_s, self._why_blind)
        tickets = [self.journal.write(event, now_s) for event in told]
        new = frozenset(verdict.vetoes)
        for veto in sorted(new - self._vetoes, key=lambda v: (v.subject, v.reason.value)):
            self.time.vetoes_count += 1
            inputs = veto_inputs(veto, decision.commands, self.image, self.bounds(), now_s)
            vetoed = Event(EventKind.VETOED, veto.reason, veto.subject, {}, f"guard: {veto.reason.value}", inputs)
            tickets.append(self.journal.write(vetoed, now_s))
        self._vetoes = new
        if decision.memory.durable is not self.memory.durable:
            tickets.append(self.journal.keep(decision.memory.durable))
        self.memory, self.guard_memory = decision.memory, verdict.memory
        self.ticket = max(tickets, key=lambda ticket: ticket.number, default=None)
        return self.ticket

    def _in_time(self, allowed: Commands, now_s: float, begun_s: float) -> Commands:
        """Without the orders that come too late; said once for a run of such cycles."""
        late_s, age_max_s = self.clock() - begun_s, self.site.envelope.sample_age_max_s
        timely = in_time(allowed, self.image.poi.measured_at_s, now_s, late_s, age_max_s)
        was_late, self._is_late = self._is_late, timely != allowed
        if self._is_late and not was_late:
            values: dict[str, float | int | str | bool] = {"late_s": round(late_s, 3)}
            event = Event(EventKind.FALLBACK, Reason.DECIDED_LATE, "guard", values, "guard: decided_late")
            self.journal.write(event, now_s)
        return timely

    def _why_blind(self) -> Reason:
        late_s = self.time.lateness_s[-1] if self.time.lateness_s else 0.0
        return self.blindness.why(self.links, self.assembler.screens, late_s)

    def _fall_back(self, now_s: float) -> None:
        """The guard's own answer for this one cycle; where no image could be made, on that of the cycle before.

        In the first cycle there is none: then nothing is known, and nothing is shed.
        """
        prepared = self.memory.prepared.shed
        allowed = fallback(self._allowed, self.image, self.bounds(), prepared, now_s)
        self.outputs.apply(self.links, allowed, now_s)
        opened = {"shed_set": " ".join(name for name, command in allowed.feeders.items() if command.open)}
        self.journal.write(
            Event(EventKind.FALLBACK, Reason.CORE_FAILED, "guard", {}, "guard: core_failed", opened), now_s
        )

    def _speak_of_devices(self, now_s: float) -> None:
        """An event for each link that went or came, and for each doubt."""
        may_be_away = self.time.count * self.site.hub.timing.cycle_s <= self.site.hub.timing.unknown_max_s
        for event in self.news.of_links(self.image.lost_devices, now_s, may_be_away=may_be_away):
            self.journal.write(event, now_s)
        for event in self.news.of_doubts(self.assembler.complaints):
            self.journal.write(event, now_s)
