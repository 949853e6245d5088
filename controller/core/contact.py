"""What the POI's contact is worth: one that has been caught lying counts no more.

It says open while current flows: it counts again when it has been seen closed. Until its sides are seen to differ, the
POI is taken for closed then.

It says closed, and its sides have differed since without any current: an island that comes into step with the grid
beside it stays one. It counts again when it moves, when current flows between sides that do not differ, and as soon
as both sides are dead, where nothing can contradict it.
"""

from __future__ import annotations

from dataclasses import replace

from controller.core.memory import CoreMemory, PoiMemory
from controller.core.situation import Situation
from controller.model.words import BreakerPosition, GridVerdict, Mode

JOINS_CONFIRM_S = 0.1
UNASKED_CONFIRM_S = 10.0  # a former that cannot be steered slips by 11 mHz: 40 degrees, and out of step
SETTLES_S = 0.3  # contact and voltages may come from two devices: so much later they speak of the same breaker
ASKED_SETTLES_S = 1.0  # after an order of ours: it has closed, and a slow meter is likelier than a lie
LIVE_BEFORE_S = 1.0  # a line that was dead until the contact turned cannot be in step with us by chance


def judge_contact(poi: PoiMemory, situation: Situation) -> PoiMemory:
    """Convict it, or believe it again. Only samples taken after the contact has spoken convict it."""
    position, sampled_at_s = situation.seen.poi.position, situation.seen.poi.measured_at_s
    if position is BreakerPosition.CLOSED:
        return replace(
            poi, contact_lies=False, is_joined=False, closed_is_refuted=_refutes_closed(poi, situation, sampled_at_s)
        )
    poi = replace(poi, closed_is_refuted=poi.closed_is_refuted and position is None)
    since_s = poi.joins_since_s
    is_convicted = since_s is not None and sampled_at_s is not None and sampled_at_s - since_s >= JOINS_CONFIRM_S
    if position is not None and is_convicted and not poi.is_joined:
        return replace(poi, contact_lies=True, is_joined=True)
    if poi.is_joined and situation.poi_sides_differ:
        return replace(poi, is_joined=False)
    return poi


def _refutes_closed(poi: PoiMemory, situation: Situation, sampled_at_s: float | None) -> bool:
    """Sample after sample shows the POI open in spite of it, the newest taken after the contact has settled."""
    if situation.poi_sides_are_dead or situation.poi_joins_both:
        return False
    first_s, since_s = poi.proven_sample_s, poi.closed_since_s
    if poi.closed_is_refuted or first_s is None or since_s is None or sampled_at_s is None:
        return poi.closed_is_refuted
    settled_s = since_s + (ASKED_SETTLES_S if poi.was_asked else SETTLES_S)
    return situation.poi_is_proven_open and sampled_at_s > max(first_s, settled_s)


def turned_unasked(memory: CoreMemory, situation: Situation) -> bool:
    """The contact of an island's POI has just turned to closed, and no current bears it out: it may lie."""
    if situation.seen.poi.position is not BreakerPosition.CLOSED or memory.poi.closed_is_refuted:
        return False
    since_s, live_s = memory.poi.closed_since_s, memory.poi.grid_live_since_s
    if since_s is None or live_s is None or since_s - live_s < LIVE_BEFORE_S:
        return False
    is_new = situation.now_s - since_s < UNASKED_CONFIRM_S
    return memory.mode is Mode.ISLANDED and is_new and not situation.poi_joins_both


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
