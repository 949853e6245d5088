"""The process image: everything measured, keyed by asset, taken once a cycle. A value that is stale, missing or
implausible is `None`, and every reader says what it does then.
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.model.frozen import dataclass, field
from controller.model.hub import AssetId
from controller.model.phases import PhaseValues
from controller.model.words import (
    BreakerPosition,
    GensetState,
    GridSource,
    InverterMode,
    SettingsGroup,
)


@dataclass(frozen=True, slots=True)
class PoiSeen:
    """The POI as one instrument sees it, both sides at one instant (XCBR, MMXU, RSYN)."""

    measured_at_s: float | None = None  # instant of the electrical sample
    position: BreakerPosition | None = None
    grid_voltage_v: PhaseValues | None = None
    bus_voltage_v: PhaseValues | None = None
    grid_frequency_hz: float | None = None
    bus_frequency_hz: float | None = None
    angle_difference_deg: float | None = None  # bus minus grid, -180..180; None when a side is dead
    rotation_equal: bool | None = None
    power_w: PhaseValues | None = None  # positive: import, into the hub bus
    current_a: PhaseValues | None = None
    relay_tripped: bool | None = None  # the relay's own 27/59/81 has operated
    sync_permitted: bool | None = None  # the relay's ANSI 25 sees its window
    settings_group: SettingsGroup | None = None
    dso_lock: bool | None = None  # the DSO has locked the POI open
    source: GridSource | None = None


@dataclass(frozen=True, slots=True)
class BatterySeen:
    """A battery and its inverter (ZBAT, DINV, SunSpec 701/713)."""

    measured_at_s: float | None = None
    mode: InverterMode | None = None
    power_w: PhaseValues | None = None  # positive: discharging into the bus
    voltage_v: PhaseValues | None = None  # at its terminals
    frequency_hz: float | None = None
    soc_pct: float | None = None
    charge_limit_w: float | None = None  # from the BMS, magnitude
    discharge_limit_w: float | None = None  # from the BMS, magnitude
    overload_pct: float | None = None  # of the inverter's thermal accumulator; 100 trips
    temperature_c: float | None = None
    settings_group: SettingsGroup | None = None  # None as well where it has none, or does not say


@dataclass(frozen=True, slots=True)
class PvSeen:
    """A photovoltaic inverter."""

    measured_at_s: float | None = None
    power_w: PhaseValues | None = None
    limit_w: float | None = None  # the limit it holds now
    is_connected: bool | None = None
    settings_group: SettingsGroup | None = None


@dataclass(frozen=True, slots=True)
class GensetSeen:
    """A generator set (DGEN)."""

    measured_at_s: float | None = None
    state: GensetState | None = None
    power_w: PhaseValues | None = None
    fuel_l: float | None = None


@dataclass(frozen=True, slots=True)
class FeederSeen:
    """A feeder's contactor and its power."""

    measured_at_s: float | None = None
    position: BreakerPosition | None = None
    power_w: PhaseValues | None = None
    has_fault: bool | None = None  # feeder-local protection has operated


@dataclass(frozen=True, slots=True)
class EarthingSeen:
    """The N-PE relay."""

    measured_at_s: float | None = None
    position: BreakerPosition | None = None


@dataclass(frozen=True, slots=True)
class RadioSeen:
    """An emergency radio node."""

    measured_at_s: float | None = None
    is_alive: bool | None = None
    reserve_pct: float | None = None  # of its own battery
    is_supplied: bool | None = None  # its charger has power from the hub


@dataclass(frozen=True, slots=True)
class WeatherSeen:
    """The weather at the hub."""

    measured_at_s: float | None = None
    irradiance_w_per_m2: float | None = None
    temperature_c: float | None = None


@dataclass(frozen=True, slots=True)
class DimmingSeen:
    """The network operator's control box (EnWG section 14a)."""

    measured_at_s: float | None = None
    is_limited: bool | None = None  # its contact asks for less import


@dataclass(frozen=True, slots=True)
class ProcessImage:
    """Everything measured, at one instant. Every asset has an entry; one of all `None` is blind."""

    poi: PoiSeen = field(default_factory=PoiSeen)
    batteries: Mapping[AssetId, BatterySeen] = field(default_factory=dict)
    pv: Mapping[AssetId, PvSeen] = field(default_factory=dict)
    gensets: Mapping[AssetId, GensetSeen] = field(default_factory=dict)
    feeders: Mapping[AssetId, FeederSeen] = field(default_factory=dict)
    radios: Mapping[AssetId, RadioSeen] = field(default_factory=dict)
    earthing: EarthingSeen = field(default_factory=EarthingSeen)
    weather: WeatherSeen = field(default_factory=WeatherSeen)
    dimming: DimmingSeen = field(default_factory=DimmingSeen)
    emergency_off: bool | None = None  # pressed now
    local_control: bool | None = None  # the key-switch at the hub stands on "local"
    lost_devices: tuple[str, ...] = ()  # links that are down, for people to see
