"""Who could start a dark hub: a battery that can form, a genset on the bus, a battery that the sun is to carry."""

from __future__ import annotations

from controller.core.memory import CoreMemory, SourceMemory
from controller.core.situation import Situation, is_on_our_bus
from controller.core.start_rest import ATTEMPT_MEMORY_S, has_rested
from controller.model.hub import AssetId, Genset
from controller.model.image import BatterySeen, GensetSeen
from controller.model.words import BusSide, InverterMode

START_MARGIN_PCT = 2.0  # of charge above empty: enough to serve the first tier until the sun or a genset has come
SUN_MIN_W_PER_M2 = 150.0  # a plant gives a good tenth of its rating: more than the first tier of a village hub
ANSWERS_AGAIN_S = 3.0  # from judgement: an answer lost, a connection made anew; a genset takes longer to come


def battery_to_start(memory: CoreMemory, situation: Situation) -> AssetId | None:
    """The first that could form, has rested and has charge enough; for a person who asks, any that is not empty."""
    margin_pct = 0.0 if memory.released_start else START_MARGIN_PCT
    for battery in situation.candidates:
        soc_pct = situation.seen.batteries[battery].soc_pct
        is_full_enough = soc_pct is None or soc_pct >= situation.hub.batteries[battery].empty_soc_pct + margin_pct
        if is_full_enough and has_rested(memory, battery, situation):
            return battery
    return None


def gensets_to_start(memory: CoreMemory, situation: Situation) -> list[AssetId]:
    """Those that could make a dead bus live: on the bus, seen, rested, not at fault too lately, with a start left."""
    ours = [g for g in situation.hub.gensets.values() if is_on_our_bus(g) and _has_a_start(memory, g, situation)]
    return [genset.id for genset in ours if has_rested(memory, genset.id, situation)]


def sunrise_candidate(memory: CoreMemory, situation: Situation) -> AssetId | None:
    """A battery that has rested and that its BMS still lets give, however little it has: the sun is to carry it."""
    if not any(plant.bus is BusSide.ISLAND for plant in situation.hub.pv.values()):
        return None
    for battery in situation.hub.forming_order:
        state = situation.seen.batteries.get(battery) or BatterySeen()
        may_give = state.discharge_limit_w is None or state.discharge_limit_w > 0
        if state.mode not in (None, InverterMode.FAULT) and may_give and has_rested(memory, battery, situation):
            return battery
    return None


def is_sunny(situation: Situation) -> bool | None:
    """Enough to carry more than the first tier; None: nobody measures it."""
    irradiance = situation.seen.weather.irradiance_w_per_m2
    return None if irradiance is None else irradiance >= SUN_MIN_W_PER_M2


def may_answer_again(memory: CoreMemory, situation: Situation) -> bool:
    """A battery that could form until just now, and is not seen."""
    since_s, seen = memory.no_former_since_s, situation.seen.batteries
    is_unseen = any((seen.get(battery) or BatterySeen()).mode is None for battery in situation.hub.forming_order)
    return is_unseen and since_s is not None and situation.now_s - since_s < ANSWERS_AGAIN_S


def _has_a_start(memory: CoreMemory, genset: Genset, situation: Situation) -> bool:
    state = (situation.seen.gensets.get(genset.id) or GensetSeen()).state
    cranks = [a.at_s for a in memory.durable.attempts if a.subject == genset.id and a.kind == "crank"]
    recent = sum(situation.now_s - at_s < ATTEMPT_MEMORY_S for at_s in cranks)
    failed_at_s = memory.gensets.get(genset.id, SourceMemory()).failed_at_s
    if failed_at_s is not None and situation.now_s - failed_at_s < ATTEMPT_MEMORY_S:
        return False  # its panel has tried and given up; after an hour it is asked again: nobody may come to look
    return state is not None and recent < genset.start_attempts_max
