"""A feeder that waits to be switched on, and whose contact does not say where it is: nobody closes it blind.

Its load is dark for that, and for nothing else, so somebody has to know.
"""

from __future__ import annotations

from controller.core.feeders import may_close
from controller.core.memory import CoreMemory
from controller.core.restoring import RESTORABLE_MODES
from controller.core.situation import Situation
from controller.model.frozen import replace
from controller.model.reasons import Reason
from controller.model.words import Authority

TOLD_AFTER_S = 10.0  # from judgement: a module that has started anew speaks again


def watch_feeders_unseen(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Raise the alarm for each of them."""
    was_told = any(reason is Reason.FEEDER_UNSEEN for _, reason in memory.alarms)
    unseen = [feeder for feeder, state in memory.feeders.items() if state.unseen_since_s is not None]
    if not unseen and not was_told:
        return memory
    late = frozenset((feeder, Reason.FEEDER_UNSEEN) for feeder in unseen if _is_missed(memory, feeder, situation))
    alarms = frozenset(alarm for alarm in memory.alarms if alarm[1] is not Reason.FEEDER_UNSEEN) | late
    return memory if alarms == memory.alarms else replace(memory, alarms=alarms)


def _is_missed(memory: CoreMemory, feeder: str, situation: Situation) -> bool:
    """Ours to close again, for long; while who only observes closes nothing."""
    if memory.mode not in RESTORABLE_MODES or memory.durable.authority is Authority.OBSERVE:
        return False
    since_s = memory.feeders[feeder].unseen_since_s
    is_late = since_s is not None and situation.now_s - since_s >= TOLD_AFTER_S
    return is_late and may_close(memory, situation.hub.feeders[feeder], situation.now_s)
