"""When a closing of the POI that stands is taken back.

Taken back before the breaker could follow it was no try: only three tries latch. What the guard has refused from the
first has not gone out, and does not count as a closing that wears the breaker either.
"""

from __future__ import annotations

from controller.core.calm import has_shed_since, keeps_in_step
from controller.core.contact import CLOSE_RETRY_S
from controller.core.dead_bus import is_overtaken
from controller.core.memory import CoreMemory, PoiMemory
from controller.core.situation import Situation
from controller.model.advice import Advice
from controller.model.commands import Order
from controller.model.frozen import replace
from controller.model.memory import Attempt
from controller.model.reasons import Reason
from controller.model.words import Switcher


def is_past(close: Order, memory: CoreMemory, situation: Situation) -> bool:
    """The dead bus has come alive, or the bus is on its way out of step before the contact has come."""
    is_out_of_step = _is_timed(close, situation) and not keeps_in_step(memory, situation)
    return is_overtaken(close, memory, situation) or is_out_of_step


def without_overthrown(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Whoever sheds takes back a closing that has not gone out. A contact on its way comes, a little out of step."""
    close = memory.poi.close
    if close is None or not _is_timed(close, situation) or not has_shed_since(memory, situation.now_s):
        return memory
    return replace(memory, poi=taken_back(memory.poi, situation))


def without_refused(memory: CoreMemory, situation: Situation, advice: Advice) -> CoreMemory:
    """What the guard, and the shell after it, made of the closing that was ordered in the cycle before."""
    close = memory.poi.close
    if close is None:
        return memory
    if advice.closing_held_back:  # neither refused nor out: a permission is given anew, where that may be
        poi = replace(memory.poi, close_is_held=not memory.poi.close_is_out, is_permitted=False)
        memory = memory if memory.poi.close_is_out else _not_counted(memory, close, situation)
        return memory if poi == memory.poi else replace(memory, poi=poi)
    if situation.hub.poi.id not in advice.refused:
        return memory if memory.poi.close_is_out else _gone_out(memory, close, situation)
    if not memory.poi.close_is_out:
        memory = _not_counted(memory, close, situation)
    return replace(memory, poi=taken_back(memory.poi, situation))


def _not_counted(memory: CoreMemory, close: Order, situation: Situation) -> CoreMemory:
    """It has not gone out, and wears nothing."""
    kept = tuple(each for each in memory.durable.attempts if not _is_of(each, close, situation))
    if kept == memory.durable.attempts:
        return memory
    return replace(memory, durable=replace(memory.durable, attempts=kept))


def _gone_out(memory: CoreMemory, close: Order, situation: Situation) -> CoreMemory:
    """For the first time; what had been held back before counts from now on."""
    poi = replace(memory.poi, close_is_out=True, close_is_held=False)
    if not memory.poi.close_is_held:
        return replace(memory, poi=poi)
    attempts = (*memory.durable.attempts, Attempt(situation.hub.poi.id, "close", close.issued_at_s))
    return replace(memory, poi=poi, durable=replace(memory.durable, attempts=attempts))


def taken_back(poi: PoiMemory, situation: Situation) -> PoiMemory:
    """It bars the next one for a moment only. When the breaker has had its time and did not close, it was a try."""
    close, breaker = poi.close, situation.hub.poi
    retry_after_s = min(poi.retry_after_s, situation.now_s + CLOSE_RETRY_S)
    longest_s = breaker.breaker_closing_s + breaker.breaker_closing_uncertainty_s
    was_try = close is not None and poi.close_is_out and situation.now_s - close.issued_at_s > longest_s
    attempts = poi.close_attempts if was_try else max(0, poi.close_attempts - 1)
    return replace(poi, close=None, retry_after_s=retry_after_s, close_attempts=attempts)


def _is_timed(close: Order, situation: Situation) -> bool:
    return close.cause is Reason.SYNC_WINDOW and situation.hub.poi.switching.closed_by is Switcher.CONTROLLER


def is_permission(close: Order, situation: Situation) -> bool:
    """An ANSI 25 finds the instant."""
    return close.cause is Reason.SYNC_WINDOW and situation.hub.poi.switching.closed_by is Switcher.SYNC_RELAY


def _is_of(attempt: Attempt, close: Order, situation: Situation) -> bool:
    return (attempt.subject, attempt.kind, attempt.at_s) == (situation.hub.poi.id, "close", close.issued_at_s)
