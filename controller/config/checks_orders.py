"""Whether the register of an order can hold what will be ordered: what does not fit is never written, nor clipped."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from controller.config.draft import Draft
from controller.config.errors import Problem
from controller.config.table_checks import RAW_RANGES
from controller.config.types import ModbusWhere, Point

ORDERS = {
    "batteries": ("power_set_w", "rating_va"),
    "gensets": ("power_set_w", "rating_va"),
    "pv": ("limit_set_w", "rating_w"),
}
"""By section: the order, and the key of the site that it may be as large as, W."""


def _orders_fit(draft: Draft) -> Iterator[Problem]:
    """From nothing up to the rating, and for a battery down to it."""
    for section, (field, key) in ORDERS.items():
        if not draft.is_sound(section):
            continue
        for name, entry in getattr(draft.site, section).items():
            point = _point(draft, name, field)
            rating: float = getattr(entry, key)
            if point is None or not math.isfinite(rating):
                continue
            low, high = _bounds(point)
            least = -rating if section == "batteries" else 0.0
            if low > least or high < rating:
                found = f"{rating:g}, of which {point.id} can be told {low:g} to {high:g} W"
                wanted = f"a register that takes {least:g} to {rating:g} W: what does not fit is not written at all"
                yield draft.file.warning((section, name, key), found, wanted)


def _point(draft: Draft, asset: str, field: str) -> Point | None:
    """Where the order goes, if it is a register; one that counts in parts of a rating is checked by nobody."""
    binding, device = draft.bindings.get(asset), draft.device_of(asset, field)
    if binding is None or device is None:
        return None
    point = device.table.points.get(binding.writes[field].point)
    return point if point is not None and isinstance(point.where, ModbusWhere) else None


def _bounds(point: Point) -> tuple[float, float]:
    raw = RAW_RANGES.get(point.type.removesuffix("_le"), (-math.inf, math.inf))
    low, high = sorted(number * point.scale for number in raw)
    low = low if point.minimum is None else max(low, point.minimum)
    return low, high if point.maximum is None else min(high, point.maximum)


CHECKS: tuple[Callable[[Draft], Iterator[Problem]], ...] = (_orders_fit,)
