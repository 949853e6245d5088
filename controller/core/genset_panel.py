"""What a genset's panel says, since when, and what of it is no longer believed. Nothing is decided here."""

from __future__ import annotations

from controller.core.memory import CoreMemory, SourceMemory, since
from controller.core.situation import Situation
from controller.model.frozen import replace
from controller.model.hub import Genset
from controller.model.image import GensetSeen
from controller.model.words import GensetState

ATTEMPT_MEMORY_S = 3600.0
STARTS_S = 2.0  # times the longest start: as long as an order to crank may stand, and a start after it
COMING = (GensetState.STARTING, GensetState.READY)
RUNNING = (GensetState.STARTING, GensetState.READY, GensetState.LOADED)


def state_of(genset: Genset, situation: Situation) -> GensetState | None:
    """What its panel says now; None: it is not seen, or says nothing that can be read."""
    return (situation.seen.gensets.get(genset.id) or GensetSeen()).state


def watch_panel(planned: SourceMemory, before: SourceMemory, genset: Genset, situation: Situation) -> SourceMemory:
    """What was planned for it, with what its panel has said since the cycle before."""
    return replace(
        planned,
        coming_since_s=_coming_since_s(before, genset, situation),
        starting_since_s=_starting_since_s(before, genset, situation),
        coming_at_s=_coming_at_s(before, genset, situation),
        failed_at_s=_failed_at_s(before, genset, situation),
    )


def is_overdue(source: SourceMemory, genset: Genset, situation: Situation) -> bool:
    """Starting, or ready, for longer than it takes to carry load: it may never do so."""
    since_s, longest_s = source.coming_since_s, genset.start_time_s + situation.hub.timing.forming_max_s
    return since_s is not None and situation.now_s - since_s > longest_s


def only_says_so(memory: CoreMemory, genset: Genset, situation: Situation) -> bool:
    """It has said for two starts that it starts, and all that time, and since our last crank, the bus was dead.

    Such a panel is stuck, or its engine will not fire. One that says ready is believed for as long as it says so: its
    breaker may close onto a dead bus at any instant.
    """
    if state_of(genset, situation) is not GensetState.STARTING:
        return False
    said_since_s = memory.gensets.get(genset.id, SourceMemory()).starting_since_s
    dead_since_s = memory.bus_dead_since_s
    if said_since_s is None or dead_since_s is None:
        return False
    cranked_s = [a.at_s for a in memory.durable.attempts if a.subject == genset.id and a.kind == "crank"]
    return situation.now_s - max(said_since_s, dead_since_s, *cranked_s) > STARTS_S * genset.start_time_s


def has_just_failed(before: SourceMemory, situation: Situation) -> bool:
    """It went to fault, or took no load in its time, within the hour."""
    failed_at_s = before.failed_at_s
    return failed_at_s is not None and situation.now_s - failed_at_s < ATTEMPT_MEMORY_S


def _coming_since_s(before: SourceMemory, genset: Genset, situation: Situation) -> float | None:
    """It says that it starts, or is ready, since it is wanted; not seen for a moment, it goes on with that."""
    state = state_of(genset, situation)
    comes = state in COMING or (state is None and before.coming_since_s is not None)
    return since(before.coming_since_s, comes, situation.now_s)


def _starting_since_s(before: SourceMemory, genset: Genset, situation: Situation) -> float | None:
    """It says that it starts, whoever wanted it; not seen for a moment, it goes on with that."""
    state = state_of(genset, situation)
    starts = state is GensetState.STARTING or (state is None and before.starting_since_s is not None)
    return since(before.starting_since_s, starts, situation.now_s)


def _coming_at_s(before: SourceMemory, genset: Genset, situation: Situation) -> float | None:
    """Not seen, it is what it was; seen off, that is forgotten."""
    state = state_of(genset, situation)
    if state is None:
        return before.coming_at_s
    return situation.now_s if state in RUNNING else None


def _failed_at_s(before: SourceMemory, genset: Genset, situation: Situation) -> float | None:
    """The first sight of a fault, or of no load in its time, while we wanted it; forgotten once it carries load."""
    state = state_of(genset, situation)
    if state is GensetState.LOADED:
        return None
    has_failed = state is GensetState.FAULT or (state in COMING and is_overdue(before, genset, situation))
    if not has_failed or before.wanted_since_s is None or has_just_failed(before, situation):
        return before.failed_at_s
    return situation.now_s
