"""What a closing of the POI does to machines: the current that would flow, and how much of their life it takes."""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterable
from dataclasses import dataclass

from hil_tests.plant.breaker import Closing
from hil_tests.plant.grid import IMPEDANCE_PU

PROSPECTIVE_LIMIT_PU = 3.0  # of the formers' own rating: a bridge's limit with some room
PROSPECTIVE_LIMIT_DEG = 20.0  # IEEE 1547, up to 500 kVA, from memory
ROTATION_PU = 20.0  # two phases swapped: two of three poles close 120 degrees apart, whatever the angle says


@dataclass(frozen=True, slots=True)
class Impact:
    """One live closing. `prospective_pu` is on the formers' own rating, without their current limit."""

    at_s: float
    prospective_pu: float
    is_out_of_phase: bool

    @property
    def wear_ratio(self) -> float:
        """I squared against the limit's: 1 is one closing at the limit. A definition, not a standard."""
        return (self.prospective_pu / PROSPECTIVE_LIMIT_PU) ** 2


def impact_of(
    closing: Closing, bus_ratio: float, grid_ratio: float, formers: Iterable[tuple[complex, float]]
) -> Impact:
    """I = |V_bus - V_grid| / |Z_grid + Z_formers|, from each former's admittance and rating on the common base.

    Source: Ohm's law across the open contacts; the limits as named above.
    """
    pairs = list(formers)
    admittance = sum((y for y, _ in pairs), 0j)
    if closing.kind != "live_live" or admittance == 0:
        return Impact(closing.at_s, 0.0, is_out_of_phase=False)
    difference = abs(cmath.rect(bus_ratio, math.radians(closing.angle_deg)) - grid_ratio)
    current_pu = difference / abs(IMPEDANCE_PU + 1.0 / admittance) / sum(rated for _, rated in pairs)
    if not closing.rotation_equal:
        current_pu = max(current_pu, ROTATION_PU)
    far = abs(closing.angle_deg) > PROSPECTIVE_LIMIT_DEG or current_pu > PROSPECTIVE_LIMIT_PU
    return Impact(closing.at_s, current_pu, is_out_of_phase=far)
