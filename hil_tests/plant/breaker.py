"""The POI: a breaker with a random operating time, its relay's own protection and ANSI 25, and its ways to fail."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import NamedTuple

from controller.model.words import BreakerPosition, SettingsGroup
from hil_tests.plant.rest import Rest, Setting

OPEN, CLOSED = BreakerPosition.OPEN, BreakerPosition.CLOSED  # looking into an enum costs 70 ns, ten times a step
OPERATING_MIN_S = 0.030
OPERATING_MAX_S = 0.080
SYNC_ANGLE_DEG = 10.0  # ComAp InteliPro default
SYNC_SLIP_HZ = 0.1
SYNC_VOLTAGE_RATIO = 0.05
DEAD_RATIO = 0.2


class Sides(NamedTuple):
    """Both sides of the open breaker at one instant. A tuple, because every step makes one."""

    grid_ratio: float
    bus_ratio: float
    angle_deg: float  # bus minus grid
    slip_hz: float

    @property
    def in_window(self) -> bool:
        """The relay's own ANSI 25."""
        return (
            self.grid_ratio > 0.85
            and self.bus_ratio > 0.85
            and abs(self.angle_deg) <= SYNC_ANGLE_DEG
            and abs(self.slip_hz) <= SYNC_SLIP_HZ
            and abs(self.grid_ratio - self.bus_ratio) <= SYNC_VOLTAGE_RATIO
        )


@dataclass(frozen=True, slots=True)
class Closing:
    """One contact of the POI, as physics saw it."""

    at_s: float
    kind: str  # live_live, dead_bus, dead_grid, dead_dead
    angle_deg: float
    slip_hz: float
    voltage_difference_ratio: float


class PoiBreaker:
    """The breaker and its relay. Opening beats closing; a standing close order closes once (anti-pumping)."""

    __slots__ = (
        "_close_level", "_dso_lock", "_moving_s", "_open_level", "_outside_since_s", "_permit", "_relay_enabled",
        "_relay_undervoltage_s", "_rng", "_settings_group", "_stuck_feedback", "_target", "bypass_25", "closings",
        "fails_to_close", "fails_to_open", "operations_count", "position", "relay_tripped", "rest", "sync_permitted",
    )  # fmt: skip

    settings_group = Setting[SettingsGroup]("settings_group")
    dso_lock = Setting[bool]("dso_lock")
    relay_enabled = Setting[bool]("relay_enabled")
    relay_undervoltage_s = Setting[float]("relay_undervoltage_s")
    stuck_feedback = Setting[BreakerPosition | None]("stuck_feedback")

    def __init__(self, rng: random.Random, rest: Rest) -> None:
        self._rng, self.rest = rng, rest
        self.position = BreakerPosition.CLOSED
        self._settings_group = SettingsGroup.GRID
        self._dso_lock = False
        self.relay_tripped = False
        self._relay_enabled = True
        self._relay_undervoltage_s = 0.3  # U<< 0.45 Un, VDE-AR-N 4105:2018
        self.sync_permitted = True
        self.bypass_25 = True  # closed_by = controller: our own timing is what is tested
        self.fails_to_open = False
        self.fails_to_close = False
        self._stuck_feedback: BreakerPosition | None = None
        self.closings: tuple[Closing, ...] = ()
        self.operations_count = 0
        self._open_level = False
        self._close_level = False
        self._permit = False
        self._target: BreakerPosition | None = None
        self._moving_s = 0.0
        self._outside_since_s: float | None = None

    @property
    def reported_position(self) -> BreakerPosition:
        """What the auxiliary contacts say."""
        return self._stuck_feedback or self.position

    def set_open_level(self, level: bool) -> None:
        """Hold open while set."""
        self._open_level = level
        if level:
            self.trip()

    def set_close_level(self, level: bool) -> None:
        """A rising edge closes, unless open is held."""
        rising, self._close_level = level and not self._close_level, level
        if rising:
            self.close()

    def set_close_permit(self, level: bool) -> None:
        """Let the ANSI 25 close when it sees its window."""
        if level != self._permit:
            self._permit = level
            self.rest.disturb()

    def set_settings_group(self, group: SettingsGroup) -> None:
        """Switch the protection settings."""
        self.settings_group = group

    def trip(self) -> None:
        """Begin to open."""
        if self.position is CLOSED and self._target is not OPEN:
            self._begin(BreakerPosition.OPEN)
        elif self._target is CLOSED:
            self._target = None
            self.rest.disturb()

    def close(self) -> None:
        """Begin to close."""
        locked = self._open_level or self._dso_lock or self.relay_tripped_now
        if self.position is OPEN and self._target is None and not locked:
            self._begin(BreakerPosition.CLOSED)

    @property
    def relay_tripped_now(self) -> bool:
        """The protection still sees its reason."""
        return self._outside_since_s is not None

    @property
    def is_still(self) -> bool:
        """Does not move, and its protection does not count towards a trip."""
        is_counting = self._outside_since_s is not None and self.position is CLOSED
        return self._target is None and not is_counting

    def step(self, sides: Sides, now_s: float, dt_s: float) -> bool:
        """Protection, ANSI 25, motion. True when the contacts moved in this step."""
        self._protect(sides, now_s, dt_s)
        self.watch_sync(sides)
        if self._target is None:
            return False
        self._moving_s -= dt_s
        if self._moving_s > 0.0:
            return False
        target, self._target = self._target, None
        if (target is OPEN and self.fails_to_open) or (target is CLOSED and self.fails_to_close):
            return False
        if target is CLOSED:
            self._record(sides, now_s)
            self.relay_tripped = False
        self.position = target
        self.operations_count += 1
        return True

    def watch_sync(self, sides: Sides) -> None:
        """ANSI 25: permits, and closes where it was asked to."""
        self.sync_permitted = sides.in_window
        if self._permit and self.sync_permitted and self.position is OPEN:
            self.close()

    def _begin(self, target: BreakerPosition) -> None:
        self._target = target
        self._moving_s = self._rng.uniform(OPERATING_MIN_S, OPERATING_MAX_S)
        self.rest.disturb()

    def _protect(self, sides: Sides, now_s: float, dt_s: float) -> None:
        """27: undervoltage of the grid side. Only with grid settings: the island has its own."""
        if sides.grid_ratio >= 0.45 or not self._relay_enabled or self._settings_group is not SettingsGroup.GRID:
            self._outside_since_s = None
            return
        if self._outside_since_s is None:
            self._outside_since_s = now_s - dt_s
        lasted_s = now_s - self._outside_since_s
        if lasted_s >= self._relay_undervoltage_s - 1e-9 and self.position is CLOSED:
            self.relay_tripped = True
            self.trip()

    def _record(self, sides: Sides, now_s: float) -> None:
        grid, bus = sides.grid_ratio > DEAD_RATIO, sides.bus_ratio > DEAD_RATIO
        kind = ("live_live" if bus else "dead_bus") if grid else ("dead_grid" if bus else "dead_dead")
        live = kind == "live_live"
        self.closings = (
            *self.closings,
            Closing(
                now_s,
                kind,
                sides.angle_deg if live else 0.0,
                sides.slip_hz if live else 0.0,
                abs(sides.grid_ratio - sides.bus_ratio) if live else 0.0,
            ),
        )[-64:]
