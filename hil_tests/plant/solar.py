"""A photovoltaic inverter: follows, reduces with frequency, trips by its code and comes back slowly."""

from __future__ import annotations

import math

from controller.model.hub import PvPlant
from controller.model.phases import PhaseValues
from hil_tests.plant.base import BASE_VA, NOMINAL_HZ
from hil_tests.plant.mean_voltage import MeanVoltage
from hil_tests.plant.pv_codes import VDE4105_2018, PvCode
from hil_tests.plant.rest import CLOCK_S, SLOW_S, Rest, Setting
from hil_tests.plant.storage import interpolate

SLEW_S = 0.2
OVERCURRENT_RATIO = 1.1
DEAD_RATIO = 0.3  # its PLL holds on to nothing less


class SolarInverter:
    """One PV plant."""

    __slots__ = (
        "_band", "_good_s", "_has_extras", "_is_timing", "_limit_w", "_mean", "_out_s", "_pll_hz", "_ramp",
        "_ramp_per_s", "_reactive_pu", "_trips", "code", "is_connected", "is_forming", "plant", "power_pu", "power_va",
        "rated_pu", "rest", "trips_count",
    )  # fmt: skip

    limit_w = Setting[float]("limit_w")

    def __init__(self, plant: PvPlant, rest: Rest, mean: MeanVoltage, code: PvCode = VDE4105_2018) -> None:
        self.plant, self.rest, self.code, self._mean = plant, rest, code, mean
        self.rated_pu = plant.rating_w / BASE_VA
        self.is_forming = False
        self.is_connected = True
        self._limit_w = plant.rating_w
        self.power_pu, self._reactive_pu, self.power_va = 0.0, 0.0, 0j
        self.trips_count = 0
        self._ramp = 1.0
        self._ramp_per_s = code.ramp_pct_per_min / 100.0 / 60.0
        self._good_s = 0.0
        self._is_timing = False
        self._pll_hz = NOMINAL_HZ
        self._has_extras = bool(code.reactive_curve or code.power_curve or code.pll_s)
        self._trips = _trips(code)
        self._out_s = [0.0] * len(self._trips)
        volts = [limit for limit, _ in code.undervoltage], [limit for limit, _ in code.overvoltage]
        hertz = [limit for limit, _ in code.underfrequency], [limit for limit, _ in code.overfrequency]
        self._band = max(volts[0]), min(volts[1]), max(hertz[0]), min(hertz[1])  # within, no trip is timed

    def set_limit_w(self, limit_w: float) -> None:
        """Deliver no more than this."""
        self.limit_w = max(0.0, min(self.plant.rating_w, limit_w))

    @property
    def power_w(self) -> PhaseValues:
        """Delivered into the bus."""
        return PhaseValues.shared(self.power_pu * BASE_VA, self.plant.phases)

    @property
    def fast_state(self) -> tuple[float, ...]:
        """All that moves fast."""
        if not self._has_extras:
            return (self.power_pu,)
        return self.power_pu, self._reactive_pu, self._pll_hz / NOMINAL_HZ

    @property
    def is_still(self) -> bool:
        """No trip is being timed, and it does not reconnect before the next look."""
        return not self._is_timing and (self.is_connected or self._good_s < self.code.reconnect_s - 2 * SLOW_S)

    def trip(self) -> None:
        """Off, until the bus has been good for a minute."""
        if self.is_connected or self._good_s > 0.0:
            self.rest.disturb()
        self.trips_count += self.is_connected
        self.is_connected, self._good_s, self._ramp = False, 0.0, 0.0
        self._stop()

    def step(self, voltage_ratio: float, frequency_hz: float, yield_ratio: float, dt_s: float) -> complex:
        """Power for the next solve, in pu: what the sun yields, limited by set-point, frequency and ramp.

        P' = (P_wanted - P) / 0.2 s, exact over the step. Source: a lag from judgement, as every inverter has one.
        """
        if self.code.pll_s:
            self._pll_hz += (frequency_hz - self._pll_hz) * (1.0 - math.exp(-dt_s / self.code.pll_s))
            frequency_hz = self._pll_hz
        low, high, slow, fast = self._band
        in_band = low <= voltage_ratio <= high and slow <= frequency_hz <= fast
        if self._is_timing or not in_band or not self.is_connected:
            self._protect(voltage_ratio, frequency_hz, dt_s)
        if not self.is_connected or voltage_ratio < DEAD_RATIO:
            self._stop()
            return 0j
        if self._ramp < 1.0:
            self._ramp = min(1.0, self._ramp + self._ramp_per_s * dt_s)
        wanted = self.settled_pu(voltage_ratio, frequency_hz, yield_ratio)
        if self._has_extras:
            wanted = self._follow_voltage(wanted, voltage_ratio, dt_s)
        self.power_pu += (max(0.0, wanted) - self.power_pu) * (1.0 - math.exp(-dt_s / SLEW_S))
        self.power_va = complex(self.power_pu, self._reactive_pu)
        return self.power_va

    def settled_va(self, voltage_ratio: float, frequency_hz: float, yield_ratio: float) -> complex:
        """What it comes to if all stays so, in pu. Moves nothing."""
        active = self.settled_pu(voltage_ratio, frequency_hz, yield_ratio)
        if not self._has_extras or not self.is_connected or voltage_ratio < DEAD_RATIO:
            return complex(active)
        return complex(self._capped(active, voltage_ratio), self._reactive_at(voltage_ratio))

    def hold(self, power_va: complex) -> None:
        """Be there at once."""
        self.power_va, self.power_pu, self._reactive_pu = power_va, power_va.real, power_va.imag

    def settled_pu(self, voltage_ratio: float, frequency_hz: float, yield_ratio: float) -> float:
        """Power it comes to if all stays so, but for what volt-watt takes away: P = P_sun (1 - k (f - f_start)).

        Source: VDE-AR-N 4105 as Beckhoff's TF8360 has it (50.2 Hz, 5 %); here of the power there is. Moves nothing.
        """
        if not self.is_connected or voltage_ratio < DEAD_RATIO:
            return 0.0
        rating = self.rated_pu
        wanted = rating * yield_ratio
        if frequency_hz > self.code.frequency_start_hz:
            over_hz = frequency_hz - self.code.frequency_start_hz
            wanted *= max(0.0, 1.0 - self.code.frequency_slope_per_hz * over_hz)
        ceiling = min(self._ramp, OVERCURRENT_RATIO * voltage_ratio) * rating
        return max(0.0, min(wanted, self._limit_w / BASE_VA, ceiling))

    def end_slow_step(self) -> None:
        """The ten-minute mean is too high."""
        limit = self.code.mean_voltage_max_ratio
        if limit is not None and self.is_connected and self._mean.ratio > limit:
            self.trip()

    def make_up(self, voltage_ratio: float, rested_s: float) -> None:
        """Time that passed at rest: it goes on waiting, or its ramp goes on where another limit holds."""
        if not self.is_connected and self._good_s > 0.0:
            self._good_s += rested_s
        elif self.is_connected and voltage_ratio >= DEAD_RATIO:
            self._ramp = min(1.0, self._ramp + self._ramp_per_s * rested_s)

    def _stop(self) -> None:
        self.power_pu = self._reactive_pu = 0.0
        self.power_va = 0j

    def _follow_voltage(self, wanted: float, voltage_ratio: float, dt_s: float) -> float:
        """Volt-watt bounds the power; Q(U) follows: Q' = (Q(U) - Q) / 3.3 s. Source: EN 50549-1, from memory."""
        if self.code.reactive_curve:
            reactive = self._reactive_at(voltage_ratio)
            self._reactive_pu += (reactive - self._reactive_pu) * (1.0 - math.exp(-dt_s / self.code.reactive_s))
        return self._capped(wanted, voltage_ratio)

    def _capped(self, wanted: float, voltage_ratio: float) -> float:
        curve = self.code.power_curve
        return min(wanted, _at(curve, voltage_ratio) * self.rated_pu) if curve else wanted

    def _reactive_at(self, voltage_ratio: float) -> float:
        curve = self.code.reactive_curve
        return _at(curve, voltage_ratio) * self.rated_pu if curve else 0.0

    def _protect(self, voltage_ratio: float, frequency_hz: float, dt_s: float) -> None:
        for index, (is_voltage, limit, is_above, hold_s) in enumerate(self._trips):
            value = voltage_ratio if is_voltage else frequency_hz
            outside = value > limit if is_above else value < limit
            self._out_s[index] = self._out_s[index] + dt_s if outside else 0.0
            if self.is_connected and self._out_s[index] >= hold_s:
                self.trip()
        self._is_timing = self.is_connected and any(self._out_s)
        if not self.is_connected:
            self._wait(voltage_ratio, frequency_hz, dt_s)

    def _wait(self, voltage_ratio: float, frequency_hz: float, dt_s: float) -> None:
        (low, high), (slow, fast) = self.code.reconnect_ratios, self.code.reconnect_hz
        limit = self.code.mean_voltage_max_ratio
        good = low <= voltage_ratio <= high and slow <= frequency_hz <= fast
        good = good and (limit is None or self._mean.ratio <= limit)
        self._good_s = self._good_s + dt_s if good else 0.0
        self.is_connected = self._good_s >= self.code.reconnect_s - CLOCK_S


def _trips(code: PvCode) -> tuple[tuple[bool, float, bool, float], ...]:
    """Is it of voltage, limit, is it above, seconds."""
    groups = (
        (True, False, code.undervoltage),
        (True, True, code.overvoltage),
        (False, False, code.underfrequency),
        (False, True, code.overfrequency),
    )
    return tuple((of_volts, limit, above, s) for of_volts, above, curve in groups for limit, s in curve)


def _at(curve: tuple[tuple[float, float], ...], x: float) -> float:
    xs, ys = zip(*curve, strict=True)
    return interpolate(xs, ys, x)
