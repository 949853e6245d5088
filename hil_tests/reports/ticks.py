"""Round numbers along an axis."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

STEPS = (1.0, 2.0, 5.0)
TIME_STEPS_S = (
    0.05,
    0.1,
    0.2,
    0.5,
    1,
    2,
    5,
    10,
    20,
    30,
    60,
    120,
    300,
    600,
    1200,
    1800,
    3600,
    7200,
    14400,
    43200,
    86400,
)
TICKS_MAX = 6


@dataclass(frozen=True, slots=True)
class Tick:
    """`at_pct` of the axis' length, from its beginning."""

    at_pct: float
    text: str


def steps_of(low: float, high: float, count_max: int = TICKS_MAX) -> float:
    """A step of 1, 2 or 5 times a power of ten."""
    rough = max((high - low) / count_max, 1e-9)
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in (*STEPS, 10.0) if step * power >= rough * (1 - 1e-9))


def value_ticks(low: float, high: float, count_max: int = 4) -> list[Tick]:
    """Upwards along a panel: 0 % is its upper edge, as on a screen."""
    step = steps_of(low, high, count_max)
    return [
        Tick(round((high - value) / (high - low) * 100.0, 2), f"{value + 0.0:g}")
        for value in _multiples(low, high, step)
    ]


def time_ticks(from_s: float, to_s: float) -> tuple[list[Tick], str]:
    """Along the time axis, and the unit in which they are told."""
    span_s = max(to_s - from_s, 1e-6)
    step_s = next((step for step in TIME_STEPS_S if span_s / step <= TICKS_MAX), TIME_STEPS_S[-1])
    factor_s, unit = (3600.0, "h") if step_s >= 3600 else (60.0, "min") if step_s >= 60 else (1.0, "s")
    ticks = [
        Tick(round((at_s - from_s) / span_s * 100.0, 2), f"{at_s / factor_s + 0.0:g}")
        for at_s in _multiples(from_s, to_s, step_s)
    ]
    return ticks, unit


def _multiples(low: float, high: float, step: float) -> Iterator[float]:
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    yield from (round(number * step, 9) for number in range(first, last + 1))
