"""What the POI's contact is worth: one that has been caught lying counts no more.

It says open while current flows: it counts again when it has been seen closed. Until its sides are seen to differ, the
POI is taken for closed then.

It says closed, and its sides have differed since without any current: an island that comes into step with the grid
beside it stays one. It counts again when it moves, when current flows between sides that do not differ, and as soon
as both sides are dead, where nothing can contradict it.
"""

from __future__ import annotations

from controller.core.memory import CoreMemory, PoiMemory, since
from controller.core.sides import observe_sides
from controller.core.situation import Situation
from controller.model.frozen import replace
from controller.model.words import BreakerPosition, GridVerdict, Mode, Switcher

JOINS_CONFIRM_S = 0.1
SLIPS_APART_S = 1.0  # as 0.2 Hz beside a grid make 20 degrees in 0.3 s, and an inverter may take as long to do it
DOUBT_S = 0.2  # two samples: one flipped bit that says closed, or a contact that says nothing sensible, is no breaker
UNASKED_CONFIRM_S = 10.0  # a former that cannot be steered slips by 11 mHz: 40 degrees, and out of step
FOUND_CONFIRM_S = 3.0  # after a start: who feeds a dead street does so no longer than this
SETTLES_S = 0.3  # contact and voltages may come from two devices: so much later they speak of the same breaker
ASKED_SETTLES_S = 1.0  # after an order of ours: it has closed, and a slow meter is likelier than a lie
CLOSE_RETRY_S = 5.0  # from the end of an order to close to the next one
CONTACT_SEEN_S = 0.2  # from contact to the sample that shows it, with a cycle more than the guard waits
LIVE_BEFORE_S = 1.0  # a line that was dead until the contact turned cannot be in step with us by chance


def observe_poi(memory: CoreMemory, situation: Situation) -> PoiMemory:
    """Take note of proof and position, before anything is decided."""
    poi, now_s = memory.poi, situation.now_s
    position = situation.seen.poi.position
    is_open, sample_s = situation.poi_is_proven_open, situation.seen.poi.measured_at_s
    poi_seen = situation.seen.poi
    was_blind = not situation.poi_sides_differ and (position is None or poi.was_blind)
    are_dead = situation.grid_is_dead is True and situation.bus_is_dead is True
    is_shown = is_open and (are_dead or not was_blind)  # remembered is not shown, as for the guard
    is_blind = position is not BreakerPosition.CLOSED and _is_unseen(poi, situation)
    close, attempts = poi.close, poi.close_attempts
    if close is not None and (position is BreakerPosition.CLOSED or now_s > close.expires_at_s):
        close, attempts = None, max(0, attempts - poi.close_is_held)  # what never went out was no try
    return PoiMemory(
        open_since_s=poi.open_since_s,
        proven_open_since_s=_proven_since_s(poi, situation, is_kept=is_blind),
        unproven_since_s=since(poi.unproven_since_s, not is_open, now_s),
        doubted_since_s=since(poi.doubted_since_s, not is_open and not is_blind, now_s),
        proven_sample_s=since(poi.proven_sample_s, is_shown and sample_s is not None, sample_s or 0.0),
        close=close,
        close_attempts=attempts,
        close_is_out=poi.close_is_out,
        close_is_held=poi.close_is_held and close is not None,
        is_permitted=poi.is_permitted,
        sides=observe_sides(poi.sides, situation),
        was_blind=was_blind,
        joins_since_s=since(poi.joins_since_s, situation.poi_joins_both and not situation.contact_is_closed, now_s),
        contact_lies=poi.contact_lies,
        tripped_since_s=since(poi.tripped_since_s, situation.seen.poi.relay_tripped is True, now_s),
        closed_since_s=since(poi.closed_since_s, _says_closed(poi, position), now_s),
        was_asked=may_be_closing(memory, situation) if poi.closed_since_s is None else poi.was_asked,
        unasked_at_s=_unasked_at_s(memory, situation),
        was_found=poi.position is None if poi.closed_since_s is None else poi.was_found,
        grid_live_since_s=_grid_live_since_s(poi, situation),
        closed_is_refuted=poi.closed_is_refuted,
        is_joined=poi.is_joined,
        has_dso_lock=poi.has_dso_lock or poi_seen.dso_lock is not None,
        apart=poi.apart,
        position=position if position is not None else poi.position,
        retry_after_s=poi.retry_after_s,
    )


def _is_unseen(before: PoiMemory, situation: Situation) -> bool:
    """Its grid's side, or its contact; and nothing that is seen contradicts what was proven before."""
    poi = situation.seen.poi
    is_contradicted = situation.poi_flows or (situation.poi_sides_are_one and not before.sides.have_differed)
    return (poi.grid_voltage_v is None or poi.position is None) and not is_contradicted


def _proven_since_s(before: PoiMemory, situation: Situation, *, is_kept: bool) -> float | None:
    """A proof outlives what is only unseen, and one spoilt answer that speaks against it."""
    now_s, doubted_since_s = situation.now_s, before.doubted_since_s
    if situation.poi_is_proven_open:
        return now_s if before.proven_open_since_s is None else before.proven_open_since_s
    is_brief = doubted_since_s is None or now_s - doubted_since_s < DOUBT_S
    is_doubtful = is_brief and not situation.poi_joins_both  # current between two sides that live as one is no doubt
    return before.proven_open_since_s if is_kept or is_doubtful else None


def _unasked_at_s(memory: CoreMemory, situation: Situation) -> float | None:
    poi = memory.poi
    turns = poi.closed_since_s is None and situation.seen.poi.position is BreakerPosition.CLOSED
    is_unasked = turns and poi.position is not None and not may_be_closing(memory, situation)
    return situation.now_s if is_unasked else poi.unasked_at_s


def _grid_live_since_s(before: PoiMemory, situation: Situation) -> float | None:
    """As it was when the contact turned: a meter that falls silent afterwards bears out no contact."""
    if before.closed_since_s is not None:
        return before.grid_live_since_s
    return since(before.grid_live_since_s, situation.grid_is_dead is False, situation.now_s)


def _says_closed(before: PoiMemory, position: BreakerPosition | None) -> bool:
    """Now, or it did when it was seen last."""
    return position is BreakerPosition.CLOSED or (position is None and before.closed_since_s is not None)


def may_be_closing(memory: CoreMemory, situation: Situation) -> bool:
    """By our order: it stands, or its contact may still be on its way, or to be seen."""
    poi, now_s = situation.hub.poi, situation.now_s
    if memory.poi.close is not None:
        return True
    ended_s = memory.poi.retry_after_s - CLOSE_RETRY_S
    return ended_s <= now_s <= ended_s + poi.breaker_closing_s + poi.breaker_closing_uncertainty_s + CONTACT_SEEN_S


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
    """The contact says closed beside an island, not by our order, and no current bears it out: it may lie."""
    return situation.seen.poi.position is BreakerPosition.CLOSED and is_doubted(memory, situation)


def is_doubted(memory: CoreMemory, situation: Situation) -> bool:
    """It said so when it was seen last, and may lie."""
    poi, since_s = memory.poi, memory.poi.closed_since_s
    if poi.closed_is_refuted or since_s is None:
        return False
    is_new = situation.now_s - since_s < (FOUND_CONFIRM_S if poi.was_found else UNASKED_CONFIRM_S)
    return is_new and not situation.poi_joins_both and _might_lie(memory, situation, since_s)


def _might_lie(memory: CoreMemory, situation: Situation, since_s: float) -> bool:
    """In the island, on the way back from it, and after a start that has found somebody forming."""
    poi, live_s = memory.poi, memory.poi.grid_live_since_s
    if memory.mode is Mode.UNKNOWN:
        return poi.was_found and situation.poi_sides_are_one and situation.holder is not None
    if live_s is None or since_s - live_s < LIVE_BEFORE_S:
        return False
    if memory.mode is Mode.ISLANDED:
        return True
    closed_by = situation.hub.poi.switching.closed_by
    # A permission stands for minutes, and says nothing of the instant at which the relay uses it.
    is_expected = closed_by is Switcher.DEVICE or (poi.was_asked and closed_by is not Switcher.SYNC_RELAY)
    return memory.mode is Mode.RECONNECTION and situation.holder is not None and not is_expected


def starts_in_step(memory: CoreMemory, situation: Situation) -> bool:
    """A bus that comes to life in step with the grid's side, where the contact's word is not enough: it soon shows.

    Who slips for a moment is seen apart, or current flows. Only a street that lives because the bus does slips with it.
    """
    poi, sides = memory.poi, memory.poi.sides
    if situation.grid_is_dead is not False or situation.bus_is_dead is not False or situation.poi_flows:
        return False
    if sides.have_differed:
        is_brief = poi.unproven_since_s is not None and situation.now_s - poi.unproven_since_s < FOUND_CONFIRM_S
        return is_brief and situation.bus_is_live is True and _grid_had_lived(memory)
    if situation.seen.poi.position not in (None, BreakerPosition.OPEN) or not sides.seemed_to_differ:
        return False
    may_slip = sides.alike_for_s < SLIPS_APART_S and not poi.contact_lies and _is_led(memory, situation)
    alone_at_s = sides.grid_alone_at_s  # it will soon have lived for long enough after that
    return may_slip or (alone_at_s is not None and situation.now_s - alone_at_s < SLIPS_APART_S)


def does_not_slip(memory: CoreMemory, situation: Situation) -> bool:
    """Whoever forms has been told to slip for long enough, and is seen not to."""
    sides, is_seen = memory.poi.sides, situation.seen.poi.angle_difference_deg is not None
    has_slipped = sides.alike_for_s >= SLIPS_APART_S and sides.seemed_to_differ and not memory.poi.contact_lies
    return has_slipped and is_seen and _is_led(memory, situation)


def is_undecided(memory: CoreMemory, situation: Situation) -> bool:
    """Who forms cannot be led to slip, and the sides have only seemed to differ: neither proof nor lie.

    An island that has stood for a while has differed; one spoilt answer of its contact does not bring it into doubt.
    """
    sides, stands_s = memory.poi.sides, situation.now_s - memory.mode_since_s
    is_new = memory.mode is not Mode.ISLANDED or stands_s < UNASKED_CONFIRM_S
    seems = is_new and sides.seemed_to_differ and not sides.have_differed
    return seems and situation.former is not None and not _is_led(memory, situation)


def _grid_had_lived(memory: CoreMemory) -> bool:
    """Before the bus did, and in spite of it: beside a contact that has lied."""
    live_s, bus_s = memory.poi.grid_live_since_s, memory.bus_live_since_s
    return live_s is not None and bus_s is not None and bus_s - live_s >= LIVE_BEFORE_S


def _is_led(memory: CoreMemory, situation: Situation) -> bool:
    """Who forms, or is to, slips when he is told."""
    if situation.former is None and situation.loaded_genset is not None:
        return False
    told = (battery for battery, source in memory.batteries.items() if source.order is not None)
    who = situation.former or memory.former or next(told, None)
    battery = situation.hub.batteries.get(who) if who is not None else None
    return battery is not None and battery.capabilities.can_set_frequency and not battery.capabilities.always_forms


def needs_proof(memory: CoreMemory, situation: Situation) -> bool:
    """After a start, beside somebody who holds the bus in step with the grid: the sides have to differ once."""
    return turned_unasked(memory, situation) or _is_open_and_idle(memory, situation)


def _is_open_and_idle(memory: CoreMemory, situation: Situation) -> bool:
    """It says open and nothing flows; a restart has forgotten that the sides have differed since."""
    poi = situation.seen.poi
    is_idle = poi.current_a is not None and not situation.poi_flows
    says_open = poi.position is BreakerPosition.OPEN and not memory.poi.contact_lies
    return says_open and is_idle and situation.poi_sides_are_one and not situation.poi_is_proven_open


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
