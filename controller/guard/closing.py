"""The lawful closings of the POI. Each rule is a small function that answers with the reason to forbid, or None.

Of the four lawful closings two are here: live onto live in sync, and permission to an ANSI 25. The live grid onto a
proven dead bus, and dead onto dead, have their place in `_by_switcher` and are refused until their rows exist.
"""

from __future__ import annotations

from collections.abc import Callable

from controller.guard.bounds import Bounds
from controller.model.image import PoiSeen
from controller.model.reasons import Reason
from controller.model.words import GridSource, SettingsGroup, Switcher

Rule = Callable[[PoiSeen, Bounds, float], Reason | None]


def forbids_closing(poi: PoiSeen, bounds: Bounds, now_s: float) -> Reason | None:
    """Why the POI must not be closed now; None when it may."""
    for rule in (*COMMON, *_by_switcher(bounds)):
        reason = rule(poi, bounds, now_s)
        if reason is not None:
            return reason
    return None


def is_stale(poi: PoiSeen, bounds: Bounds, now_s: float) -> Reason | None:
    """An old sample forbids."""
    fresh = poi.measured_at_s is not None and now_s - poi.measured_at_s <= bounds.envelope.sample_age_max_s
    return None if fresh else Reason.VETO_STALE


def is_locked(poi: PoiSeen, bounds: Bounds, _: float) -> Reason | None:
    """The DSO's lock, seen or latched, or a lock-out of the breaker."""
    locked = poi.dso_lock is not False or bounds.latched & {"dso_lock", "poi_close", "lockout"}
    return Reason.VETO_LOCKED_OUT if locked else None


def grid_is_bad(poi: PoiSeen, bounds: Bounds, _: float) -> Reason | None:
    """Every phase and the frequency inside the envelope, and a public grid, not a genset."""
    envelope, nominal_v = bounds.envelope, bounds.hub.nominal_voltage_v
    if poi.grid_voltage_v is None or poi.grid_frequency_hz is None or poi.source is not GridSource.PUBLIC:
        return Reason.VETO_GRID_NOT_OK
    low, high = poi.grid_voltage_v.minimum / nominal_v, poi.grid_voltage_v.maximum / nominal_v
    good = (
        low >= envelope.grid_voltage_min_ratio
        and high <= envelope.grid_voltage_max_ratio
        and envelope.grid_frequency_min_hz <= poi.grid_frequency_hz <= envelope.grid_frequency_max_hz
    )
    return None if good else Reason.VETO_GRID_NOT_OK


def has_island_settings(poi: PoiSeen, bounds: Bounds, _: float) -> Reason | None:
    """The relay must be seen with its grid settings."""
    wrong = bounds.hub.poi.has_settings_groups and poi.settings_group is not SettingsGroup.GRID
    return Reason.VETO_ISLAND_SETTINGS if wrong else None


def is_out_of_sync(poi: PoiSeen, bounds: Bounds, now_s: float) -> Reason | None:
    """|angle + 360 slip t_close| + 360 |slip| t_uncertainty + angle_error <= limit; slip, voltages, rotation."""
    if poi.angle_difference_deg is None or poi.grid_frequency_hz is None or poi.bus_frequency_hz is None:
        return Reason.VETO_OUT_OF_SYNC
    if poi.grid_voltage_v is None or poi.bus_voltage_v is None or poi.rotation_equal is not True:
        return Reason.VETO_OUT_OF_SYNC
    envelope, breaker = bounds.envelope, bounds.hub.poi
    slip_hz = poi.bus_frequency_hz - poi.grid_frequency_hz
    age_s = now_s - poi.measured_at_s if poi.measured_at_s is not None else 0.0
    at_contact_deg = abs(poi.angle_difference_deg + 360.0 * slip_hz * (breaker.breaker_closing_s + age_s))
    worst_deg = at_contact_deg + 360.0 * abs(slip_hz) * breaker.breaker_closing_uncertainty_s
    apart_v = max(abs(g - b) for g, b in zip(poi.grid_voltage_v, poi.bus_voltage_v, strict=True))
    in_sync = (
        worst_deg + envelope.sync_angle_error_deg <= envelope.sync_angle_max_deg
        and abs(slip_hz) <= envelope.sync_slip_max_hz
        and apart_v <= envelope.sync_voltage_difference_max_ratio * bounds.hub.nominal_voltage_v
    )
    return None if in_sync else Reason.VETO_OUT_OF_SYNC


def has_no_rule_yet(_poi: PoiSeen, _bounds: Bounds, _now_s: float) -> Reason | None:
    """A way of closing that this guard does not know is not lawful."""
    return Reason.VETO_NOT_PROVEN_OPEN


COMMON: tuple[Rule, ...] = (is_stale, is_locked, grid_is_bad, has_island_settings)


def _by_switcher(bounds: Bounds) -> tuple[Rule, ...]:
    switcher = bounds.hub.poi.switching.closed_by
    if switcher is Switcher.CONTROLLER:
        return (is_out_of_sync,)
    return () if switcher is Switcher.SYNC_RELAY else (has_no_rule_yet,)  # the 25 checks the angle
