"""A photovoltaic inverter: follows, reduces with frequency, trips by its code and comes back slowly."""

from __future__ import annotations

import math

from controller.model.hub import PvPlant
from controller.model.phases import PhaseValues
from hil_tests.plant.base import BASE_VA
from hil_tests.plant.rest import CLOCK_S, SLOW_S, Rest, Setting

SLEW_S = 0.2
FREQUENCY_START_HZ = 50.2  # Beckhoff TF8360 default, droop 5 %
FREQUENCY_SLOPE_PER_HZ = 0.4
RAMP_PER_S = 0.1 / 60.0  # 10 % of rating per minute after a trip (VDE-AR-N 4105:2018, from memory)
RECONNECT_S = 60.0
OVERCURRENT_RATIO = 1.1
# limit, below or above, seconds (VDE-AR-N 4105:2018, from memory)
VOLTAGE_TRIPS = ((0.80, False, 3.0), (0.45, False, 0.3), (1.25, True, 0.1))
FREQUENCY_TRIPS = ((47.5, False, 0.1), (51.5, True, 0.1))
VOLTAGE_MIN_RATIO, VOLTAGE_MAX_RATIO = 0.80, 1.25  # between these, and these frequencies, no trip is timed
FREQUENCY_MIN_HZ, FREQUENCY_MAX_HZ = 47.5, 51.5


class SolarInverter:
    """One PV plant."""

    __slots__ = ("_good_s", "_is_timing", "_limit_w", "_out_s", "_ramp", "_rating_pu", "is_connected", "plant",
                 "power_pu", "rest")  # fmt: skip

    limit_w = Setting[float]("limit_w")

    def __init__(self, plant: PvPlant, rest: Rest) -> None:
        self.plant, self.rest = plant, rest
        self._rating_pu = plant.rating_w / BASE_VA
        self.is_connected = True
        self._limit_w = plant.rating_w
        self.power_pu = 0.0
        self._ramp = 1.0
        self._good_s = 0.0
        self._is_timing = False
        self._out_s = [0.0] * (len(VOLTAGE_TRIPS) + len(FREQUENCY_TRIPS))

    def set_limit_w(self, limit_w: float) -> None:
        """Deliver no more than this."""
        self.limit_w = max(0.0, min(self.plant.rating_w, limit_w))

    @property
    def power_w(self) -> PhaseValues:
        """Delivered into the bus."""
        return PhaseValues.shared(self.power_pu * BASE_VA, self.plant.phases)

    @property
    def is_still(self) -> bool:
        """No trip is being timed, and it does not reconnect before the next look."""
        return not self._is_timing and (self.is_connected or self._good_s < RECONNECT_S - 2 * SLOW_S)

    def trip(self) -> None:
        """Off, until the bus has been good for a minute."""
        if self.is_connected or self._good_s > 0.0:
            self.rest.disturb()
        self.is_connected, self.power_pu, self._good_s, self._ramp = False, 0.0, 0.0, 0.0

    def step(self, voltage_ratio: float, frequency_hz: float, yield_ratio: float, dt_s: float) -> float:
        """Power for the next solve, in pu: what the sun yields, limited by set-point, frequency and ramp."""
        in_band = (
            VOLTAGE_MIN_RATIO <= voltage_ratio <= VOLTAGE_MAX_RATIO
            and FREQUENCY_MIN_HZ <= frequency_hz <= FREQUENCY_MAX_HZ
        )
        if self._is_timing or not in_band or not self.is_connected:
            self._protect(voltage_ratio, frequency_hz, dt_s)
        if not self.is_connected or voltage_ratio < 0.3:
            self.power_pu = 0.0
            return 0.0
        if self._ramp < 1.0:
            self._ramp = min(1.0, self._ramp + RAMP_PER_S * dt_s)
        wanted = self.settled_pu(voltage_ratio, frequency_hz, yield_ratio)
        self.power_pu += (wanted - self.power_pu) * (1.0 - math.exp(-dt_s / SLEW_S))
        return self.power_pu

    def settled_pu(self, voltage_ratio: float, frequency_hz: float, yield_ratio: float) -> float:
        """What it comes to if all stays so. Moves nothing."""
        if not self.is_connected or voltage_ratio < 0.3:
            return 0.0
        rating = self._rating_pu
        wanted = rating * yield_ratio
        if frequency_hz > FREQUENCY_START_HZ:
            wanted *= max(0.0, 1.0 - FREQUENCY_SLOPE_PER_HZ * (frequency_hz - FREQUENCY_START_HZ))
        ceiling = min(self._ramp, OVERCURRENT_RATIO * voltage_ratio) * rating
        return max(0.0, min(wanted, self._limit_w / BASE_VA, ceiling))

    def make_up(self, voltage_ratio: float, rested_s: float) -> None:
        """Time that passed at rest: it goes on waiting, or its ramp goes on where another limit holds."""
        if not self.is_connected and self._good_s > 0.0:
            self._good_s += rested_s
        elif self.is_connected and voltage_ratio >= 0.3:
            self._ramp = min(1.0, self._ramp + RAMP_PER_S * rested_s)

    def _protect(self, voltage_ratio: float, frequency_hz: float, dt_s: float) -> None:
        checks = [(voltage_ratio, trip) for trip in VOLTAGE_TRIPS] + [(frequency_hz, trip) for trip in FREQUENCY_TRIPS]
        for index, (value, (limit, is_above, hold_s)) in enumerate(checks):
            outside = value > limit if is_above else value < limit
            self._out_s[index] = self._out_s[index] + dt_s if outside else 0.0
            if self.is_connected and self._out_s[index] >= hold_s:
                self.trip()
        self._is_timing = self.is_connected and any(self._out_s)
        if not self.is_connected:
            good = 0.85 <= voltage_ratio <= 1.10 and 47.5 <= frequency_hz <= 50.1
            self._good_s = self._good_s + dt_s if good else 0.0
            self.is_connected = self._good_s >= RECONNECT_S - CLOCK_S
