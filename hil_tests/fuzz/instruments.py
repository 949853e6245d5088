"""Instruments of a random hub that are not perfect: as good as what one buys, and as slow.

Only what no timing hangs on is late or averaged: powers. An angle or a frequency that is late is a fault, and drawn as
one.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from controller.config.types import Site

SHARE = 0.5  # of all stories
POINTS_MAX = 6
GAIN_ERROR = 0.01  # class 1 of IEC 62053-21 at full load
NOISE_SHARE = 0.002  # of the nominal voltage, or of 10 kW: own choice
LATENCY_MAX_S, AVERAGING_MAX_S = 0.1, 0.2  # two cycles of the hub; ten periods of the grid, as in IEC 61000-4-30
NOISE_W, NOISE_V = NOISE_SHARE * 10_000.0, NOISE_SHARE * 230.0
DECIMALS = 4


def drawn_instruments(rng: random.Random, site: Site) -> dict[str, dict[str, float]]:
    """By "device.point", as `[start.plant.instruments]` wants them; in every second story none."""
    points = sorted(set(_points(site)))
    if rng.random() >= SHARE or not points:
        return {}
    count = min(len(points), rng.randint(1, POINTS_MAX))
    return {name: _errors(rng, name) for name in sorted(rng.sample(points, count))}


def _points(site: Site) -> Iterator[str]:
    for binding in site.bindings.values():
        for quantity, references in binding.reads.items():
            if quantity.startswith("power_l") or "voltage_l" in quantity:
                yield from (f"{reference.device}.{reference.point}" for reference in references)


def _errors(rng: random.Random, name: str) -> dict[str, float]:
    is_power = "power" in name
    errors = {
        "gain": 1.0 + rng.uniform(-GAIN_ERROR, GAIN_ERROR),
        "noise": rng.uniform(0.0, NOISE_W if is_power else NOISE_V),
        "latency_s": rng.uniform(0.0, LATENCY_MAX_S) if is_power else 0.0,
        "averaging_s": rng.uniform(0.0, AVERAGING_MAX_S) if is_power else 0.0,
    }
    return {key: round(value, DECIMALS) for key, value in errors.items() if value}
