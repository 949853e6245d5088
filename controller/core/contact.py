"""What the POI's contact is worth: a contact that says open while current flows has lied, and counts no more.

It counts again when it has been seen closed. Until its sides are seen to differ, the POI is taken for closed then.
"""

from __future__ import annotations

from dataclasses import replace

from controller.core.memory import CoreMemory, PoiMemory
from controller.core.situation import Situation
from controller.model.words import BreakerPosition, GridVerdict, Mode

JOINS_CONFIRM_S = 0.1


def judge_contact(poi: PoiMemory, situation: Situation) -> PoiMemory:
    """Convict it, or believe it again. Only samples taken after the contact has spoken convict it."""
    position, sampled_at_s = situation.seen.poi.position, situation.seen.poi.measured_at_s
    if position is BreakerPosition.CLOSED:
        return poi if not poi.contact_lies else replace(poi, contact_lies=False, is_joined=False)
    since_s = poi.joins_since_s
    is_convicted = since_s is not None and sampled_at_s is not None and sampled_at_s - since_s >= JOINS_CONFIRM_S
    if position is not None and is_convicted and not poi.is_joined:
        return replace(poi, contact_lies=True, is_joined=True)
    if poi.is_joined and situation.poi_sides_differ:
        return replace(poi, is_joined=False)
    return poi


def is_in_doubt(memory: CoreMemory) -> bool:
    """Current flows in an island that is said to be one: a former is told nothing until it is clear whose it is."""
    return memory.mode in (Mode.ISLANDED, Mode.RECONNECTION) and memory.poi.joins_since_s is not None


def contact_lies(memory: CoreMemory, situation: Situation) -> bool:
    """The contact says open, and current flows as if it were closed."""
    since_s = memory.poi.joins_since_s
    lies = situation.seen.poi.position is not BreakerPosition.CLOSED
    return lies and since_s is not None and situation.now_s - since_s >= JOINS_CONFIRM_S


def joined_a_good_grid(memory: CoreMemory, situation: Situation) -> bool:
    """The contact says open and the POI was closed all the same, onto a grid that was good before."""
    since_s, good_since_s = memory.poi.joins_since_s, memory.grid.good_since_s
    was_good = since_s is not None and good_since_s is not None and good_since_s < since_s
    return was_good and memory.grid.verdict is GridVerdict.OK and contact_lies(memory, situation)
