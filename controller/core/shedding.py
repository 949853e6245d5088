"""Shedding in steady state: by overload, frequency and energy. The way back is `restoring.py`."""

from __future__ import annotations

import math

from controller.core.feeders import (
    is_overdrawn,
    leave_alone,
    shed,
)
from controller.core.memory import CoreMemory
from controller.core.prepare import per_phase, shed_for_capacity, sheddable, short_time_hold_s, tiers_below_soc
from controller.core.situation import Carrier, Situation, carrier
from controller.model.frozen import replace
from controller.model.hub import Feeder
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, Mode

OVERLOAD_RATIO = 1.05  # of what the source carries for ever
CURVE_SHARE = 0.1  # shed after a tenth of the time that the inverter's curve allows: a motor start is no overload
CONFIRM_S = 0.1  # two samples
THERMAL_SHED_PCT = 50.0  # of the inverter's thermal accumulator
UNDERFREQUENCY_HZ = 1.0  # below nominal: droop and steering keep well inside
FOLLOW_S = 0.5  # beyond its write latency: contactor and next poll
SOFT_START_S = 1.0  # a former brings its voltage up: until then a low one says nothing of the load
SHEDDING_MODES = (Mode.ISLANDED, Mode.RECONNECTION, Mode.LOCKED_OUT, Mode.BLACK_START)


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
