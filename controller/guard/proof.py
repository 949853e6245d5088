"""Is the POI open? In the guard's own words, from the instruments alone.

Two sides of a closed breaker cannot differ: not in voltage, not in angle. So a difference is worth as much as the
contact, and both together prove it. When both sides are dead nothing can differ; then the contact and the absence of
current must do, held for two samples. A contact that lies on a dead grid can fool this once: forming would then push
current through the POI, which `feeds_through` sees in the next sample, and the former is stopped.
"""

from __future__ import annotations

from controller.model.envelope import Envelope
from controller.model.hub import Hub
from controller.model.image import PoiSeen
from controller.model.words import BreakerPosition

SIDES_DIFFER_RATIO = 0.1
ANGLE_DIFFERS_DEG = 20.0
NO_CURRENT_A = 1.0
CURRENT_FLOWS_A = 3.0
HOLD_CYCLES_RATIO = 0.9  # of one cycle: the second sample in a row


def looks_open(poi: PoiSeen, hub: Hub, envelope: Envelope) -> bool:
    """Two independent signs in this sample."""
    if feeds_through(poi, hub):
        return False
    contact = poi.position is BreakerPosition.OPEN
    apart = _are_apart(poi, hub)
    if contact and apart:
        return True
    idle = poi.current_a is not None and poi.current_a.maximum < NO_CURRENT_A
    return idle and (apart or (contact and _are_dead(poi, hub, envelope)))


def feeds_through(poi: PoiSeen, hub: Hub) -> bool:
    """Current flows and the sides agree: closed, whatever the contact says."""
    return poi.current_a is not None and poi.current_a.maximum > CURRENT_FLOWS_A and not _are_apart(poi, hub)


def _are_apart(poi: PoiSeen, hub: Hub) -> bool:
    if poi.grid_voltage_v is None or poi.bus_voltage_v is None:
        return False
    limit_v = SIDES_DIFFER_RATIO * hub.nominal_voltage_v
    if any(abs(g - b) > limit_v for g, b in zip(poi.grid_voltage_v, poi.bus_voltage_v, strict=True)):
        return True
    return poi.angle_difference_deg is not None and abs(poi.angle_difference_deg) > ANGLE_DIFFERS_DEG


def _are_dead(poi: PoiSeen, hub: Hub, envelope: Envelope) -> bool:
    if poi.grid_voltage_v is None or poi.bus_voltage_v is None:
        return False
    dead_v = envelope.dead_voltage_ratio * hub.nominal_voltage_v
    return max(poi.grid_voltage_v.maximum, poi.bus_voltage_v.maximum) < dead_v
