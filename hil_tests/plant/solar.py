"""A photovoltaic inverter: follows, reduces with frequency, trips by its code and comes back slowly."""

from __future__ import annotations

import math

from controller.model.hub import PvPlant
from controller.model.phases import PhaseValues
from hil_tests.plant.base import BASE_VA

SLEW_S = 0.2
EFFICIENCY = 0.96
FREQUENCY_START_HZ = 50.2  # Beckhoff TF8360 default, droop 5 %
FREQUENCY_SLOPE_PER_HZ = 0.4
RAMP_PER_S = 0.1 / 60.0  # 10 % of rating per minute after a trip (VDE-AR-N 4105:2018, from memory)
RECONNECT_S = 60.0
OVERCURRENT_RATIO = 1.1
# limit, below or above, seconds (VDE-AR-N 4105:2018, from memory)
VOLTAGE_TRIPS = ((0.80, False, 3.0), (0.45, False, 0.3), (1.25, True, 0.1))
FREQUENCY_TRIPS = ((47.5, False, 0.1), (51.5, True, 0.1))


class SolarInverter:
    """One PV plant."""

    __slots__ = ("_good_s", "_out_s", "_ramp", "is_connected", "limit_w", "plant", "power_pu")

    def __init__(self, plant: PvPlant) -> None:
        self.plant = plant
        self.is_connected = True
        self.limit_w = plant.rating_w
        self.power_pu = 0.0
        self._ramp = 1.0
        self._good_s = 0.0
        self._out_s = [0.0] * (len(VOLTAGE_TRIPS) + len(FREQUENCY_TRIPS))

    def set_limit_w(self, limit_w: float) -> None:
        """Deliver no more than this."""
        self.limit_w = max(0.0, min(self.plant.rating_w, limit_w))

    @property
    def power_w(self) -> PhaseValues:
        """Delivered into the bus."""
        return PhaseValues.shared(self.power_pu * BASE_VA, self.plant.phases)

    def trip(self) -> None:
        """Off, until the bus has been good for a minute."""
        self.is_connected, self.power_pu, self._good_s, self._ramp = False, 0.0, 0.0, 0.0

    def step(self, voltage_ratio: float, frequency_hz: float, weather: tuple[float, float], dt_s: float) -> float:
        """Power for the next solve, in pu.

        P_available = rating * G / 1000 * (1 - 0.004 (T_cell - 25)) * efficiency, limited by set-point and frequency.
        """
        self._protect(voltage_ratio, frequency_hz, dt_s)
        if not self.is_connected or voltage_ratio < 0.3:
            self.power_pu = 0.0
            return 0.0
        irradiance, ambient_c = weather
        cell_c = ambient_c + 0.03 * irradiance
        available_w = self.plant.rating_w * irradiance / 1000.0 * (1.0 - 0.004 * (cell_c - 25.0)) * EFFICIENCY
        reduced = 1.0 - FREQUENCY_SLOPE_PER_HZ * max(0.0, frequency_hz - FREQUENCY_START_HZ)
        self._ramp = min(1.0, self._ramp + RAMP_PER_S * dt_s)
        wanted_w = min(available_w * max(0.0, reduced), self.limit_w, self._ramp * self.plant.rating_w)
        wanted_w = min(max(0.0, wanted_w), OVERCURRENT_RATIO * self.plant.rating_w * voltage_ratio)
        self.power_pu += (wanted_w / BASE_VA - self.power_pu) * (1.0 - math.exp(-dt_s / SLEW_S))
        return self.power_pu

    def _protect(self, voltage_ratio: float, frequency_hz: float, dt_s: float) -> None:
        checks = [(voltage_ratio, trip) for trip in VOLTAGE_TRIPS] + [(frequency_hz, trip) for trip in FREQUENCY_TRIPS]
        for index, (value, (limit, is_above, hold_s)) in enumerate(checks):
            outside = value > limit if is_above else value < limit
            self._out_s[index] = self._out_s[index] + dt_s if outside else 0.0
            if self.is_connected and self._out_s[index] >= hold_s:
                self.trip()
        if not self.is_connected:
            good = 0.85 <= voltage_ratio <= 1.10 and 47.5 <= frequency_hz <= 50.1
            self._good_s = self._good_s + dt_s if good else 0.0
            self.is_connected = self._good_s >= RECONNECT_S
