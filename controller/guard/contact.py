"""What a POI contact that says closed is worth to the guard. It may be stuck there, or turn there by itself.

*Refuted*: its sides have been apart since, without any current. Until it moves, both sides are dead, or current flows
between sides that do not differ. *Doubtful*: it has turned to closed beside a proven island, against our order, and no
current has flowed yet. Whoever has closed it in fact makes current flow; a moment in step by itself proves nothing.
"""

from __future__ import annotations

from dataclasses import replace

from controller.guard.bounds import Bounds
from controller.guard.memory import ClosedContact, GuardMemory
from controller.guard.proof import are_both_dead, contradicts_closed, is_flowing_as_one
from controller.model.image import PoiSeen
from controller.model.words import BreakerPosition

SETTLES_S = 0.3  # contact and voltages may come from two devices: so much later they speak of the same breaker
ASKED_SETTLES_S = 1.0  # after an order of ours: it has closed, and a slow meter is likelier than a lie
LIVE_BEFORE_S = 1.0  # a line that was dead until the contact turned cannot be in step with us by chance
DOUBTFUL_S = 10.0  # a slip of 11 mHz leads out of 40 degrees in that time, and a steered one in one second


def watch_closed(memory: GuardMemory, poi: PoiSeen, bounds: Bounds, now_s: float) -> ClosedContact | None:
    """The contact as it is now; None while it says anything but closed. Unseen it is what it was."""
    if poi.position is None:
        return memory.closed and replace(memory.closed, is_seen=False)
    if poi.position is not BreakerPosition.CLOSED:
        return None
    before = replace(memory.closed, is_seen=True) if memory.closed is not None else _turned(memory, now_s)
    flows = is_flowing_as_one(poi, bounds, now_s)
    is_refuted = not (flows or are_both_dead(poi, bounds)) and (
        before.is_refuted or _contradicts(memory, before, poi, bounds, now_s)
    )
    is_doubtful = before.is_doubtful and not flows and now_s - before.since_s < DOUBTFUL_S
    return replace(before, is_refuted=is_refuted, is_doubtful=is_doubtful)


def _turned(memory: GuardMemory, now_s: float) -> ClosedContact:
    live_s, passed = memory.grid_live_since_s, memory.allowed.poi
    was_live = live_s is not None and now_s - live_s >= LIVE_BEFORE_S
    is_doubtful = memory.was_proven_open and passed.open and was_live
    return ClosedContact(now_s, is_asked=passed.close is not None, is_doubtful=is_doubtful)


def _contradicts(memory: GuardMemory, before: ClosedContact, poi: PoiSeen, bounds: Bounds, now_s: float) -> bool:
    """Two samples in a row, the newer taken after the contact has settled."""
    settles_s = ASKED_SETTLES_S if before.is_asked else SETTLES_S
    if poi.measured_at_s is None or poi.measured_at_s <= before.since_s + settles_s:
        return False
    first_s = memory.open_sample_s
    return contradicts_closed(poi, bounds, now_s) and first_s is not None and poi.measured_at_s != first_s
