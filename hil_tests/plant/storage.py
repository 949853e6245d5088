"""A lithium iron phosphate battery behind its BMS: state of charge, voltage, temperature, and what it allows."""

from __future__ import annotations

import math

CELLS_COUNT = 240
OCV_SOC_PCT = (0.0, 5.0, 10.0, 20.0, 40.0, 60.0, 80.0, 95.0, 100.0)
OCV_CELL_V = (2.80, 3.10, 3.20, 3.25, 3.29, 3.31, 3.335, 3.37, 3.45)  # generic LFP, from memory
R0_OHM = 0.060  # of 120 kWh; other sizes scale
R1_OHM = 0.030
POLARISATION_S = 30.0
HEAT_CAPACITY_J_PER_K = 0.9e6
HEAT_RESISTANCE_K_PER_W = 0.02
REFERENCE_WH = 120_000.0
BMS_W = 40.0
BMS_TRIP_RATIO = 1.1
BMS_TRIP_S = 10.0


class BatteryPack:
    """Rint model with one polarisation branch. Limits after the usual LFP sheet (sunlandpower IFR10440, Epever FAQ)."""

    __slots__ = ("_over_s", "capacity_wh", "polarisation_v", "scale", "soc_pct", "temperature_c", "tripped")

    def __init__(self, capacity_wh: float, soc_pct: float = 85.0, temperature_c: float = 18.0) -> None:
        self.capacity_wh = capacity_wh
        self.scale = REFERENCE_WH / capacity_wh
        self.soc_pct = soc_pct
        self.temperature_c = temperature_c
        self.polarisation_v = 0.0
        self.tripped = False
        self._over_s = 0.0

    @property
    def charge_limit_w(self) -> float:
        """CCL: nothing below 0 or above 50 degrees, a fifth of C below 15, else half; tapered over the last 5 %."""
        c_rate = 0.0 if not 0.0 <= self.temperature_c <= 50.0 else 0.2 if self.temperature_c < 15.0 else 0.5
        taper = max(0.0, min(1.0, (100.0 - self.soc_pct) / 5.0))
        return c_rate * self.capacity_wh * taper

    @property
    def discharge_limit_w(self) -> float:
        """DCL: a fifth of C in the frost, C otherwise; tapered over the first 5 %."""
        if not -20.0 <= self.temperature_c <= 60.0:
            return 0.0
        c_rate = 0.2 if self.temperature_c < 0.0 else 1.0
        return c_rate * self.capacity_wh * max(0.0, min(1.0, self.soc_pct / 5.0))

    @property
    def is_overloaded(self) -> bool:
        """Beyond what the BMS allows: its trip is being timed."""
        return self._over_s > 0.0 and not self.tripped

    def step(self, power_w: float, ambient_c: float, dt_s: float) -> None:
        """Deliver this power (positive: discharge) for one step.

        i = (e - sqrt(e^2 - 4 R0 P)) / (2 R0), e = OCV - v_p;  v_p' = (i R1 - v_p) / tau;  SoC' = -i / 3600 C.
        """
        if self.tripped:
            return
        r0, r1 = R0_OHM * self.scale, R1_OHM * self.scale
        open_v = CELLS_COUNT * interpolate(OCV_SOC_PCT, OCV_CELL_V, self.soc_pct)
        e_v = open_v - self.polarisation_v
        current_a = (e_v - math.sqrt(max(0.0, e_v * e_v - 4.0 * r0 * (power_w + BMS_W)))) / (2.0 * r0)
        self.polarisation_v += (current_a * r1 - self.polarisation_v) * dt_s / POLARISATION_S
        capacity_ah = self.capacity_wh / (CELLS_COUNT * 3.2)
        self.soc_pct = max(0.0, min(100.0, self.soc_pct - 100.0 * current_a * dt_s / 3600.0 / capacity_ah))
        heat_w = current_a * current_a * (r0 + r1) - (self.temperature_c - ambient_c) / HEAT_RESISTANCE_K_PER_W
        self.temperature_c += heat_w * dt_s / (HEAT_CAPACITY_J_PER_K / self.scale)
        self._protect(power_w, dt_s)

    def _protect(self, power_w: float, dt_s: float) -> None:
        limit_w = self.discharge_limit_w if power_w > 0 else self.charge_limit_w
        if abs(power_w) > BMS_TRIP_RATIO * limit_w + 500.0:
            self._over_s += dt_s
        else:
            self._over_s = 0.0
        if self._over_s > BMS_TRIP_S or (self.soc_pct <= 0.0 and power_w > 0):
            self.tripped = True


def interpolate(xs: tuple[float, ...], ys: tuple[float, ...], x: float) -> float:
    """Piecewise linear, flat outside."""
    if x <= xs[0]:
        return ys[0]
    for left, right, low, high in zip(xs, xs[1:], ys, ys[1:], strict=False):
        if x <= right:
            return low + (high - low) * (x - left) / (right - left)
    return ys[-1]
