"""The POI breaker, the N-PE relay and the forming order: what is wanted of them in each mode, and in which order."""

from __future__ import annotations

from controller.core.attempts import count_attempt, form_attempts, recent_attempts
from controller.core.bond import lets_go
from controller.core.borne_out import note_unseen
from controller.core.calm import (
    SHED_SHOWS_S,
    has_shed_since,
    is_led_in_step,
    is_near_step,
    is_watched,
)
from controller.core.contact import CLOSE_RETRY_S, is_undecided, starts_in_step
from controller.core.dead_bus import is_over_dead_bus, is_ready
from controller.core.earthing import plan_earthing
from controller.core.grid_verdict import is_blink
from controller.core.memory import CoreMemory, SourceMemory, since
from controller.core.resync import is_barred, is_former_silent, is_in_window, must_not_close, next_closing_s
from controller.core.situation import Situation
from controller.core.withdrawal import is_past, is_permission, taken_back
from controller.model.commands import Order, PoiCommand, SwitchCommand
from controller.model.frozen import replace
from controller.model.hub import AssetId
from controller.model.image import BatterySeen
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, IslandEarthing, Mode, SettingsGroup, Switcher

CLOSING_MODES = (Mode.RECONNECTION, Mode.DARK)
OPEN_MODES = (Mode.UNPLANNED_ISLANDING, Mode.ISLANDED, Mode.BLACK_START)
TRANSFERS = (Mode.PLANNED_ISLANDING, Mode.UNPLANNED_ISLANDING)
SEPARATE_MODES = (*TRANSFERS, Mode.ISLANDED, Mode.RECONNECTION, Mode.BLACK_START)
STAYS_OPEN = (Reason.EMERGENCY_OFF, Reason.POI_STUCK, Reason.POI_UNPROVEN)  # locked out for one of these
CLOSE_ATTEMPTS_MAX = 3
FORM_ATTEMPTS_MAX = 3  # in one transfer
WIRE_S = 0.35  # a little longer than the guard allows a written order to be on its way
ANSWER_MAX_S = 2.1  # a cycle longer than the guard keeps the token for who was ordered last
ONE_TRANSFER_S = 600.0  # the longest for which a POI's changing proof counts as one: the window of the guard's counters
UNSEEN_MAX_S = 0.25  # a lost answer; longer, and a street that it may be feeding takes more than an apparatus bears


def plan_poi(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Set or drop the wish to have it open, and order a closing when the instant has come."""
    is_leaving = memory.mode is Mode.PLANNED_ISLANDING and memory.leaving.opening_since_s is not None
    stays_open = memory.mode is Mode.LOCKED_OUT and memory.reason in STAYS_OPEN
    wants_open = is_leaving or memory.mode in OPEN_MODES or stays_open or _forbids_the_device(memory, situation)
    open_since_s = since(memory.poi.open_since_s, wants_open, situation.now_s)
    may_close = memory.mode in CLOSING_MODES and not must_not_close(memory, situation)
    may_close = may_close and _has_grid_settings(situation) and not is_former_silent(memory, situation)
    close = memory.poi.close if may_close else None
    close = None if close is not None and is_past(close, memory, situation) else close
    if open_since_s != memory.poi.open_since_s or close is not memory.poi.close:
        poi = memory.poi if close is memory.poi.close else taken_back(memory.poi, situation)
        memory = replace(memory, poi=replace(poi, open_since_s=open_since_s, close=close))
    if memory.mode is Mode.RECONNECTION and may_close and close is None and _may_close_now(memory, situation):
        return order_poi_close(memory, situation, _closing_cause(memory))
    return memory


def _closing_cause(memory: CoreMemory) -> Reason:
    return Reason.DEAD_BUS_RETURN if is_over_dead_bus(memory) else Reason.SYNC_WINDOW


def plan_island(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Behind the proof: earth the island, then let one source form."""
    if memory.mode not in SEPARATE_MODES or is_over_dead_bus(memory):
        return _without_orders(replace(memory, earthing=None) if memory.earthing is not None else memory)
    if not is_proven(memory, situation):
        is_dragged = situation.poi_joins_both and situation.poi_sides_are_dead
        is_doubtful = is_undecided(memory, situation) and memory.poi.proven_open_since_s is None
        is_unseen = may_form(memory, situation) and (is_dragged or is_doubtful or lacks_proof(memory, situation))
        is_unseen = is_unseen and not starts_in_step(memory, situation)
        memory = note_unseen(memory, situation) if is_unseen else memory
        is_over = is_unseen and situation.former is not None  # it is stopped: one order, one move
        return _without_orders(memory) if is_over else memory
    memory = plan_earthing(memory, situation)
    if memory.mode in TRANSFERS:
        return _plan_forming(memory, situation, _least_tried(memory, situation))
    if memory.mode is Mode.BLACK_START and memory.black_start is not None and memory.black_start.is_forming:
        source = memory.black_start.source if memory.black_start.source in situation.hub.batteries else None
        return _plan_forming(memory, situation, source and (_least_tried(memory, situation, source) or source))
    if memory.mode is Mode.BLACK_START and situation.holder is None and _is_awaited(memory, situation, None):
        return memory  # what comes before forming is not seen for a moment, and the answer may still come
    return _without_orders(memory)


def is_proven(memory: CoreMemory, situation: Situation) -> bool:
    """The POI is proven open, and was so in an earlier sample of the instrument."""
    first_s, now_s = memory.poi.proven_sample_s, situation.seen.poi.measured_at_s
    return situation.poi_is_proven_open and first_s is not None and now_s is not None and now_s != first_s


def lacks_proof(memory: CoreMemory, situation: Situation) -> bool:
    """It has not been proven open for longer than a lost answer takes."""
    since_s = memory.poi.unproven_since_s
    return since_s is not None and situation.now_s - since_s >= UNSEEN_MAX_S


def may_form(memory: CoreMemory, situation: Situation) -> bool:
    """Somebody is seen to hold the bus, has been seen to, or has been told to and is not seen."""
    told = (battery for battery, source in memory.batteries.items() if source.order is not None)
    is_unseen = any((situation.seen.batteries.get(battery) or BatterySeen()).mode is None for battery in told)
    starts = memory.mode is Mode.BLACK_START and situation.loaded_genset is not None
    return situation.former is not None or memory.former is not None or is_unseen or starts


def poi_command(memory: CoreMemory, situation: Situation) -> PoiCommand:
    """Open is a level; the settings group follows the mode and is verified by read-back."""
    group = settings_group(memory, situation)
    if memory.poi.open_since_s is not None:
        return PoiCommand(open=True, settings_group=group, cause=memory.reason)
    close = memory.poi.close
    if close is not None and is_permission(close, situation) and not memory.poi.is_permitted:
        close = None  # it stands, and is given when the moment has come
    return PoiCommand(close=close, settings_group=group, cause=Reason.SETTINGS_FOLLOW_MODE if group else None)


def permit(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Give the permission that stands where the slip was seen for a moment, and not where it would be used out of step.

    Once it is given the relay has used it on the way into its window, if at all.
    """
    close, poi = memory.poi.close, memory.poi
    stands = close is not None and is_permission(close, situation) and is_watched(memory)
    is_permitted = stands and (poi.is_permitted or not is_near_step(situation) or _is_calm(memory, situation))
    return memory if is_permitted is poi.is_permitted else replace(memory, poi=replace(poi, is_permitted=is_permitted))


def _is_calm(memory: CoreMemory, situation: Situation) -> bool:
    """What comes now comes well in step."""
    is_in_step = is_in_window(situation) and is_led_in_step(memory, situation)
    return is_in_step and not has_shed_since(memory, situation.now_s - SHED_SHOWS_S)


def earthing_command(memory: CoreMemory, situation: Situation) -> SwitchCommand:
    """Closed behind the proof of an open POI; opened once the POI is seen closed again, or will be over a dead bus."""
    if situation.hub.earthing.kind is not IslandEarthing.SWITCHED_BY_US:
        return SwitchCommand()
    order = memory.earthing
    if order is not None and situation.now_s <= order.expires_at_s and situation.may_switch_on:
        return SwitchCommand(close=order if is_proven(memory, situation) else None, cause=Reason.EARTHING_FOLLOWS_MODE)
    opens = lets_go(memory, situation)
    return SwitchCommand(open=True, cause=Reason.EARTHING_FOLLOWS_MODE) if opens else SwitchCommand()


def transfer_since_s(memory: CoreMemory) -> float:
    """Since when attempts to form count. A POI that is stuck and proven open by turns is one transfer, not many."""
    since_s = memory.poi.open_since_s
    if memory.reason is not Reason.POI_PROVEN_OPEN or since_s is None:
        return memory.mode_since_s
    return max(since_s, memory.mode_since_s - ONE_TRANSFER_S)


def _has_grid_settings(situation: Situation) -> bool:
    return not situation.hub.poi.has_settings_groups or situation.seen.poi.settings_group is SettingsGroup.GRID


def _forbids_the_device(memory: CoreMemory, situation: Situation) -> bool:
    """On the way back a device that closes by itself has leave to, but for a lock or a grid that we do not want yet."""
    if memory.mode is not Mode.RECONNECTION or situation.hub.poi.switching.closed_by is not Switcher.DEVICE:
        return False
    if memory.poi.open_since_s is None and is_blink(memory.grid, situation.now_s):
        return is_barred(memory, situation) or situation.seen.poi.dso_lock is True  # else it may just have closed
    return must_not_close(memory, situation) or memory.fits_since_s is None


def _may_close_now(memory: CoreMemory, situation: Situation) -> bool:
    poi = situation.hub.poi
    if not may_try_to_close(memory, situation) or situation.seen.poi.position is BreakerPosition.CLOSED:
        return False  # whose contact says closed already: nobody would see it close
    if is_over_dead_bus(memory):
        return is_ready(memory, situation)
    if memory.fits_since_s is None or poi.switching.closed_by is Switcher.DEVICE:
        return False  # a device needs no more leave than not to be held open
    if poi.switching.closed_by is Switcher.SYNC_RELAY:
        return True  # we permit, the ANSI 25 finds the instant
    return _is_calm(memory, situation)


def may_try_to_close(memory: CoreMemory, situation: Situation) -> bool:
    """Not too soon after the last try, not too often, and with the grid's settings in the relay."""
    unasked_at_s = memory.poi.unasked_at_s
    rested_s = 0.0 if unasked_at_s is None else unasked_at_s + CLOSE_RETRY_S
    earliest_s = max(memory.poi.retry_after_s, rested_s, next_closing_s(memory, situation))
    if situation.now_s < earliest_s or memory.poi.close_attempts >= CLOSE_ATTEMPTS_MAX:
        return False
    return _has_grid_settings(situation)


def order_poi_close(memory: CoreMemory, situation: Situation, cause: Reason) -> CoreMemory:
    """One closing, for as long as it may take."""
    hub, now_s = situation.hub, situation.now_s
    if hub.poi.switching.closed_by is Switcher.SYNC_RELAY:
        hold_s = hub.timing.resync_max_s
    elif cause is not Reason.SYNC_WINDOW:
        hold_s = hub.timing.order_hold_s  # onto a dead side no instant is better than another
    else:
        hold_s = hub.poi.breaker_closing_s + 2 * hub.poi.breaker_closing_uncertainty_s + 2 * hub.timing.cycle_s
    order = Order(cause, now_s, now_s + hold_s, memory.poi.close_attempts + 1)
    poi = replace(
        memory.poi,
        close=order,
        close_is_out=False,
        close_is_held=False,
        close_attempts=memory.poi.close_attempts + 1,
        retry_after_s=now_s + hold_s + CLOSE_RETRY_S,
    )
    return count_attempt(replace(memory, poi=poi), hub.poi.id, "close", now_s)


def _least_tried(memory: CoreMemory, situation: Situation, first: AssetId | None = None) -> AssetId | None:
    """`first`, else the first in the site's order; one that was told and did not form lets the next one try."""
    since_s = transfer_since_s(memory)
    tried = {b: recent_attempts(memory, b, "form", since_s) for b in situation.candidates}
    return min(tried, key=lambda b: (tried[b], b != first), default=None)


def _plan_forming(memory: CoreMemory, situation: Situation, former: AssetId | None) -> CoreMemory:
    now_s = situation.now_s
    if former is None or situation.holder is not None or not situation.earthing_is_ready:
        return memory
    if situation.bus_is_dead is not True:
        return memory  # forming onto a bus that still lives would be a closing without sync
    next_up = former if situation.keys_are_seen else None
    if _is_awaited(memory, situation, next_up):
        return memory  # one at a time: the guard waits for the answer as well
    if next_up is None:
        return _without_orders(memory)
    before = memory.batteries.get(former, SourceMemory())
    if form_attempts(memory, situation, transfer_since_s(memory)) >= FORM_ATTEMPTS_MAX:
        return _without_orders(memory)
    order = Order(memory.reason, now_s, now_s + situation.hub.timing.order_hold_s, before.attempts + 1)
    source = replace(before, order=order, attempts=before.attempts + 1)
    memory = _without_orders(memory)
    memory = replace(memory, batteries={**memory.batteries, former: source})
    return count_attempt(memory, former, "form", now_s)


def _is_awaited(memory: CoreMemory, situation: Situation, next_up: AssetId | None) -> bool:
    """Somebody may still answer an order to form; `next_up` may be told again as soon as its order is over."""
    may_come = any(_may_still_form(s, situation, is_other=b != next_up) for b, s in memory.batteries.items())
    return may_come or _has_just_gone(memory, situation, next_up)


def _has_just_gone(memory: CoreMemory, situation: Situation, next_up: AssetId | None) -> bool:
    """Another has answered and is off again; our order to it may be on the wire yet, and the guard waits as well."""
    since_s, lately_s = memory.bus_dead_since_s, situation.now_s - situation.hub.timing.order_hold_s
    others = (a for a in memory.durable.attempts if a.kind == "form" and a.subject != next_up and a.at_s > lately_s)
    return since_s is not None and situation.now_s - since_s <= WIRE_S and any(others)


def _may_still_form(source: SourceMemory, situation: Situation, *, is_other: bool) -> bool:
    """It is ordered to, or was until just now: an inverter that takes its time may answer the last word."""
    answers_s = ANSWER_MAX_S if is_other else 0.0
    return source.order is not None and situation.now_s <= source.order.expires_at_s + answers_s


def _without_orders(memory: CoreMemory) -> CoreMemory:
    batteries = {battery: replace(source, order=None) for battery, source in memory.batteries.items()}
    return memory if batteries == memory.batteries else replace(memory, batteries=batteries)


def settings_group(memory: CoreMemory, situation: Situation) -> SettingsGroup | None:
    """The relay's group that the mode asks for and that is not seen; None: nothing has to be told."""
    if not situation.hub.poi.has_settings_groups:
        return None
    match memory.mode:
        case Mode.GRID_CONNECTED | Mode.RECONNECTION | Mode.DARK:
            wanted = SettingsGroup.GRID
        case Mode.ISLANDED if is_proven(memory, situation):  # after a restart that takes a second sample
            wanted = SettingsGroup.ISLAND
        case _:
            return None
    return None if situation.seen.poi.settings_group is wanted else wanted
