"""The POI: a breaker with a random operating time, its relay's own protection and ANSI 25, and its ways to fail."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator

from controller.model.words import BreakerPosition, SettingsGroup
from hil_tests.plant.base import NOMINAL_HZ
from hil_tests.plant.relay import UNDERVOLTAGE_ALONE, Relay, RelaySettings, relay_named
from hil_tests.plant.rest import Rest, Setting

OPEN, CLOSED = BreakerPosition.OPEN, BreakerPosition.CLOSED  # looking into an enum costs 70 ns, ten times a step
OPERATING_MIN_S = 0.030  # of the bench study's own choice, as the slow one
OPERATING_MAX_S = 0.080
SLOW_OPERATING_S = 0.5
SYNC_ANGLE_DEG = 10.0  # ComAp InteliPro default
SYNC_SLIP_HZ = 0.1
SYNC_VOLTAGE_RATIO = 0.05
DEAD_RATIO = 0.2  # own choice, as in the grid codes' files


@dataclass(frozen=True, slots=True)
class PoiBehaviour:
    """What kind of breaker and relay this is."""

    operating_min_s: float = OPERATING_MIN_S
    operating_max_s: float = OPERATING_MAX_S
    relay: Annotated[RelaySettings, BeforeValidator(relay_named)] = UNDERVOLTAGE_ALONE
    lock_out_trips_count: int | None = None  # so many trips of its relay without a person: no closing (ANSI 86)


class Sides(NamedTuple):
    """Both sides of the open breaker at one instant. A tuple, because every step makes one."""

    grid_ratio: float  # of the worst phase
    bus_ratio: float
    angle_deg: float  # bus minus grid
    slip_hz: float
    grid_hz: float = NOMINAL_HZ
    rotation_equal: bool = True
    is_ours: bool = False  # closed, and nobody else feeds the street
    best_grid_ratio: float = 0.0  # of the best phase: one is enough for a street to be live

    @property
    def in_window(self) -> bool:
        """The relay's own ANSI 25: |angle|, |slip| and |dV| within its limits, both sides live, one rotation.

        Source: IEEE C37.2, device 25; the limits are ComAp's defaults. No time of closing is allowed for: our own.
        """
        return (
            self.grid_ratio > 0.85
            and self.bus_ratio > 0.85
            and abs(self.angle_deg) <= SYNC_ANGLE_DEG
            and abs(self.slip_hz) <= SYNC_SLIP_HZ
            and abs(self.grid_ratio - self.bus_ratio) <= SYNC_VOLTAGE_RATIO
            and self.rotation_equal
        )


@dataclass(frozen=True, slots=True)
class Closing:
    """One contact of the POI, as physics saw it."""

    at_s: float
    kind: str  # live_live, dead_bus, dead_grid, dead_dead
    angle_deg: float
    slip_hz: float
    voltage_difference_ratio: float
    rotation_equal: bool = True
    lacks_a_phase: bool = False  # the grid did


class PoiBreaker:
    """The breaker and its relay. Opening beats closing; a standing close order closes once (anti-pumping).

    A welded breaker lies: its mechanism and contacts say open, its poles are closed.
    """

    __slots__ = (
        "_bypass_25", "_close_level", "_dso_lock", "_fails_to_close", "_fails_to_open", "_is_slow", "_is_welded",
        "_locked_out", "_mechanism", "_moving_s", "_open_level", "_permit", "_relay_enabled", "_relay_undervoltage_s",
        "_rng", "_settings_group", "_stuck_feedback", "_target", "behaviour", "closings", "operations_count",
        "position", "refused_by_25_count", "relay", "relay_tripped", "relay_trips_count", "rest", "sides",
        "sync_permitted", "wear_ratio",
    )  # fmt: skip

    settings_group = Setting[SettingsGroup]("settings_group")
    dso_lock = Setting[bool]("dso_lock")
    relay_enabled = Setting[bool]("relay_enabled")
    stuck_feedback = Setting[BreakerPosition | None]("stuck_feedback")
    bypass_25 = Setting[bool]("bypass_25")
    fails_to_open = Setting[bool]("fails_to_open")
    fails_to_close = Setting[bool]("fails_to_close")
    is_slow = Setting[bool]("is_slow")
    is_welded = Setting[bool]("is_welded")
    locked_out = Setting[bool]("locked_out")

    def __init__(self, rng: random.Random, rest: Rest, behaviour: PoiBehaviour | None = None) -> None:
        self._rng, self.rest, self.behaviour = rng, rest, behaviour or PoiBehaviour()
        self.position = self._mechanism = BreakerPosition.CLOSED
        self._settings_group = SettingsGroup.GRID
        self._dso_lock = False
        self.relay = Relay(self.behaviour.relay)
        self.relay_tripped = False
        self.relay_trips_count = 0  # since a person looked
        self._relay_enabled = True
        self._relay_undervoltage_s = self.behaviour.relay.undervoltage[0][1]
        self.sync_permitted = True
        self._bypass_25 = True  # closed_by = controller: our own timing is what is tested
        self._fails_to_open = self._fails_to_close = self._is_slow = self._is_welded = self._locked_out = False
        self._stuck_feedback: BreakerPosition | None = None
        self.closings: tuple[Closing, ...] = ()
        self.operations_count = self.refused_by_25_count = 0
        self.wear_ratio = 0.0  # of the contacts by closing currents: see `hil_tests.plant.impact`
        self._open_level = self._close_level = self._permit = False
        self._target: BreakerPosition | None = None
        self._moving_s = 0.0
        self.sides = Sides(1.0, 1.0, 0.0, 0.0)

    @property
    def relay_undervoltage_s(self) -> float:
        """Time of the first 27 stage."""
        return self._relay_undervoltage_s

    @relay_undervoltage_s.setter
    def relay_undervoltage_s(self, hold_s: float) -> None:
        if hold_s != self._relay_undervoltage_s:
            self._relay_undervoltage_s = hold_s
            self.relay.set_undervoltage_s(hold_s)
            self.rest.disturb()

    @property
    def reported_position(self) -> BreakerPosition:
        """What the auxiliary contacts say: they move with the mechanism."""
        return self._stuck_feedback or self._mechanism

    @property
    def is_held_open(self) -> bool:
        """Ordered open, whether it follows or not."""
        return self._open_level

    def set_open_level(self, level: bool) -> None:
        """Hold open while set."""
        self._open_level = level
        if level:
            self.trip()

    def set_close_level(self, level: bool) -> None:
        """A rising edge closes, unless open is held or the ANSI 25 is in force and sees no reason to."""
        rising, self._close_level = level and not self._close_level, level
        if rising:
            self._close_if_25_lets()

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
        if self._mechanism is CLOSED and self._target is not OPEN:
            self._begin(BreakerPosition.OPEN)
        elif self._target is CLOSED:
            self._target = None
            self.rest.disturb()

    def trip_by_hand(self) -> None:
        """Somebody presses the button on the panel; that needs no order and heeds no lock."""
        self.trip()

    def close_by_hand(self) -> None:
        """Somebody presses the other one: as an order, past nothing but a controller."""
        self._close_if_25_lets()

    def reset(self) -> None:
        """A person has looked: trips are forgotten, and closing is allowed again."""
        self.relay_trips_count = 0
        self.relay_tripped = False
        self.locked_out = False

    def close(self) -> None:
        """Begin to close, the ANSI 25 not asked."""
        locked = self._open_level or self._dso_lock or self._locked_out or self.relay_tripped_now
        if self._mechanism is OPEN and self._target is None and not locked:
            self._begin(BreakerPosition.CLOSED)

    @property
    def relay_tripped_now(self) -> bool:
        """The protection still sees its reason."""
        return self.relay.sees_a_reason

    @property
    def closes_by_itself(self) -> bool:
        """Its ANSI 25 is let, or rules: every angle must be shown to it."""
        return self._permit or not self._bypass_25

    @property
    def is_still(self) -> bool:
        """Does not move, and its protection does not count towards a trip."""
        is_counting = self.position is CLOSED and self.relay.sees_a_reason
        return self._target is None and not is_counting and self.relay.has_settled

    def step(self, sides: Sides, now_s: float, dt_s: float) -> bool:
        """Protection, ANSI 25, motion. True when the poles moved in this step."""
        self.sides = sides
        self._protect(sides, now_s, dt_s)
        self.watch_sync(sides)
        if self._target is None:
            return False
        self._moving_s -= dt_s
        if self._moving_s > 0.0:
            return False
        target, self._target = self._target, None
        return self._arrive(target, sides, now_s)

    def watch_sync(self, sides: Sides) -> None:
        """ANSI 25: permits, and closes where it was asked to."""
        self.sync_permitted = sides.in_window
        if self._permit and self.sync_permitted and self.position is OPEN:
            self.close()

    def _close_if_25_lets(self) -> None:
        """In sync, or from a live grid onto a dead bus: what a check relay lets through."""
        dead_bus = self.sides.grid_ratio > 0.85 and self.sides.bus_ratio < DEAD_RATIO
        if self._bypass_25 or dead_bus or self.sides.in_window:
            self.close()
        elif self._mechanism is OPEN:
            self.refused_by_25_count += 1

    def _arrive(self, target: BreakerPosition, sides: Sides, now_s: float) -> bool:
        """The mechanism gets where it was going, or does not; welded poles stay behind."""
        if (target is OPEN and self._fails_to_open) or (target is CLOSED and self._fails_to_close):
            return False
        self._mechanism = target
        self.operations_count += 1
        if target is self.position or (target is OPEN and self._is_welded):
            return False
        if target is CLOSED:
            self._record(sides, now_s)
            self.relay_tripped = False
        self.position = target
        return True

    def _begin(self, target: BreakerPosition) -> None:
        """The time of one operation is drawn evenly between the two bounds: own simplification."""
        self._target = target
        self._moving_s = self._rng.uniform(self.behaviour.operating_min_s, self.behaviour.operating_max_s)
        if self._is_slow:
            self._moving_s = SLOW_OPERATING_S
        self.rest.disturb()

    def _protect(self, sides: Sides, now_s: float, dt_s: float) -> None:
        """Only with grid settings: the island has its own."""
        if not self._relay_enabled or self._settings_group is not SettingsGroup.GRID:
            self.relay.forget()
            return
        overdue_s = self.relay.step(sides.grid_ratio, sides.grid_hz, now_s, dt_s, is_ours=sides.is_ours)
        if overdue_s < 0.0 or self.position is not CLOSED:
            return
        if not self.relay_tripped:
            self.relay_trips_count += 1
            limit = self.behaviour.lock_out_trips_count
            self._locked_out = self._locked_out or (limit is not None and self.relay_trips_count >= limit)
        self.relay_tripped = True
        self.trip()

    def _record(self, sides: Sides, now_s: float) -> None:
        """A side is live above 0.2 Un; angle, slip and |dV| are those of the contact. Source: definitions."""
        grid, bus = sides.best_grid_ratio > DEAD_RATIO, sides.bus_ratio > DEAD_RATIO
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
                sides.rotation_equal or not live,
                grid and sides.grid_ratio <= DEAD_RATIO,
            ),
        )[-64:]
