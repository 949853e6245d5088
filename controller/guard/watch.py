"""The guard's own memory of the plant: who moved, whether we had asked, and how long the POI has been proven open."""

from __future__ import annotations

from collections.abc import Mapping

from controller.guard import proof
from controller.guard.bounds import Bounds
from controller.guard.contact import longest_closing_s, watch_closed
from controller.guard.memory import ClosedContact, Closing, GuardMemory, OwnLatch, Slip, Told, Track
from controller.model.commands import Commands, Order
from controller.model.frozen import replace
from controller.model.hub import AssetId, Hub
from controller.model.image import PoiSeen, ProcessImage
from controller.model.words import BreakerPosition, GensetState, InverterMode, Switcher

TRIES_KEPT = 64
SLIPS_S, SLIPS_MAX = 0.25, 64  # a genset swings through several hertz a second
SLIPS_GAP_S = 0.1875  # three polls of the POI's instrument, and somewhat more
STEADY_S = 0.5  # order, slowest write and the inverter's own time: by then the bus shows what it was told
TOLD_MAX = 64
OUT_RATIO = 0.0625  # of a genset's rating: more than its governor makes of a grid at 49.9 Hz
STUCK_S = 0.25  # added to the breaker's opening time before "still joined" counts: skew between instruments
OPENING_SEEN_S = 5.0  # slowest contactor and bus: an opening seen later than this after our command was not ours
COMING = (GensetState.STARTING, GensetState.READY, GensetState.LOADED)  # it is on the bus, or soon will be
RUNNING = (GensetState.READY, GensetState.LOADED)  # one order covers all that a genset tries until then


def watch(memory: GuardMemory, seen: ProcessImage, bounds: Bounds, now_s: float) -> GuardMemory:
    """Take note of this image before anything is judged by it."""
    poi, patience_s = seen.poi, bounds.hub.poi.breaker_opening_s + STUCK_S
    is_ordered_open, is_ordered_closed = memory.allowed.poi.open, memory.allowed.poi.close is not None
    should_be_open = (is_ordered_open or poi.position is BreakerPosition.OPEN) and not is_ordered_closed
    should_open_since_s = _first(memory.should_open_since_s, now_s) if should_be_open else None
    closed = watch_closed(memory, seen, bounds, now_s)
    is_joined = proof.shows_joined(poi, bounds, now_s, closed)
    joined_sample_s = _first(memory.joined_sample_s, poi.measured_at_s) if is_joined else None
    has_had_its_time = should_open_since_s is not None and now_s - should_open_since_s >= patience_s
    is_confirmed = has_had_its_time and poi.measured_at_s != joined_sample_s
    is_stuck = should_be_open and is_joined and (memory.is_proven_open or is_confirmed)
    contact_lies = poi.position is not BreakerPosition.CLOSED and (memory.contact_lies or is_stuck)
    has_differed = _has_differed(memory, poi, bounds, now_s)
    is_open = proof.shows_open(poi, bounds, now_s, closed, contact_lies=contact_lies, has_differed=has_differed)
    open_sample_s = _first(memory.open_sample_s, poi.measured_at_s) if is_open else None
    is_proven_open = is_open and poi.measured_at_s != open_sample_s
    is_dead = proof.is_fresh(poi, bounds, now_s) and proof.is_dead(poi.bus_voltage_v, bounds)
    may_join = is_joined or (memory.beside_since_s is not None and not _shows_apart(poi, bounds, now_s))
    is_beside = may_join and any(proof.may_follow(battery, seen) for battery in bounds.hub.batteries.values())
    may_flow = not is_proven_open  # whatever a meter says
    may_feed = may_flow and _may_feed(memory, seen, bounds, proof.leaves_w(poi, bounds, now_s, closed))
    return GuardMemory(
        tracks=_watch_all(memory, seen, bounds, now_s),
        emergency_off=_watch_latch(memory.emergency_off, seen.emergency_off, "emergency_off" in bounds.latched),
        dso_lock=_watch_latch(memory.dso_lock, poi.dso_lock, "dso_lock" in bounds.latched),
        has_differed=has_differed,
        open_sample_s=open_sample_s,
        is_proven_open=is_proven_open,
        should_open_since_s=should_open_since_s,
        joined_sample_s=joined_sample_s,
        is_stuck=is_stuck,
        closed=closed,
        was_proven_open=is_proven_open if poi.position is BreakerPosition.OPEN else memory.was_proven_open,
        grid_live_since_s=_first(memory.grid_live_since_s, now_s) if proof.shows_live_grid(poi, bounds) else None,
        contact_lies=contact_lies,
        beside_since_s=_first(memory.beside_since_s, now_s) if is_beside else None,
        feeds_since_s=_first(memory.feeds_since_s, now_s) if may_feed else None,
        coming_at_s=_watch_coming(memory.coming_at_s, seen, now_s),
        starting_since_s=_watch_starting(memory.starting_since_s, seen, now_s),
        closing=_still_closing(memory, poi, closed, bounds, now_s),
        shed_at_s=memory.shed_at_s,
        told=memory.told,
        slips=_watch_slips(memory.slips, poi),
        dead_since_s=_first(memory.dead_since_s, poi.measured_at_s) if is_dead else None,
        allowed=_sent(memory.allowed, bounds),
    )


def _sent(allowed: Commands, bounds: Bounds) -> Commands:
    """Of what passed in the cycle before, what went out: the shell may have held the closing back."""
    return replace(allowed, poi=replace(allowed.poi, close=None)) if bounds.closing_held_back else allowed


def remember(memory: GuardMemory, allowed: Commands, hub: Hub, now_s: float) -> GuardMemory:
    """Take note of what passed."""
    tracks = dict(memory.tracks)
    for asset, order in _orders(allowed, hub).items():
        if order is not None:
            tracks[asset] = _let_pass(tracks[asset], order, now_s)
    for asset, command in allowed.feeders.items():
        if command.open and asset in tracks:
            tracks[asset] = replace(tracks[asset], opening_at_s=now_s)
    return replace(
        memory,
        tracks=tracks,
        closing=_closing(memory, allowed, hub, now_s),
        shed_at_s=now_s if memory.sheds(allowed.feeders) else memory.shed_at_s,
        told=_told(memory, allowed, now_s),
        allowed=allowed,
    )


def _told(memory: GuardMemory, allowed: Commands, now_s: float) -> dict[AssetId, tuple[Told, ...]]:
    """A change is a new entry; of those before, one older than the span stays. Silence changes nothing."""
    told = dict(memory.told)
    for battery, command in allowed.batteries.items():
        before, now = told.get(battery, ()), Told(now_s, command.frequency_set_hz, command.voltage_set_v)
        if before and replace(before[-1], at_s=now_s) == now:
            continue
        first = max((n for n, each in enumerate(before) if now_s - each.at_s >= STEADY_S), default=0)
        told[battery] = (*before[first:], now)[-TOLD_MAX:]
    return told


def _closing(memory: GuardMemory, allowed: Commands, hub: Hub, now_s: float) -> Closing | None:
    """A relay finds its own instant: until then the hub may go on steering, and what it was told last counts."""
    if allowed.poi.open:
        return None
    if allowed.poi.close is None:
        return memory.closing
    if memory.closing is None or hub.poi.switching.closed_by is Switcher.SYNC_RELAY:
        return Closing(now_s, now_s, allowed.batteries)
    return replace(memory.closing, passed_at_s=now_s)


def _still_closing(
    memory: GuardMemory, poi: PoiSeen, closed: ClosedContact | None, bounds: Bounds, now_s: float
) -> Closing | None:
    """Until it has had its time, or has come: a contact that said closed before, or between two sides, is not it."""
    closing = memory.closing
    if closing is None:
        return None
    has_turned = closed is not None and closed.is_seen and closed.since_s > closing.began_s
    if has_turned and not proof.sides_differ(poi, bounds):
        return None
    return closing if now_s - closing.passed_at_s <= longest_closing_s(bounds) else None


def _watch_slips(before: tuple[Slip, ...], poi: PoiSeen) -> tuple[Slip, ...]:
    """One older than the span stays, so that they cover it. A gap may hide a swing, and begins anew."""
    at_s, grid_hz, bus_hz = poi.measured_at_s, poi.grid_frequency_hz, poi.bus_frequency_hz
    if at_s is None or grid_hz is None or bus_hz is None:
        return ()
    if not before or not 0.0 <= at_s - before[-1].at_s <= SLIPS_GAP_S:
        return (Slip(at_s, bus_hz - grid_hz),)
    if at_s == before[-1].at_s:
        return before
    first = max((n for n, slip in enumerate(before) if at_s - slip.at_s >= SLIPS_S), default=0)
    return (*before[first:], Slip(at_s, bus_hz - grid_hz))[-SLIPS_MAX:]


def _has_differed(memory: GuardMemory, poi: PoiSeen, bounds: Bounds, now_s: float) -> bool:
    """Seen in a fresh sample; forgotten as soon as the contact says anything but open, or says nothing."""
    return poi.position is BreakerPosition.OPEN and (memory.has_differed or _differ(poi, bounds, now_s))


def _differ(poi: PoiSeen, bounds: Bounds, now_s: float) -> bool:
    return proof.is_fresh(poi, bounds, now_s) and proof.sides_differ(poi, bounds)


def _shows_apart(poi: PoiSeen, bounds: Bounds, now_s: float) -> bool:
    """The contact says open, or the sides differ: who has been beside the grid is not any more. Blind is not apart."""
    return poi.position is BreakerPosition.OPEN or _differ(poi, bounds, now_s)


def _may_feed(memory: GuardMemory, seen: ProcessImage, bounds: Bounds, out_w: float) -> bool:
    """A genset carries load, and the street may live on it. Not seen, it goes on with what it did."""
    on = proof.loaded_gensets(seen, bounds.hub, counts_unseen=memory.feeds_since_s is not None)
    return any(out_w > OUT_RATIO * genset.rating_va for genset in on)


def _watch_coming(before: Mapping[AssetId, float], seen: ProcessImage, now_s: float) -> dict[AssetId, float]:
    """One that is seen off is forgotten; one that is not seen is remembered as what it was."""
    states = {genset: state.state for genset, state in seen.gensets.items() if state.state is not None}
    unseen = {genset: at_s for genset, at_s in before.items() if genset not in states}
    return unseen | {genset: now_s for genset, state in states.items() if state in COMING}


def _watch_starting(before: Mapping[AssetId, float], seen: ProcessImage, now_s: float) -> dict[AssetId, float]:
    """A panel that is not seen for a moment goes on saying it; any other word ends it."""
    states = {genset: state.state for genset, state in seen.gensets.items() if state.state is not None}
    unseen = {genset: since_s for genset, since_s in before.items() if genset not in states}
    starting = [genset for genset, state in states.items() if state is GensetState.STARTING]
    return unseen | {genset: before.get(genset, now_s) for genset in starting}


def _first(before_s: float | None, now_s: float | None) -> float | None:
    return now_s if before_s is None else before_s


def _watch_all(memory: GuardMemory, seen: ProcessImage, bounds: Bounds, now_s: float) -> dict[AssetId, Track]:
    return {
        asset: _watch_one(memory.tracks.get(asset) or _fresh(asset, bounds), asset, is_on, bounds, now_s)
        for asset, is_on in _states(seen, bounds.hub).items()
    }


def _states(seen: ProcessImage, hub: Hub) -> dict[AssetId, bool | None]:
    """Who is on; None where it cannot be seen."""
    return {
        hub.poi.id: _is_closed(seen.poi.position),
        proof.earthing_id(hub): _is_closed(seen.earthing.position),
        **{f: _is_closed(state.position) for f, state in seen.feeders.items()},
        **{b: state.mode and state.mode is InverterMode.GRID_FORMING for b, state in seen.batteries.items()},
        **{g: state.state and state.state in RUNNING for g, state in seen.gensets.items()},
    }


def _orders(allowed: Commands, hub: Hub) -> dict[AssetId, Order | None]:
    return {
        hub.poi.id: allowed.poi.close,
        proof.earthing_id(hub): allowed.earthing.close,
        **{f: command.close for f, command in allowed.feeders.items()},
        **{b: command.form for b, command in allowed.batteries.items()},
        **{g: command.crank for g, command in allowed.gensets.items()},
    }


def _is_closed(position: BreakerPosition | None) -> bool | None:
    is_clear = position in (BreakerPosition.OPEN, BreakerPosition.CLOSED)
    return position is BreakerPosition.CLOSED if is_clear else None


def _fresh(asset: AssetId, bounds: Bounds) -> Track:
    return Track(tries_at_s=tuple(attempt.at_s for attempt in bounds.attempts if attempt.subject == asset))


def _watch_one(track: Track, asset: AssetId, is_on: bool | None, bounds: Bounds, now_s: float) -> Track:
    if is_on is not None and is_on is not track.is_on:
        track = _came_on(track, now_s) if is_on else _went_off(track, asset, bounds, now_s)
    is_released = asset in bounds.released and track.is_on is False
    return replace(track, is_ours=True) if is_released else track


def _came_on(track: Track, now_s: float) -> Track:
    """Without an order of ours it counts as a closing too: the contacts wear all the same."""
    was_asked = track.order is not None and not track.is_answered
    unasked_at_s = (now_s,) if track.is_on is False and not was_asked else ()
    tries_at_s = (*track.tries_at_s, *unasked_at_s)[-TRIES_KEPT:]
    return Track(is_on=True, order=track.order, passed_at_s=track.passed_at_s, is_answered=True, tries_at_s=tries_at_s)


def _went_off(track: Track, asset: AssetId, bounds: Bounds, now_s: float) -> Track:
    was_asked = track.opening_at_s is not None and now_s - track.opening_at_s <= OPENING_SEEN_S
    is_ours = was_asked or (track.is_on is None and asset in bounds.shed_by_us)
    return replace(track, is_on=False, is_ours=is_ours)


def _let_pass(track: Track, order: Order, now_s: float) -> Track:
    if track.knows(order):
        return replace(track, passed_at_s=now_s)
    tries_at_s = (*track.tries_at_s, now_s)[-TRIES_KEPT:]
    return replace(track, order=order, passed_at_s=now_s, is_answered=track.is_on is True, tries_at_s=tries_at_s)


def _watch_latch(latch: OwnLatch, contact: bool | None, is_shared: bool) -> OwnLatch:
    is_released = latch.is_shared and not is_shared and contact is False
    is_set = contact is True or (latch.is_set and not is_released)
    is_shared = is_set and (is_shared or (latch.is_shared and contact is not True))
    return OwnLatch(is_wired=latch.is_wired or contact is not None, is_set=is_set, is_shared=is_shared)
