"""The points that a role may have: the words that device tables, drivers and servers share.

Values are in our units and our signs: sources deliver positive into the hub bus, feeders consume positive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from controller.model.words import BreakerPosition, GensetState, GridSource, InverterMode, SettingsGroup


class PointKind(Enum):
    """What the value of a point is."""

    NUMBER = "a number"
    TRUTH = "true or false"
    WORD = "one of a few words"


@dataclass(frozen=True, slots=True)
class PointMeaning:
    """One word of the vocabulary. `words` are those that a table's enum may use."""

    kind: PointKind
    is_read: bool
    is_written: bool
    words: tuple[str, ...] = ()


def _phases(stem: str, unit: str) -> tuple[str, ...]:
    """A value on each phase, or one for all."""
    return (f"{stem}_l1_{unit}", f"{stem}_l2_{unit}", f"{stem}_l3_{unit}", f"{stem}_{unit}")


def _numbers(*names: str) -> dict[str, PointMeaning]:
    return {name: PointMeaning(PointKind.NUMBER, is_read=True, is_written=False) for name in names}


def _truths(*names: str) -> dict[str, PointMeaning]:
    return {name: PointMeaning(PointKind.TRUTH, is_read=True, is_written=False) for name in names}


def _word(name: str, words: type[Enum]) -> dict[str, PointMeaning]:
    values = tuple(member.value for member in words)
    return {name: PointMeaning(PointKind.WORD, is_read=True, is_written=False, words=values)}


def _set_numbers(*names: str) -> dict[str, PointMeaning]:
    return {name: PointMeaning(PointKind.NUMBER, is_read=False, is_written=True) for name in names}


def _set_truths(*names: str) -> dict[str, PointMeaning]:
    return {name: PointMeaning(PointKind.TRUTH, is_read=False, is_written=True) for name in names}


GROUPS = tuple(group.value for group in SettingsGroup)
MODES = tuple(mode.value for mode in InverterMode)

ROLE_POINTS: Mapping[str, Mapping[str, PointMeaning]] = {
    "poi": {
        **_word("position", BreakerPosition),
        **_numbers(*_phases("grid_voltage", "v"), *_phases("bus_voltage", "v")),
        **_numbers("grid_frequency_hz", "bus_frequency_hz", "angle_difference_deg"),
        **_numbers(*_phases("power", "w"), *_phases("current", "a")),
        **_truths("rotation_equal", "relay_tripped", "sync_permitted", "dso_lock"),
        **_word("source", GridSource),
        "settings_group": PointMeaning(PointKind.WORD, is_read=True, is_written=True, words=GROUPS),
        **_set_truths("open", "close", "close_permit"),
    },
    "battery": {
        **_word("mode", InverterMode),
        **_numbers(*_phases("power", "w"), *_phases("voltage", "v"), "frequency_hz", "soc_pct"),
        **_numbers("charge_limit_w", "discharge_limit_w", "overload_pct", "temperature_c"),
        **_word("settings_group", SettingsGroup),
        "mode_set": PointMeaning(PointKind.WORD, is_read=False, is_written=True, words=MODES),
        **_set_numbers("power_set_w", "frequency_set_hz", "voltage_set_v", "charge_limit_set_w"),
    },
    "pv": {
        **_numbers(*_phases("power", "w"), "limit_w"),
        **_truths("is_connected"),
        **_word("settings_group", SettingsGroup),
        **_set_numbers("limit_set_w"),
    },
    "genset": {
        **_word("state", GensetState),
        **_numbers(*_phases("power", "w"), "fuel_l"),
        **_set_truths("run"),
        **_set_numbers("power_set_w"),
    },
    "feeder": {
        **_word("position", BreakerPosition),
        **_numbers(*_phases("power", "w")),
        **_truths("has_fault"),
        **_set_truths("closed"),
    },
    "earthing": {**_word("position", BreakerPosition), **_set_truths("closed")},
    "radio": {**_truths("is_alive", "is_supplied"), **_numbers("reserve_pct")},
    "weather": _numbers("irradiance_w_per_m2", "temperature_c"),
    "safety": _truths("emergency_off", "local_control"),
    "dimming": _truths("is_limited"),
}
"""Role -> field -> what it is. A written point may also be read, so that a write can be compared with its read-back."""

HEARTBEAT = PointMeaning(PointKind.NUMBER, is_read=False, is_written=True)
"""The counter that proves us alive; any role may have it, under the name `heartbeat`."""

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "poi": (
        "position",
        "grid_voltage_l1_v|grid_voltage_v",
        "grid_voltage_l2_v|grid_voltage_v",
        "grid_voltage_l3_v|grid_voltage_v",
        "bus_voltage_l1_v|bus_voltage_v",
        "grid_frequency_hz",
        "open",
    ),
    "battery": ("mode", "soc_pct", "mode_set"),
    "pv": ("power_l1_w|power_l2_w|power_l3_w|power_w", "limit_set_w"),
    "genset": ("state", "run"),
    "feeder": ("position", "closed"),
    "earthing": ("position", "closed"),
    "radio": ("is_alive",),
    "weather": ("irradiance_w_per_m2|temperature_c",),
    "safety": ("emergency_off",),
    "dimming": ("is_limited",),
}
"""Role -> what an asset cannot do without; `|` separates points of which one is enough."""


def meaning(role: str, name: str) -> PointMeaning | None:
    """What a point of a role is; None when the role has no such point."""
    return HEARTBEAT if name == "heartbeat" else ROLE_POINTS[role].get(name)


DEFAULT_MAX_AGE_S: Mapping[str, float] = {  # by role; a point is never called stale before it was polled twice
    "poi": 0.15,  # seven polls of 20 ms: an older sample forbids closings, a sag must not be judged by it
    "battery": 0.5,  # ten cycles: an island's frequency is steered with it
    "pv": 3.0,  # the sun does not change faster; a limit is read back
    "genset": 3.0,  # its sequence takes seconds, and it hangs on a serial line
    "feeder": 3.0,  # on a serial line a dead neighbour costs time-outs; staleness forbids closings only
    "earthing": 0.5,  # no load in the island without it
    "radio": 10.0,  # a probe a second, some of them lost
    "weather": 60.0,
    "safety": 1.0,
    "dimming": 5.0,  # an order that has a minute
}
