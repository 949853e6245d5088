"""How much a battery may be charged with: the one that forms, and one beside a genset that carries the island alone."""

from __future__ import annotations

import math

from controller.core.situation import Situation
from controller.model.hub import Battery
from controller.model.image import BatterySeen
from controller.model.phases import ALL_PHASES, PhaseValues
from controller.model.words import BusSide, InverterMode

ASSUMED_GIVES_UP_SOC_PCT = 98.0  # where nobody has said: NREL's simulated V/f unit, the lowest that is known to us
MARGIN_SOC_PCT = 0.2  # readings come in tenths, and a step of load or sun is seen a moment later
STEP_RATIO = 0.02  # of a genset's rating, beyond what is taken: seconds to the whole, and above any meter's error
ROOM_S = 180.0  # what is left of room is never filled sooner: PV has long been turned down before the end


def may_charge_w(battery: Battery, state: BatterySeen) -> float:
    """While it forms. An unknown state of charge leaves it to the BMS: an island must not starve for a lost reading."""
    limit_w = battery.rating_va if state.charge_limit_w is None else min(battery.rating_va, state.charge_limit_w)
    if state.soc_pct is None:
        return limit_w
    end_pct = battery.gives_up_soc_pct if battery.gives_up_soc_pct is not None else ASSUMED_GIVES_UP_SOC_PCT
    room_pct = max(0.0, end_pct - MARGIN_SOC_PCT - state.soc_pct)
    return min(limit_w, room_pct / 100.0 * battery.capacity_wh * 3600.0 / ROOM_S)


def power_beside_genset_w(battery: Battery, situation: Situation, kept_free: PhaseValues) -> float:
    """What a genset that carries the island alone has to spare is charged, and what it lacks is given.

    It carries the loads, and has room on each phase for what is kept free: the pick-up of who comes on next. Shared by
    rating, charged in small steps, for its frequency follows each, and never given beyond its least load.
    """
    state = situation.seen.batteries.get(battery.id) or BatterySeen()
    if state.mode is not InverterMode.GRID_FOLLOWING or situation.loaded_genset is None or state.soc_pct is None:
        return 0.0
    genset = situation.hub.gensets[situation.loaded_genset]
    room = PhaseValues.shared(genset.load_ceiling_w, genset.phases) - situation.load_w - kept_free
    share = battery.rating_va / sum(b.rating_va for b in situation.hub.batteries.values())
    spare_w = min(room_w for phase, room_w in zip(ALL_PHASES, room, strict=True) if phase in battery.phases)
    spare_w *= len(battery.phases) * share
    if spare_w < 0.0:
        may_give_w = max(0.0, left_by_sun_w(situation) - genset.min_load_w) * share
        may_give_w = 0.0 if state.soc_pct <= battery.empty_soc_pct else min(may_give_w, battery.rating_va)
        return min(-spare_w, may_give_w, math.inf if state.discharge_limit_w is None else state.discharge_limit_w)
    taken_w = 0.0 if state.power_w is None else max(0.0, -state.power_w.total)
    may_take_w = 0.0 if state.soc_pct >= battery.full_soc_pct else min(spare_w, battery.rating_va)
    may_take_w = min(may_take_w, taken_w + STEP_RATIO * genset.rating_va)
    return -min(may_take_w, math.inf if state.charge_limit_w is None else state.charge_limit_w)


def taken_beside_genset(situation: Situation) -> PhaseValues:
    """What the batteries take of the genset that carries the island alone, and give up for a load."""
    followers = (state for state in situation.seen.batteries.values() if state.mode is InverterMode.GRID_FOLLOWING)
    powers = (state.power_w for state in followers if state.power_w is not None)
    return PhaseValues.summed([power_w.scaled(-1.0) for power_w in powers if power_w.total < 0.0])


def left_by_sun_w(situation: Situation) -> float:
    """What the sun leaves of the island's load."""
    plants = [plant.id for plant in situation.hub.pv.values() if plant.bus is BusSide.ISLAND]
    powers = [situation.seen.pv[plant].power_w for plant in plants if plant in situation.seen.pv]
    return max(0.0, situation.load_w.total - sum(power_w.total for power_w in powers if power_w is not None))
