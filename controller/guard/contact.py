"""What a POI contact that says closed is worth to the guard. It may be stuck there, or turn there by itself.

*Refuted*: its sides have been apart since, without any current. Until it moves, both sides are dead, or current flows
between sides that do not differ. *Doubtful*: it has turned to closed beside a proven island, against our order to open
or without one to close, or a start has found it closed beside somebody who forms; and no current has flowed yet.
Whoever has closed it in fact makes current flow; a moment in step by itself proves nothing.
"""

from __future__ import annotations

from controller.guard.bounds import Bounds
from controller.guard.memory import ClosedContact, GuardMemory, Track
from controller.guard.proof import are_both_dead, contradicts_closed, is_flowing_as_one, loaded_gensets, may_follow
from controller.model.frozen import replace
from controller.model.image import PoiSeen, ProcessImage
from controller.model.words import BreakerPosition, Switcher

SETTLES_S = 0.3  # contact and voltages may come from two devices: so much later they speak of the same breaker
ASKED_SETTLES_S = 1.0  # after an order of ours: it has closed, and a slow meter is likelier than a lie
CLOSED_SEEN_S = 0.15625  # from contact to the sample that shows it
LIVE_BEFORE_S = 1.0  # a line that was dead until the contact turned cannot be in step with us by chance
FOUND_S = 3.0  # of one that a start finds closed: who feeds a dead street does so no longer than this
DOUBTFUL_S = 10.0  # a slip of 11 mHz leads out of 40 degrees in that time, and a steered one in one second


def watch_closed(memory: GuardMemory, seen: ProcessImage, bounds: Bounds, now_s: float) -> ClosedContact | None:
    """The contact as it is now; None while it says anything but closed. Unseen it is what it was."""
    poi = seen.poi
    if poi.position is None:
        return memory.closed and replace(memory.closed, is_seen=False, is_doubtful=_is_doubtful(memory.closed, now_s))
    if poi.position is not BreakerPosition.CLOSED:
        return None
    before = replace(memory.closed, is_seen=True) if memory.closed is not None else _turned(memory, seen, bounds, now_s)
    flows = is_flowing_as_one(poi, bounds, now_s)
    is_refuted = not (flows or are_both_dead(poi, bounds)) and (
        before.is_refuted or _contradicts(memory, before, poi, bounds, now_s)
    )
    return replace(before, is_refuted=is_refuted, is_doubtful=_is_doubtful(before, now_s) and not flows)


def _is_doubtful(closed: ClosedContact, now_s: float) -> bool:
    return closed.is_doubtful and now_s < closed.doubtful_until_s


def longest_closing_s(bounds: Bounds) -> float:
    """From an order to the first sample that shows the contact."""
    return bounds.hub.poi.breaker_closing_s + bounds.hub.poi.breaker_closing_uncertainty_s + CLOSED_SEEN_S


def _turned(memory: GuardMemory, seen: ProcessImage, bounds: Bounds, now_s: float) -> ClosedContact:
    """Doubtful against our order to open; while somebody holds the bus, also if nobody asked for it, or at first sight.

    A permission to a relay asks for no instant: it may stand for minutes.
    """
    track, live_s = memory.tracks.get(bounds.hub.poi.id, Track()), memory.grid_live_since_s
    is_asked = track.passed_at_s is not None and now_s - track.passed_at_s <= longest_closing_s(bounds)
    closed_by = bounds.hub.poi.switching.closed_by
    is_wanted = closed_by is Switcher.DEVICE or (is_asked and closed_by is not Switcher.SYNC_RELAY)
    was_open = memory.was_proven_open and live_s is not None and now_s - live_s >= LIVE_BEFORE_S
    forms = any(may_follow(battery, seen) for battery in bounds.hub.batteries.values())
    holds = forms or len(loaded_gensets(seen, bounds.hub)) > 0
    if track.is_on is None:
        return ClosedContact(now_s, is_asked=is_asked, is_doubtful=holds, doubtful_until_s=now_s + FOUND_S)
    is_doubtful = was_open and (memory.allowed.poi.open or (holds and not is_wanted))
    return ClosedContact(now_s, is_asked=is_asked, is_doubtful=is_doubtful, doubtful_until_s=now_s + DOUBTFUL_S)


def _contradicts(memory: GuardMemory, before: ClosedContact, poi: PoiSeen, bounds: Bounds, now_s: float) -> bool:
    """Two samples in a row, the newer taken after the contact has settled."""
    settles_s = ASKED_SETTLES_S if before.is_asked else SETTLES_S
    if poi.measured_at_s is None or poi.measured_at_s <= before.since_s + settles_s:
        return False
    first_s = memory.open_sample_s
    return contradicts_closed(poi, bounds, now_s) and first_s is not None and poi.measured_at_s != first_s
