"""Whether the POI's sides were apart, or a late meter has shown what the other had shown before."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from controller.guard import proof
from controller.guard.bounds import Bounds
from controller.guard.memory import Sides
from controller.model.frozen import replace
from controller.model.image import PoiSeen
from controller.model.words import BreakerPosition

SKEW_S = 0.375  # from judgement: of two meters one may be a third of a second behind the other
TURNED_S = 0.125  # of an angle, which one instrument makes of both sides: longer than one spoilt sample
STILL_RATIO = 0.015625  # of nominal, a sixth of what counts as apart
SIDES_MAX = 64


def watch_sides(before: tuple[Sides, ...], poi: PoiSeen, bounds: Bounds, now_s: float) -> tuple[Sides, ...]:
    """With a fresh sample: the last stretch grows, or another begins. What follows a gap has nothing before it."""
    at_s, grid_v, bus_v = poi.measured_at_s, poi.grid_voltage_v, poi.bus_voltage_v
    if at_s is None or grid_v is None or bus_v is None or abs(now_s - at_s) > bounds.envelope.sample_age_max_s:
        return before
    is_open, is_turned = poi.position is BreakerPosition.OPEN, proof.are_turned(poi, bounds)
    if not before or at_s - before[-1].to_s > SKEW_S:
        return (Sides(at_s, at_s, grid_v, bus_v, is_open, at_s if is_turned else None),)
    last = before[-1]
    if at_s < last.to_s:
        return before
    new = Sides(at_s, at_s, grid_v, bus_v, is_open, (last.turned_since_s or at_s) if is_turned else None)
    if _goes_on(last, new, bounds):
        return (*before[:-1], replace(last, to_s=at_s))
    return (*(each for each in before if at_s - each.to_s <= 3.0 * SKEW_S), new)[-SIDES_MAX:]


def _goes_on(last: Sides, new: Sides, bounds: Bounds) -> bool:
    moved_v = max((new.grid_v - last.grid_v).largest, (new.bus_v - last.bus_v).largest)
    is_still = moved_v <= STILL_RATIO * bounds.hub.nominal_voltage_v
    return is_still and (new.is_open, new.turned_since_s is None) == (last.is_open, last.turned_since_s is None)


def were_apart(sides: Sequence[Sides], age_s: float, bounds: Bounds) -> bool:
    """So long ago, since when the contact has said open; or by their angle.

    One side had a voltage then that the other did not come by, neither so shortly before nor after that its meter may
    only have been late. Of what is younger than that nobody knows yet what the other is about to show.
    """
    if not sides:
        return False
    now_s, turned_since_s = sides[-1].to_s, sides[-1].turned_since_s
    if turned_since_s is not None and now_s - turned_since_s >= TURNED_S:
        return True
    told = takewhile(lambda each: each.is_open, reversed(sides))
    old = [each for each in told if each.from_s <= now_s - age_s and each.to_s >= now_s - 1.5 * SKEW_S]
    return any(_is_alone(each, min(each.to_s, now_s - age_s), sides, bounds) for each in old)


def _is_alone(each: Sides, at_s: float, sides: Sequence[Sides], bounds: Bounds) -> bool:
    near = [other for other in sides if at_s - other.to_s <= SKEW_S]
    is_grid_alone = proof.is_beyond(each.grid_v, [other.bus_v for other in near], bounds)
    return is_grid_alone or proof.is_beyond(each.bus_v, [other.grid_v for other in near], bounds)
