"""Shedding and restoring in steady state: by overload, frequency and energy; one feeder at a time on the way back."""

from __future__ import annotations

import math

from controller.core.black_start import first_tier
from controller.core.dimming import import_max_w
from controller.core.feeders import (
    PICKUP_WATCH_S,
    expected_w,
    is_faulty,
    is_overdrawn,
    is_suspect,
    leave_alone,
    may_close,
    order_close,
    shed,
)
from controller.core.memory import FIRST_TIER, CoreMemory, FeederMemory
from controller.core.prepare import per_phase, shed_for_capacity, sheddable, short_time_hold_s, tiers_below_soc
from controller.core.situation import Carrier, Situation, carrier
from controller.model.frozen import replace
from controller.model.hub import Feeder, Tier
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, BusSide, Mode, Switcher

OVERLOAD_RATIO = 1.05  # of what the source carries for ever
CURVE_SHARE = 0.1  # shed after a tenth of the time that the inverter's curve allows: a motor start is no overload
CONFIRM_S = 0.1  # two samples
THERMAL_SHED_PCT = 50.0  # of the inverter's thermal accumulator
UNDERFREQUENCY_HZ = 1.0  # below nominal: droop and steering keep well inside
PICKUP_CEILING_RATIO = 0.8  # after a pick-up at least a fifth stays free
ROOM_SEEN_S = 0.5  # from judgement: several samples of a measured power
SOC_HYSTERESIS_PCT = 5.0
FOLLOW_S = 0.5  # beyond its write latency: contactor and next poll
SOFT_START_S = 1.0  # a former brings its voltage up: until then a low one says nothing of the load
SHEDDING_MODES = (Mode.ISLANDED, Mode.RECONNECTION, Mode.LOCKED_OUT, Mode.BLACK_START)
RESTORABLE_MODES = (Mode.ISLANDED, Mode.GRID_CONNECTED, Mode.BLACK_START)


def carries(situation: Situation) -> bool:
    """A battery forms, and what it carries is the island: the POI is proven open."""
    return situation.former is not None and situation.poi_is_proven_open


def sheds(memory: CoreMemory, now_s: float) -> bool:
    """In the island, and in T2 when somebody carries it and the voltage has not come all the same."""
    is_late = memory.carries_since_s is not None and now_s - memory.carries_since_s >= SOFT_START_S
    return memory.mode in SHEDDING_MODES or (memory.mode is Mode.UNPLANNED_ISLANDING and is_late)


def shed_in_island(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Shed what the island cannot carry: at once by the inverter's curve, tier by tier by energy."""
    low_soc = tiers_out_of_energy(situation)
    if low_soc:
        spent = [f.id for f in sheddable(situation) if f.tier in low_soc]
        memory = shed(memory, spent, Reason.LOW_SOC, situation.now_s)
    source = carrier(situation)
    if source is None:
        return _without_overload(memory)
    cause = _overload(source, situation)
    if cause is None:
        return _without_overload(memory)
    since_s = situation.now_s if memory.overload_since_s is None else memory.overload_since_s
    memory = replace(memory, overload_since_s=since_s)
    if situation.now_s - since_s < _patience_s(source, situation):
        return memory
    return _relieve(memory, situation, source, cause)


def is_restorable(memory: CoreMemory, situation: Situation) -> bool:
    """Feeders may come back on. A device that is to close the POI takes its time, and that has no bound."""
    is_its_turn = situation.hub.poi.switching.closed_by is Switcher.DEVICE
    waits_for_it = memory.mode is Mode.RECONNECTION and is_its_turn and situation.poi_is_closed is False
    return memory.mode in RESTORABLE_MODES or waits_for_it


def restore(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Close the next feeder, lowest tier first, given energy, room for its pick-up, and quiet since the last.

    Room that one sample shows is none: a flipped bit may take kilowatts off a measured power. One whose last pick-up
    failed comes last in its tier, and alone: what happens then is its own doing.
    """
    following = _next(memory, situation) if _is_quiet(memory, situation, ROOM_SEEN_S) else None
    if following is None:
        return memory if memory.room_since_s is None else replace(memory, room_since_s=None)
    known = memory.room_since_s
    if known is None or known[0] != following.id:
        return replace(memory, room_since_s=(following.id, situation.now_s))
    is_sure = situation.now_s - known[1] >= ROOM_SEEN_S
    if not is_sure or not _is_quiet(memory, situation, 0.0):
        return memory
    return order_close(replace(memory, room_since_s=None), following.id, situation)


def serves_tier_0(memory: CoreMemory, situation: Situation) -> bool:
    """One of tier 0 is just coming on, or only waits for its turn."""
    if any(memory.feeders[f.id].close is not None for f in situation.hub.feeders.values() if f.tier == 0):
        return True
    following = _next(memory, situation) if _is_quiet(memory, situation, math.inf) else None
    return following is not None and following.tier == 0


def _next(memory: CoreMemory, situation: Situation) -> Feeder | None:
    """Who is to come on now, if anybody can."""
    waiting = sorted(_waiting(memory, situation), key=lambda f: (f.tier, is_suspect(memory, f.id)))
    for feeder in waiting:
        if feeder.tier > waiting[0].tier:
            break  # the order of tiers: nobody overtakes
        if is_suspect(memory, feeder.id) and _is_anyone_watched(memory, situation.now_s):
            continue
        if _has_energy(memory, feeder, situation) and _has_room(memory, feeder, situation):
            return feeder
    return None


def _is_anyone_watched(memory: CoreMemory, now_s: float) -> bool:
    return any(_is_watched(state, now_s) for state in memory.feeders.values())


def _is_watched(feeder: FeederMemory, now_s: float) -> bool:
    """For its time and no longer: one that is not seen any more, or has been shed, holds nobody back."""
    return feeder.picked_up_at_s is not None and now_s - feeder.picked_up_at_s <= PICKUP_WATCH_S


def _waiting(memory: CoreMemory, situation: Situation) -> list[Feeder]:
    """Ours to close again. A black start serves its first tier and no more."""
    if memory.mode is Mode.BLACK_START:
        return first_tier(memory, situation)
    ours = (f for f in situation.hub.feeders.values() if may_close(memory, f, situation.now_s))
    return [f for f in ours if not is_faulty(f, situation) and not _is_hopeless(memory, f, situation)]


def _is_hopeless(memory: CoreMemory, feeder: Feeder, situation: Situation) -> bool:
    """It did not follow, and has no second try while nobody sees the charge: it holds nobody back either."""
    has_failed = memory.feeders[feeder.id].reason is Reason.NOT_FOLLOWED
    return has_failed and situation.soc_pct is None and not _has_energy(memory, feeder, situation)


def tiers_out_of_energy(situation: Situation) -> frozenset[int]:
    """Tiers that have to wait for charge. While a genset carries the island alone, its fuel is what counts."""
    return (
        frozenset() if situation.former is None and situation.loaded_genset is not None else tiers_below_soc(situation)
    )


def _without_overload(memory: CoreMemory) -> CoreMemory:
    return memory if memory.overload_since_s is None else replace(memory, overload_since_s=None)


def _overload(source: Carrier, situation: Situation) -> Reason | None:
    if _load_ratio(source) > OVERLOAD_RATIO or _gives_all_it_has(situation):
        return Reason.OVERLOAD
    if source.overload_pct is not None and source.overload_pct > THERMAL_SHED_PCT:
        return Reason.OVERLOAD
    frequency_hz = situation.seen.poi.bus_frequency_hz or source.frequency_hz
    if situation.bus_is_live and frequency_hz is not None:
        floor_hz = situation.hub.nominal_frequency_hz - UNDERFREQUENCY_HZ
        return Reason.UNDERFREQUENCY if frequency_hz < floor_hz else None
    return None


def _load_ratio(source: Carrier) -> float:
    """Worst phase over what it carries for ever. An unknown power is no overload: the guard's fallback sees it too."""
    if source.power_w is None:
        return 0.0
    capacity = per_phase(source.sustained_w, source)
    return max(
        (have / can if can > 0 else math.inf if have > 0 else 0.0)
        for have, can in zip(source.power_w, capacity, strict=True)
    )


def _gives_all_it_has(situation: Situation) -> bool:
    """A former at its current limit lets the voltage go: then its power looks harmless, and the loads get nothing."""
    return situation.bus_is_live is False


def _patience_s(source: Carrier, situation: Situation) -> float:
    """How long this overload may last before the next feeder goes."""
    if _gives_all_it_has(situation):
        return CONFIRM_S  # beyond its short-time curve already
    if source.overload_pct is not None and source.overload_pct > THERMAL_SHED_PCT:
        return CONFIRM_S
    total_w = source.power_w.total if source.power_w is not None else 0.0
    if total_w > source.sustained_w * OVERLOAD_RATIO and source.sustained_w < source.rating_va:
        return CONFIRM_S  # the battery's own limit knows no short-time curve: its BMS trips
    ratio = _load_ratio(source) * source.sustained_w / source.rating_va
    hold_s = short_time_hold_s(source, ratio)
    return CONFIRM_S if math.isinf(hold_s) else max(CONFIRM_S, CURVE_SHARE * hold_s)


def _relieve(memory: CoreMemory, situation: Situation, source: Carrier, cause: Reason) -> CoreMemory:
    """All that is needed at once; when arithmetic finds nothing to blame, the next feeder in tier order.

    Before all of them who is just being picked up: nobody comes on while others go.
    """
    coming = [f.id for f in situation.hub.shed_order if memory.feeders[f.id].close is not None]
    if coming:
        return replace(shed(memory, coming, cause, situation.now_s), overload_since_s=situation.now_s)
    told = [f for f in situation.hub.shed_order if memory.feeders[f.id].shed_since_s is not None]
    on_their_way = tuple(f for f in told if _is_on_its_way(memory, f, situation))
    deaf = frozenset(f.id for f in told) - frozenset(f.id for f in on_their_way)
    chosen = shed_for_capacity(situation, source, on_their_way, deaf)
    if not chosen and not on_their_way:
        chosen = tuple(f for f in sheddable(situation) if f.id not in deaf)[:1]
    faulty = [feeder.id for feeder in chosen if is_overdrawn(memory, feeder)]
    memory = leave_alone(memory, faulty, situation.now_s)
    memory = shed(memory, [feeder.id for feeder in chosen], cause, situation.now_s)
    return replace(memory, overload_since_s=situation.now_s)


def _is_on_its_way(memory: CoreMemory, feeder: Feeder, situation: Situation) -> bool:
    """Told to open and still within its time. One that is over its time, or not seen, relieves nothing."""
    since_s = memory.feeders[feeder.id].shed_since_s
    time_s = feeder.write_latency_s + FOLLOW_S
    is_seen = situation.draws[feeder.id].position is BreakerPosition.CLOSED
    return is_seen and since_s is not None and situation.now_s - since_s <= time_s


def _is_quiet(memory: CoreMemory, situation: Situation, early_s: float) -> bool:
    """Time to bring the next one on, or so much before it."""
    timing = situation.hub.timing
    off = [f for f in memory.feeders.values() if f.shed_since_s is not None]
    sheds_s = (f.shed_since_s or 0.0 for f in off if f.reason is not Reason.OPERATOR)  # whom a person lets close
    quiet_since_s = max(memory.last_pickup_at_s, memory.mode_since_s, *sheds_s)
    settle_s = timing.restore_settle_s
    if memory.mode is Mode.BLACK_START:
        start = memory.black_start
        if start is None or start.step != FIRST_TIER:
            return False
        quiet_since_s = max(memory.last_pickup_at_s, start.step_since_s - settle_s)  # the first one at once
    if memory.mode is Mode.GRID_CONNECTED:
        returned_s = memory.mode_since_s + timing.return_offset_s
        at_once_s = max(memory.last_pickup_at_s, returned_s - settle_s)
        quiet_since_s = at_once_s if _came_over_dead_bus(memory) else max(quiet_since_s, returned_s)
    return (
        is_restorable(memory, situation)
        and situation.now_s - quiet_since_s >= settle_s - early_s
        and situation.bus_is_live is True
        and _is_earthed(memory, situation)
        and memory.overload_since_s is None
        and not any(f.close is not None or _is_on_trial(f, situation.now_s) for f in memory.feeders.values())
        and situation.may_switch_on
    )


def _came_over_dead_bus(memory: CoreMemory) -> bool:
    """Feeders were dropped for the way back to the grid, and people sit in the dark beside it."""
    return any(f.shed_since_s is not None and f.reason is Reason.DEAD_BUS_RETURN for f in memory.feeders.values())


def _is_on_trial(feeder: FeederMemory, now_s: float) -> bool:
    """It has been picked up once more after a failure."""
    return _is_watched(feeder, now_s) and feeder.close_attempts > 1


def _is_earthed(memory: CoreMemory, situation: Situation) -> bool:
    """By the grid, whose POI is seen closed, or by the island's own relay."""
    if memory.mode is Mode.GRID_CONNECTED and situation.poi_is_closed is not True:
        return False
    by_grid = memory.mode is Mode.GRID_CONNECTED and situation.contact_is_closed
    return by_grid or situation.earthing_is_ready


def _has_energy(memory: CoreMemory, feeder: Feeder, situation: Situation) -> bool:
    """A charge that nobody sees is kept for the lowest tier; who has looked at the battery may switch on more."""
    if memory.mode is Mode.GRID_CONNECTED or (situation.former is None and situation.loaded_genset is not None):
        return True
    soc_pct = situation.soc_pct
    if soc_pct is None:
        is_asked = memory.feeders[feeder.id].reason is Reason.OPERATOR  # a person has let it close
        return is_asked or feeder.tier == min(other.tier for other in situation.hub.feeders.values())
    tier = next((t for t in situation.hub.tiers if t.number == feeder.tier), None)
    return tier is None or soc_pct >= _restore_soc_pct(tier)


def stands_behind(memory: CoreMemory, feeder: Feeder, situation: Situation) -> bool:
    """Another of a lower tier waits for a charge that nobody sees, until a person asks for it too."""
    waiting = [other for other in _waiting(memory, situation) if other.tier < feeder.tier]
    is_open = memory.feeders[feeder.id].position is not BreakerPosition.CLOSED
    return is_open and situation.soc_pct is None and not all(_has_energy(memory, o, situation) for o in waiting)


def _restore_soc_pct(tier: Tier) -> float:
    return max(tier.restore_above_soc_pct, tier.shed_below_soc_pct + SOC_HYSTERESIS_PCT)


def _has_room(memory: CoreMemory, feeder: Feeder, situation: Situation) -> bool:
    """Cold loads draw more: the pick-up must fit on each of the feeder's phases."""
    pickup = PhaseValues.shared(expected_w(memory, feeder) * feeder.pickup_ratio, feeder.phases)
    if memory.mode is Mode.GRID_CONNECTED:
        grid_w = situation.seen.poi.power_w
        return grid_w is None or grid_w.total + pickup.total <= import_max_w(memory, situation.hub, feeder.id)
    source = carrier(situation)
    if source is None or source.power_w is None or feeder.bus is not BusSide.ISLAND:
        return False
    ceiling = per_phase(source.sustained_w * PICKUP_CEILING_RATIO, source)
    return (source.power_w + pickup).fits(ceiling)
