"""The small things: N-PE relay, radio nodes, and the emergency-off."""

from __future__ import annotations

from controller.model.hub import Radio
from controller.model.words import BreakerPosition
from hil_tests.plant.feeder import LoadFeeder
from hil_tests.plant.rest import Rest, Setting

RELAY_S = 0.025
RADIO_IDLE_W = 18.0
RADIO_SEND_W = 90.0  # RA-450 repeater: 7 A at 13.2 V
SEND_DUTY = 0.10
CHARGER_W = 60.0
RECONNECT_ABOVE_PCT = 10.0


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
    """A radio with its own battery, charged by its feeder. It dies when both are gone.

    Its own battery is cut off at `disconnect_pct` and comes back only above `reconnect_pct`: a low-voltage disconnect.
    """

    __slots__ = (
        "_capacity_wh", "_charger_is_dead", "_disconnect_pct", "_duty_ratio", "_feeder", "_is_broken", "_is_cut_off",
        "_is_hung", "energy_wh", "radio", "rest", "silent_s", "uptime_s",
    )  # fmt: skip

    is_broken = Setting[bool]("is_broken")
    is_hung = Setting[bool]("is_hung")  # powered, and does not answer, until somebody restarts it
    charger_is_dead = Setting[bool]("charger_is_dead")
    duty_ratio = Setting[float]("duty_ratio")
    disconnect_pct = Setting[float]("disconnect_pct")

    def __init__(self, radio: Radio, feeder: LoadFeeder | None, rest: Rest) -> None:
        self.radio, self._feeder, self.rest = radio, feeder, rest
        self._capacity_wh = max(1.0, radio.own_reserve_wh)
        self.energy_wh = self._capacity_wh
        self._is_broken = self._is_hung = self._charger_is_dead = self._is_cut_off = False
        self._duty_ratio = SEND_DUTY
        self._disconnect_pct = 0.0
        self.uptime_s = self.silent_s = 0.0

    @property
    def is_supplied(self) -> bool:
        """Its feeder is alive."""
        return self._feeder is not None and self._feeder.is_energised

    @property
    def is_powered(self) -> bool:
        """By its charger, or from its own battery."""
        return (self.is_supplied and not self._charger_is_dead) or (self.energy_wh > 0.0 and not self._is_cut_off)

    @property
    def is_alive(self) -> bool:
        """Answers."""
        return not self._is_broken and not self._is_hung and self.is_powered

    @property
    def reserve_pct(self) -> float:
        """Of its own battery."""
        return 100.0 * self.energy_wh / self._capacity_wh

    def restart(self) -> None:
        """Somebody switches it off and on."""
        self.is_hung = False

    def step(self, dt_s: float) -> None:
        """Charge or discharge: E' = charger - 18 W - duty (90 - 18) W. Source: manual of the RA-450 repeater."""
        used_w = RADIO_IDLE_W + self._duty_ratio * (RADIO_SEND_W - RADIO_IDLE_W)
        is_charged = self.is_supplied and not self._charger_is_dead
        has_own = self.energy_wh > 0.0 and not self._is_cut_off
        if self._is_broken or self._is_hung or not (is_charged or has_own):
            self.silent_s += dt_s
        else:
            self.uptime_s += dt_s
        net_w = CHARGER_W - used_w if is_charged else -used_w if has_own else 0.0
        self.energy_wh = max(0.0, min(self._capacity_wh, self.energy_wh + net_w * dt_s / 3600.0))
        if self._disconnect_pct > 0.0:
            limit_pct = self._disconnect_pct + (RECONNECT_ABOVE_PCT if self._is_cut_off else 0.0)
            self._is_cut_off = self.reserve_pct < limit_pct


class Dso:
    """What the grid operator asks by contact: to draw no more than so much."""

    __slots__ = ("_import_limit_w", "rest")

    import_limit_w = Setting[float | None]("import_limit_w")

    def __init__(self, rest: Rest) -> None:
        self.rest = rest
        self._import_limit_w: float | None = None


class Safety:
    """The button and the key-switch, and the direct voltage that the controller lives on."""

    __slots__ = ("_control_supply_v", "_emergency_off", "_local_control", "rest")

    emergency_off = Setting[bool]("emergency_off")
    local_control = Setting[bool]("local_control")
    control_supply_v = Setting[float]("control_supply_v")

    def __init__(self, rest: Rest) -> None:
        self.rest = rest
        self._emergency_off = False
        self._local_control = False
        self._control_supply_v = 24.0
