"""The POI relay's group of settings: one that does not follow the mode bars the return, and somebody has to know."""

from __future__ import annotations

from controller.core.memory import CoreMemory, since
from controller.core.poi import settings_group
from controller.core.situation import Situation
from controller.model.frozen import replace
from controller.model.reasons import Reason

SETTINGS_FOLLOW_S = 10.0  # the slowest write and relay, many times over


def watch_settings(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Raise the alarm while the relay stays on another group than the mode's; what it does not say changes nothing."""
    if situation.seen.poi.settings_group is None:
        return memory
    is_wrong = settings_group(memory, situation) is not None
    since_s = since(memory.settings_wrong_since_s, is_wrong, situation.now_s)
    alarm = (situation.hub.poi.id, Reason.SETTINGS_NOT_FOLLOWED)
    is_told = since_s is not None and situation.now_s - since_s >= SETTINGS_FOLLOW_S
    if since_s == memory.settings_wrong_since_s and is_told is (alarm in memory.alarms):
        return memory
    alarms = memory.alarms | {alarm} if is_told else memory.alarms - {alarm}
    return replace(memory, settings_wrong_since_s=since_s, alarms=alarms)
