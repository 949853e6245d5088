"""How much a battery may be charged with: the one that forms, and one beside a genset that carries the island alone."""

from __future__ import annotations

from controller.core.situation import Situation
from controller.model.hub import AssetId, Battery
from controller.model.image import BatterySeen
from controller.model.phases import ALL_PHASES, PhaseValues
from controller.model.words import BreakerPosition, BusSide, InverterMode

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


def charge_beside_genset_w(battery: Battery, situation: Situation, kept_free: PhaseValues) -> float:
    """What a genset that carries the island alone can give beyond the loads and what is kept free for the next one.

    Shared by rating, with room on each phase, and taken in small steps: a genset's frequency follows each.
    """
    state = situation.seen.batteries.get(battery.id) or BatterySeen()
    is_full = state.soc_pct is None or state.soc_pct >= battery.full_soc_pct
    if state.mode is not InverterMode.GRID_FOLLOWING or situation.loaded_genset is None or is_full:
        return 0.0
    genset = situation.hub.gensets[situation.loaded_genset]
    room = PhaseValues.shared(genset.load_ceiling_w, genset.phases) - most_load(situation) - kept_free
    spare_w = min(room_w for phase, room_w in zip(ALL_PHASES, room, strict=True) if phase in battery.phases)
    share = len(battery.phases) * battery.rating_va / sum(b.rating_va for b in situation.hub.batteries.values())
    limit_w = battery.rating_va if state.charge_limit_w is None else min(battery.rating_va, state.charge_limit_w)
    taken_w = 0.0 if state.power_w is None else max(0.0, -state.power_w.total)
    return min(limit_w, max(0.0, spare_w * share), taken_w + STEP_RATIO * genset.rating_va)


def most_load(situation: Situation) -> PhaseValues:
    """What the island's feeders may draw: a contact that is not seen, and a load that is not, count in full."""
    draws = situation.draws.items()
    on = [draw for feeder, draw in draws if draw.position is not BreakerPosition.OPEN and _is_ours(feeder, situation)]
    return PhaseValues.summed([draw.power_w for draw in on])


def _is_ours(feeder: AssetId, situation: Situation) -> bool:
    return situation.hub.feeders[feeder].bus is BusSide.ISLAND
