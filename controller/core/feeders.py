"""Feeders: what moved, what we shed and why, what we close again and when it is left alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from controller.core.dead_bus import droppable, is_over_dead_bus
from controller.core.memory import CoreMemory, FeederMemory, since
from controller.core.situation import UNSEEN_FEEDER, Situation
from controller.model.commands import Order, SwitchCommand
from controller.model.frozen import replace
from controller.model.hub import AssetId, Feeder
from controller.model.image import FeederSeen
from controller.model.memory import DurableMemory
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, Mode

CLOSE_ATTEMPTS_MAX = 2  # one retry, then quarantine
PICKUP_WATCH_S = 10.0  # a shed this soon after its pick-up counts against the feeder
BLAMELESS = (
    Reason.PREPARED_SHED,
    Reason.LOW_SOC,
    Reason.LAST_ACT,
    Reason.IMPORT_LIMITED,
    Reason.DEAD_BUS_RETURN,
)
"""Sheds that would have come whoever had just been picked up."""
LOST_S = 4.0  # of not being seen, from judgement
SAID = (BreakerPosition.OPEN, BreakerPosition.CLOSED)
OVERDRAWN_RATIO = 5.0  # of its rating: no mixture of loads draws that for as long as shedding waits, a fault does


def observe_feeders(memory: CoreMemory, situation: Situation) -> Mapping[AssetId, FeederMemory]:
    """Take note of positions: a move without our order is a fact with a name, and stays so."""
    return {
        feeder.id: _sighted(_observe(memory, situation, feeder, memory.feeders.get(feeder.id)), situation, feeder.id)
        for feeder in situation.hub.feeders.values()
    }


def shed(memory: CoreMemory, feeders: Iterable[AssetId], reason: Reason, now_s: float) -> CoreMemory:
    """Want these feeders open from now on, for this reason. Those already shed keep their first reason."""
    changed = dict(memory.feeders)
    for feeder in feeders:
        before = changed[feeder]
        if before.shed_since_s is None and _is_ours_to_open(before):
            changed[feeder] = _shed_one(before, reason, now_s)
    return replace(memory, feeders=changed)


def leave_alone(memory: CoreMemory, feeders: Iterable[AssetId], now_s: float) -> CoreMemory:
    """Want these open for a fault of their own, and do not close them again until a person lets them."""
    memory = shed(memory, feeders, Reason.FEEDER_OVERDRAWN, now_s)
    faulty = {f: replace(memory.feeders[f], reason=Reason.FEEDER_OVERDRAWN, quarantined=True) for f in feeders}
    return replace(memory, feeders={**memory.feeders, **faulty})


def is_overdrawn(memory: CoreMemory, feeder: Feeder) -> bool:
    """It drew many times its rating when it was last supplied."""
    return memory.drawn_w.get(feeder.id, 0.0) > OVERDRAWN_RATIO * feeder.rated_w


def expected_w(memory: CoreMemory, feeder: Feeder) -> float:
    """What it will draw when it comes back, before its pick-up; what it drew in a fault says nothing of that."""
    drawn_w = memory.drawn_w.get(feeder.id, 0.0)
    return feeder.rated_w if drawn_w <= 0.0 or is_overdrawn(memory, feeder) else drawn_w


def may_close(memory: CoreMemory, feeder: Feeder, now_s: float) -> bool:
    """Ours to close again: shed by us, not in quarantine, not held by a person, nor in the cycle before."""
    state = memory.feeders[feeder.id]
    is_ours = state.shed_since_s is not None and state.shed_since_s < now_s
    return is_ours and not state.quarantined and feeder.id not in memory.durable.held_open


def is_faulty(feeder: Feeder, situation: Situation) -> bool:
    """Its own protection has operated: nobody closes it from afar, asked or not."""
    seen = situation.seen.feeders.get(feeder.id)
    return seen is not None and seen.has_fault is True


def is_seen(feeder: AssetId, situation: Situation) -> bool:
    """Its contact says where it is. Whoever closed it blind would not see it follow, and open it again."""
    seen = situation.seen.feeders.get(feeder) or UNSEEN_FEEDER
    return seen.position in SAID


def is_lost(memory: CoreMemory, feeder: AssetId, now_s: float) -> bool:
    """Not seen for longer than a lost answer, or a module that starts anew: it keeps no turn, and holds nobody back."""
    since_s = memory.feeders[feeder].unseen_since_s
    return since_s is not None and now_s - since_s >= LOST_S


def is_suspect(memory: CoreMemory, feeder: AssetId) -> bool:
    """Its last pick-up was followed by a collapse, or none came of it."""
    return memory.feeders[feeder].close_attempts > 0


def order_close(memory: CoreMemory, feeder: AssetId, situation: Situation) -> CoreMemory:
    """Begin one pick-up."""
    before = memory.feeders[feeder]
    hold_s = situation.hub.timing.order_hold_s + situation.hub.feeders[feeder].write_latency_s
    order = Order(Reason.RESTORE, situation.now_s, situation.now_s + hold_s, before.close_attempts + 1)
    after = replace(before, shed_since_s=None, close=order, close_attempts=before.close_attempts + 1)
    return replace(memory, feeders={**memory.feeders, feeder: after}, last_pickup_at_s=situation.now_s)


def feeder_commands(memory: CoreMemory, situation: Situation) -> dict[AssetId, SwitchCommand]:
    """Shed feeders stay open by level; a pick-up is an order; everything else is left as it is.

    What carries our own supply or a radio is never ordered open, whatever became of it: no hand that turns it on is
    opposed. But what fell with the voltage is told to stay off before a dead bus is made live, or its coil pulls it in.
    """
    commands = {}
    is_dead_bus = memory.mode is Mode.BLACK_START or is_over_dead_bus(memory)
    for feeder in droppable(situation) if is_dead_bus else ():
        if memory.feeders[feeder].position is BreakerPosition.OPEN:
            commands[feeder] = SwitchCommand(open=True, cause=memory.reason)
    for feeder, state in memory.feeders.items():
        stays_open = state.shed_since_s is not None or feeder in memory.durable.held_open
        if stays_open and not situation.hub.feeders[feeder].carries_control:
            commands[feeder] = SwitchCommand(open=True, cause=state.reason or Reason.OPERATOR)
        elif state.close is not None:
            commands[feeder] = SwitchCommand(close=state.close, cause=state.close.cause)
    return commands


def _observe(memory: CoreMemory, situation: Situation, feeder: Feeder, before: FeederMemory | None) -> FeederMemory:
    seen = situation.seen.feeders.get(feeder.id) or UNSEEN_FEEDER
    if before is None:
        return _first_sight(memory, feeder, seen, situation)
    if before.position is None and before.close is None and seen.position is not None:
        return _seen_at_last(before, _first_sight(memory, feeder, seen, situation))
    after = before
    if seen.position is not None and seen.position is not before.position:
        cause = Reason.OPERATOR if feeder.id in memory.durable.held_open else _who_opened(situation)
        after = _moved(after, seen, situation.now_s, cause)
        if seen.position is BreakerPosition.CLOSED and (feeder.carries_control or before.reason is Reason.OPERATOR):
            after = replace(after, shed_since_s=None, reason=None)  # it is on, as it was to be: by us, or by a hand
    if after.close is not None and not situation.may_switch_on:
        after = _take_back(after, situation.now_s)
    if after.close is not None and situation.now_s > after.close.expires_at_s:
        after = _close_failed(after, situation.now_s)
    if after.picked_up_at_s is not None and _has_stood(after.picked_up_at_s, seen, situation):
        after = replace(after, picked_up_at_s=None, close_attempts=0)
    return after


def _sighted(state: FeederMemory, situation: Situation, feeder: AssetId) -> FeederMemory:
    unseen_since_s = since(state.unseen_since_s, not is_seen(feeder, situation), situation.now_s)
    return state if unseen_since_s == state.unseen_since_s else replace(state, unseen_since_s=unseen_since_s)


def _has_stood(picked_up_at_s: float, seen: FeederSeen, situation: Situation) -> bool:
    """Closed for its time, and the bus has borne it."""
    is_closed = seen.position is BreakerPosition.CLOSED and situation.bus_is_dead is not True
    return is_closed and situation.now_s - picked_up_at_s > PICKUP_WATCH_S


def _first_sight(memory: CoreMemory, feeder: Feeder, seen: FeederSeen, situation: Situation) -> FeederMemory:
    """After a start: a feeder that we had shed before is still ours to close; any other is as we found it."""
    return as_found(feeder.id, seen.position, memory.durable, situation.now_s)


def _seen_at_last(before: FeederMemory, found: FeederMemory) -> FeederMemory:
    """What was not seen at the start is as it is found now; what was to stay open until then has been since then."""
    is_still_ours = found.shed_since_s is not None and before.shed_since_s is not None
    return replace(found, shed_since_s=before.shed_since_s) if is_still_ours else found


def as_found(feeder: AssetId, position: BreakerPosition | None, durable: DurableMemory, now_s: float) -> FeederMemory:
    """With what must not be forgotten of it. A pick-up that went on when we ended may have been what ended us."""
    is_closed = position is BreakerPosition.CLOSED
    ours = feeder in durable.shed_by_us and not is_closed
    tries_count = durable.tried.get(feeder, 0)
    has_failed = tries_count >= CLOSE_ATTEMPTS_MAX and position is BreakerPosition.OPEN
    return FeederMemory(
        position=position,
        shed_since_s=now_s if ours else None,
        reason=Reason.PREPARED_SHED if ours else None,
        picked_up_at_s=now_s if is_closed and tries_count > 0 else None,
        close_attempts=tries_count,
        quarantined=feeder in durable.quarantined or has_failed,
    )


def _moved(before: FeederMemory, seen: FeederSeen, now_s: float, cause: Reason) -> FeederMemory:
    """`cause`: of an opening that is none of our own sheds."""
    if seen.position is BreakerPosition.CLOSED:
        return _came_on(before, now_s)
    by_us = before.shed_since_s is not None
    if seen.position is BreakerPosition.OPEN and not by_us and before.position is BreakerPosition.CLOSED:
        return replace(before, position=seen.position, reason=cause, picked_up_at_s=None)
    if seen.position is BreakerPosition.OPEN and not by_us:
        return replace(before, position=seen.position, picked_up_at_s=None)
    return replace(before, position=seen.position)


def _came_on(before: FeederMemory, now_s: float) -> FeederMemory:
    """Closed by our order, or by somebody else: then an old reason for being open is no longer true."""
    is_watched = before.close is not None or before.close_attempts > 0
    return replace(
        before,
        position=BreakerPosition.CLOSED,
        close=None,
        picked_up_at_s=now_s if is_watched else None,
        reason=None if before.shed_since_s is None else before.reason,
    )


def _is_ours_to_open(before: FeederMemory) -> bool:
    """One that stands open already, tripped or by hand, does not become ours by wishing it open."""
    return before.position is BreakerPosition.CLOSED or before.close is not None


def _who_opened(situation: Situation) -> Reason:
    if situation.seen.emergency_off:
        return Reason.EMERGENCY_OFF
    return Reason.BY_HAND if situation.seen.local_control else Reason.TRIPPED


def _take_back(before: FeederMemory, now_s: float) -> FeederMemory:
    """Somebody has turned the key, or it is not seen any more: what was on its way is no attempt."""
    return replace(before, close=None, shed_since_s=now_s, close_attempts=before.close_attempts - 1)


def _close_failed(before: FeederMemory, now_s: float) -> FeederMemory:
    """Ordered closed and did not: back to shed, and after one retry left alone."""
    return replace(
        before,
        close=None,
        shed_since_s=now_s,
        reason=Reason.NOT_FOLLOWED,
        quarantined=before.close_attempts >= CLOSE_ATTEMPTS_MAX,
    )


def _shed_one(before: FeederMemory, reason: Reason, now_s: float) -> FeederMemory:
    """What follows its pick-up counts against it until it has stood one."""
    is_fresh = before.picked_up_at_s is not None or before.close is not None
    after = replace(before, shed_since_s=now_s, reason=reason, close=None, picked_up_at_s=None)
    if not is_fresh:
        return after
    if reason in BLAMELESS:
        return replace(after, close_attempts=max(0, before.close_attempts - 1))
    has_failed = before.close_attempts >= CLOSE_ATTEMPTS_MAX
    return replace(after, reason=Reason.PICKUP_COLLAPSE, quarantined=before.quarantined or has_failed)
