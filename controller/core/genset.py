"""The genset: started for a named reason, with limited and durable attempts; stopped when that reason is gone."""

from __future__ import annotations

import math

from controller.core.attempts import count_attempt, recent_attempts
from controller.core.black_start import DONE
from controller.core.carrying import next_reference, stepped_w
from controller.core.charge_fall import has_just_fallen
from controller.core.charging import may_charge_w
from controller.core.dead_bus import is_over_dead_bus, poi_shows_the_bus
from controller.core.genset_panel import ATTEMPT_MEMORY_S, RUNNING, STARTS_S, has_just_failed, watch_panel
from controller.core.memory import FIRST_TIER, FORM, CoreMemory, SourceMemory
from controller.core.poi import TRANSFERS
from controller.core.situation import Situation, is_on_our_bus
from controller.core.street import feeds_since_s, feeds_the_street, stays_w
from controller.core.stuck import NOT_PROVEN
from controller.model.commands import GensetCommand, Order
from controller.model.frozen import replace
from controller.model.hub import AssetId, Battery, Genset
from controller.model.image import BatterySeen, GensetSeen
from controller.model.reasons import Reason
from controller.model.words import BusSide, GensetConnection, GensetState, InverterMode, Mode

RETRY_AFTER_S = 60.0
BRIDGE_SOC_PCT = 5.0  # of charge above empty: minutes of steering, many times over
CHARGE_SHARE = 0.9  # of what the batteries take, so that the meter's error does not overcharge them
AHEAD_W, AHEAD_RATIO = 300.0, 0.015  # beyond what is taken, for those who follow: less than trips a former in the frost
CHARGES = (InverterMode.GRID_FORMING, InverterMode.GRID_FOLLOWING)  # one that has tripped takes nothing
CRANKED_IN = (FORM, FIRST_TIER, DONE)  # the steps of a black start
STOPS = (Reason.GENSET_NOT_NEEDED, Reason.BATTERY_FULL, Reason.GENSET_GIVES_WAY, Reason.GENSET_FEEDS_STREET)
KEPT_REASONS = (Reason.OPERATOR, Reason.GENSET_BY_HAND)
IDLE = SourceMemory()


def plan_gensets(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Decide for each genset whether it is wanted, and order its start."""
    for genset in situation.hub.gensets.values():
        before = memory.gensets.get(genset.id, IDLE)
        fed_since_s = feeds_since_s(before, memory, genset, situation)
        if fed_since_s != before.feeds_since_s:
            before = replace(before, feeds_since_s=fed_since_s)
        planned = _plan_one(memory, before, genset, situation)
        if before.wanted_since_s is None and planned.wanted_since_s is not None:
            before = replace(before, coming_since_s=None)  # what it did for itself is not time that we gave it
        after = replace(
            watch_panel(planned, before, genset, situation),
            feeds_since_s=fed_since_s,
            reference=next_reference(memory, before.reference, genset, situation),
        )
        if after.order is not None and after.order is not before.order:
            memory = count_attempt(memory, genset.id, "crank", situation.now_s)
        if after != memory.gensets.get(genset.id, IDLE):
            memory = replace(memory, gensets={**memory.gensets, genset.id: after})
    return memory


def genset_commands(memory: CoreMemory, situation: Situation) -> dict[AssetId, GensetCommand]:
    """Start orders, power while loaded, and the stop level for those that nobody wants."""
    commands = {}
    for genset in situation.hub.gensets.values():
        source = memory.gensets.get(genset.id, IDLE)
        state = (situation.seen.gensets.get(genset.id) or GensetSeen()).state
        if memory.mode is Mode.LOCKED_OUT and memory.reason is Reason.EMERGENCY_OFF:
            commands[genset.id] = GensetCommand(stop=True, cause=Reason.EMERGENCY_OFF)
        elif _is_left_over(memory, genset, situation) and state in RUNNING:
            commands[genset.id] = GensetCommand(stop=True, cause=memory.reason)
        elif source.reason in STOPS and state in RUNNING:
            commands[genset.id] = GensetCommand(stop=True, cause=source.reason)
        elif source.order is not None and _may_crank(memory, source.order, genset, situation):
            commands[genset.id] = GensetCommand(crank=source.order, cause=source.order.cause)
        elif state is GensetState.LOADED and source.wanted_since_s is not None:
            power_w = _power_w(memory, source, genset, situation)
            commands[genset.id] = GensetCommand(power_set_w=power_w, cause=source.reason)
    return commands


def _is_left_over(memory: CoreMemory, genset: Genset, situation: Situation) -> bool:
    """Cranked by us just now, maybe before a restart, onto a bus that a POI which is not open joins with the street."""
    is_locked_out = memory.mode is Mode.LOCKED_OUT and memory.reason in NOT_PROVEN
    begun_s = situation.now_s - STARTS_S * genset.start_time_s
    return is_locked_out and is_on_our_bus(genset) and recent_attempts(memory, genset.id, "crank", begun_s) > 0


def _may_crank(memory: CoreMemory, order: Order, genset: Genset, situation: Situation) -> bool:
    """The order still lives, what it needs is seen at this moment, and nobody works at the hub by hand."""
    return _is_alive(order, situation) and _stands(memory, genset, situation) and situation.may_switch_on


def _plan_one(memory: CoreMemory, before: SourceMemory, genset: Genset, situation: Situation) -> SourceMemory:
    state = (situation.seen.gensets.get(genset.id) or GensetSeen()).state
    if state in RUNNING and _is_found_running(memory, before, genset, situation):
        before = SourceMemory(wanted_since_s=situation.now_s, reason=Reason.GENSET_LOW_SOC)
    elif state is GensetState.LOADED and _is_nobodys(before) and memory.mode is Mode.ISLANDED:
        before = SourceMemory(wanted_since_s=situation.now_s, reason=Reason.GENSET_BY_HAND)
    lets_go = _lets_go(memory, before, genset, situation) if state is GensetState.LOADED else None
    if lets_go is not None:
        return SourceMemory(reason=lets_go)
    if not _is_wanted(memory, before, genset, situation):
        was_ours = before.wanted_since_s is not None or before.reason in STOPS
        may_run = state in RUNNING or state is None
        return SourceMemory(reason=_stop_reason(memory, before, genset, situation) if was_ours and may_run else None)
    since_s = situation.now_s if before.wanted_since_s is None else before.wanted_since_s
    after = replace(before, wanted_since_s=since_s, reason=_reason(memory, before))
    is_left_alone = situation.seen.local_control is not True
    order = before.order if is_left_alone and _is_alive(before.order, situation) else None
    if state in RUNNING:
        return replace(after, order=order if state is GensetState.STARTING else None)
    is_given_up = state is GensetState.FAULT and (
        memory.mode is not Mode.BLACK_START or has_just_failed(before, situation)
    )
    if state is None or is_given_up:
        return replace(after, order=None)  # what we cannot see, or what says no, is not an attempt
    if order is not None or not (_stands(memory, genset, situation) and situation.may_switch_on):
        return replace(after, order=order)  # given once, it waits for what is not seen for a moment
    return _order(memory, after, genset, situation)


def _is_nobodys(source: SourceMemory) -> bool:
    return source.wanted_since_s is None and source.reason is None


def _is_alive(order: Order | None, situation: Situation) -> bool:
    return order is not None and situation.now_s <= order.expires_at_s


def _stands(memory: CoreMemory, genset: Genset, situation: Situation) -> bool:
    """It is cranked onto a bus that the POI's instrument, too, shows alive, or as the source of a black start.

    Never in a transfer, on the way back over a dead bus, or in the dark, whoever asks for it.
    """
    start = memory.black_start
    if memory.mode is Mode.BLACK_START and start is not None:
        return start.step in (FIRST_TIER, DONE) or (start.step == FORM and start.source == genset.id)
    is_live = situation.bus_is_live is True and poi_shows_the_bus(situation)
    if memory.mode is Mode.GRID_CONNECTED:
        return situation.poi_is_closed is True and is_live
    return memory.mode in (Mode.ISLANDED, Mode.RECONNECTION) and is_live


def _lets_go(memory: CoreMemory, before: SourceMemory, genset: Genset, situation: Situation) -> Reason | None:
    """Why one that carries load has to stop, whoever wants it."""
    if _gives_way(memory, genset, situation):
        return Reason.GENSET_GIVES_WAY
    return Reason.GENSET_FEEDS_STREET if feeds_the_street(memory, before, situation) else None


def _gives_way(memory: CoreMemory, genset: Genset, situation: Situation) -> bool:
    """It carries load beside a grid that is being left, on a bus whose earth has to come first.

    An N-PE relay closes behind the proof of an open POI: until then its island must be dead. Where no battery could
    form it again, the genset goes on, and the earth follows the proof.
    """
    is_leaving = memory.mode is Mode.UNPLANNED_ISLANDING or memory.leaving.opening_since_s is not None
    if memory.mode not in TRANSFERS or not is_leaving or situation.former is not None:
        return False
    return is_on_our_bus(genset) and situation.candidate is not None and not situation.earthing_is_ready


def _is_found_running(memory: CoreMemory, before: SourceMemory, genset: Genset, situation: Situation) -> bool:
    """Right after a start of ours, and we had cranked it before: it is ours to use, and ours to stop."""
    just_started = situation.now_s - memory.started_at_s <= situation.hub.timing.unknown_max_s
    was_cranked = any(a.subject == genset.id and a.kind == "crank" for a in memory.durable.attempts)
    return _is_nobodys(before) and just_started and was_cranked and memory.mode is Mode.ISLANDED


def _order(memory: CoreMemory, before: SourceMemory, genset: Genset, situation: Situation) -> SourceMemory:
    now_s = situation.now_s
    tries = [
        a.at_s
        for a in memory.durable.attempts
        if a.subject == genset.id and a.kind == "crank" and now_s - a.at_s < ATTEMPT_MEMORY_S
    ]
    if len(tries) >= genset.start_attempts_max or (tries and now_s - max(tries) < RETRY_AFTER_S):
        return replace(before, order=None)
    if genset.connection is not GensetConnection.BUS:
        return replace(before, order=None)  # started by hand or by its own switch
    order = Order(_reason(memory, before), now_s, now_s + genset.start_time_s, len(tries) + 1)
    return replace(before, order=order, attempts=len(tries) + 1)


def _is_wanted(memory: CoreMemory, before: SourceMemory, genset: Genset, situation: Situation) -> bool:
    if before.reason is Reason.OPERATOR and before.wanted_since_s is not None:
        return memory.mode is not Mode.LOCKED_OUT
    if memory.mode is Mode.BLACK_START:
        start, was_cranked = memory.black_start, before.reason is Reason.BLACK_START_GENSET
        return start is not None and start.source == genset.id and (was_cranked or start.step in CRANKED_IN)
    if memory.mode not in (Mode.ISLANDED, Mode.RECONNECTION) or is_over_dead_bus(memory):
        return False
    if before.reason is Reason.GENSET_BY_HAND:  # used while it runs, and never cranked: who started it stops it
        state = (situation.seen.gensets.get(genset.id) or GensetSeen()).state
        is_needed = memory.mode is Mode.ISLANDED or situation.former is None  # else the island would end with it
        return is_needed and (state in RUNNING or state is None)
    return _energy_asks_for_it(memory, before, genset, situation)


def _energy_asks_for_it(memory: CoreMemory, before: SourceMemory, genset: Genset, situation: Situation) -> bool:
    soc_pct = situation.soc_pct
    if memory.mode is Mode.RECONNECTION and _batteries_can_bridge(situation):
        return False  # it would hold the voltage against our steering, and the grid is good
    if before.wanted_since_s is None:
        is_low = soc_pct is not None and soc_pct < genset.start_below_soc_pct
        return is_low and not has_just_fallen(memory, situation)
    if situation.former is None and situation.candidate is None:
        return True  # it alone can hold the island, however full the batteries are
    ran_enough = situation.now_s - before.wanted_since_s >= genset.min_run_s
    is_charged = soc_pct is not None and soc_pct > genset.stop_above_soc_pct
    return not (is_charged and (ran_enough or _is_unloadable(genset, situation)))


def _stop_reason(memory: CoreMemory, before: SourceMemory, genset: Genset, situation: Situation) -> Reason:
    """Once told, the reason stands; before its least run is over it is the full battery."""
    if before.reason in STOPS:
        return before.reason if before.reason is not None else Reason.GENSET_NOT_NEEDED
    ran_s = situation.now_s - (before.wanted_since_s if before.wanted_since_s is not None else -math.inf)
    is_early = memory.mode is Mode.ISLANDED and ran_s < genset.min_run_s
    return Reason.BATTERY_FULL if is_early and before.reason is Reason.GENSET_LOW_SOC else Reason.GENSET_NOT_NEEDED


def _is_unloadable(genset: Genset, situation: Situation) -> bool:
    """Loads and batteries together take less than its least load: running on would only soot it."""
    if any(state.charge_limit_w is None for state in situation.seen.batteries.values()):
        return False  # who does not say what it takes may take enough
    left_w, charge_w = _room_w(situation)
    return left_w + CHARGE_SHARE * charge_w < genset.min_load_w


def _batteries_can_bridge(situation: Situation) -> bool:
    """Enough charge to carry the island until it is back on grid."""
    former, soc_pct = situation.former, situation.soc_pct
    if former is None or soc_pct is None:
        return False
    return soc_pct > situation.hub.batteries[former].empty_soc_pct + BRIDGE_SOC_PCT


def _reason(memory: CoreMemory, before: SourceMemory) -> Reason:
    if before.reason in KEPT_REASONS:
        return before.reason
    return Reason.BLACK_START_GENSET if memory.mode is Mode.BLACK_START else Reason.GENSET_LOW_SOC


def _power_w(memory: CoreMemory, source: SourceMemory, genset: Genset, situation: Situation) -> float:
    """Carry what the sun leaves of the load and charge, between its least load and four fifths of its rating.

    Never more than load and batteries take: a battery in the frost that is charged all the same trips. Alone, it gives
    what the bus takes, and its reference is its frequency. Beside the grid the batteries rest, and nothing may leave.
    """
    if source.reference is not None:
        return stepped_w(source.reference, genset)
    left_w, charge_w = _room_w(situation)
    wanted_w = max(genset.min_load_w, min(genset.load_ceiling_w, left_w + 0.5 * charge_w))
    is_on_grid = memory.mode is Mode.GRID_CONNECTED
    most_w = stays_w(genset, situation) if is_on_grid else min(genset.rating_va, _taken_w(genset, situation))
    return min(wanted_w, left_w + CHARGE_SHARE * charge_w, most_w)


def _taken_w(genset: Genset, situation: Situation) -> float:
    """What it and whoever forms carry together, and what that one and those who follow may be charged with beside.

    Who follows leads, a step ahead of what it takes: one that does not hear takes no more for what it is told, and is
    not made to stop by it.
    """
    former = situation.former
    state = situation.seen.batteries.get(former or "") or BatterySeen()
    own_w = (situation.seen.gensets.get(genset.id) or GensetSeen()).power_w
    if former is None or state.power_w is None or state.charge_limit_w is None or own_w is None:
        return math.inf
    most_w, ahead_w = may_charge_w(situation.hub.batteries[former], state), 0.0
    at_most_w = min(AHEAD_W, AHEAD_RATIO * situation.hub.batteries[former].rating_va)
    if state.power_w.total > -most_w - at_most_w:
        rooms_w = (_more_w(battery, situation) for battery in situation.hub.batteries.values() if battery.id != former)
        ahead_w = min(sum(rooms_w), at_most_w)
    return max(0.0, own_w.total + state.power_w.total + CHARGE_SHARE * most_w + ahead_w)


def _more_w(battery: Battery, situation: Situation) -> float:
    """By how much more one that follows may be charged. Who goes on giving does not hear."""
    state = situation.seen.batteries.get(battery.id) or BatterySeen()
    if state.power_w is None or state.charge_limit_w is None or state.mode not in CHARGES:
        return 0.0
    room_w = CHARGE_SHARE * min(state.charge_limit_w, battery.rating_va) + min(0.0, state.power_w.total)
    gives = state.power_w.total > AHEAD_W or battery.bus is not BusSide.ISLAND
    return 0.0 if gives else max(0.0, room_w)


def _room_w(situation: Situation) -> tuple[float, float]:
    """What the sun leaves of the load, and what the batteries would charge at most."""
    charge_w = 0.0
    for battery in situation.hub.batteries.values():
        state = situation.seen.batteries.get(battery.id) or BatterySeen()
        if state.charge_limit_w is not None and state.mode in CHARGES:
            is_former = battery.id == situation.former
            charge_w += may_charge_w(battery, state) if is_former else min(state.charge_limit_w, battery.rating_va)
    plants = [plant.id for plant in situation.hub.pv.values() if plant.bus is BusSide.ISLAND]
    powers = [situation.seen.pv[plant].power_w for plant in plants if plant in situation.seen.pv]
    sun_w = sum(power_w.total for power_w in powers if power_w is not None)
    return max(0.0, situation.load_w.total - sun_w), charge_w
