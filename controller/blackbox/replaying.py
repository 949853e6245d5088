"""Recorded cycles through today's `decide` and `vet`: where is the first thing that comes out otherwise?

Each cycle begins with what the cycle before has left today. Where the recording holds the memories themselves, they
are compared too, and the replay goes on from those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from controller.blackbox.encoding import encode, encoder
from controller.blackbox.lines import error_text
from controller.blackbox.reading import Recorded
from controller.bounds import bounds_of
from controller.core.decide import Decision, decide
from controller.core.memory import CoreMemory
from controller.guard.memory import GuardMemory
from controller.guard.vet import Verdict, vet
from controller.model.decision import Event, Veto
from controller.model.envelope import Envelope
from controller.model.hub import Hub

ABSENT = "nothing"
FAILURES = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What a mistake in pure code raises."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first thing that is not as it was."""

    cycle: int
    at_s: float
    field: str  # "commands.poi.open"
    recorded: Any
    now: Any


@dataclass(slots=True)
class Replay:
    """What came of it."""

    cycles_count: int = 0
    skipped_count: int = 0  # failed then by what no replay can show
    first_s: float | None = None
    last_s: float | None = None
    difference: Difference | None = None


@dataclass(frozen=True, slots=True)
class Judges:
    """Today's, unless a test bends them."""

    decide: Callable[..., Decision] = decide
    vet: Callable[..., Verdict] = vet


def replay(cycles: Iterable[Recorded], hub: Hub, envelope: Envelope, judges: Judges | None = None) -> Replay:
    """Until the first difference, or the end."""
    judges, told, left = judges or Judges(), Replay(), None
    for cycle in cycles:
        told.first_s = cycle.now_s if told.first_s is None else told.first_s
        told.last_s, told.cycles_count = cycle.now_s, told.cycles_count + 1
        if cycle.given is not None:
            told.difference = _of_memories(cycle, left) if left is not None and cycle.follows else None
            left = cycle.given
        assert left is not None, "a part begins with its memories"
        if cycle.commands is None and not cycle.failed_in_judgement:
            told.skipped_count += 1
        elif told.difference is None:
            left, told.difference = _one(cycle, left, hub, envelope, judges)
        if told.difference is not None:
            return told
    return told


Memories = tuple[CoreMemory, GuardMemory]


def _one(
    cycle: Recorded, left: Memories, hub: Hub, envelope: Envelope, judges: Judges
) -> tuple[Memories, Difference | None]:
    memory, guard_memory = left
    try:
        decision = judges.decide(memory, cycle.seen, cycle.advice, hub, cycle.now_s)
        bounds = bounds_of(hub, envelope, memory.durable, cycle.advice)
        verdict = judges.vet(guard_memory, decision.commands, cycle.seen, bounds, cycle.now_s)
    except FAILURES as error:
        said = error_text(error)
        return left, None if said == cycle.failed else _difference(cycle, ["failed"], cycle.failed or ABSENT, said)
    if cycle.failed:
        return left, _difference(cycle, ["failed"], cycle.failed, ABSENT)
    difference = next(_differences(cycle, decision, verdict), None)
    return (decision.memory, verdict.memory), difference


def _differences(cycle: Recorded, decision: Decision, verdict: Verdict) -> Iterator[Difference]:
    """In the order in which they matter to people."""
    assert cycle.mode is not None, "it was judged"
    events, vetoes = encoder(tuple[Event, ...]), encoder(tuple[Veto, ...])
    pairs = (
        ("mode", cycle.mode.value, decision.memory.mode.value),
        ("commands", encode(cycle.commands), encode(decision.commands)),
        ("vetoes", vetoes(cycle.vetoes), vetoes(verdict.vetoes)),
        ("allowed", encode(cycle.allowed), encode(verdict.allowed)),
        ("events", events(cycle.events), events(decision.events)),
    )
    for name, recorded, now in pairs:
        for path, then, today in _unlike([name], recorded, now):
            yield _difference(cycle, path, then, today)


def _of_memories(cycle: Recorded, left: Memories) -> Difference | None:
    assert cycle.given is not None, "asked only where there is one"
    for name, recorded, now in zip(("memory", "guard"), cycle.given, left, strict=True):
        for path, then, today in _unlike([f"{name} before"], encode(recorded), encode(now)):
            return _difference(cycle, path, then, today)
    return None


def _difference(cycle: Recorded, path: list[str], recorded: Any, now: Any) -> Difference:
    return Difference(cycle.number, cycle.now_s, ".".join(path), recorded, now)


def _unlike(path: list[str], recorded: Any, now: Any) -> Iterator[tuple[list[str], Any, Any]]:
    """Each leaf that differs. A truth is no number."""
    if isinstance(recorded, dict) and isinstance(now, dict):
        for name in [*recorded, *(name for name in now if name not in recorded)]:
            yield from _unlike([*path, name], recorded.get(name), now.get(name))
    elif isinstance(recorded, list) and isinstance(now, list):
        for number in range(max(len(recorded), len(now))):
            then = recorded[number] if number < len(recorded) else None
            today = now[number] if number < len(now) else None
            yield from _unlike([*path, str(number)], then, today)
    elif recorded != now or isinstance(recorded, bool) is not isinstance(now, bool):
        yield path, recorded, now
