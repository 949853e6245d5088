"""A closing live onto live: where the angle will be at contact, and whether the bus is left alone until then."""

from __future__ import annotations

from controller.guard.proof import Case
from controller.guard.rules import Ask
from controller.model.commands import BatteryCommand
from controller.model.hub import AssetId, Battery
from controller.model.image import BatterySeen
from controller.model.words import InverterMode

CALM_S = 0.25  # a genset that swings goes through the grid's frequency at several hertz a second
STEADY_S = 0.5  # order, slowest write and the inverter's own time: by now the bus shows it


def is_out_of_sync(case: Case, _ask: Ask) -> bool:
    """Angle at contact, at its worst, against the envelope; slip and voltages too; everything seen.

    |dphi + 360*slip*t_close| + 360*(|slip| + moved)*(t_uncertainty + age) + error <= limit: the sample's age counts as
    uncertainty, in both directions, and of two stated instrument errors the larger. As far as the slip has moved while
    it was calm, so far it may move again until contact: |slip| + moved <= limit.
    """
    poi, breaker, limits, calm = case.seen.poi, case.bounds.hub.poi, case.bounds.envelope, case.memory.slip
    if poi.angle_difference_deg is None or poi.grid_frequency_hz is None or poi.bus_frequency_hz is None:
        return True
    if poi.grid_voltage_v is None or poi.bus_voltage_v is None or poi.measured_at_s is None or calm is None:
        return True
    slip_hz = poi.bus_frequency_hz - poi.grid_frequency_hz
    worst_hz = abs(slip_hz) + abs(slip_hz - calm.first_hz)
    drift_s = breaker.breaker_closing_uncertainty_s + abs(case.now_s - poi.measured_at_s)
    at_contact_deg = abs(poi.angle_difference_deg + 360.0 * slip_hz * breaker.breaker_closing_s)
    error_deg = max(limits.sync_angle_error_deg, breaker.angle_error_deg)
    apart_v = limits.sync_voltage_difference_max_ratio * case.bounds.hub.nominal_voltage_v
    in_sync = (
        at_contact_deg + 360.0 * worst_hz * drift_s + error_deg <= limits.sync_angle_max_deg
        and worst_hz <= limits.sync_slip_max_hz
        and all(abs(g - b) <= apart_v for g, b in zip(poi.grid_voltage_v, poi.bus_voltage_v, strict=True))
    )
    return not (in_sync and poi.rotation_equal is True)


def is_swinging(case: Case, _ask: Ask) -> bool:
    """The slip has not been seen to stay for long enough: in one sample in step, and out of it at the contact."""
    slip = case.memory.slip
    return slip is None or slip.at_s - slip.since_s < CALM_S


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
