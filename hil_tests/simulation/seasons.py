"""Sun, air and demand over the days of a season, as plain functions of time: for runs that last longer than a story.

A clear-sky bell between sunrise and sunset, dimmed by a factor of the day and by clouds that pass; air that is coldest
before dawn; a village that cooks in the morning and in the evening. Shapes and figures for 54.5 degrees north are from
memory: they are to be plausible, not measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from hil_tests.plant.base import TWO_PI, forked
from hil_tests.plant.plant import Plant

DAY_S = 86_400.0
HOUR_S = 3_600.0
CLOUD_S = 900.0  # how long one piece of sky stays


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the plant is told."""

    irradiance_w_per_m2: float
    temperature_c: float
    demand_ratio: float


@dataclass(frozen=True, slots=True)
class Season:
    """A kind of day."""

    sunrise_s: float
    sunset_s: float
    noon_w_per_m2: float  # on the roof, clear
    coldest_c: float
    warmest_c: float
    base_demand_ratio: float
    peak_demand_ratio: float


DECEMBER = Season(8.6 * HOUR_S, 15.9 * HOUR_S, 320.0, -3.0, 4.0, 0.30, 0.65)
JUNE = Season(4.8 * HOUR_S, 21.9 * HOUR_S, 880.0, 10.0, 21.0, 0.22, 0.50)

Sky = Callable[[float], Conditions]


def sky(season: Season, seed: int = 1, start_s: float = 0.0) -> Sky:
    """The weather of this season; the plant's zero is `start_s` after midnight. The same seed, the same clouds."""

    def at(now_s: float) -> Conditions:
        day, in_day_s = divmod(now_s + start_s, DAY_S)
        return Conditions(
            irradiance_w_per_m2=clear_sky(season, in_day_s) * _clouds(seed, int(day), in_day_s),
            temperature_c=_air(season, in_day_s),
            demand_ratio=_demand(season, in_day_s),
        )

    return at


def clear_sky(season: Season, in_day_s: float) -> float:
    """The bell, W/m2."""
    share = (in_day_s - season.sunrise_s) / (season.sunset_s - season.sunrise_s)
    return season.noon_w_per_m2 * math.sin(math.pi * share) ** 1.3 if 0.0 < share < 1.0 else 0.0


def apply(conditions: Conditions, plant: Plant) -> None:
    """Let it be so."""
    plant.weather.irradiance_w_per_m2 = conditions.irradiance_w_per_m2
    plant.weather.temperature_c = conditions.temperature_c
    for feeder in plant.feeders.values():
        feeder.demand_ratio = conditions.demand_ratio


def _clouds(seed: int, day: int, in_day_s: float) -> float:
    """The day's factor times what the clouds of this quarter of an hour let through, sliding into the next quarter."""
    factor = forked(seed, f"day {day}").uniform(0.35, 1.0)
    quarter, rest_s = divmod(in_day_s, CLOUD_S)
    now, then = (forked(seed, f"day {day} sky {int(quarter) + i}").uniform(0.6, 1.0) for i in (0, 1))
    return factor * (now + (then - now) * rest_s / CLOUD_S)


def _air(season: Season, in_day_s: float) -> float:
    """Coldest at five, warmest at seventeen."""
    mean_c, swing_c = (season.warmest_c + season.coldest_c) / 2.0, (season.warmest_c - season.coldest_c) / 2.0
    return mean_c - swing_c * math.cos(TWO_PI * (in_day_s - 5.0 * HOUR_S) / DAY_S)


def _demand(season: Season, in_day_s: float) -> float:
    """A base, and two humps around eight and nineteen o'clock."""
    hour = in_day_s / HOUR_S
    hump = math.exp(-(((hour - 8.0) / 1.2) ** 2)) * 0.7 + math.exp(-(((hour - 19.0) / 2.0) ** 2))
    return season.base_demand_ratio + (season.peak_demand_ratio - season.base_demand_ratio) * min(1.0, hump)
