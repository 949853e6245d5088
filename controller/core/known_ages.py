"""How old the attempts are, written down now and then: another boot knows no more of their ages than that."""

from __future__ import annotations

from controller.core.memory import CoreMemory
from controller.model.frozen import replace

YOUNG_S = 3600.0  # no rule looks back further
SAY_EVERY_S = 60.0  # of an hour's wait a boot of two minutes makes up one: a disk bears sixty lines after an attempt


def say_ages(before: CoreMemory, memory: CoreMemory, now_s: float) -> CoreMemory:
    """With whatever else is written down, and every minute while an attempt is young."""
    durable = memory.durable
    is_due = now_s - durable.known_at_s >= SAY_EVERY_S and any(now_s - a.at_s < YOUNG_S for a in durable.attempts)
    if durable is before.durable and not is_due:
        return memory
    return replace(memory, durable=replace(durable, known_at_s=now_s))
