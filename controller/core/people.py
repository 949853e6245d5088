"""What people ask: requests, holds, authority, and the latches that only a person at the hub releases."""

from __future__ import annotations

from controller.core.black_start import ask_for_start
from controller.core.feeders import as_found, is_faulty
from controller.core.memory import CoreMemory, FeederMemory, PoiMemory, SourceMemory
from controller.core.planned import ask_about_island
from controller.core.restoring import awaits
from controller.core.situation import Situation
from controller.core.stuck import NOT_PROVEN, may_release_lockout
from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.decision import Event, Input, Scalar
from controller.model.frozen import replace
from controller.model.hub import AssetId, Hub
from controller.model.image import ProcessImage
from controller.model.memory import DurableMemory, Latch
from controller.model.reasons import EventKind, Reason
from controller.model.words import Authority, BreakerPosition, Mode

DONE_REQUESTS_MAX = 32
TURNS_OFF = {RequestKind.OBSERVE_OFF: Authority.OBSERVE, RequestKind.MANUAL_OFF: Authority.MANUAL}
"""Each takes back one authority and no other: `observe off` does not make a manual hub automatic."""
IMAGINED_LATCHES = frozenset({"poi_close"})  # may come of orders that nobody carried out


def take_latches(memory: CoreMemory, seen: ProcessImage, now_s: float) -> CoreMemory:
    """Emergency-off and the DSO's lock latch as soon as they are seen; letting go of the button releases nothing."""
    if seen.emergency_off:
        memory = latch(memory, "emergency_off", Reason.EMERGENCY_OFF, now_s)
    if seen.poi.dso_lock:
        memory = latch(memory, "dso_lock", Reason.DSO_LOCK, now_s)
    return memory


def latch(memory: CoreMemory, subject: str, reason: Reason, now_s: float) -> CoreMemory:
    """Set a latch once."""
    if memory.durable.latch(subject) is not None:
        return memory
    latches = (*memory.durable.latches, Latch(subject, reason, now_s))
    return replace(memory, durable=replace(memory.durable, latches=latches))


def take_requests(memory: CoreMemory, situation: Situation, advice: Advice) -> tuple[CoreMemory, tuple[Event, ...]]:
    """Act on each living request once; a refusal is an event too."""
    events: list[Event] = []
    for request in advice.requests:
        if request.id in memory.done_requests or situation.now_s > request.expires_at_s:
            continue
        after = _act(memory, request, situation)
        events.append(_answer(request, memory, situation, after))
        memory = after if isinstance(after, CoreMemory) else memory
        memory = replace(memory, done_requests=(*memory.done_requests, request.id)[-DONE_REQUESTS_MAX:])
    return memory, tuple(events)


def _answer(request: OperatorRequest, memory: CoreMemory, situation: Situation, after: CoreMemory | Reason) -> Event:
    was_taken, seen = isinstance(after, CoreMemory), situation.seen
    why = after if isinstance(after, Reason) else _why_taken(request, after, situation)
    kind = EventKind.REQUESTED if was_taken else EventKind.REQUEST_REFUSED
    values: dict[str, Scalar] = {"what": request.kind.value}  # the public API tells these, and not who it was
    inputs: dict[str, Input] = {
        "who": request.who,
        "request": request.id,
        "at_the_hub": request.at_the_hub,
        "authority": memory.durable.authority.value,
        "emergency_off": seen.emergency_off,
        "dso_lock": seen.poi.dso_lock,
    }
    rule = "people: person_asked" if was_taken else "people: person_refused"
    return Event(kind, why, request.subject or "hub", values, rule, inputs)


def _why_taken(request: OperatorRequest, memory: CoreMemory, situation: Situation) -> Reason:
    """A person asks; and where what they ask for will have to wait behind something, that is told."""
    feeder = situation.hub.feeders.get(request.subject or "")
    if request.kind is not RequestKind.CLOSE_FEEDER or feeder is None:
        return Reason.OPERATOR
    return awaits(memory, feeder, situation) or Reason.OPERATOR


def _act(memory: CoreMemory, request: OperatorRequest, situation: Situation) -> CoreMemory | Reason:
    """The memory after the request, or why it is refused."""
    hub, now_s = situation.hub, situation.now_s
    match request.kind:
        case RequestKind.OBSERVE_ON | RequestKind.OBSERVE_OFF | RequestKind.MANUAL_ON | RequestKind.MANUAL_OFF:
            return _set_authority(memory, request.kind, now_s)
        case RequestKind.RELEASE_LATCH:
            return _release(memory, request, situation)
        case RequestKind.OPEN_FEEDER | RequestKind.CLOSE_FEEDER:
            return _act_on_feeder(memory, request, situation)
        case RequestKind.START_GENSET | RequestKind.STOP_GENSET:
            return _act_on_genset(memory, request, hub, now_s)
        case RequestKind.BLACK_START:
            return ask_for_start(memory, situation)
        case RequestKind.RECONNECT | RequestKind.ISLAND_ON | RequestKind.ISLAND_OFF:
            return ask_about_island(memory, request, situation)


def _set_authority(memory: CoreMemory, kind: RequestKind, now_s: float) -> CoreMemory | Reason:
    before = memory.durable.authority
    if kind is RequestKind.OBSERVE_ON:
        since_s = memory.observing_since_s if before is Authority.OBSERVE else now_s
        return replace(memory, observing_since_s=since_s, durable=replace(memory.durable, authority=Authority.OBSERVE))
    if kind in TURNS_OFF and before not in (TURNS_OFF[kind], Authority.AUTO):
        return Reason.OBSERVE_ONLY if before is Authority.OBSERVE else Reason.IN_MANUAL
    if before is Authority.OBSERVE:
        memory = _wake(memory, now_s)
    is_manual = kind is RequestKind.MANUAL_ON  # what was asked of the hub before is not asked of whoever takes over
    authority = Authority.MANUAL if is_manual else Authority.AUTO
    memory = replace(memory, durable=replace(memory.durable, authority=authority))
    is_taken = is_manual and before is not Authority.MANUAL
    return replace(memory, released_return=False, return_is_released=False) if is_taken else memory


def _wake(memory: CoreMemory, now_s: float) -> CoreMemory:
    """The end of observing is a start: what we only imagined is forgotten, the mode is read off the plant again.

    A feeder that we had truly shed before is ours to close again; any other is left as people made it. Attempts and
    latches of orders that nobody carried out never were.
    """
    durable, began_s = memory.durable, memory.observing_since_s if memory.observing_since_s is not None else now_s
    attempts = tuple(attempt for attempt in durable.attempts if attempt.at_s < began_s)
    latches = tuple(x for x in durable.latches if x.subject not in IMAGINED_LATCHES or x.since_s < began_s)
    return CoreMemory(
        mode=Mode.UNKNOWN,
        mode_since_s=now_s,
        reason=Reason.OPERATOR,
        rule="people: person_asked",
        started_at_s=now_s,
        durable=replace(durable, attempts=attempts, latches=latches),
        grid=memory.grid,
        poi=PoiMemory(
            proven_open_since_s=memory.poi.proven_open_since_s,
            proven_sample_s=memory.poi.proven_sample_s,
            joins_since_s=memory.poi.joins_since_s,
            position=memory.poi.position,
            has_dso_lock=memory.poi.has_dso_lock,
        ),
        feeders={name: _woken(name, state, durable, now_s) for name, state in memory.feeders.items()},
        drawn_w=memory.drawn_w,
        bus_dead_since_s=memory.bus_dead_since_s,
        last_pickup_at_s=now_s,
        done_requests=memory.done_requests,
    )


def _woken(feeder: AssetId, state: FeederMemory, durable: DurableMemory, now_s: float) -> FeederMemory:
    """As it is found; what it has stood, or not, was seen while we observed as well."""
    found = as_found(feeder, state.position, durable, now_s)
    return replace(found, close_attempts=state.close_attempts, quarantined=state.quarantined)


def _release(memory: CoreMemory, request: OperatorRequest, situation: Situation) -> CoreMemory | Reason:
    """Only by a person at the hub, and only when the cause is gone."""
    seen = situation.seen
    still_there = {"emergency_off": seen.emergency_off is not False, "dso_lock": seen.poi.dso_lock is not False}
    subject = request.subject or ""
    if not request.at_the_hub:
        return Reason.NOT_AT_THE_HUB
    if still_there.get(subject, False):
        return Reason.CAUSE_REMAINS
    if subject == "lockout" and memory.mode is Mode.LOCKED_OUT and memory.reason in NOT_PROVEN:
        is_clear = may_release_lockout(memory, situation)
        return replace(memory, released_lockout=True) if is_clear else Reason.CAUSE_REMAINS
    if subject in memory.feeders:
        freed = replace(memory.feeders[subject], quarantined=False, close_attempts=0)
        durable = _without_tries(memory.durable, subject)
        return replace(memory, durable=durable, feeders={**memory.feeders, subject: freed})
    if memory.durable.latch(subject) is None:
        return Reason.NOTHING_LATCHED
    latches = tuple(latch for latch in memory.durable.latches if latch.subject != subject)
    return replace(memory, durable=replace(memory.durable, latches=latches))


def _without_tries(durable: DurableMemory, feeder: AssetId) -> DurableMemory:
    """Also while we only observe, and keep nothing else."""
    tried = {each: count for each, count in durable.tried.items() if each != feeder}
    return replace(durable, quarantined=durable.quarantined - {feeder}, tried=tried)


def _act_on_feeder(memory: CoreMemory, request: OperatorRequest, situation: Situation) -> CoreMemory | Reason:
    feeder = situation.hub.feeders.get(request.subject or "")
    if feeder is None:
        return Reason.UNKNOWN_ASSET
    if request.kind is RequestKind.OPEN_FEEDER:
        return Reason.CARRIES_CONTROL if feeder.carries_control else _hold_open(memory, feeder.id)
    if is_faulty(feeder, situation):
        return Reason.CAUSE_REMAINS
    return _let_close(memory, feeder.id, situation.now_s)


def _hold_open(memory: CoreMemory, feeder: AssetId) -> CoreMemory:
    durable = memory.durable
    return replace(memory, durable=replace(durable, held_open=durable.held_open | {feeder}))


def _let_close(memory: CoreMemory, feeder: AssetId, now_s: float) -> CoreMemory:
    """A person takes responsibility: from the next cycle on the feeder is ours to close, whatever had opened it."""
    durable = replace(memory.durable, held_open=memory.durable.held_open - {feeder})
    durable = _without_tries(durable, feeder)
    state = memory.feeders[feeder]
    if state.position is BreakerPosition.CLOSED:
        return replace(memory, durable=durable)
    freed = replace(state, shed_since_s=now_s, reason=Reason.OPERATOR, quarantined=False, close_attempts=0)
    return replace(memory, durable=durable, feeders={**memory.feeders, feeder: freed})


def _act_on_genset(memory: CoreMemory, request: OperatorRequest, hub: Hub, now_s: float) -> CoreMemory | Reason:
    genset = request.subject or ""
    if genset not in hub.gensets:
        return Reason.UNKNOWN_ASSET
    if request.kind is RequestKind.STOP_GENSET:
        after = SourceMemory(reason=Reason.GENSET_NOT_NEEDED)
    else:
        before = memory.gensets.get(genset, SourceMemory())
        after = replace(before, wanted_since_s=now_s, reason=Reason.OPERATOR)
    return replace(memory, gensets={**memory.gensets, genset: after})
