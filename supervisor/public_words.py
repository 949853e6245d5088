"""Which key of the catalogue belongs to which code. A test holds the catalogue to this page, in every language.

Codes come from a file that another version may have written, so each function here answers an unknown code too.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from controller.model.advice import RequestKind
from controller.model.reasons import EventKind, Reason
from controller.model.words import Authority, BreakerPosition, GensetState, GridVerdict, InverterMode, Mode
from supervisor.words import Words

FAMILIES: dict[str, type[Enum]] = {
    "mode": Mode,
    "meaning": Mode,
    "do": Mode,
    "authority": Authority,
    "grid": GridVerdict,
    "position": BreakerPosition,
    "inverter": InverterMode,
    "genset": GensetState,
    "reason": Reason,
    "kind": EventKind,
    "request": RequestKind,
}
"""Every member of these has its words under `family.value`."""

VARIANTS: dict[str, tuple[str, ...]] = {
    "mode": ("none",),
    "meaning": (
        "none",
        "stale",
        "never",
        "newer",
        "grid_connected.not_ready",
        "grid_connected.shaky",
        "grid_connected.unseen",
        "islanded.ok",
        "islanded.planned",
        "islanded.rejected",
        "islanded.unknown",
    ),
    "do": ("none",),
    "offer": ("now", "off", "none", "was_on", "was_off"),
    "until": ("charge", "grid", "room", "soon", "person", "power", "radio"),
    "position": ("none", "no_power"),
    "inverter": ("none",),
    "genset": ("none",),
    "solar": ("on", "off", "none"),
    "radio": ("alive", "dead", "none", "supplied", "own_battery", "reserve"),
    "assumption": (
        "no_sun_no_genset_present_load",
        "no_sun_genset_fuel_present_load",
        "soc_unknown",
        "load_not_measured",
        "other",
    ),
    "latch": ("emergency_off", "dso_lock", "poi_close", "lockout", "other", "release"),
    "subject": ("hub", "grid", "guard", "poi", "n_pe", "earthing", "emergency_off", "dso_lock", "poi_close", "lockout"),
    "weekday": ("0", "1", "2", "3", "4", "5", "6"),
}
"""What is chosen by a condition and not by an enum."""


def keys_by_code() -> frozenset[str]:
    """Every key that is put together from a code."""
    members = {f"{family}.{member.value}" for family, codes in FAMILIES.items() for member in codes}
    return frozenset(members | {f"{family}.{code}" for family, codes in VARIANTS.items() for code in codes})


def known(say: Words, family: str, code: str, otherwise: str) -> str:
    """The words of a code that may be newer than this catalogue, else the text given."""
    key = f"{family}.{code}"
    return say(key) if say.has(key) else otherwise


def reason_of(say: Words, code: str, values: Mapping[str, object]) -> str:
    """The words of an event's reason; with the last number known of a log that was missing, or how many were lost."""
    reason = known(say, "reason", code, code)
    if code == Reason.JOURNAL_MISSING.value and "last" in values:
        reason += say("event.last_known", last=values["last"])
    if code == Reason.EVENTS_LOST.value and "count" in values:
        reason += say("event.how_many", count=values["count"])
    return reason


def of_enum(say: Words, family: str, code: Enum | None) -> str:
    """The words of a member; of `none` when it is not known."""
    return say(f"{family}.{'none' if code is None else code.value}")
