"""Set-points inside ratings, BMS limits and the envelope. One outside is vetoed and takes the nearest bound.

What is not a number takes the value that asks for nothing (`rest`). Of a device that is not seen nothing more may be
asked than what passed last. On grid a PV plant's limit is free of that: the grid takes what it gives.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple, TypeVar

from controller.guard.proof import Case, contact_to_come, is_on_grid, mean_v
from controller.model.commands import BatteryCommand, GensetCommand, PvCommand
from controller.model.decision import Veto
from controller.model.frozen import replace
from controller.model.hub import AssetId, Battery, Genset, PvPlant
from controller.model.image import BatterySeen, GensetSeen, PvSeen
from controller.model.reasons import Reason
from controller.model.words import Switcher

STRIDE_HZ, STRIDE_RATIO = 0.1, 0.05  # of steering, while a contact is on its way
CREEP_HZ_PER_S, CREEP_RATIO_PER_S = 0.0625, 0.03125  # of steering, while a relay may find its instant
Command = TypeVar("Command", BatteryCommand, PvCommand, GensetCommand)


class Range(NamedTuple):
    """Closed interval of one set-point, in the set-point's own unit."""

    low: float
    high: float
    rest: float = 0.0


def battery_levels(case: Case, battery: Battery, command: BatteryCommand) -> BatteryCommand:
    """Power within rating and BMS limits; frequency and voltage within the island's envelope."""
    seen, limits, hub = case.seen.batteries.get(battery.id) or BatterySeen(), case.bounds.envelope, case.bounds.hub
    before, nominal_v = case.memory.allowed.batteries.get(battery.id) or BatteryCommand(), hub.nominal_voltage_v
    low_v, high_v = limits.island_voltage_min_ratio * nominal_v, limits.island_voltage_max_ratio * nominal_v
    low_hz, high_hz = limits.island_frequency_min_hz, limits.island_frequency_max_hz
    charge_w = _lesser(battery.rating_va, seen.charge_limit_w)
    ranges = {
        "power_set_w": Range(-charge_w, _lesser(battery.rating_va, seen.discharge_limit_w)),
        "frequency_set_hz": Range(low_hz, high_hz, hub.nominal_frequency_hz),
        "voltage_set_v": Range(low_v, high_v, nominal_v),
        "charge_limit_w": Range(0.0, charge_w),
    }
    command = _within(case, battery.id, command, ranges, before if seen.mode is None else None)
    return _held_still(case, battery, command)


def _held_still(case: Case, battery: Battery, command: BatteryCommand) -> BatteryCommand:
    """While the POI's contact is on its way the set-points stand: it was let to close for what they were.

    While a relay may find its instant, which may take minutes, frequency and voltage creep, the voltage to the grid's
    as fast as it likes; powers are free, for a BMS may take its leave back, and steering goes on, so nothing of it is
    a veto. Of a closing that we time a decision that goes on steering moves them by less than a veto is worth.
    """
    closing, hub = contact_to_come(case), case.bounds.hub
    if closing is None:
        return command
    is_timed = hub.poi.switching.closed_by is not Switcher.SYNC_RELAY
    creep_s = 0.0 if is_timed else case.now_s - closing.passed_at_s
    first = closing.batteries.get(battery.id) or BatteryCommand()
    grid_v = None if is_timed or case.seen.poi.grid_voltage_v is None else mean_v(case.seen.poi.grid_voltage_v)
    then_v, nominal_v = first.voltage_set_v, hub.nominal_voltage_v
    held_hz = _reached(command.frequency_set_hz, first.frequency_set_hz, CREEP_HZ_PER_S * creep_s)
    held_v = _reached(command.voltage_set_v, then_v, CREEP_RATIO_PER_S * creep_s * nominal_v, grid_v)
    held_w = first.power_set_w if is_timed else command.power_set_w
    strides = (
        (command.frequency_set_hz, held_hz, STRIDE_HZ),
        (command.voltage_set_v, held_v, STRIDE_RATIO * nominal_v),
        (command.power_set_w, held_w, STRIDE_RATIO * battery.rating_va),
    )
    leaps = any(now is not None and (held is None or abs(now - held) > stride) for now, held, stride in strides)
    if is_timed and leaps:
        case.vetoes.append(Veto(battery.id, Reason.VETO_OUT_OF_SYNC))
    return replace(command, frequency_set_hz=held_hz, voltage_set_v=held_v, power_set_w=held_w)


def _reached(now: float | None, then: float | None, creep: float, toward: float | None = None) -> float | None:
    """On the way from what passed to what is wanted now, as far as it may go; anywhere between it and `toward`."""
    if now is None or then is None:
        return then
    goal = then if toward is None else toward
    return min(max(now, min(then, goal) - creep), max(then, goal) + creep)


def pv_levels(case: Case, plant: PvPlant, command: PvCommand) -> PvCommand | None:
    """Between nothing and the rating. Off grid, a plant that is not seen is given nothing more than before."""
    ranges = {"limit_w": Range(0.0, plant.rating_w)}
    is_seen = (case.seen.pv.get(plant.id) or PvSeen()).power_w is not None
    if plant.id not in case.bounds.latched and (is_seen or is_on_grid(case)):
        return _within(case, plant.id, command, ranges, None)
    before = case.memory.allowed.pv.get(plant.id)
    if before is None:
        case.vetoes.append(Veto(plant.id, Reason.VETO_STALE))
        return None
    wanted, before = (c if c.limit_w is not None else replace(c, limit_w=plant.rating_w) for c in (command, before))
    return _within(case, plant.id, wanted, ranges, before)


def genset_levels(case: Case, genset: Genset, command: GensetCommand) -> GensetCommand:
    """Between nothing and the rating."""
    is_blind = (case.seen.gensets.get(genset.id) or GensetSeen()).state is None
    before = case.memory.allowed.gensets.get(genset.id) or GensetCommand()
    ranges = {"power_set_w": Range(0.0, genset.rating_va)}
    return _within(case, genset.id, command, ranges, before if is_blind else None)


def _lesser(rating: float, limit: float | None) -> float:
    """The device's own limit where it states one; a limit that is no number, or negative, allows nothing."""
    return rating if limit is None else max(0.0, min(limit, rating))  # in this order NaN falls through to 0.0


def _within(case: Case, asset: AssetId, command: Command, ranges: dict[str, Range], before: Command | None) -> Command:
    """Every set-point in its range, or between rest and what passed `before` when that is given."""
    inside: dict[str, Any] = {}
    for name, stated in ranges.items():
        wanted = getattr(command, name)
        allowed = stated if before is None else _no_more_than(getattr(before, name), stated.rest)
        if wanted is not None and not allowed.low <= wanted <= allowed.high:
            nearest = min(max(wanted, allowed.low), allowed.high)
            inside[name] = allowed.rest if math.isnan(wanted) else nearest
    if not inside:
        return command
    case.vetoes.append(Veto(asset, Reason.VETO_OUT_OF_RANGE if before is None else Reason.VETO_STALE))
    return replace(command, **inside)


def _no_more_than(last: float | None, rest: float) -> Range:
    known = rest if last is None else last
    return Range(min(known, rest), max(known, rest), rest)
