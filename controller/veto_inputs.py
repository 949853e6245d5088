"""What the guard saw when it took an order out: for the journal, beside the veto's reason. Nothing is judged here."""

from __future__ import annotations

from collections.abc import Mapping

from controller.guard.bounds import Bounds
from controller.model.commands import Commands, Order
from controller.model.decision import Input, Veto
from controller.model.image import ProcessImage
from controller.model.reasons import Reason

Inputs = dict[str, Input]


def veto_inputs(veto: Veto, wanted: Commands, seen: ProcessImage, bounds: Bounds, now_s: float) -> Inputs:
    """What was wanted, and what stood against it, by the veto's reason."""
    order = _order(veto.subject, wanted, bounds)
    found: Inputs = {"ordered": None if order is None else order[0]}
    if order is not None:
        found |= {"attempt": order[1].attempt, "cause": order[1].cause.value}
    return {**found, **_against(veto.reason, seen, bounds, now_s)}


def _order(subject: str, wanted: Commands, bounds: Bounds) -> tuple[str, Order] | None:
    kinds: tuple[tuple[str, Mapping[str, Order | None]], ...] = (
        ("close", {bounds.hub.poi.id: wanted.poi.close}),
        ("close", {name: command.close for name, command in wanted.feeders.items()}),
        ("close", {bounds.hub.earthing.relay or "earthing": wanted.earthing.close}),
        ("form", {name: command.form for name, command in wanted.batteries.items()}),
        ("crank", {name: command.crank for name, command in wanted.gensets.items()}),
    )
    found = ((kind, order) for kind, orders in kinds if (order := orders.get(subject)) is not None)
    return next(found, None)


def _against(reason: Reason, seen: ProcessImage, bounds: Bounds, now_s: float) -> Inputs:
    limits, nominal_v = bounds.envelope, bounds.hub.nominal_voltage_v
    match reason:
        case Reason.VETO_OBSERVE | Reason.VETO_LOCKED_OUT | Reason.VETO_EMERGENCY_OFF:
            latched = " ".join(sorted(bounds.latched))
            return {"authority": bounds.authority.value, "emergency_off": seen.emergency_off, "latched": latched}
        case Reason.VETO_OUT_OF_SYNC:
            return _both_sides(seen, now_s) | {
                "angle_limit_deg": limits.sync_angle_max_deg,
                "slip_limit_hz": limits.sync_slip_max_hz,
                "voltage_difference_limit_ratio": limits.sync_voltage_difference_max_ratio,
            }
        case Reason.VETO_GRID_NOT_OK:
            return _both_sides(seen, now_s) | {
                "grid_voltage_below_v": round(limits.grid_voltage_min_ratio * nominal_v, 1),
                "grid_voltage_above_v": round(limits.grid_voltage_max_ratio * nominal_v, 1),
                "grid_frequency_below_hz": limits.grid_frequency_min_hz,
                "grid_frequency_above_hz": limits.grid_frequency_max_hz,
            }
        case Reason.VETO_OUT_OF_RANGE:
            return {
                "bus_frequency_below_hz": limits.island_frequency_min_hz,
                "bus_frequency_above_hz": limits.island_frequency_max_hz,
                "bus_voltage_below_v": round(limits.island_voltage_min_ratio * nominal_v, 1),
                "bus_voltage_above_v": round(limits.island_voltage_max_ratio * nominal_v, 1),
            }
        case _:
            return _both_sides(seen, now_s) | {"sample_age_limit_s": limits.sample_age_max_s}


def _both_sides(seen: ProcessImage, now_s: float) -> Inputs:
    poi = seen.poi
    found: Inputs = {"poi_position": None if poi.position is None else poi.position.value}
    for stem, values in (("grid_voltage", poi.grid_voltage_v), ("bus_voltage", poi.bus_voltage_v)):
        for index, phase in enumerate(("l1", "l2", "l3")):
            found[f"{stem}_{phase}_v"] = None if values is None else round(values[index], 1)
    slip_hz = age_s = None
    if poi.grid_frequency_hz is not None and poi.bus_frequency_hz is not None:
        slip_hz = round(poi.bus_frequency_hz - poi.grid_frequency_hz, 4)
    if poi.measured_at_s is not None:
        age_s = round(now_s - poi.measured_at_s, 3)
    return found | {"angle_deg": poi.angle_difference_deg, "slip_hz": slip_hz, "sample_age_s": age_s}
