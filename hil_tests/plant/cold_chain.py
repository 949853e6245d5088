"""Refrigerators behind a feeder: thermostats with their own rooms' heat, and how long the cold chain was broken."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

COLD_MIN_C, COLD_MAX_C = 3.5, 6.0  # the thermostat's hysteresis
WARM_C = 8.0  # vaccines are kept at 2 to 8 degrees, from memory
TICK_S = 1.0


@dataclass(frozen=True, slots=True)
class FridgeGroup:
    """So many refrigerators of one kind."""

    units_count: int
    power_w: float = 150.0
    warms_s: float = 8 * 3600.0  # R C; 6 to 10 hours
    reaches_c: float = -20.0  # where it would end if it ran for ever: T_a - COP P R at 20 degrees


class Fridges:
    """C T' = (T_a - T) / R - COP P on, exact over each second. `warm_c_min` is the degree-minutes above 8 degrees.

    Source: thermostatic load of Mortensen and Haggerty 1988, without its noise.
    """

    __slots__ = ("_age_s", "_is_on", "group", "temperatures_c", "warm_c_min")

    def __init__(self, group: FridgeGroup, rng: random.Random) -> None:
        self.group = group
        self.temperatures_c = [rng.uniform(COLD_MIN_C, COLD_MAX_C) for _ in range(group.units_count)]
        self._is_on = [rng.random() < 0.35 for _ in range(group.units_count)]
        self.warm_c_min = 0.0  # mean over the units
        self._age_s = 0.0

    @property
    def running_count(self) -> int:
        """How many would run now, if there is power."""
        return sum(self._is_on)

    def step(self, ambient_c: float, dt_s: float, *, is_energised: bool) -> bool:
        """Once a second; true when another number of compressors runs."""
        self._age_s += dt_s
        if self._age_s < TICK_S - 1e-9:
            return False
        age_s, self._age_s = self._age_s, 0.0
        before_count = self.running_count
        share = 1.0 - math.exp(-age_s / self.group.warms_s)
        for index, before_c in enumerate(self.temperatures_c):
            runs = self._is_on[index] and is_energised
            target_c = ambient_c - 20.0 + self.group.reaches_c if runs else ambient_c
            celsius = before_c + (target_c - before_c) * share
            self.temperatures_c[index] = celsius
            self.warm_c_min += max(0.0, celsius - WARM_C) * age_s / 60.0 / self.group.units_count
            if celsius >= COLD_MAX_C or celsius <= COLD_MIN_C:
                self._is_on[index] = celsius >= COLD_MAX_C
        return self.running_count != before_count
