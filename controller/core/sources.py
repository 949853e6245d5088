"""What each battery and PV plant is asked in each mode. Stop and limits are levels; forming is an order."""

from __future__ import annotations

from collections.abc import Mapping

from controller.core.bond import makes_way
from controller.core.charging import charge_beside_genset_w
from controller.core.contact import (
    is_in_doubt,
    is_undecided,
    may_be_closing,
    needs_proof,
    starts_in_step,
    turned_unasked,
)
from controller.core.dead_bus import is_over_dead_bus
from controller.core.dimming import dimmed_power_w
from controller.core.leaving import carried_by, leaving_command
from controller.core.memory import CoreMemory, SourceMemory
from controller.core.poi import ANSWER_MAX_S, is_proven, lacks_proof
from controller.core.prepare import pv_limits, pv_limits_beside
from controller.core.ramp import gentle_charge_w, ramp_limits_w
from controller.core.restoring import kept_free
from controller.core.resync import proof_hz, steer, with_droop
from controller.core.situation import Situation
from controller.model.commands import BatteryCommand, Order, PvCommand
from controller.model.frozen import replace
from controller.model.hub import AssetId, Battery
from controller.model.image import BatterySeen, PvSeen
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, BusSide, Difference, InverterMode, Mode, Switcher

CHARGE_RATIO = 0.25  # of rating: from the grid into the reserve, gently
SURPLUS_RATIO = 0.9  # of what is left over, so that the meter's error does not become import
TRANSFERS = (Mode.PLANNED_ISLANDING, Mode.UNPLANNED_ISLANDING)
NEW_ISLANDS = (Mode.UNPLANNED_ISLANDING, Mode.BLACK_START)
ISLAND_MODES = frozenset({*TRANSFERS, Mode.ISLANDED, Mode.RECONNECTION, Mode.BLACK_START})


def battery_commands(memory: CoreMemory, situation: Situation) -> dict[AssetId, BatteryCommand]:
    """One command for each battery that must be told something now."""
    match memory.mode:
        case Mode.GRID_CONNECTED:
            return {b.id: _on_grid(memory, b, situation) for b in situation.hub.batteries.values()}
        case Mode.RECONNECTION | Mode.DARK if is_over_dead_bus(memory) or memory.mode is Mode.DARK:
            return {b: BatteryCommand(stop=True, cause=memory.reason) for b in situation.hub.forming_order}
        case Mode.UNPLANNED_ISLANDING | Mode.ISLANDED | Mode.RECONNECTION | Mode.BLACK_START:
            left_alone = situation.former if is_in_doubt(memory) else None
            told = (battery for battery in situation.hub.batteries.values() if battery.id != left_alone)
            return {} if _is_closing(memory, situation) else {b.id: _in_island(memory, b, situation) for b in told}
        case Mode.PLANNED_ISLANDING:
            is_steered = carried_by(situation.former or situation.candidate, memory, situation)
            command = leaving_command if is_steered else _in_island
            return {b.id: command(memory, b, situation) for b in situation.hub.batteries.values()}
        case Mode.LOCKED_OUT:
            return _locked_out(memory, situation)
        case _:
            return {}


def _is_closing(memory: CoreMemory, situation: Situation) -> bool:
    """The contact is on its way, timed for what everybody was told: nobody is told anything else until it comes."""
    order, switching = memory.poi.close, situation.hub.poi.switching
    if memory.mode is not Mode.RECONNECTION or switching.closed_by is not Switcher.CONTROLLER:
        return False
    is_first = order is not None and order.issued_at_s == situation.now_s
    return may_be_closing(memory, situation) and not is_first


def pv_commands(memory: CoreMemory, situation: Situation) -> dict[AssetId, PvCommand]:
    """In the island PV is limited to what can be absorbed, in the transfer to the prepared set, on grid by the ramp."""
    if memory.mode is Mode.GRID_CONNECTED:
        return {plant: _pv_on_grid(limit_w) for plant, limit_w in ramp_limits_w(memory, situation).items()}
    if memory.mode not in ISLAND_MODES:
        return {}
    limits: Mapping[AssetId, float]
    if situation.former is None and situation.loaded_genset is not None:
        limits, cause = pv_limits_beside(situation, situation.loaded_genset), Reason.PV_SURPLUS
    elif situation.former is None or memory.mode in TRANSFERS:
        limits, cause = memory.prepared.pv_limits_w, Reason.PREPARED_SURPLUS
    else:
        limits, cause = pv_limits(situation, situation.former, without=frozenset()), Reason.PV_SURPLUS
    commands = (_pv_command(memory, situation, plant, limit_w, cause) for plant, limit_w in limits.items())
    return {plant: command for plant, command in zip(limits, commands, strict=True) if command is not None}


def _pv_on_grid(limit_w: float | None) -> PvCommand:
    return PvCommand(limit_w=limit_w, cause=Reason.PV_FREE if limit_w is None else Reason.PV_RETURNS)


def _pv_command(
    memory: CoreMemory, situation: Situation, plant: AssetId, limit_w: float, cause: Reason
) -> PvCommand | None:
    """Who is not seen is given no more than he was told last, and who was told nothing yet, nothing."""
    if (situation.seen.pv.get(plant) or PvSeen()).power_w is None:
        told = memory.pv_told.get(plant)
        if told is None:
            return None
        limit_w = limit_w if told.limit_w is None else min(limit_w, told.limit_w)
    return PvCommand(limit_w=limit_w, cause=cause)


def who_forms(memory: CoreMemory, situation: Situation) -> AssetId | None:
    """Who is seen to form; who is not seen goes on with it until the bus dies, or till we are on grid."""
    former = memory.former
    if situation.former is not None or former is None:
        return situation.former
    is_unseen = (situation.seen.batteries.get(former) or BatterySeen()).mode is None
    is_island = memory.mode in ISLAND_MODES and situation.bus_is_dead is not True
    return former if is_unseen and is_island else None


def remember_steering(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Keep what steering integrates, voltage and trim; forget it when steering ends."""
    if situation.former is None:
        return memory
    before = memory.batteries.get(situation.former, SourceMemory())
    steering = steer(memory, situation) if memory.mode is Mode.RECONNECTION else None
    set_v, trim = (steering.voltage_set_v, steering.trim) if steering is not None else (None, None)
    if set_v == before.voltage_set_v and trim == before.trim:
        return memory
    after = replace(before, voltage_set_v=set_v, trim=trim)
    return replace(memory, batteries={**memory.batteries, situation.former: after})


def _on_grid(memory: CoreMemory, battery: Battery, situation: Situation) -> BatteryCommand:
    state = situation.seen.batteries.get(battery.id) or BatterySeen()
    is_against_us = memory.poi.contact_lies or memory.reason is Reason.POI_CLOSED_UNASKED
    if is_against_us and state.mode is InverterMode.GRID_FORMING:
        return BatteryCommand(stop=True, cause=Reason.POI_CLOSED_UNASKED)  # first of all it holds no voltage
    return BatteryCommand(
        follow=not battery.capabilities.always_forms,
        power_set_w=dimmed_power_w(memory, situation, battery, _grid_power(memory, battery, state, situation)),
        cause=Reason.SELF_CONSUMPTION,
    )


def _grid_power(memory: CoreMemory, battery: Battery, state: BatterySeen, situation: Situation) -> float:
    """Full for the next blackout: charge to the reserve from the grid, above it from our own sun, else rest."""
    if state.soc_pct is None or state.soc_pct >= battery.full_soc_pct:
        return 0.0
    limit_w = battery.rating_va if state.charge_limit_w is None else min(battery.rating_va, state.charge_limit_w)
    pv_w = sum(p.power_w.total for p in situation.seen.pv.values() if p.power_w is not None)
    share = battery.rating_va / sum(b.rating_va for b in situation.hub.batteries.values())
    surplus_w = max(0.0, SURPLUS_RATIO * (pv_w - situation.load_w.total)) * share
    from_grid_w = CHARGE_RATIO * battery.rating_va if state.soc_pct < battery.reserve_soc_pct else 0.0
    return -min(limit_w, max(surplus_w, from_grid_w), gentle_charge_w(memory, situation, battery, surplus_w))


def _in_island(memory: CoreMemory, battery: Battery, situation: Situation) -> BatteryCommand:
    if battery.id == _chosen(memory, situation):
        return _former_command(memory, battery, situation)
    if battery.capabilities.always_forms:
        return BatteryCommand(stop=True, cause=Reason.POI_PROVEN_OPEN)  # one dead-bus token, and it is taken
    return BatteryCommand(
        follow=True, power_set_w=_follower_power(memory, battery, situation), cause=Reason.ISLAND_FORMED
    )


def _chosen(memory: CoreMemory, situation: Situation) -> AssetId | None:
    """The battery that forms, or is to. Beside a genset that carries the island alone nobody is."""
    if memory.former is not None or situation.holder is not None:
        return memory.former or situation.former  # a mode that was found in this very cycle remembers nobody
    ordered = next((battery for battery, source in memory.batteries.items() if source.order is not None), None)
    if memory.mode is Mode.BLACK_START and ordered is None:
        return memory.black_start.source if memory.black_start is not None else None
    return ordered or situation.candidate or memory.prepared.former


def _former_command(memory: CoreMemory, battery: Battery, situation: Situation) -> BatteryCommand:
    if _must_stop(memory, battery, situation):
        return BatteryCommand(stop=True, cause=Reason.POI_STUCK)
    order = _order(memory, battery, situation)
    if not is_proven(memory, situation):
        if _may_still_form(memory, battery, situation) and _is_taken_back(memory, situation):
            return _taken_back(battery)
        order = None
    if battery.id == situation.former and makes_way(memory, situation):
        return BatteryCommand(stop=True, cause=Reason.EARTHING_FOLLOWS_MODE)
    if (situation.seen.batteries.get(battery.id) or BatterySeen()).mode is None:
        return BatteryCommand(form=order, cause=Reason.ISLAND_FORMED)  # who is not seen is told nothing new
    is_new = memory.mode in NEW_ISLANDS or (memory.mode is Mode.ISLANDED and not memory.poi.sides.have_differed)
    may_be_one = situation.poi_difference in (None, Difference.TURNED)
    is_doubted = (is_new and may_be_one and starts_in_step(memory, situation)) or turned_unasked(memory, situation)
    steering = steer(memory, situation) if memory.mode is Mode.RECONNECTION and not is_doubted else None
    wanted_hz = proof_hz(situation) if is_doubted else situation.hub.nominal_frequency_hz
    return BatteryCommand(
        form=order,
        frequency_set_hz=steering.frequency_set_hz if steering else with_droop(wanted_hz, situation),
        voltage_set_v=steering.voltage_set_v if steering else situation.hub.nominal_voltage_v,
        cause=Reason.SYNC_WINDOW if steering else Reason.ISLAND_FORMED,
    )


def _may_still_form(memory: CoreMemory, battery: Battery, situation: Situation) -> bool:
    """Told to, and not seen to have: one that takes its time may answer when the order is over."""
    order, has_formed = memory.batteries.get(battery.id, SourceMemory()).order, memory.former == battery.id
    return order is not None and not has_formed and situation.now_s <= order.expires_at_s + ANSWER_MAX_S


def _is_taken_back(memory: CoreMemory, situation: Situation) -> bool:
    """From the second cycle on: an inverter that takes its time begins anew with each word. At once if seen shut."""
    is_contradicted = situation.seen.poi.position not in (None, BreakerPosition.OPEN)
    if starts_in_step(memory, situation):
        return False  # its voltage is seen before its mode
    return is_contradicted or memory.poi.unproven_since_s not in (None, situation.now_s)


def _taken_back(battery: Battery) -> BatteryCommand:
    """Told to form, and what allowed it is not seen just now: it may not go on, and is told anew when it is."""
    if battery.capabilities.always_forms:
        return BatteryCommand(stop=True, cause=Reason.POI_UNPROVEN)
    return BatteryCommand(follow=True, cause=Reason.POI_UNPROVEN)


def found_commands(memory: CoreMemory, situation: Situation) -> dict[AssetId, BatteryCommand]:
    """After a start nothing is moved; but where a contact may lie, or proves nothing, the former shows what is so.

    One that cannot but form is left alone: on the grid it would keep what it was told, and give or take by it.
    """
    former = situation.former
    if former is None or situation.hub.batteries[former].capabilities.always_forms:
        return {}
    if not needs_proof(memory, situation):
        return {}
    set_hz = with_droop(proof_hz(situation), situation)
    return {former: BatteryCommand(frequency_set_hz=set_hz, cause=Reason.CONTACT_DOUBTED)}


def _order(memory: CoreMemory, battery: Battery, situation: Situation) -> Order | None:
    """What it was told, as long as that is good, and what it needs is seen: it may be remembered for longer."""
    order, start = memory.batteries.get(battery.id, SourceMemory()).order, memory.black_start
    is_early = memory.mode is Mode.BLACK_START and start is not None and not start.is_forming
    if order is None or is_early or not situation.keys_are_seen:
        return None
    return order if situation.now_s <= order.expires_at_s else None


def _must_stop(memory: CoreMemory, battery: Battery, situation: Situation) -> bool:
    """It holds a voltage, and the POI has not been proven open in the breaker's time: it may be feeding a dead line.

    Blindness since a proof is no proof of the contrary. But a contact between two dead sides proves by its word alone,
    and until they have differed what was formed on that word ends with it.
    """
    is_new = memory.mode in NEW_ISLANDS or (memory.mode is Mode.ISLANDED and is_undecided(memory, situation))
    if not is_new or memory.former != battery.id or situation.poi_is_proven_open or starts_in_step(memory, situation):
        return False
    poi = memory.poi
    if poi.proven_open_since_s is not None:
        return lacks_proof(memory, situation) and not poi.sides.have_differed
    since_s = poi.open_since_s
    return since_s is None or situation.now_s - since_s > situation.hub.poi.breaker_opening_s


def _follower_power(memory: CoreMemory, battery: Battery, situation: Situation) -> float | None:
    """Share the island's net load by what each may give or take now; take what a genset has to spare.

    In the frost a former's limit may be a tenth of its rating, and who follows keeps room for it.

    None: who forms is not seen, and would have to carry what this one lets go. It goes on with what it was told.
    """
    if situation.former is None and situation.loaded_genset is not None:
        is_starting = memory.mode is Mode.BLACK_START  # the loads come first
        return 0.0 if is_starting else -charge_beside_genset_w(battery, situation, kept_free(memory, situation))
    state = situation.seen.batteries.get(battery.id) or BatterySeen()
    is_empty = state.soc_pct is not None and state.soc_pct <= battery.empty_soc_pct
    if situation.former is None and memory.former is not None and not is_empty:
        return None
    if situation.former is None or battery.bus is not BusSide.ISLAND:
        return 0.0
    batteries = [situation.hub.batteries[situation.former], battery]
    seen = [situation.seen.batteries.get(b.id) or BatterySeen() for b in batteries]
    if any(state.power_w is None for state in seen) or seen[1].mode is not InverterMode.GRID_FOLLOWING:
        return 0.0
    net_w = sum(state.power_w.total for state in seen if state.power_w is not None)
    former_w, own_w = (_able_w(b, state, gives=net_w >= 0.0) for b, state in zip(batteries, seen, strict=True))
    wanted_w = net_w * own_w / (former_w + own_w) if own_w > 0.0 else 0.0
    out_w = 0.0 if is_empty else _able_w(battery, state, gives=True)
    in_w = _able_w(battery, state, gives=False)
    return max(-in_w, min(out_w, wanted_w))


def _able_w(battery: Battery, state: BatterySeen, *, gives: bool) -> float:
    """By its rating, and by what its BMS allows."""
    limit_w = state.discharge_limit_w if gives else state.charge_limit_w
    return battery.rating_va if limit_w is None else min(battery.rating_va, limit_w)


def _locked_out(memory: CoreMemory, situation: Situation) -> dict[AssetId, BatteryCommand]:
    """Emergency-off stops every source. A stuck POI stops whoever forms; followers do no harm."""
    if memory.reason is Reason.EMERGENCY_OFF:
        return {battery: BatteryCommand(stop=True, cause=memory.reason) for battery in situation.hub.batteries}
    if memory.reason in (Reason.POI_STUCK, Reason.POI_UNPROVEN):
        return {b: BatteryCommand(stop=True, cause=memory.reason) for b in situation.hub.forming_order}
    return found_commands(memory, situation) if memory.reason is Reason.START_UNCLEAR else {}
