"""A lithium iron phosphate battery behind its BMS: state of charge, voltage, temperature, and what it allows."""

from __future__ import annotations

import math
from bisect import bisect_right

from hil_tests.plant.rest import Rest

CELLS_COUNT = 240
OCV_SOC_PCT = (0.0, 5.0, 10.0, 20.0, 40.0, 60.0, 80.0, 95.0, 100.0)
OCV_CELL_V = (2.80, 3.10, 3.20, 3.25, 3.29, 3.31, 3.335, 3.37, 3.45)  # generic LFP, from memory
R0_OHM = 0.060  # of 120 kWh; other sizes scale
R1_OHM = 0.030
POLARISATION_S = 30.0
HEAT_CAPACITY_J_PER_K = 0.9e6
HEAT_RESISTANCE_K_PER_W = 0.02
REFERENCE_WH = 120_000.0
FULL_SOC_PCT, EMPTY_SOC_PCT = 98.0, 5.0
BMS_W = 40.0
BMS_TRIP_RATIO = 1.1
BMS_TRIP_S = 10.0
END_OF_LIFE_LOSS_PCT = 20.0  # a fifth of the capacity gone: resistance has doubled (usual end of life, from memory)


class BatteryPack:
    """Rint model with one polarisation branch. Limits after the usual LFP sheet (sunlandpower IFR10440, Epever FAQ)."""

    __slots__ = ("_over_s", "_rest", "ageing_ratio", "capacity_wh", "charge_override_w", "discharge_override_w",
                 "polarisation_v", "scale", "soc_error_pct", "soc_pct", "soh_pct", "temperature_c",
                 "tripped")  # fmt: skip

    def __init__(self, capacity_wh: float, soc_pct: float, temperature_c: float, rest: Rest) -> None:
        self._rest = rest
        self.capacity_wh = capacity_wh  # when new
        self.scale = REFERENCE_WH / capacity_wh
        self.soc_pct = soc_pct  # of what it holds now
        self.soc_error_pct = 0.0
        self.soh_pct, self.ageing_ratio = 100.0, 1.0
        self.temperature_c = temperature_c
        self.polarisation_v = 0.0
        self.tripped = False
        self.charge_override_w: float | None = None
        self.discharge_override_w: float | None = None
        self._over_s = 0.0

    # -- what the world does to it -----------------------------------------------------------------------------------
    def jump_soc(self, difference_pct: float) -> None:
        """The BMS counts itself anew: what it reports jumps, the energy does not. The flat curve of LFP hides both."""
        self.soc_error_pct += difference_pct
        self._rest.disturb()

    def override_limits(self, charge_w: float | None = None, discharge_w: float | None = None) -> None:
        """The BMS allows no more than this, whatever its rules say (0: nothing); None lets the rules speak again."""
        self.charge_override_w, self.discharge_override_w = charge_w, discharge_w
        self._rest.disturb()

    def age_to(self, soh_pct: float) -> None:
        """State of health: capacity shrinks with it, and resistance grows to twofold at 80 %."""
        self.soh_pct = soh_pct
        self.ageing_ratio = 1.0 + (100.0 - soh_pct) / END_OF_LIFE_LOSS_PCT
        self._rest.disturb()

    # -- what it says -------------------------------------------------------------------------------------------------
    @property
    def reported_soc_pct(self) -> float:
        """State of charge, as the BMS believes."""
        return max(0.0, min(100.0, self.soc_pct + self.soc_error_pct)) if self.soc_error_pct else self.soc_pct

    @property
    def usable_wh(self) -> float:
        """What it holds when full, at its age."""
        return self.capacity_wh * self.soh_pct / 100.0

    @property
    def charge_limit_w(self) -> float:
        """CCL: nothing below 0 or above 50 degrees, a fifth of C below 15, else half; tapered over the last 5 %."""
        if self.tripped:
            return 0.0
        c_rate = 0.0 if not 0.0 <= self.temperature_c <= 50.0 else 0.2 if self.temperature_c < 15.0 else 0.5
        taper = max(0.0, min(1.0, (100.0 - self.soc_pct) / 5.0))
        limit_w = c_rate * self.capacity_wh * taper
        return limit_w if self.charge_override_w is None else min(limit_w, self.charge_override_w)

    @property
    def discharge_limit_w(self) -> float:
        """DCL: a fifth of C in the frost, C otherwise; tapered over the first 5 %."""
        if self.tripped or not -20.0 <= self.temperature_c <= 60.0:
            return 0.0
        c_rate = 0.2 if self.temperature_c < 0.0 else 1.0
        limit_w = c_rate * self.capacity_wh * max(0.0, min(1.0, self.soc_pct / 5.0))
        return limit_w if self.discharge_override_w is None else min(limit_w, self.discharge_override_w)

    @property
    def is_overloaded(self) -> bool:
        """Beyond what the BMS allows: its trip is being timed."""
        return self._over_s > 0.0 and not self.tripped

    def may_charge_w(self, set_w: float | None) -> float:
        """The limit of the BMS, or a narrower one that was ordered."""
        return self.charge_limit_w if set_w is None else max(0.0, min(self.charge_limit_w, set_w))

    def is_at_its_end(self, power: float) -> bool:
        """Where a V/f unit gives up: full and charged on, or empty and drawn from."""
        return (self.soc_pct >= FULL_SOC_PCT and power < 0.0) or (self.soc_pct <= EMPTY_SOC_PCT and power > 0.0)

    # -- physics ------------------------------------------------------------------------------------------------------
    def step(self, power_w: float, ambient_c: float, dt_s: float) -> None:
        """Deliver this power (positive: discharge) for one step.

        i = (e - sqrt(e^2 - 4 R0 P)) / (2 R0), e = OCV - v_p;  v_p' = (i R1 - v_p) / tau;  SoC' = -i / 3600 C;
        C_th T' = i^2 (R0 + R1) - (T - T_a) / R_th.

        Source: circuit of Chen and Rincon-Mora 2006 with one branch; one thermal node, Joule heat alone.
        """
        if self.tripped:
            return
        resistance = self.scale * self.ageing_ratio
        r0, r1 = R0_OHM * resistance, R1_OHM * resistance
        open_v = CELLS_COUNT * interpolate(OCV_SOC_PCT, OCV_CELL_V, self.soc_pct)
        e_v = open_v - self.polarisation_v
        current_a = (e_v - math.sqrt(max(0.0, e_v * e_v - 4.0 * r0 * (power_w + BMS_W)))) / (2.0 * r0)
        self.polarisation_v += (current_a * r1 - self.polarisation_v) * dt_s / POLARISATION_S
        capacity_ah = self.usable_wh / (CELLS_COUNT * 3.2)
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
    index = bisect_right(xs, x)
    if index == 0:
        return ys[0]
    if index == len(xs):
        return ys[-1]
    left, low = xs[index - 1], ys[index - 1]
    return low + (ys[index] - low) * (x - left) / (xs[index] - left)
