"""Set-points inside ratings, BMS limits and the envelope. One outside is vetoed and takes the nearest bound."""

from __future__ import annotations

from dataclasses import replace

from controller.guard.bounds import Bounds
from controller.model.commands import BatteryCommand, GensetCommand, PvCommand
from controller.model.decision import Veto
from controller.model.hub import AssetId
from controller.model.image import BatterySeen, ProcessImage
from controller.model.reasons import Reason


def battery(
    name: AssetId, command: BatteryCommand, seen: ProcessImage, bounds: Bounds, vetoes: list[Veto], *, may_charge: bool
) -> BatteryCommand:
    """Power within rating and BMS; frequency and voltage within the island's envelope; no charging when stopped."""
    rating_va = bounds.hub.batteries[name].rating_va
    state = seen.batteries.get(name) or BatterySeen()
    charge_w = rating_va if state.charge_limit_w is None else min(rating_va, state.charge_limit_w)
    discharge_w = rating_va if state.discharge_limit_w is None else min(rating_va, state.discharge_limit_w)
    envelope, nominal_v = bounds.envelope, bounds.hub.nominal_voltage_v
    inside = replace(
        command,
        power_set_w=_within(command.power_set_w, -charge_w if may_charge else 0.0, discharge_w),
        frequency_set_hz=_within(
            command.frequency_set_hz, envelope.island_frequency_min_hz, envelope.island_frequency_max_hz
        ),
        voltage_set_v=_within(
            command.voltage_set_v,
            envelope.island_voltage_min_ratio * nominal_v,
            envelope.island_voltage_max_ratio * nominal_v,
        ),
        charge_limit_w=_within(command.charge_limit_w, 0.0, rating_va),
    )
    if inside != command:
        reason = Reason.VETO_OUT_OF_RANGE if may_charge else Reason.VETO_EMERGENCY_OFF
        vetoes.append(Veto(name, reason))
    return inside


def pv(name: AssetId, command: PvCommand, bounds: Bounds, vetoes: list[Veto]) -> PvCommand:
    """Between nothing and the rating."""
    inside = replace(command, limit_w=_within(command.limit_w, 0.0, bounds.hub.pv[name].rating_w))
    if inside != command:
        vetoes.append(Veto(name, Reason.VETO_OUT_OF_RANGE))
    return inside


def genset(name: AssetId, command: GensetCommand, bounds: Bounds, vetoes: list[Veto]) -> GensetCommand:
    """Between nothing and the rating."""
    inside = replace(command, power_set_w=_within(command.power_set_w, 0.0, bounds.hub.gensets[name].rating_va))
    if inside != command:
        vetoes.append(Veto(name, Reason.VETO_OUT_OF_RANGE))
    return inside


def _within(value: float | None, low: float, high: float) -> float | None:
    """The value, or the bound that it passes; not-a-number counts as the low bound."""
    if value is None or low <= value <= high:
        return value
    return high if value > high else low
