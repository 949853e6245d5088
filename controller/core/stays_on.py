"""A feeder that is told to be open and is seen closed: its contactor is welded, or somebody holds it.

Until a person has switched it off by hand it draws what the island was to keep for others, so somebody has to know.
What is shed next is reckoned without it (`shedding.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from controller.core.memory import CoreMemory
from controller.core.situation import Situation
from controller.model.frozen import replace
from controller.model.hub import AssetId
from controller.model.reasons import Reason
from controller.model.words import Authority, BreakerPosition, Mode

STAYS_ON_S = 3.0  # beyond its write latency: the slowest contactor and poll, several times over


def watch_stays_on(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Raise the alarm for each of them; one that is not seen for a moment changes nothing."""
    before, now_s = memory.stays_on_since_s, situation.now_s
    on: Mapping[AssetId, float] = {feeder: before.get(feeder, now_s) for feeder in _staying_on(memory, situation)}
    if not on and not before:
        return memory
    late = {f for f, since_s in on.items() if now_s - since_s >= STAYS_ON_S + situation.hub.feeders[f].write_latency_s}
    others = frozenset(alarm for alarm in memory.alarms if alarm[1] is not Reason.FEEDER_STAYS_ON)
    alarms = others | {(feeder, Reason.FEEDER_STAYS_ON) for feeder in late}
    if on == before and alarms == memory.alarms:
        return memory
    return replace(memory, stays_on_since_s=on, alarms=alarms)


def _staying_on(memory: CoreMemory, situation: Situation) -> Iterator[AssetId]:
    """Told to be open now, by us or by a person, and closed, or so when it was seen last."""
    if memory.mode is Mode.UNKNOWN or memory.durable.authority is Authority.OBSERVE:
        return
    for feeder, state in memory.feeders.items():
        is_told = state.shed_since_s is not None or feeder in memory.durable.held_open
        if not is_told or situation.hub.feeders[feeder].carries_control:
            continue
        position = situation.draws[feeder].position
        if position is BreakerPosition.CLOSED or (position is None and feeder in memory.stays_on_since_s):
            yield feeder
