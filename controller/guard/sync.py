"""A closing live onto live: where the angle will be at contact, and whether the bus is left alone until then."""

from __future__ import annotations

import math

from controller.guard.proof import Case
from controller.guard.rules import Ask
from controller.guard.watch import SLIPS_S
from controller.model.commands import BatteryCommand
from controller.model.hub import AssetId, Battery
from controller.model.image import BatterySeen
from controller.model.words import InverterMode

SHED_SHOWS_S = 0.5  # the slowest write, the contactor, the bus and the sample that shows it
STEADY_S = 0.5  # order, slowest write and the inverter's own time: by now the bus shows it


def is_out_of_sync(case: Case, ask: Ask) -> bool:
    """Angle at contact, at its worst, against the envelope; slip and voltages too; everything seen.

    |dphi + 360*slip*t_close| + 360*|slip|*drift + 180*swing*(t_close + drift) + error <= limit, drift = t_uncertainty
    + age: the sample's age counts as uncertainty, in both directions, and of two stated instrument errors the larger.
    The slip may swing until then as far as it has of late: |slip| + swing <= limit.
    """
    poi, breaker, limits = case.seen.poi, case.bounds.hub.poi, case.bounds.envelope
    if poi.angle_difference_deg is None or poi.grid_frequency_hz is None or poi.bus_frequency_hz is None:
        return True
    if poi.grid_voltage_v is None or poi.bus_voltage_v is None or poi.measured_at_s is None:
        return True
    slip_hz = poi.bus_frequency_hz - poi.grid_frequency_hz
    drift_s = breaker.breaker_closing_uncertainty_s + abs(case.now_s - poi.measured_at_s)
    latest_s = breaker.breaker_closing_s + drift_s
    swing_hz = _swing_hz_per_s(case, ask) * latest_s
    at_contact_deg = abs(poi.angle_difference_deg + 360.0 * slip_hz * breaker.breaker_closing_s)
    spread_deg = 360.0 * abs(slip_hz) * drift_s + 180.0 * swing_hz * latest_s
    error_deg = max(limits.sync_angle_error_deg, breaker.angle_error_deg)
    apart_v = limits.sync_voltage_difference_max_ratio * case.bounds.hub.nominal_voltage_v
    in_sync = (
        at_contact_deg + spread_deg + error_deg <= limits.sync_angle_max_deg
        and abs(slip_hz) + swing_hz <= limits.sync_slip_max_hz
        and all(abs(g - b) <= apart_v for g, b in zip(poi.grid_voltage_v, poi.bus_voltage_v, strict=True))
    )
    return not (in_sync and poi.rotation_equal is True)


def is_unwatched(case: Case, _ask: Ask) -> bool:
    """Whose slip was not seen for long enough may swing: a permitted ANSI 25 closes in the first instant it likes."""
    slips = case.memory.slips
    return not slips or slips[-1].at_s - slips[0].at_s < SLIPS_S


def _swing_hz_per_s(case: Case, ask: Ask) -> float:
    """How fast the slip has moved: a bus that swings is in step in one sample, and out of it at the contact."""
    if is_unwatched(case, ask):
        return math.inf
    seen_hz = [slip.hz for slip in case.memory.slips]
    return (max(seen_hz) - min(seen_hz)) / SLIPS_S


def is_shedding(case: Case, _ask: Ask) -> bool:
    """A load that goes throws the bus about, and its slip does not show that yet."""
    shed_at_s = case.memory.shed_at_s
    is_fresh = shed_at_s is not None and case.now_s - shed_at_s < SHED_SHOWS_S
    return is_fresh or case.memory.sheds(case.commands.feeders)


def is_steered_away(case: Case, _ask: Ask) -> bool:
    """In sync as yet, and told a no-load frequency that takes the bus out of step before contact.

    One that it has had for some time counts by what the bus does: its droop may not be the one of the site file.
    """
    grid_hz, limit_hz = case.seen.poi.grid_frequency_hz, case.bounds.envelope.sync_slip_max_hz
    runs_hz = [_told_hz(case, battery) for battery in case.bounds.hub.batteries.values()]
    return grid_hz is not None and any(hz is not None and not abs(hz - grid_hz) <= limit_hz for hz in runs_hz)


def _told_hz(case: Case, battery: Battery) -> float | None:
    """Where the bus will run by what this former is told newly, at the load it carries; None: not known, or not new."""
    state = case.seen.batteries.get(battery.id) or BatterySeen()
    if state.mode is not InverterMode.GRID_FORMING or state.power_w is None:
        return None
    told, before = (c.batteries.get(battery.id) or BatteryCommand() for c in (case.commands, case.memory.allowed))
    set_hz = before.frequency_set_hz if told.frequency_set_hz is None else told.frequency_set_hz
    if set_hz is None or _is_steady(case, battery.id, set_hz):
        return None
    return set_hz - battery.droop_hz_per_w * state.power_w.total


def _is_steady(case: Case, battery: AssetId, set_hz: float) -> bool:
    told = case.memory.told.get(battery)
    return told is not None and told.is_near(set_hz) and case.now_s - told.since_s >= STEADY_S
