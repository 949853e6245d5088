"""What is read of each role: its fields, what they are, and as what the asset is seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from controller.drivers.fields import FieldKind, Kind
from controller.model.image import (
    BatterySeen,
    DimmingSeen,
    EarthingSeen,
    FeederSeen,
    GensetSeen,
    PoiSeen,
    PvSeen,
    RadioSeen,
    WeatherSeen,
)
from controller.model.words import BreakerPosition, GensetState, GridSource, InverterMode, SettingsGroup

ROLE_FIELDS: Mapping[str, Mapping[str, FieldKind]] = {
    "poi": {
        "position": BreakerPosition,
        "grid_voltage_v": Kind.PHASE_LEVELS,
        "bus_voltage_v": Kind.PHASE_LEVELS,
        "grid_frequency_hz": Kind.NUMBER,
        "bus_frequency_hz": Kind.NUMBER,
        "angle_difference_deg": Kind.NUMBER,
        "rotation_equal": Kind.TRUTH,
        "power_w": Kind.PHASE_POWERS,
        "current_a": Kind.PHASE_LEVELS,
        "relay_tripped": Kind.TRUTH,
        "sync_permitted": Kind.TRUTH,
        "settings_group": SettingsGroup,
        "dso_lock": Kind.TRUTH,
        "source": GridSource,
    },
    "battery": {
        "mode": InverterMode,
        "power_w": Kind.PHASE_POWERS,
        "voltage_v": Kind.PHASE_LEVELS,
        "frequency_hz": Kind.NUMBER,
        "soc_pct": Kind.NUMBER,
        "charge_limit_w": Kind.NUMBER,
        "discharge_limit_w": Kind.NUMBER,
        "overload_pct": Kind.NUMBER,
        "temperature_c": Kind.NUMBER,
        "settings_group": SettingsGroup,
    },
    "pv": {
        "power_w": Kind.PHASE_POWERS,
        "limit_w": Kind.NUMBER,
        "is_connected": Kind.TRUTH,
        "settings_group": SettingsGroup,
    },
    "genset": {"state": GensetState, "power_w": Kind.PHASE_POWERS, "fuel_l": Kind.NUMBER},
    "feeder": {"position": BreakerPosition, "power_w": Kind.PHASE_POWERS, "has_fault": Kind.TRUTH},
    "earthing": {"position": BreakerPosition},
    "radio": {"is_alive": Kind.TRUTH, "reserve_pct": Kind.NUMBER, "is_supplied": Kind.TRUTH},
    "weather": {"irradiance_w_per_m2": Kind.NUMBER, "temperature_c": Kind.NUMBER},
    "safety": {"emergency_off": Kind.TRUTH, "local_control": Kind.TRUTH},
    "dimming": {"is_limited": Kind.TRUTH},
}


class SafetySeen(NamedTuple):
    """The keys of the hub, which the image holds by themselves."""

    measured_at_s: float | None = None
    emergency_off: bool | None = None
    local_control: bool | None = None


ROLE_KINDS: Mapping[str, Callable[..., Any]] = {
    "poi": PoiSeen,
    "battery": BatterySeen,
    "pv": PvSeen,
    "genset": GensetSeen,
    "feeder": FeederSeen,
    "earthing": EarthingSeen,
    "radio": RadioSeen,
    "weather": WeatherSeen,
    "safety": SafetySeen,
    "dimming": DimmingSeen,
}
"""What each role is seen as: its instant, then its fields in the order above."""

ELECTRICAL = frozenset(
    {
        "grid_voltage_v",
        "bus_voltage_v",
        "voltage_v",
        "grid_frequency_hz",
        "bus_frequency_hz",
        "frequency_hz",
        "angle_difference_deg",
        "power_w",
        "current_a",
    }
)
"""What `measured_at_s` speaks of; an asset without any of these takes the oldest of all its fields."""

ONE_INSTRUMENT = frozenset(
    {"angle_difference_deg", "grid_voltage_v", "bus_voltage_v", "grid_frequency_hz", "bus_frequency_hz"}
)
"""An angle counts only beside voltages and frequencies of the instrument that measured it."""

ANGLE_NUMBER = [*ROLE_FIELDS["poi"]].index("angle_difference_deg")
