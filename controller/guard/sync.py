"""A closing live onto live: where the angle will be at contact, and whether the bus is left alone until then."""

from __future__ import annotations

import math
from collections.abc import Sequence

from controller.guard.proof import Case, is_near_step, mean_v
from controller.guard.rules import Ask
from controller.guard.watch import SLIPS_S, STEADY_S
from controller.model.commands import BatteryCommand
from controller.model.image import BatterySeen
from controller.model.words import InverterMode

SHED_SHOWS_S = 0.5  # the slowest write, the contactor, the bus and the sample that shows it


def is_out_of_sync(case: Case, ask: Ask) -> bool:
    """Out of step at the contact, or the phases are not seen to turn the same way."""
    return case.seen.poi.rotation_equal is not True or _is_out_of_step(case, ask)


def _is_out_of_step(case: Case, ask: Ask) -> bool:
    """Angle at contact, at its worst, against the envelope; slip and voltages too; everything seen.

    |dphi + 360*slip*t_close| + 360*|slip|*drift + 180*swing*(t_close + drift) + error <= limit, drift = t_uncertainty
    + age: the sample's age counts as uncertainty, in both directions, and of two stated instrument errors the larger.
    The slip may swing until then as far as it has of late, and move by what the formers are told: |slip| + swing +
    told <= limit, and 360*told*(t_close + drift) of angle.
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
    told_hz, told_v = _told_moves(case, poi.bus_frequency_hz, mean_v(poi.bus_voltage_v))
    spread_deg = 360.0 * abs(slip_hz) * drift_s + (180.0 * swing_hz + 360.0 * told_hz) * latest_s
    error_deg = max(limits.sync_angle_error_deg, breaker.angle_error_deg)
    apart_v = limits.sync_voltage_difference_max_ratio * case.bounds.hub.nominal_voltage_v
    in_step = (
        at_contact_deg + spread_deg + error_deg <= limits.sync_angle_max_deg
        and abs(slip_hz) + swing_hz + told_hz <= limits.sync_slip_max_hz
        and all(abs(g - b) + told_v <= apart_v for g, b in zip(poi.grid_voltage_v, poi.bus_voltage_v, strict=True))
    )
    return not in_step


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


def is_given_out_of_step(case: Case, ask: Ask) -> bool:
    """A permission given anew where the relay may use it at once has to be as good as a closing that we time.

    One that stands was used on the way in, if at all: with the angle, or the slip, coming to where the window begins.
    """
    if case.memory.allowed.poi.close is not None or not is_near_step(case, 0.0):
        return False
    return _is_out_of_step(case, ask) or is_shedding(case, ask)


def is_shedding(case: Case, _ask: Ask) -> bool:
    """A load that goes throws the bus about, and its slip does not show that yet."""
    shed_at_s = case.memory.shed_at_s
    is_fresh = shed_at_s is not None and case.now_s - shed_at_s < SHED_SHOWS_S
    return is_fresh or case.memory.sheds(case.commands.feeders)


def _told_moves(case: Case, bus_hz: float, bus_v: float) -> tuple[float, float]:
    """How far frequency and voltage may still move by what the formers are told, or were in the last half second.

    A voltage that moves takes the load with it, and that the frequency.
    """
    moves_hz = moves_v = 0.0
    for battery in case.bounds.hub.batteries.values():
        state = case.seen.batteries.get(battery.id) or BatterySeen()
        if state.mode is not InverterMode.GRID_FORMING:
            continue
        carried_w = battery.most_w if state.power_w is None else state.power_w.total
        droop_hz = battery.droop_hz_per_w * carried_w
        told = case.memory.told.get(battery.id, ())
        known = max((n for n, each in enumerate(told) if case.now_s - each.at_s >= STEADY_S), default=None)
        before, is_known = told[known:], known is not None
        now = case.commands.batteries.get(battery.id) or BatteryCommand()
        moved_v = _moved(now.voltage_set_v, [each.voltage_set_v for each in before], None if is_known else bus_v)
        by_load_hz = 2.0 * abs(droop_hz) * moved_v / case.bounds.hub.nominal_voltage_v
        shown_hz = math.inf if state.power_w is None else bus_hz + droop_hz
        no_load_hz = None if is_known else shown_hz
        moved_hz = _moved(now.frequency_set_hz, [each.frequency_set_hz for each in before], no_load_hz)
        moves_hz, moves_v = max(moves_hz, moved_hz + by_load_hz), max(moves_v, moved_v)
    return moves_hz, moves_v


def _moved(now: float | None, before: Sequence[float | None], shown: float | None) -> float:
    """From what it was told of late to what it is told now; from what the bus shows, where that is not `known` yet.

    What it was told for longer the bus follows, whatever droop the site file names.
    """
    last = before[-1] if now is None and before else now
    if last is None:
        return 0.0
    if shown is not None:
        return abs(last - shown)
    return max(math.inf if value is None else abs(last - value) for value in before)
