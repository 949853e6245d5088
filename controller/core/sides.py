"""What the voltages on the POI's two sides have shown: that they are two, beyond doubt, or only for a moment.

Each side has its own meter, and one may be behind the other. Of one voltage that comes and goes the later meter tells
the same story as the other, so much later: a difference that lasts for longer is none of the meters'.
"""

from __future__ import annotations

from controller.core.memory import SidesMemory, since
from controller.core.poi_sample import sees_both
from controller.core.situation import Situation
from controller.model.frozen import replace
from controller.model.words import BreakerPosition, Difference

SKEW_S = 0.45  # from judgement: of two meters one may be a third of a second behind the other, and two polls more
RAMP_S = 2.0  # from judgement: an inverter comes up, or a grid goes down, in as long; meanwhile the later meter differs
SEEN_S = 0.09  # two polls later, and somewhat less than they are apart
SLIP_HZ = 0.1  # half of what a former is told to slip by
HOLE_S = 0.15  # two lost answers
CONTACT_LATE_S = 0.5  # from judgement: as long after its main contacts the auxiliary one may be seen to say open


def observe_sides(before: SidesMemory, situation: Situation) -> SidesMemory:
    """Take note of this sample. What was learnt ends when the contact is seen to say anything but open."""
    now_s, is_hole = situation.now_s, _is_hole(before, situation)
    difference = before.difference if is_hole else situation.poi_difference
    goes_on = difference is not None and difference is before.difference
    differ_since_s = since(before.differ_since_s if goes_on else None, difference is not None, now_s)
    differed_at_s = now_s if situation.poi_sides_differ else before.differed_at_s
    counts, seems_to = _counts(before, situation), differed_at_s is not None and now_s - differed_at_s <= CONTACT_LATE_S
    seen = SidesMemory(
        seemed_to_differ=counts and (before.seemed_to_differ or seems_to),
        difference=difference,
        differ_since_s=differ_since_s,
        differed_at_s=differed_at_s,
        alike_for_s=_alike_for_s(before, situation) if counts else 0.0,
        alike_at_s=now_s if _are_alike(situation) else before.alike_at_s,
        slip_since_s=since(before.slip_since_s, _slip(situation), now_s),
        grid_from_s=since(before.grid_from_s, situation.grid_is_live is True, now_s),
    )
    is_of_now = (counts or seems_to) and not situation.poi_flows  # and not of an opening that is long over
    seen = replace(seen, grid_alone_at_s=_grid_alone_at_s(before, seen, situation) if is_of_now else None)
    return replace(seen, have_differed=counts and (before.have_differed or _are_two(seen, situation)))


def _is_hole(before: SidesMemory, situation: Situation) -> bool:
    """Between sides that differed when they were seen last: what is not seen for longer may be anything."""
    poi, at_s = situation.seen.poi, before.differed_at_s
    is_unseen = poi.grid_voltage_v is None or poi.bus_voltage_v is None
    return is_unseen and at_s is not None and situation.now_s - at_s <= HOLE_S and not situation.poi_flows


def _counts(before: SidesMemory, situation: Situation) -> bool:
    """The contact says open, or said so when it was seen last, and no current flows all the same."""
    position = situation.seen.poi.position
    was_open = position is None and (before.have_differed or before.seemed_to_differ)
    return (position is BreakerPosition.OPEN or was_open) and not situation.poi_flows


def _slip(situation: Situation) -> bool:
    """Both live, the bus slower, as it is told to be: seen as well where the angle is not."""
    poi, are_live = situation.seen.poi, situation.grid_is_dead is False and situation.bus_is_dead is False
    if poi.grid_frequency_hz is None or poi.bus_frequency_hz is None:
        return False
    return are_live and poi.grid_frequency_hz - poi.bus_frequency_hz >= SLIP_HZ


def _are_alike(situation: Situation) -> bool:
    """Both are seen to live, if only on two phases, and nothing tells one from the other."""
    are_live = situation.grid_is_dead is False and situation.bus_is_dead is False
    return are_live and sees_both(situation.seen.poi) and not situation.poi_sides_differ


def _alike_for_s(before: SidesMemory, situation: Situation) -> float:
    """In samples that were seen; what is not seen in between does not count, and does not end it."""
    if situation.poi_sides_differ:
        return 0.0
    after_s = HOLE_S if before.alike_at_s is None else situation.now_s - before.alike_at_s
    return before.alike_for_s + (after_s if _are_alike(situation) and after_s < HOLE_S else 0.0)


def _grid_alone_at_s(before: SidesMemory, seen: SidesMemory, situation: Situation) -> float | None:
    """When a grid that had lived for longer than meters may be apart was seen beside a dead bus; while it lives on.

    In three samples: a gap that is shorter than a poll may be seen by one meter and not by the other.
    """
    if seen.grid_from_s is None or before.grid_alone_at_s is not None:
        return before.grid_alone_at_s if seen.grid_from_s is not None else None
    if situation.poi_difference is not Difference.GRID_ALONE or seen.differ_since_s is None:
        return None
    is_seen = situation.now_s - seen.differ_since_s >= SEEN_S
    return situation.now_s if is_seen and seen.differ_since_s - seen.grid_from_s >= SKEW_S else None


def _are_two(seen: SidesMemory, situation: Situation) -> bool:
    """They have differed in one way for too long, or the grid has lived so long before and after the bus was dead."""
    since_s, slip_since_s, alone_at_s = seen.differ_since_s, seen.slip_since_s, seen.grid_alone_at_s
    if situation.seen.poi.position is not BreakerPosition.OPEN:
        return False
    longest_s = RAMP_S if seen.difference is Difference.UNEVEN else SKEW_S
    is_long = since_s is not None and situation.now_s - since_s >= longest_s
    has_lived_on = alone_at_s is not None and situation.now_s - alone_at_s >= SKEW_S
    slips = slip_since_s is not None and situation.now_s - slip_since_s >= SKEW_S
    return (is_long and situation.poi_sides_differ) or slips or has_lived_on
