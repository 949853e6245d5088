"""A drill on the bench in virtual time: the command's own code, the real controller, a plant where things happen."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from controller.answers import KINDS
from controller.commands import drill_run
from controller.commands.asking import Answer
from controller.commands.contact import NoContactError
from controller.commands.drill_plan import Plan, plan_of
from controller.commands.drill_run import Outcome
from controller.commands.hubs import HubPlace
from controller.commands.situation import Look
from controller.model.advice import RequestKind
from controller.model.reasons import EventKind
from controller.model.words import ClockQuality, Mode
from controller.publishing import Publication, build_status
from controller.status import CycleStatus, JournalStatus, Status
from hil_tests.simulation.bench import Bench
from supervisor.instants import Now
from supervisor.reading import Reading

NIGHT_UNIX_S = 1_800_000_000.0
PUBLISHED_EVERY_S = 0.25
LASTS_FOR_S = 20.0
HUB = HubPlace("musterhallig", Path("/nowhere"), None)
Happening = Callable[[Bench], None]


@dataclass
class Drilled:
    """One hub that is drilled. What happens does so this long after the island has formed."""

    bench: Bench
    happens: list[tuple[float, Happening]] = field(default_factory=list)
    islanded_s: float | None = None
    _status: Status | None = None
    _published_s: float = 0.0
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def look(self) -> Look:
        """As `Looker.look`: what was published last."""
        assert self._status is not None
        now_s = self.bench.plant.now_s
        return Look(HUB, Reading(self._status, now_s - self._published_s), self._status, self.now)

    @property
    def now(self) -> Now:
        now_s = self.bench.plant.now_s
        return Now(now_s, NIGHT_UNIX_S + now_s, ClockQuality.SYNCED)

    def pause(self, seconds: float) -> None:
        """Time passes, and what is due happens."""
        self.bench.run_for(seconds)
        now_s = self.bench.plant.now_s
        if self.islanded_s is None and self.bench.mode is Mode.ISLANDED:
            self.islanded_s = now_s
        while self.happens and self.islanded_s is not None and now_s >= self.islanded_s + self.happens[0][0]:
            self.happens.pop(0)[1](self.bench)
        self.publish()

    def publish(self) -> None:
        """Four times a second, while the controller lives."""
        if not self.bench.is_running or self.bench.plant.now_s < self._published_s + PUBLISHED_EVERY_S - 1e-9:
            return
        bench, self._published_s = self.bench, self.bench.plant.now_s
        self._status = build_status(
            Publication(
                hub=bench.site.hub,
                seen=bench.image,
                memory=bench.memory,
                links=bench.links,
                screens=bench.assembler.screens,
                cycle=CycleStatus(0, 0.0, 0.0, 0, 0),
                journal=JournalStatus(is_ok=True, pending_count=0, lost_count=0, reason=""),
                boot="virtual",
                pid=1,
                sequence=next(self._numbers),
                now_s=self._published_s,
            )
        )

    def play(self, monkeypatch: pytest.MonkeyPatch) -> Outcome:
        """The drill, from the plan on."""
        self.bench.run_for(5.0)
        self.publish()
        plan: Plan = plan_of(self.look(), self.bench.site, LASTS_FOR_S)
        assert plan.refusals == ()
        clock = SimpleNamespace(now_s=lambda: self.bench.plant.now_s, unix_s=lambda: self.now.unix_s)
        monkeypatch.setattr(drill_run, "clock", clock)
        monkeypatch.setattr(drill_run, "pause", self.pause)
        monkeypatch.setattr(drill_run, "Story", lambda _: BenchStory(self))
        return drill_run.run_drill(self, plan, back_s=60.0)


@dataclass
class BenchStory:
    """As `transfer.Story`, of the journal in virtual time."""

    drilled: Drilled
    lines: list[dict[str, Any]] = field(default_factory=list)
    _cursor: int = -1

    def __post_init__(self) -> None:
        self._cursor = len(self.drilled.bench.events)

    def more(self) -> list[dict[str, Any]]:
        if not self.drilled.bench.is_running:
            raise NoContactError("nobody answers", "")
        fresh = self.drilled.bench.events[self._cursor :]
        self._cursor += len(fresh)
        found: list[dict[str, Any]] = [
            {"kind": e.kind.value, "reason": e.reason.value, "subject": e.subject, "values": dict(e.values),
             "rule": e.rule, "inputs": dict(e.inputs), "mono_s": at_s}
            for at_s, e in fresh
        ]  # fmt: skip
        self.lines += found
        return found

    def ask(self, kind: str, for_s: float | None = None) -> Answer:
        """As the socket answers: whatever becomes of the journal."""
        bench = self.drilled.bench
        if not bench.is_running:
            raise NoContactError("nobody answers", "")
        asked_count = len(bench.events)
        bench.people.ask(RequestKind(kind), None, bench.plant.now_s, at_the_hub=False, for_s=for_s)
        while True:
            self.drilled.pause(0.1)
            for at_s, event in bench.events[asked_count:]:
                if event.kind in KINDS and event.values["what"] == kind:
                    return Answer(event.kind is EventKind.REQUESTED, event.reason.value, at_s, is_written=True)

    def coming(self, patience_s: float) -> Iterator[dict[str, Any]]:
        for _ in range(round(patience_s / 0.1)):
            yield from self.more()
            self.drilled.pause(0.1)
