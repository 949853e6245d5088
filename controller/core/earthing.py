"""The N-PE relay that earths our island: when it is told to close, how often, and whether an island could be earthed.

A relay that does not follow is asked a few times at once, and then now and then: what it may be asked in ten minutes
must not be gone in the first ten seconds of a blackout.
"""

from __future__ import annotations

from controller.core.memory import CoreMemory
from controller.core.situation import Situation
from controller.model.commands import Order
from controller.model.frozen import replace
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, IslandEarthing

HOLD_S = 1.0
ATTEMPTS_MAX, REST_S = 3, 200.0  # in a row, within one mode; asked again after a rest
CLOSINGS_MAX, WINDOW_S = 6, 600.0  # what the envelope allows: no more is asked of the guard
VAIN_MAX, VAIN_S = 4, 60.0  # of these in vain, whatever the modes: a transfer's three, and one for the start after it


def plan_earthing(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Order it closed, as long as it is seen open; asked behind the proof of an open POI."""
    if situation.earthing_is_ready or situation.hub.earthing.kind is not IslandEarthing.SWITCHED_BY_US:
        is_known = memory.earthing is None and not memory.earthed_in_vain_at_s
        return memory if is_known else replace(memory, earthing=None, earthed_in_vain_at_s=())
    before, now_s = memory.earthing, situation.now_s
    if before is not None and now_s <= before.expires_at_s + _rest_s(before):
        return memory
    if situation.seen.earthing.position is not BreakerPosition.OPEN or not situation.may_switch_on:
        return memory  # nothing is closed that is not seen, nor under anybody's hands
    if not _may_be_asked(memory, now_s):
        return memory
    lately_s = tuple(at_s for at_s in memory.earthed_at_s if now_s - at_s < WINDOW_S)
    attempt = before.attempt + 1 if before is not None else 1
    order = Order(Reason.EARTHING_FOLLOWS_MODE, now_s, now_s + HOLD_S, attempt)
    vain_s = tuple(at_s for at_s in memory.earthed_in_vain_at_s if now_s - at_s < VAIN_S)
    return replace(memory, earthing=order, earthed_at_s=(*lately_s, now_s), earthed_in_vain_at_s=(*vain_s, now_s))


def could_be_earthed(memory: CoreMemory, situation: Situation) -> bool:
    """An island that began now: its relay is seen, and may be told to close."""
    if situation.hub.earthing.kind is not IslandEarthing.SWITCHED_BY_US or situation.earthing_is_ready:
        return True
    return situation.seen.earthing.position is BreakerPosition.OPEN and _may_be_asked(memory, situation.now_s)


def _may_be_asked(memory: CoreMemory, now_s: float) -> bool:
    limits = ((memory.earthed_at_s, CLOSINGS_MAX, WINDOW_S), (memory.earthed_in_vain_at_s, VAIN_MAX, VAIN_S))
    return all(sum(now_s - at_s < span_s for at_s in told_s) < most for told_s, most, span_s in limits)


def _rest_s(order: Order) -> float:
    return 0.0 if order.attempt < ATTEMPTS_MAX else REST_S
