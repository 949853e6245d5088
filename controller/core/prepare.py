"""The answer to "the grid is lost now", computed in every cycle on grid, so that T2 is a look-up."""

from __future__ import annotations

import math

from controller.core.charging import may_charge_w
from controller.core.situation import Carrier, Situation, battery_carrier
from controller.model.decision import PreparedAnswer
from controller.model.hub import AssetId, Feeder
from controller.model.phases import ZERO, PhaseValues
from controller.model.words import BreakerPosition, BusSide

MARGIN_RATIO = 0.9  # plan for nine tenths: meters err, loads move
QUICK_S = 0.5  # a feeder slower than this is not counted on before the short-time curve is asked


def prepare(situation: Situation) -> PreparedAnswer:
    """What to shed and how far to turn PV down, if the island had to be carried from this instant.

    PV counts as gone for the shed set (it may trip in the transfer) and as fully there for the surplus set.
    """
    former = situation.candidate
    if former is None:
        return PreparedAnswer(shed=tuple(f.id for f in sheddable(situation)), former=None)
    source = battery_carrier(situation.hub.batteries[former], situation.seen.batteries[former])
    low_soc = tiers_below_soc(situation)
    forced = tuple(f for f in sheddable(situation) if f.tier in low_soc)
    shed = (*forced, *shed_for_capacity(situation, source, forced))
    return PreparedAnswer(
        shed=tuple(feeder.id for feeder in shed),
        pv_limits_w=pv_limits(situation, former, without=frozenset(f.id for f in shed)),
        former=former,
    )


def sheddable(situation: Situation) -> list[Feeder]:
    """Feeders that could relieve the island, highest tier first; within a tier the quickest first."""
    draws = situation.draws
    return [f for f in situation.hub.shed_order if draws[f.id].position in (BreakerPosition.CLOSED, None)]


def tiers_below_soc(situation: Situation) -> frozenset[int]:
    """Tiers whose energy is used up. An unknown state of charge sheds nothing."""
    soc_pct = situation.soc_pct
    if soc_pct is None:
        return frozenset()
    return frozenset(tier.number for tier in situation.hub.tiers if soc_pct < tier.shed_below_soc_pct)


def shed_for_capacity(
    situation: Situation,
    source: Carrier,
    already: tuple[Feeder, ...],
    deaf: frozenset[AssetId] = frozenset(),
) -> tuple[Feeder, ...]:
    """The fewest feeders, in tier order, that bring every phase below what the source carries.

    `already` are on their way out; `deaf` were told to open and do not: they draw on, and cannot be chosen again.

    First for ever; then, if the slow ones among them open too late for the inverter's short-time curve, quick ones
    beyond: a lawful order that comes too late helps nobody.
    """
    capacity = per_phase(source.sustained_w * MARGIN_RATIO, source)
    candidates = [f for f in sheddable(situation) if f.id not in deaf]
    gone = frozenset(feeder.id for feeder in already)
    chosen = _relieve(situation, capacity, [f for f in candidates if f.id not in gone], gone)
    slow = [f for f in (*already, *chosen) if f.write_latency_s > QUICK_S]
    if slow:
        wait_s = max(feeder.write_latency_s for feeder in slow)
        brief = per_phase(source.rating_va * short_time_ratio(source, wait_s) * MARGIN_RATIO, source)
        gone = frozenset(f.id for f in (*already, *chosen)) - frozenset(f.id for f in slow)
        quick = [f for f in candidates if f.id not in gone and f.write_latency_s <= QUICK_S]
        chosen = (*chosen, *_relieve(situation, brief, quick, gone))
    return chosen


def per_phase(total_w: float, source: Carrier) -> PhaseValues:
    """A source's total, as what each of its phases carries."""
    return PhaseValues.shared(total_w, source.phases)


def short_time_ratio(source: Carrier, wanted_s: float) -> float:
    """The highest load ratio that the source carries for this long."""
    return max((p.load_ratio for p in source.short_time if p.hold_s >= wanted_s), default=1.0)


def short_time_hold_s(source: Carrier, load_ratio: float) -> float:
    """How long the source carries this load ratio; inf at or below rating, 0 beyond its curve."""
    if load_ratio <= 1.0:
        return math.inf
    return max((p.hold_s for p in source.short_time if p.load_ratio >= load_ratio), default=0.0)


def pv_limits(situation: Situation, former: AssetId, without: frozenset[AssetId]) -> dict[AssetId, float]:
    """As much PV as can be absorbed after the largest load rejection, shared by rating.

    Absorbed by: the loads that stay, and what the forming battery may be charged with.
    """
    hub = situation.hub
    charge_w = may_charge_w(hub.batteries[former], situation.seen.batteries[former])
    loads = [
        draw.power_w.total
        for feeder, draw in situation.draws.items()
        if draw.position is BreakerPosition.CLOSED and feeder not in without
    ]
    kept_w = sum(loads) - max(loads, default=0.0)
    allowed_w = max(0.0, MARGIN_RATIO * charge_w + kept_w)
    plants = [plant for plant in hub.pv.values() if plant.bus is BusSide.ISLAND]
    rating_w = sum(plant.rating_w for plant in plants) or 1.0
    return {plant.id: min(plant.rating_w, allowed_w * plant.rating_w / rating_w) for plant in plants}


def pv_limits_beside(situation: Situation, genset: AssetId) -> dict[AssetId, float]:
    """As much PV as leaves a genset that carries the island alone its least load, whatever load goes next."""
    loads = [d.power_w.total for d in situation.draws.values() if d.position is BreakerPosition.CLOSED]
    least_w = situation.hub.gensets[genset].min_load_w
    allowed_w = max(0.0, sum(loads) - max(loads, default=0.0) - least_w)
    plants = [plant for plant in situation.hub.pv.values() if plant.bus is BusSide.ISLAND]
    rating_w = sum(plant.rating_w for plant in plants) or 1.0
    return {plant.id: min(plant.rating_w, allowed_w * plant.rating_w / rating_w) for plant in plants}


def _relieve(
    situation: Situation, capacity: PhaseValues, candidates: list[Feeder], gone: frozenset[AssetId]
) -> tuple[Feeder, ...]:
    drawn = situation.draws.items()
    load = PhaseValues.summed([d.power_w for f, d in drawn if d.position is not BreakerPosition.OPEN and f not in gone])
    chosen: list[Feeder] = []
    for feeder in candidates:
        if load.fits(capacity):
            break
        position, power = situation.draws[feeder.id]
        helps = any(part > 0 and have > can for part, have, can in zip(power, load, capacity, strict=True))
        if helps:
            chosen.append(feeder)
            load -= power if position is BreakerPosition.CLOSED else ZERO  # what is not seen is not counted on
    return tuple(chosen)
