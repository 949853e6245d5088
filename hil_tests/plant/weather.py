"""Sun and temperature: set by hand, or by the time of day with clouds and cold spells; nothing in it is drawn anew."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from hil_tests.plant.rest import Rest, Setting

PV_EFFICIENCY = 0.96
TICK_S = 1.0  # a sky moves once a second, and by whole watts, so that the plant rests between
DAY_S = 86_400.0
WARMEST_HOUR = 15.0


@dataclass(frozen=True, slots=True)
class Cloud:
    """One cloud: takes this share of the sun, within `ramp_s`, for `hold_s`, and lets it go within `ramp_s` again."""

    start_s: float
    depth_ratio: float
    ramp_s: float
    hold_s: float

    def shade_ratio(self, now_s: float) -> float:
        """What it takes away now."""
        into_s = now_s - self.start_s
        left_s = 2.0 * self.ramp_s + self.hold_s - into_s
        return self.depth_ratio * max(0.0, min(1.0, into_s / self.ramp_s, left_s / self.ramp_s))


SEVEN_CLOUDS = (
    Cloud(60.0, 0.5, 125.0, 60.0),
    Cloud(420.0, 0.7, 50.0, 30.0),
    Cloud(600.0, 0.9, 25.0, 120.0),
    Cloud(840.0, 0.6, 100.0, 240.0),
    Cloud(1350.0, 0.8, 25.0, 30.0),
    Cloud(1500.0, 0.9, 75.0, 180.0),
    Cloud(1900.0, 0.7, 30.0, 90.0),
)
"""Within the ranges of NREL's test sequence 9 (EPHCC): depth 0.5 to 0.9, ramps of 25 to 125 s, 30 to 240 s of shade."""


def clouds_of(rng: random.Random, count: int, every_s: float = 300.0) -> tuple[Cloud, ...]:
    """So many clouds from a stream, within the same ranges."""
    return tuple(
        Cloud(
            start_s=(index + rng.uniform(0.1, 0.5)) * every_s,
            depth_ratio=rng.uniform(0.5, 0.9),
            ramp_s=rng.uniform(25.0, 125.0),
            hold_s=rng.uniform(30.0, 240.0),
        )
        for index in range(count)
    )


@dataclass(frozen=True, slots=True)
class Sky:
    """A day: sun as a bell between sunrise and sunset, temperature as a sine, and what passes through."""

    start_hour: float = 12.0  # of the plant's second zero
    day_length_hours: float = 12.0  # around noon
    peak_w_per_m2: float = 900.0
    clouds: tuple[Cloud, ...] = ()
    mean_c: float = 12.0
    swing_c: float = 5.0  # half of the difference between day and night
    cold_spell: tuple[float, float, float] | None = None  # from second, for seconds, degrees below

    def hour(self, now_s: float) -> float:
        """Time of day, 0 to 24."""
        return (self.start_hour + now_s / 3600.0) % 24.0

    def irradiance_w_per_m2(self, now_s: float) -> float:
        """G = peak sin^1.2(pi (h - sunrise) / length), less the clouds; whole watts. Source: a bell from judgement."""
        share = (self.hour(now_s) - 12.0) / self.day_length_hours + 0.5
        if not 0.0 < share < 1.0:
            return 0.0
        clear = self.peak_w_per_m2 * math.sin(math.pi * share) ** 1.2
        shade = max((cloud.shade_ratio(now_s) for cloud in self.clouds), default=0.0)
        return float(round(clear * (1.0 - shade)))

    def temperature_c(self, now_s: float) -> float:
        """Mean and daily sine, less a cold spell; tenths of a degree."""
        daily_c = self.swing_c * math.cos(2.0 * math.pi * (self.hour(now_s) - WARMEST_HOUR) / 24.0)
        spell_c = 0.0
        if self.cold_spell is not None:
            from_s, for_s, drop_c = self.cold_spell
            spell_c = drop_c if from_s <= now_s < from_s + for_s else 0.0
        return round(self.mean_c + daily_c - spell_c, 1)


class Weather:
    """Sun and temperature. With a `sky` they follow it; without one they stay as they are set."""

    __slots__ = ("_age_s", "_irradiance_w_per_m2", "_now_s", "_sky", "_temperature_c", "rest")

    irradiance_w_per_m2 = Setting[float]("irradiance_w_per_m2")
    temperature_c = Setting[float]("temperature_c")
    sky = Setting[Sky | None]("sky")

    def __init__(self, irradiance_w_per_m2: float, temperature_c: float, rest: Rest, sky: Sky | None = None) -> None:
        self.rest = rest
        self._sky = sky
        self._now_s = self._age_s = 0.0
        self._irradiance_w_per_m2 = irradiance_w_per_m2 if sky is None else sky.irradiance_w_per_m2(0.0)
        self._temperature_c = temperature_c if sky is None else sky.temperature_c(0.0)

    @property
    def yield_ratio(self) -> float:
        """Of rating, p = G / 1000 (1 - 0.004 (T_cell - 25)) 0.96 with T_cell = T + 0.03 G.

        Source: Evans 1981; Ross 1976 for the cell (0.03 K m2/W is a nominal operating temperature of 44 degrees).
        """
        irradiance = self._irradiance_w_per_m2
        cell_c = self._temperature_c + 0.03 * irradiance
        return irradiance / 1000.0 * (1.0 - 0.004 * (cell_c - 25.0)) * PV_EFFICIENCY

    def step(self, elapsed_s: float) -> bool:
        """Slow time passes; true once a second."""
        self._now_s += elapsed_s
        self._age_s += elapsed_s
        if self._age_s < TICK_S - 1e-9:
            return False
        self._age_s = 0.0
        if self._sky is not None:
            self.irradiance_w_per_m2 = self._sky.irradiance_w_per_m2(self._now_s)
            self.temperature_c = self._sky.temperature_c(self._now_s)
        return True

    def hour(self) -> float:
        """Time of day; without a sky the plant began at noon."""
        return (self._sky or Sky()).hour(self._now_s)
