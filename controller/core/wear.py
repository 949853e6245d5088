"""The POI's closings of an hour: when they are spent the next return waits, and somebody has to know."""

from __future__ import annotations

from controller.core.evidence import Inputs, numbers
from controller.core.memory import CoreMemory
from controller.core.resync import CLOSINGS_MAX, CLOSINGS_WINDOW_S, next_closing_s
from controller.core.situation import Situation
from controller.model.frozen import replace
from controller.model.reasons import Reason


def watch_wear(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Raise the alarm while one more closing of the POI has to wait for the oldest of the last hour."""
    alarm = (situation.hub.poi.id, Reason.POI_CLOSINGS_USED)
    was_told = alarm in memory.alarms
    if len(memory.durable.attempts) < CLOSINGS_MAX and not was_told:
        return memory
    are_used = situation.now_s < next_closing_s(memory, situation)
    if are_used is was_told:
        return memory
    return replace(memory, alarms=memory.alarms | {alarm} if are_used else memory.alarms - {alarm})


def wear_inputs(memory: CoreMemory, situation: Situation) -> Inputs:
    """How often of how often, and how long the next one waits."""
    poi, now_s = situation.hub.poi.id, situation.now_s
    ages_s = [now_s - each.at_s for each in memory.durable.attempts if (each.subject, each.kind) == (poi, "close")]
    count = sum(age_s < CLOSINGS_WINDOW_S for age_s in ages_s)
    wait_s = next_closing_s(memory, situation) - now_s
    return {"attempts_count": count, "attempts_max_count": CLOSINGS_MAX} | numbers(wait_s=wait_s)
