"""The faults that the fuzzer draws from: the whole catalogue, as far as T0 can inject it, and what is left out by name.

A fault that is not here is in `LEFT_OUT` with its reason; a test holds the two together with the catalogue.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.config.types import Device, Site
from hil_tests.bench.scenario import Tier
from hil_tests.faults.catalogue import CATALOGUE
from hil_tests.faults.checks import units_of
from hil_tests.faults.points import fits
from hil_tests.faults.types import FaultType, Kind, Parameter, Unit

LEFT_OUT: Mapping[str, str] = {}

# What a parameter is drawn from where the catalogue's own limits are wider than anything that happens.
SPANS: Mapping[tuple[str, str], tuple[float, float]] = {
    ("slow", "delay_s"): (0.01, 2.0),
    ("slow", "jitter_s"): (0.0, 0.5),
    ("drop", "ratio"): (0.02, 0.9),
    ("empty_restart", "down_s"): (0.5, 8.0),
    ("empty_restart", "empty_s"): (0.2, 5.0),
    ("miscalibrated", "gain_ratio"): (0.7, 1.3),
    ("miscalibrated", "offset"): (-5.0, 5.0),
    ("spikes", "ratio"): (0.01, 0.3),
    ("spikes", "factor"): (-10.0, 10.0),
    ("counter_reset", "modulus"): (0.0, 1000.0),
    ("stale", "age_s"): (0.5, 60.0),
    ("soc_jump", "jump_pct"): (-50.0, 30.0),
    ("disagree", "by_ratio"): (-0.3, 0.3),
    ("torn", "ratio"): (0.05, 0.9),
    ("motor_start", "power_w"): (300.0, 8000.0),
    ("motor_start", "inrush_ratio"): (2.0, 8.0),
    ("motor_start", "start_s"): (0.2, 4.0),
    ("short_circuit", "trips_after_s"): (0.02, 0.5),
    ("control_supply_low", "lasts_s"): (0.0, 5.0),
    ("clock_jump", "by_s"): (-1e6, 1e6),
    ("dst", "by_s"): (-3600.0, 3600.0),
    ("suspend", "lasts_s"): (0.2, 4.0),  # who sleeps longer than the grace of I1 cannot have opened in time
    ("year_2038", "before_s"): (0.0, 20.0),
    ("kill", "count"): (1, 40),
    ("kill", "down_s"): (1.2, 8.0),
    ("terminate", "down_s"): (1.2, 8.0),
    ("power_cycle", "down_s"): (1.5, 10.0),
    ("starved", "stop_s"): (0.05, 1.5),
    ("starved", "run_s"): (0.1, 3.0),
}
LASTS_S = (0.2, 30.0)
EVERY_POINT = 0.2  # share of data faults that a whole device has


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault that is to happen."""

    kind: str
    unit: str  # empty: the whole hub
    parameters: Mapping[str, Any]


def kinds_of(site: Site) -> list[str]:
    """Every kind that something at this hub can have in T0."""
    return [
        name
        for name, fault in CATALOGUE.items()
        if Tier.T0 in fault.tiers and name not in LEFT_OUT and _units(fault, site)
    ]


def drawn(rng: random.Random, kind: str, site: Site) -> Fault:
    """A fault of this kind: somewhere, with random values."""
    fault = CATALOGUE[kind]
    unit = rng.choice(_units(fault, site))
    values: dict[str, float | str | bool] = {}
    for parameter in fault.parameters:
        values[parameter.name] = _value(rng, fault, parameter, site, unit, str(values.get("drift", "")))
    return Fault(kind, unit, values)


def _units(fault: FaultType, site: Site) -> list[str]:
    """Where it can happen: with a point that it fits, and another device to change places with."""
    if Unit.HUB in fault.units:
        return [""]
    kinds = {parameter.kind for parameter in fault.parameters}
    return [
        name
        for name in units_of(fault, site)
        if not (Kind.POINT in kinds and not _points(fault, site.devices[name]))
        and not (Kind.DEVICE in kinds and not _twins(site, site.devices[name]))
    ]


def _points(fault: FaultType, device: Device, drift: str = "") -> list[str]:
    return [
        point.id
        for point in device.table.points.values()
        if point.readable and fits(fault.name, point, drift) and point.id != device.table.heartbeat
    ]


def _twins(site: Site, device: Device) -> list[str]:
    return [name for name, each in site.devices.items() if each.table.name == device.table.name and name != device.name]


def _value(
    rng: random.Random, fault: FaultType, parameter: Parameter, site: Site, unit: str, drift: str
) -> float | str | bool:
    match parameter.kind:
        case Kind.NUMBER:
            return float(f"{rng.uniform(*SPANS[fault.name, parameter.name]):.4g}")
        case Kind.COUNT:
            low, high = SPANS[fault.name, parameter.name]
            return rng.randint(int(low), int(high))
        case Kind.TRUTH:
            return rng.random() < 0.5
        case Kind.POINT:
            return "" if rng.random() < EVERY_POINT else rng.choice(_points(fault, site.devices[unit], drift))
        case Kind.DEVICE:
            return rng.choice(_twins(site, site.devices[unit]))
        case _:
            choices = parameter.choices
            if parameter.name == "drift":
                choices = tuple(each for each in choices if _points(fault, site.devices[unit], each))
            return rng.choice(choices)
