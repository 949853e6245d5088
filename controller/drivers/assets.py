"""Links -> the process image: assets assembled from the points of their devices, once a cycle.

A reading older than its role allows is no reading. Where several devices offer a field, the first fresh one in the
site file's order counts. Nothing is invented: a field without a fresh, plausible source is `None`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.config.types import AssetBinding, Site
from controller.drivers.fields import FieldKind, Kind, Take, field_taker
from controller.drivers.link import Link
from controller.model.hub import AssetId
from controller.model.image import (
    BatterySeen,
    EarthingSeen,
    FeederSeen,
    GensetSeen,
    PoiSeen,
    ProcessImage,
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
    },
    "pv": {"power_w": Kind.PHASE_POWERS, "limit_w": Kind.NUMBER, "is_connected": Kind.TRUTH},
    "genset": {"state": GensetState, "power_w": Kind.PHASE_POWERS, "fuel_l": Kind.NUMBER},
    "feeder": {"position": BreakerPosition, "power_w": Kind.PHASE_POWERS, "has_fault": Kind.TRUTH},
    "earthing": {"position": BreakerPosition},
    "radio": {"is_alive": Kind.TRUTH, "reserve_pct": Kind.NUMBER, "is_supplied": Kind.TRUTH},
    "weather": {"irradiance_w_per_m2": Kind.NUMBER, "temperature_c": Kind.NUMBER},
    "safety": {"emergency_off": Kind.TRUTH, "local_control": Kind.TRUTH},
}

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

ONE_INSTRUMENT = ("grid_voltage_v", "bus_voltage_v", "grid_frequency_hz", "bus_frequency_hz")
"""An angle counts only beside voltages and frequencies of the instrument that measured it."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """The fields of one asset that any device has, ready to be taken."""

    asset: AssetId
    takers: tuple[tuple[str, Take, bool], ...]  # name, taker, counts for `measured_at_s`


class Assembler:
    """Builds the process image of one site. Reuse it: it prepares itself for the links it is first given."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._links: Mapping[str, Link] | None = None
        self._plans: dict[str, tuple[_Plan, ...]] = {}

    def image(self, links: Mapping[str, Link], now_s: float) -> ProcessImage:
        """Everything measured, as old as each role allows at most. Same links, same readings, same image."""
        if links is not self._links:
            self._plans = _plans(self._site, links)
            self._links = links
        plans = self._plans
        safety = _only(plans.get("safety"), now_s)
        return ProcessImage(
            poi=_poi(plans.get("poi"), now_s),
            batteries={plan.asset: BatterySeen(**_seen(plan, now_s)) for plan in plans.get("battery", ())},
            pv={plan.asset: PvSeen(**_seen(plan, now_s)) for plan in plans.get("pv", ())},
            gensets={plan.asset: GensetSeen(**_seen(plan, now_s)) for plan in plans.get("genset", ())},
            feeders={plan.asset: FeederSeen(**_seen(plan, now_s)) for plan in plans.get("feeder", ())},
            radios={plan.asset: RadioSeen(**_seen(plan, now_s)) for plan in plans.get("radio", ())},
            earthing=EarthingSeen(**_only(plans.get("earthing"), now_s)),
            weather=WeatherSeen(**_only(plans.get("weather"), now_s)),
            emergency_off=safety.get("emergency_off"),
            local_control=safety.get("local_control"),
            lost_devices=tuple([name for name, link in links.items() if not link.is_up]),
        )


def _plans(site: Site, links: Mapping[str, Link]) -> dict[str, tuple[_Plan, ...]]:
    plans: dict[str, tuple[_Plan, ...]] = {}
    for binding in site.bindings.values():
        plans[binding.role] = (*plans.get(binding.role, ()), _plan(binding, site, links))
    return plans


def _plan(binding: AssetBinding, site: Site, links: Mapping[str, Link]) -> _Plan:
    found = [
        (name, taker)
        for name, kind in ROLE_FIELDS[binding.role].items()
        if (taker := field_taker(name, kind, binding, site, links)) is not None
    ]
    has_electrical = any(name in ELECTRICAL for name, _ in found)
    takers = tuple((name, taker, name in ELECTRICAL or not has_electrical) for name, taker in found)
    return _Plan(binding.asset, takers)


def _seen(plan: _Plan, now_s: float) -> dict[str, Any]:
    """The fields of one asset that are known now, by name."""
    values: dict[str, Any] = {}
    oldest_s = None
    for name, take, counts in plan.takers:
        found = take(now_s)
        if found is not None:
            values[name] = found[0]
            if counts and (oldest_s is None or found[1] < oldest_s):
                oldest_s = found[1]
    values["measured_at_s"] = oldest_s
    return values


def _only(plans: Sequence[_Plan] | None, now_s: float) -> dict[str, Any]:
    return _seen(plans[0], now_s) if plans else {}


def _poi(plans: Sequence[_Plan] | None, now_s: float) -> PoiSeen:
    if not plans:
        return PoiSeen()
    values = _seen(plans[0], now_s)
    if "angle_difference_deg" in values and not _is_one_instrument(plans[0], now_s):
        del values["angle_difference_deg"]
    return PoiSeen(**values)


def _is_one_instrument(plan: _Plan, now_s: float) -> bool:
    devices = {
        found[2]
        for name, take, _ in plan.takers
        if name == "angle_difference_deg" or name in ONE_INSTRUMENT
        if (found := take(now_s)) is not None
    }
    return len(devices) == 1
