"""Which points of a device a fault of its data can happen to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from controller.config.types import ModbusWhere, Point

NUMERIC = frozenset({"miscalibrated", "spikes", "counter_reset", "disagree"})
ANGLE_LIKE = ("_deg", "_hz")  # what two instruments never disagree about in proportion


def is_number(point: Point) -> bool:
    """A quantity, not a state or a word."""
    return point.enum is None and point.type not in {"bool", "string"}


def fits(fault: str, point: Point, drift: str = "") -> bool:
    """Whether the fault can happen to this point: for a register map, whether this drift changes what is read there."""
    match fault:
        case "soc_jump":
            return point.id.endswith("soc_pct")
        case "torn":
            return is_number(point) and "32" in point.type
        case "disagree":
            return is_number(point) and not point.id.endswith(ANGLE_LIKE)
        case "map_drift":
            return isinstance(point.where, ModbusWhere) and _drifts(drift, point)
        case _:
            return fault not in NUMERIC or is_number(point)


def _drifts(drift: str, point: Point) -> bool:
    match drift:
        case "sign" | "scale_x10":
            return is_number(point)
        case "word_swap":
            return point.register_count > 1
        case _:
            return True


def struck(fault: str, points: Iterable[Point], parameters: Mapping[str, object]) -> set[str]:
    """Which points the fault changes; "" is the whole device."""
    wanted = str(parameters.get("point", ""))
    if fault != "map_drift":
        return {wanted}
    drift = str(parameters.get("drift", ""))
    return {point.id for point in points if wanted in {"", point.id} and fits(fault, point, drift)}
