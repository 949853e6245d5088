"""What was tried: written down where a restart finds it, and counted."""

from __future__ import annotations

from collections import Counter

from controller.core.memory import CoreMemory
from controller.core.situation import Situation
from controller.model.frozen import replace
from controller.model.hub import AssetId
from controller.model.memory import Attempt

HUB = "hub"  # what the hub as a whole has tried; under an asset stand its own orders, which the guard counts
ATTEMPTS_MAX = 16  # of each kind for each subject: more than any rule counts in its window


def recent_attempts(memory: CoreMemory, subject: AssetId, kind: str, since_s: float) -> int:
    """How often this was ordered since an instant; survives restarts."""
    return sum(a.subject == subject and a.kind == kind and a.at_s >= since_s for a in memory.durable.attempts)


def form_attempts(memory: CoreMemory, situation: Situation, since_s: float) -> int:
    """How often any source was ordered to form since an instant."""
    return sum(recent_attempts(memory, former, "form", since_s) for former in situation.hub.forming_order)


def count_attempt(memory: CoreMemory, subject: AssetId, kind: str, now_s: float) -> CoreMemory:
    """Write an attempt down where a restart finds it."""
    attempts = newest((*memory.durable.attempts, Attempt(subject, kind, now_s)))
    return replace(memory, durable=replace(memory.durable, attempts=attempts))


def newest(attempts: tuple[Attempt, ...]) -> tuple[Attempt, ...]:
    """The newest of each subject and kind: a contact that chatters forgets no crank."""
    count: Counter[tuple[AssetId, str]] = Counter()
    kept = []
    for attempt in reversed(attempts):
        count[attempt.subject, attempt.kind] += 1
        if count[attempt.subject, attempt.kind] <= ATTEMPTS_MAX:
            kept.append(attempt)
    return tuple(reversed(kept))


def next_one_s(memory: CoreMemory, subject: AssetId, kind: str, count_max: int, window_s: float) -> float:
    """Earliest instant at which no more than so many fall into the window; 0: at any."""
    told_s = sorted(a.at_s for a in memory.durable.attempts if a.subject == subject and a.kind == kind)
    return told_s[-count_max] + window_s if len(told_s) >= count_max else 0.0
