"""The power bridge of an inverter: what it loses, what it draws from its battery, how hot an overload makes it."""

from __future__ import annotations

import math

from hil_tests.plant.base import BASE_VA, curve_hold_s

LOSS = (0.004, 0.010, 0.020)  # no load, linear, square; pu of rating, from memory
COOL_DOWN_S = 600.0


class Bridge:
    """Direct-current energy since the last slow step, and a thermal accumulator: over' = 1 / t(|I|), trip at 100 %.

    Source: IEEE C37.112 (a dependent time is integrated); losses p0 + p1 s + p2 s^2: Schmidt and Sauer 1996.
    """

    __slots__ = ("_active_s", "_curve", "_dc_j", "_dc_power_w", "_rated", "_valid_for_va", "cool_s", "overload_pct")

    def __init__(self, rated_pu: float, curve: tuple[tuple[float, float], ...]) -> None:
        self._rated, self._curve = rated_pu, curve
        self.overload_pct = 0.0
        self._dc_power_w, self._valid_for_va = 0.0, complex(math.nan)
        self._dc_j = self._active_s = self.cool_s = 0.0

    def heat(self, load_ratio: float, dt_s: float) -> bool:
        """Beyond the rating, after its own short-time curve. True when it trips. Within it, `cool_s` grows."""
        self.overload_pct += 100.0 * dt_s / curve_hold_s(self._curve, load_ratio)
        return self.overload_pct >= 100.0

    def draw(self, power_va: complex, dt_s: float) -> None:
        """Count what the battery gives for this power, losses p0 + p1 s + p2 s^2 included."""
        if power_va != self._valid_for_va:
            self._valid_for_va = power_va
            load = abs(power_va) / self._rated
            loss = LOSS[0] + LOSS[1] * load + LOSS[2] * load * load
            self._dc_power_w = (power_va.real + loss * self._rated) * BASE_VA
        self._dc_j += self._dc_power_w * dt_s
        self._active_s += dt_s

    def end_slow_step(self) -> tuple[float, float]:
        """Cool; and the mean power drawn since the last time, in watts, with the seconds it was drawn.

        over' = -100 % / 600 s within the rating: a straight line where a thermal body has an exponential.
        Source: from judgement.
        """
        self.overload_pct = max(0.0, self.overload_pct - 100.0 * self.cool_s / COOL_DOWN_S)
        active_s, drawn_j = self._active_s, self._dc_j
        self._dc_j = self._active_s = self.cool_s = 0.0
        return (drawn_j / active_s if active_s > 0.0 else 0.0), active_s
