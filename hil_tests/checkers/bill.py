"""One number for a run, in the form of NREL's key performance parameter 8: what was served pays, what went wrong costs.

Weights are those of the 2017 microgrid controller procurement (NREL, tables 5 and 6, and the scoring scripts of EPHCC),
taken as euros one for one; only their proportions mean anything. The lower, the better.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

WEIGHTS_EUR: Mapping[str, float] = MappingProxyType(
    {
        "unserved_wh.tier0": 1.50 / 1000.0,  # critical outage, per kWh
        "unserved_wh.tier1": 1.50 / 1000.0,
        "unserved_wh.tier2": 0.67 / 1000.0,  # priority outage
        "unserved_wh.tier3": 0.267 / 1000.0,  # interruptible, and every tier beyond: only what it would have paid
        "voltage_violation_s": 4.88,  # per pu s
        "frequency_violation_hz_s": 0.49,
        "operations_count": 0.40,  # per breaker operation
        "battery_cycles": 10.0,
        "genset_starts_count": 10.0,
        "fuel_l": 1.80,  # own choice: what a litre of diesel costs
    }
)


def bill_eur(values: Mapping[str, float]) -> float:
    """The sum of everything that went wrong or wore out, whatever a hub calls its gensets and tiers."""
    return sum(_weight_eur(name) * value for name, value in values.items())


def _weight_eur(name: str) -> float:
    kind, _, which = name.partition(".")
    if kind == "genset_starts_count":
        return WEIGHTS_EUR[kind]
    if kind == "unserved_wh":
        return WEIGHTS_EUR.get(name, WEIGHTS_EUR["unserved_wh.tier3"])
    return WEIGHTS_EUR.get(name, 0.0) if not which else 0.0
