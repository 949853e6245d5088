"""What one sample of the POI's instrument shows of its two sides. No memory, and the contact is not asked."""

from __future__ import annotations

from controller.model.image import PoiSeen
from controller.model.words import Difference

DIFFERENT_RATIO = 0.1  # two sides of a closed breaker never differ by a tenth of nominal
DIFFERENT_DEG = 20.0
DIFFERENT_PHASES_MIN = 2  # one may be the blown fuse of a voltage transformer
ZERO_CURRENT_A = 1.0  # below the noise of a 1 A class CT on a 100 A primary


def difference_of(poi: PoiSeen, nominal_v: float, dead_v: float) -> Difference | None:
    """Out of step, or apart by a tenth of nominal in two phases. Beside a dead side an angle is noise."""
    if poi.grid_voltage_v is None or poi.bus_voltage_v is None:
        return None
    grid_is_dead, bus_is_dead = poi.grid_voltage_v.maximum < dead_v, poi.bus_voltage_v.maximum < dead_v
    angle_deg = None if grid_is_dead or bus_is_dead else poi.angle_difference_deg
    if angle_deg is not None and abs(angle_deg) > DIFFERENT_DEG:
        return Difference.TURNED
    apart = [abs(difference_v) > DIFFERENT_RATIO * nominal_v for difference_v in poi.grid_voltage_v - poi.bus_voltage_v]
    if sum(apart) < DIFFERENT_PHASES_MIN:
        return None
    if grid_is_dead or bus_is_dead:
        return Difference.BUS_ALONE if grid_is_dead else Difference.GRID_ALONE
    return Difference.UNEVEN


def are_dead(poi: PoiSeen, dead_v: float) -> bool:
    """Both of them."""
    if poi.grid_voltage_v is None or poi.bus_voltage_v is None:
        return False
    return poi.grid_voltage_v.maximum < dead_v and poi.bus_voltage_v.maximum < dead_v


def are_one(poi: PoiSeen, dead_v: float, *, differ: bool) -> bool:
    """Both live, and alike."""
    if poi.grid_voltage_v is None or poi.bus_voltage_v is None:
        return False
    are_live = poi.grid_voltage_v.minimum > dead_v and poi.bus_voltage_v.minimum > dead_v
    return are_live and not differ


def flows(poi: PoiSeen) -> bool:
    """Current through an "open" breaker is a lie of its contact."""
    return poi.current_a is not None and poi.current_a.maximum > 3 * ZERO_CURRENT_A


def sees_both(poi: PoiSeen) -> bool:
    """Each side's voltage is measured."""
    return poi.grid_voltage_v is not None and poi.bus_voltage_v is not None
