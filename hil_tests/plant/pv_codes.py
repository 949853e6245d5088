"""What a PV inverter does by its grid code: named sets of numbers. None of them replaces the standard's text.

All marked "from memory" until somebody compares them with the standard; the 2026 edition of VDE-AR-N 4105 is a slot
that holds the numbers of 2018 and is not verified at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

Curve = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class PvCode:
    """Limits as (limit, seconds) with `below` and `above`; curves as points, flat outside."""

    name: str
    frequency_start_hz: float
    frequency_slope_per_hz: float  # share of power given up per Hz above the start
    undervoltage: Curve
    overvoltage: Curve
    underfrequency: Curve
    overfrequency: Curve
    reconnect_ratios: tuple[float, float]
    reconnect_hz: tuple[float, float]
    reconnect_s: float
    ramp_pct_per_min: float  # after a trip, of rating
    mean_voltage_max_ratio: float | None = None  # of ten minutes
    reactive_curve: Curve = ()  # voltage ratio and Q as a share of S, positive: delivered; empty: none
    power_curve: Curve = ()  # volt-watt: voltage ratio and the share of rating allowed; empty: none
    reactive_s: float = 3.3  # lag of Q(U)
    pll_s: float = 0.0  # lag beyond the 40 ms window in which the bus frequency is measured
    is_verified: bool = False


VDE4105_2018 = PvCode(
    name="vde4105_2018",
    frequency_start_hz=50.2,  # Beckhoff TF8360 default, droop 5 %
    frequency_slope_per_hz=0.4,
    undervoltage=((0.80, 3.0), (0.45, 0.3)),
    overvoltage=((1.25, 0.1),),
    underfrequency=((47.5, 0.1),),
    overfrequency=((51.5, 0.1),),
    reconnect_ratios=(0.85, 1.10),
    reconnect_hz=(47.5, 50.1),
    reconnect_s=60.0,
    ramp_pct_per_min=10.0,
    mean_voltage_max_ratio=1.10,
)
VDE4105_2026 = replace(VDE4105_2018, name="vde4105_2026")
EN50549_1 = replace(
    VDE4105_2018,
    name="en50549_1",
    undervoltage=((0.85, 1.5), (0.50, 0.3)),
    overvoltage=((1.15, 0.1), (1.20, 0.1)),
    reconnect_hz=(49.5, 50.2),
)
OFFGRID = PvCode(
    name="offgrid",
    frequency_start_hz=51.0,  # SMA island systems: 51 to 52 Hz, from memory
    frequency_slope_per_hz=1.0,
    undervoltage=((0.70, 0.5),),
    overvoltage=((1.22, 0.1),),
    underfrequency=((45.0, 0.2),),
    overfrequency=((55.0, 0.2),),
    reconnect_ratios=(0.80, 1.15),
    reconnect_hz=(45.5, 52.0),
    reconnect_s=5.0,
    ramp_pct_per_min=600.0,
)
Q_OF_U: Curve = ((0.92, 0.436), (0.97, 0.0), (1.03, 0.0), (1.08, -0.436))
"""Dead band 3 %, 0.436 S at 8 %: power factor 0.9. Asked for by the network operator, so no code has it by itself."""
VOLT_WATT: Curve = ((1.09, 1.0), (1.12, 0.0))

CODES: Mapping[str, PvCode] = MappingProxyType(
    {code.name: code for code in (VDE4105_2018, VDE4105_2026, EN50549_1, OFFGRID)}
)


def code_named(value: object) -> object:
    """A code by its name; whatever else is left to others. Raises ValueError on an unknown name."""
    if not isinstance(value, str):
        return value
    if value not in CODES:
        raise ValueError(f"one of {', '.join(CODES)}, or a table of its own")
    return CODES[value]
