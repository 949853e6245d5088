"""The N-PE relay that earths our island: when it is told to close, how often, and whether an island could be earthed.

What it may be told in ten minutes must not be gone in the first ten seconds of a blackout: one that does not follow is
told three times in the transfer, and once in each start that comes after it.
"""

from __future__ import annotations

from controller.core.memory import CoreMemory
from controller.core.situation import Situation
from controller.model.commands import Order
from controller.model.frozen import replace
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, IslandEarthing, Mode

HOLD_S = 1.0
ATTEMPTS_MAX, REST_S = 3, 200.0  # in a row; told again after a rest
CLOSINGS_MAX, WINDOW_S = 6, 600.0  # what the envelope allows: no more is asked of the guard


def plan_earthing(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Order it closed, as long as it is seen open; asked behind the proof of an open POI."""
    if situation.earthing_is_ready or situation.hub.earthing.kind is not IslandEarthing.SWITCHED_BY_US:
        is_known = memory.earthing is None and not memory.earthed_in_vain_at_s
        return memory if is_known else replace(memory, earthing=None, earthed_in_vain_at_s=())
    before, now_s = memory.earthing, situation.now_s
    if before is not None and now_s <= before.expires_at_s + _rest_s(memory, before):
        return memory
    if situation.seen.earthing.position is not BreakerPosition.OPEN or not situation.may_switch_on:
        return memory  # nothing is closed that is not seen, nor under anybody's hands
    if not has_closings_left(memory, situation):
        return memory
    lately_s, vain_s = (
        tuple(at_s for at_s in told_s if now_s - at_s < WINDOW_S)
        for told_s in (memory.earthed_at_s, memory.earthed_in_vain_at_s)
    )
    attempt = before.attempt + 1 if before is not None else 1
    order = Order(Reason.EARTHING_FOLLOWS_MODE, now_s, now_s + HOLD_S, attempt)
    return replace(memory, earthing=order, earthed_at_s=(*lately_s, now_s), earthed_in_vain_at_s=(*vain_s, now_s))


def could_be_earthed(memory: CoreMemory, situation: Situation) -> bool:
    """An island that began now: its relay is seen, and may be told to close."""
    if situation.hub.earthing.kind is not IslandEarthing.SWITCHED_BY_US or situation.earthing_is_ready:
        return True
    return situation.seen.earthing.position is BreakerPosition.OPEN and has_closings_left(memory, situation)


def has_closings_left(memory: CoreMemory, situation: Situation) -> bool:
    """The relay may be told once more, or need not be: a start without it would come to nothing, and count."""
    if situation.hub.earthing.kind is not IslandEarthing.SWITCHED_BY_US or situation.earthing_is_ready:
        return True
    return sum(situation.now_s - at_s < WINDOW_S for at_s in memory.earthed_at_s) < CLOSINGS_MAX


def _rest_s(memory: CoreMemory, order: Order) -> float:
    """A start that finds that it was told in vain before tells it once."""
    before_s = (at_s for at_s in memory.earthed_in_vain_at_s if at_s < memory.mode_since_s)
    attempts_max = 1 if memory.mode is Mode.BLACK_START and any(True for _ in before_s) else ATTEMPTS_MAX
    return 0.0 if order.attempt < attempts_max else REST_S
