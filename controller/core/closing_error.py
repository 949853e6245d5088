"""How well the POI was closed, as its own instrument shows it: for the journal, and for who sets `breaker_closing_s`.

The instrument sees the two sides apart until the contact and as one after it. The contact lies between its last sample
before and its first one after, so the angle at the contact is bounded: the last one seen, or where the slip has brought
it by the next sample, whichever is worse. What the closing threw through the contact shows in the current after it.
"""

from __future__ import annotations

from controller.core.evidence import Inputs, numbers
from controller.core.memory import CoreMemory, PoiMemory
from controller.core.situation import Situation
from controller.model.decision import Event, Scalar
from controller.model.frozen import replace
from controller.model.image import PoiSeen
from controller.model.reasons import EventKind
from controller.model.words import BreakerPosition, Mode


def remember_apart(memory: CoreMemory, poi: PoiMemory, situation: Situation) -> PoiMemory:
    """Keep the last sample of the two sides before the contact, on the way back only."""
    if memory.mode is not Mode.RECONNECTION:
        return poi if poi.apart is None else replace(poi, apart=None)
    seen = situation.seen.poi
    is_open = seen.position is not BreakerPosition.CLOSED and not situation.poi_joins_both
    return replace(poi, apart=seen) if is_open and seen.angle_difference_deg is not None else poi


def contact_event(before: CoreMemory, after: CoreMemory, situation: Situation) -> Event | None:
    """One line when the way back has ended on the grid; None when nothing was seen before the contact."""
    apart, now = before.poi.apart, situation.seen.poi
    if before.mode is not Mode.RECONNECTION or after.mode is not Mode.GRID_CONNECTED or apart is None:
        return None
    inputs = _contact_inputs(before, apart, now, situation)
    kept = ("contact_angle_deg", "slip_hz", "voltage_difference_ratio")
    values: dict[str, Scalar] = {name: value for name in kept if (value := inputs[name]) is not None}
    return Event(
        EventKind.CONTACT_MEASURED,
        after.reason,
        situation.hub.poi.id,
        values,
        "close: contact_measured",
        inputs,
    )


def _contact_inputs(before: CoreMemory, apart: PoiSeen, now: PoiSeen, situation: Situation) -> Inputs:
    slip_hz, gap_s = _slip_hz(apart), _gap_s(apart, now)
    angle_deg, order = apart.angle_difference_deg, before.poi.close
    worst_deg = angle_deg
    if angle_deg is not None and slip_hz is not None and gap_s is not None:
        worst_deg = max(angle_deg, angle_deg + 360.0 * slip_hz * gap_s, key=abs)
    return numbers(
        contact_angle_deg=worst_deg,
        angle_deg=angle_deg,
        slip_hz=slip_hz,
        voltage_difference_ratio=_difference_ratio(apart, situation),
        sample_gap_s=gap_s,
        ordered_before_s=None if order is None else situation.now_s - order.issued_at_s,
        angle_after_deg=now.angle_difference_deg,
        voltage_difference_after_ratio=_difference_ratio(now, situation),
        current_after_a=None if now.current_a is None else now.current_a.largest,
    )


def _slip_hz(poi: PoiSeen) -> float | None:
    if poi.bus_frequency_hz is None or poi.grid_frequency_hz is None:
        return None
    return poi.bus_frequency_hz - poi.grid_frequency_hz


def _gap_s(apart: PoiSeen, now: PoiSeen) -> float | None:
    if apart.measured_at_s is None or now.measured_at_s is None:
        return None
    return now.measured_at_s - apart.measured_at_s


def _difference_ratio(poi: PoiSeen, situation: Situation) -> float | None:
    if poi.grid_voltage_v is None or poi.bus_voltage_v is None:
        return None
    return (poi.grid_voltage_v - poi.bus_voltage_v).largest / situation.hub.nominal_voltage_v
