"""Have the POI's two sides differed, or was one of their meters only late?

What joins them gives both the same voltage, and a late meter shows a moment later what the other has shown. So they
were apart when one had a voltage that the other did not come by, neither shortly before nor after: a bus that ramps up
beside a late meter of the street does not count, nor a grid that falls; a bus that was dead beside a grid that stood
does. So far they were apart as soon as that is seen, and for good when the late meter has had its time to explain it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile

from controller.core.memory import PoiMemory, Sides
from controller.core.situation import DIFFERENT_PHASES_MIN, DIFFERENT_RATIO, TURNED_DEG, Situation
from controller.model.frozen import replace
from controller.model.hub import Hub
from controller.model.image import PoiSeen
from controller.model.phases import PhaseValues
from controller.model.words import BreakerPosition

SKEW_S = 0.35  # from judgement: of two meters one may be a third of a second behind the other
TURNED_S = 0.1  # of an angle, which one instrument makes of both sides: longer than one spoilt sample
MOVED_RATIO = 0.02  # of nominal: less than a fifth of what counts as different
SIDES_MAX = 64


def watch_sides(before: PoiMemory, situation: Situation) -> tuple[tuple[Sides, ...], bool, bool]:
    """What is kept, and whether the sides have differed: so far, and for good.

    Both hold until the contact is seen to say anything but open, or current flows all the same.
    """
    poi, hub, flows = situation.seen.poi, situation.hub, situation.poi_flows
    if poi.position is None:
        return before.sides, before.has_differed and not flows, before.differed_for_good and not flows
    sides = _kept(before.sides, poi, hub)
    if poi.position is not BreakerPosition.OPEN or flows:
        return sides, False, False
    for_good = before.differed_for_good or _were_apart(sides, SKEW_S, hub)
    return sides, for_good or _were_apart(sides, 0.0, hub), for_good


def _kept(before: tuple[Sides, ...], poi: PoiSeen, hub: Hub) -> tuple[Sides, ...]:
    """With the newest sample: a longer stretch, or a new one. What follows a gap has nothing before it."""
    at_s, grid_v, bus_v = poi.measured_at_s, poi.grid_voltage_v, poi.bus_voltage_v
    if at_s is None or grid_v is None or bus_v is None or (before and at_s < before[-1].to_s):
        return before
    known = before if before and at_s - before[-1].to_s <= SKEW_S else ()
    turned_since_s = ((known and known[-1].turned_since_s) or at_s) if _is_turned(poi, hub) else None
    new = Sides(at_s, at_s, grid_v, bus_v, poi.position is BreakerPosition.OPEN, turned_since_s)
    if known and _is_as_before(new, known[-1], hub):
        return (*known[:-1], replace(known[-1], to_s=at_s))
    return (*(each for each in known if at_s - each.to_s <= 3.0 * SKEW_S), new)[-SIDES_MAX:]


def _is_as_before(new: Sides, last: Sides, hub: Hub) -> bool:
    most_v = MOVED_RATIO * hub.nominal_voltage_v
    moved_v = max((new.grid_v - last.grid_v).largest, (new.bus_v - last.bus_v).largest)
    is_same = new.is_open == last.is_open and (new.turned_since_s is None) == (last.turned_since_s is None)
    return is_same and moved_v <= most_v


def _were_apart(sides: Sequence[Sides], age_s: float, hub: Hub) -> bool:
    """In a stretch that is so old, or by an angle. What was shown before the contact said open only explains."""
    if not sides:
        return False
    now_s, turned_since_s = sides[-1].to_s, sides[-1].turned_since_s
    if turned_since_s is not None and now_s - turned_since_s >= TURNED_S:
        return True
    told = takewhile(lambda each: each.is_open, reversed(sides))
    old = (each for each in told if each.from_s <= now_s - age_s and each.to_s >= now_s - 1.5 * SKEW_S)
    return any(_is_alone(each, min(each.to_s, now_s - age_s), sides, hub) for each in old)


def _is_alone(each: Sides, at_s: float, sides: Iterable[Sides], hub: Hub) -> bool:
    """One side at that instant, whichever of the two meters is late."""
    near = [other for other in sides if at_s - other.to_s <= SKEW_S]
    is_grid_beyond = _is_beyond(each.grid_v, [other.bus_v for other in near], hub)
    return is_grid_beyond or _is_beyond(each.bus_v, [other.grid_v for other in near], hub)


def _is_beyond(voltage_v: PhaseValues, others_v: Sequence[PhaseValues], hub: Hub) -> bool:
    """On two phases above all of the others, or below all of them: none that they come by."""
    apart_v = DIFFERENT_RATIO * hub.nominal_voltage_v
    above = [all(v - other_v[n] > apart_v for other_v in others_v) for n, v in enumerate(voltage_v)]
    below = [all(other_v[n] - v > apart_v for other_v in others_v) for n, v in enumerate(voltage_v)]
    return sum(above) + sum(below) >= DIFFERENT_PHASES_MIN


def _is_turned(poi: PoiSeen, hub: Hub) -> bool:
    """An angle between live sides: beside a dead one it is noise."""
    if poi.grid_voltage_v is None or poi.bus_voltage_v is None or poi.angle_difference_deg is None:
        return False
    least_v = min(poi.grid_voltage_v.maximum, poi.bus_voltage_v.maximum)
    is_live = least_v >= hub.grid_code.dead_voltage_ratio * hub.nominal_voltage_v
    return is_live and abs(poi.angle_difference_deg) > TURNED_DEG
