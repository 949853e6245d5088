"""The small things: N-PE relay, radio nodes, weather, and the emergency-off."""

from __future__ import annotations

import random

from controller.model.hub import Radio
from controller.model.words import BreakerPosition

RELAY_S = 0.025
RADIO_IDLE_W = 18.0
RADIO_SEND_W = 90.0  # RA-450 repeater: 7 A at 13.2 V
SEND_DUTY = 0.10
CHARGER_W = 60.0


class EarthingRelay:
    """The N-PE bond of the island."""

    __slots__ = ("_moving_s", "_wanted", "fails_to_close", "position")

    def __init__(self) -> None:
        self.position = BreakerPosition.OPEN
        self.fails_to_close = False
        self._wanted = BreakerPosition.OPEN
        self._moving_s = 0.0

    def set_closed(self, closed: bool) -> None:
        """Pull in or drop."""
        wanted = BreakerPosition.CLOSED if closed else BreakerPosition.OPEN
        if wanted is not self._wanted:
            self._wanted, self._moving_s = wanted, RELAY_S

    @property
    def is_ordered_closed(self) -> bool:
        """What the coil says now."""
        return self._wanted is BreakerPosition.CLOSED

    def step(self, dt_s: float) -> None:
        """Move."""
        if self._wanted is self.position or (self._wanted is BreakerPosition.CLOSED and self.fails_to_close):
            return
        self._moving_s -= dt_s
        if self._moving_s <= 0.0:
            self.position = self._wanted


class RadioNode:
    """A radio with its own battery, charged by its feeder. It dies when both are gone."""

    __slots__ = ("_capacity_wh", "energy_wh", "is_broken", "is_supplied", "radio")

    def __init__(self, radio: Radio) -> None:
        self.radio = radio
        self._capacity_wh = max(1.0, radio.own_reserve_wh)
        self.energy_wh = self._capacity_wh
        self.is_supplied = True
        self.is_broken = False

    @property
    def is_alive(self) -> bool:
        """Answers."""
        return not self.is_broken and (self.is_supplied or self.energy_wh > 0.0)

    @property
    def reserve_pct(self) -> float:
        """Of its own battery."""
        return 100.0 * self.energy_wh / self._capacity_wh

    def step(self, supplied: bool, dt_s: float) -> None:
        """Charge or discharge."""
        self.is_supplied = supplied
        used_w = RADIO_IDLE_W + SEND_DUTY * (RADIO_SEND_W - RADIO_IDLE_W)
        net_w = CHARGER_W - used_w if supplied else -used_w
        self.energy_wh = max(0.0, min(self._capacity_wh, self.energy_wh + net_w * dt_s / 3600.0))


class Weather:
    """Sun and temperature, settable; a little cloud noise from its own stream."""

    __slots__ = ("_rng", "irradiance_w_per_m2", "temperature_c")

    def __init__(self, rng: random.Random, irradiance_w_per_m2: float, temperature_c: float) -> None:
        self._rng = rng
        self.irradiance_w_per_m2 = irradiance_w_per_m2
        self.temperature_c = temperature_c


class Safety:
    """The button and the key-switch."""

    __slots__ = ("emergency_off", "local_control")

    def __init__(self) -> None:
        self.emergency_off = False
        self.local_control = False
