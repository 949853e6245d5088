"""What we ask of the plant. Open, stop and limit are levels, restated every cycle: a lost write heals itself. Close,
form and crank are orders: one cause, one bounded time, counted attempts, restated only until the feedback answers.

A level never re-closes what it did not open: `open=False` without an order means "leave it as it is".
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.model.frozen import dataclass, field
from controller.model.hub import AssetId
from controller.model.reasons import Reason
from controller.model.words import SettingsGroup


@dataclass(frozen=True, slots=True)
class Order:
    """Leave to move something once. `issued_at_s` stays the same while the order is restated."""

    cause: Reason
    issued_at_s: float
    expires_at_s: float
    attempt: int  # 1 for the first


@dataclass(frozen=True, slots=True)
class PoiCommand:
    """`open` is a level. `close` means "close now" for a controller-timed POI and "you may" for a sync relay."""

    open: bool = False
    close: Order | None = None
    settings_group: SettingsGroup | None = None  # None: leave it
    cause: Reason | None = None


@dataclass(frozen=True, slots=True)
class BatteryCommand:
    """`stop` beats `form` beats `follow`. Limits are magnitudes; None leaves the device its own."""

    stop: bool = False
    form: Order | None = None
    follow: bool = False  # level: be a current source on somebody else's voltage
    power_set_w: float | None = None  # following: wanted power, positive discharging
    frequency_set_hz: float | None = None  # forming: no-load frequency
    voltage_set_v: float | None = None  # forming: no-load voltage, phase to neutral
    charge_limit_w: float | None = None
    cause: Reason | None = None


@dataclass(frozen=True, slots=True)
class PvCommand:
    """`limit_w` is a level; None lifts it."""

    limit_w: float | None = None
    cause: Reason | None = None


@dataclass(frozen=True, slots=True)
class GensetCommand:
    """`stop` is a level; `crank` covers the whole start to ready and loaded."""

    stop: bool = False
    crank: Order | None = None
    power_set_w: float | None = None
    cause: Reason | None = None


@dataclass(frozen=True, slots=True)
class SwitchCommand:
    """A feeder's contactor or the N-PE relay."""

    open: bool = False
    close: Order | None = None
    cause: Reason | None = None


@dataclass(frozen=True, slots=True)
class Commands:
    """The whole wish of one cycle. An asset without an entry is left alone."""

    poi: PoiCommand = field(default_factory=PoiCommand)
    batteries: Mapping[AssetId, BatteryCommand] = field(default_factory=dict)
    pv: Mapping[AssetId, PvCommand] = field(default_factory=dict)
    gensets: Mapping[AssetId, GensetCommand] = field(default_factory=dict)
    feeders: Mapping[AssetId, SwitchCommand] = field(default_factory=dict)
    earthing: SwitchCommand = field(default_factory=SwitchCommand)
