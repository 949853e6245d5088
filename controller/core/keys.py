"""The emergency-off and the key-switch while they are not seen: nothing comes on, and nothing is forgotten.

One reply may be lost at any time: what is under way waits, and goes on when they are seen again. Only a key that is
seen turned, or one that nobody has seen for seconds, ends it; the latter is an alarm: somebody has to go and look.
"""

from __future__ import annotations

from controller.core.memory import CoreMemory, since
from controller.core.situation import Situation
from controller.model.frozen import replace
from controller.model.reasons import Reason

KEYS_UNSEEN_S = 5.0  # a connection that was lost is made anew within this
ALARM = ("hub", Reason.KEYS_UNSEEN)


def watch_keys(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Raise the alarm while the hub's keys are not seen for long; it ends as soon as they are."""
    since_s = since(memory.keys_unseen_since_s, not situation.keys_are_seen, situation.now_s)
    if since_s is None and memory.keys_unseen_since_s is None:
        return memory
    memory = replace(memory, keys_unseen_since_s=since_s)
    alarms = memory.alarms | {ALARM} if are_long_unseen(memory, situation) else memory.alarms - {ALARM}
    return memory if alarms == memory.alarms else replace(memory, alarms=alarms)


def are_long_unseen(memory: CoreMemory, situation: Situation) -> bool:
    """For so long that it is no lost reply."""
    since_s = memory.keys_unseen_since_s
    return since_s is not None and situation.now_s - since_s >= KEYS_UNSEEN_S


def why_nothing_comes_on(situation: Situation) -> Reason:
    """What a person is told who asks for it: the key is turned, or nobody knows."""
    return Reason.LOCAL_CONTROL if situation.seen.local_control is True else Reason.KEYS_UNSEEN


def is_in_other_hands(memory: CoreMemory, situation: Situation) -> bool:
    """Somebody has turned the key, or nobody has known for long whether he has."""
    return situation.seen.local_control is True or are_long_unseen(memory, situation)
