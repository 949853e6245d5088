"""When a closing of the POI that stands is taken back. Taken back early it was no try: only three tries latch."""

from __future__ import annotations

from dataclasses import replace

from controller.core.calm import keeps_in_step
from controller.core.contact import CLOSE_RETRY_S
from controller.core.dead_bus import is_overtaken
from controller.core.memory import CoreMemory, PoiMemory
from controller.core.situation import Situation
from controller.model.advice import Advice
from controller.model.commands import Order
from controller.model.reasons import Reason
from controller.model.words import Switcher


def is_past(close: Order, memory: CoreMemory, situation: Situation) -> bool:
    """The dead bus has come alive, or the bus is on its way out of step before the contact has come."""
    is_timed = close.cause is Reason.SYNC_WINDOW and situation.hub.poi.switching.closed_by is Switcher.CONTROLLER
    return is_overtaken(close, situation) or (is_timed and not keeps_in_step(memory, situation))


def without_refused(memory: CoreMemory, situation: Situation, advice: Advice) -> CoreMemory:
    """A closing that the guard has refused has not gone out."""
    if memory.poi.close is None or situation.hub.poi.id not in advice.refused:
        return memory
    return replace(memory, poi=taken_back(memory.poi, situation))


def taken_back(poi: PoiMemory, situation: Situation) -> PoiMemory:
    """It bars the next one for a moment only."""
    retry_after_s = min(poi.retry_after_s, situation.now_s + CLOSE_RETRY_S)
    return replace(poi, close=None, retry_after_s=retry_after_s, close_attempts=max(0, poi.close_attempts - 1))
