"""The small things: N-PE relay, radio nodes, weather, and the emergency-off."""

from __future__ import annotations

import random

from controller.model.hub import Radio
from controller.model.words import BreakerPosition
from hil_tests.plant.loads import LoadFeeder
from hil_tests.plant.rest import Rest, Setting

RELAY_S = 0.025
RADIO_IDLE_W = 18.0
RADIO_SEND_W = 90.0  # RA-450 repeater: 7 A at 13.2 V
SEND_DUTY = 0.10
CHARGER_W = 60.0
PV_EFFICIENCY = 0.96


class EarthingRelay:
    """The N-PE bond of the island."""

    __slots__ = ("_fails_to_close", "_is_welded", "_moving_s", "_wanted", "position", "rest")

    fails_to_close = Setting[bool]("fails_to_close")
    is_welded = Setting[bool]("is_welded")

    def __init__(self, rest: Rest) -> None:
        self.rest = rest
        self.position = BreakerPosition.OPEN
        self._fails_to_close = self._is_welded = False
        self._wanted = BreakerPosition.OPEN
        self._moving_s = 0.0

    def set_closed(self, closed: bool) -> None:
        """Pull in or drop."""
        wanted = BreakerPosition.CLOSED if closed else BreakerPosition.OPEN
        if wanted is not self._wanted:
            self._wanted, self._moving_s = wanted, RELAY_S
            self.rest.disturb()

    @property
    def is_ordered_closed(self) -> bool:
        """What the coil says now."""
        return self._wanted is BreakerPosition.CLOSED

    @property
    def is_still(self) -> bool:
        """Where it was ordered to be, or never getting there."""
        cannot = self._is_welded or (self._wanted is BreakerPosition.CLOSED and self._fails_to_close)
        return self._wanted is self.position or cannot

    def step(self, dt_s: float) -> None:
        """Move."""
        if self.is_still:
            return
        self._moving_s -= dt_s
        if self._moving_s <= 0.0:
            self.position = self._wanted


class RadioNode:
    """A radio with its own battery, charged by its feeder. It dies when both are gone."""

    __slots__ = ("_capacity_wh", "_feeder", "_is_broken", "energy_wh", "radio", "rest")

    is_broken = Setting[bool]("is_broken")

    def __init__(self, radio: Radio, feeder: LoadFeeder | None, rest: Rest) -> None:
        self.radio, self._feeder, self.rest = radio, feeder, rest
        self._capacity_wh = max(1.0, radio.own_reserve_wh)
        self.energy_wh = self._capacity_wh
        self._is_broken = False

    @property
    def is_supplied(self) -> bool:
        """Its feeder is alive."""
        return self._feeder is not None and self._feeder.is_energised

    @property
    def is_alive(self) -> bool:
        """Answers."""
        return not self._is_broken and (self.is_supplied or self.energy_wh > 0.0)

    @property
    def reserve_pct(self) -> float:
        """Of its own battery."""
        return 100.0 * self.energy_wh / self._capacity_wh

    def step(self, dt_s: float) -> None:
        """Charge or discharge."""
        used_w = RADIO_IDLE_W + SEND_DUTY * (RADIO_SEND_W - RADIO_IDLE_W)
        net_w = CHARGER_W - used_w if self.is_supplied else -used_w
        self.energy_wh = max(0.0, min(self._capacity_wh, self.energy_wh + net_w * dt_s / 3600.0))


class Weather:
    """Sun and temperature, settable; a little cloud noise from its own stream."""

    __slots__ = ("_irradiance_w_per_m2", "_rng", "_temperature_c", "rest")

    irradiance_w_per_m2 = Setting[float]("irradiance_w_per_m2")
    temperature_c = Setting[float]("temperature_c")

    def __init__(self, rng: random.Random, irradiance_w_per_m2: float, temperature_c: float, rest: Rest) -> None:
        self._rng, self.rest = rng, rest
        self._irradiance_w_per_m2 = irradiance_w_per_m2
        self._temperature_c = temperature_c

    @property
    def yield_ratio(self) -> float:
        """What every watt of a PV plant's rating could deliver: G / 1000 (1 - 0.004 (T_cell - 25)) efficiency."""
        irradiance = self._irradiance_w_per_m2
        cell_c = self._temperature_c + 0.03 * irradiance
        return irradiance / 1000.0 * (1.0 - 0.004 * (cell_c - 25.0)) * PV_EFFICIENCY


class Dso:
    """What the grid operator asks by contact: to leave the grid in good order, or to draw no more than so much."""

    __slots__ = ("_asks_for_island", "_import_limit_w", "rest")

    asks_for_island = Setting[bool]("asks_for_island")
    import_limit_w = Setting[float | None]("import_limit_w")

    def __init__(self, rest: Rest) -> None:
        self.rest = rest
        self._asks_for_island = False
        self._import_limit_w: float | None = None


class Safety:
    """The button and the key-switch."""

    __slots__ = ("_emergency_off", "_local_control", "rest")

    emergency_off = Setting[bool]("emergency_off")
    local_control = Setting[bool]("local_control")

    def __init__(self, rest: Rest) -> None:
        self.rest = rest
        self._emergency_off = False
        self._local_control = False
