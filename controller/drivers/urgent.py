"""What must not wait for the next cycle: a position that changed, a voltage or a power that jumped.

The loop then begins its cycle at once instead of up to a whole cycle later. Nothing here judges: a jump may turn out
to be a sag that is ridden through. During a transfer every sample of these points counts, since proof needs two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from controller.config.types import AssetBinding, Site
from controller.drivers.link import IMPOSSIBLE, Said
from controller.model.hub import AssetId

JUMP_RATIO = 0.1  # of nominal or rating, from one sample to the next: beyond noise, well below any criterion's distance
ANY_CHANGE = frozenset(
    {
        ("poi", "position"),
        ("poi", "relay_tripped"),
        ("earthing", "position"),
        ("battery", "mode"),
        ("safety", "emergency_off"),
    }
)
PHASE_AND_UNIT = re.compile(r"(_l[123])?_[vw]$")
JUMPS = frozenset({("poi", "grid_voltage"), ("poi", "bus_voltage"), ("battery", "power")})


def urgent_points(site: Site) -> Mapping[str, Mapping[str, float]]:
    """By device and point: the step, in the point's unit, from which a change is news. 0: any change."""
    urgent: dict[str, dict[str, float]] = {}
    for binding in site.bindings.values():
        for name, refs in binding.reads.items():
            step = _step(binding, name, site)
            if step is not None:
                for ref in refs:
                    urgent.setdefault(ref.device, {})[ref.point] = step
    return urgent


def is_news(before: Said, after: Said, step: float) -> bool:
    """Whether it changed by more. Coming and going is no news: what is not seen has its own, slower consequences."""
    if before in {None, IMPOSSIBLE} or after in {None, IMPOSSIBLE}:
        return False
    if isinstance(before, float | int) and isinstance(after, float | int):
        return abs(after - before) > step
    return before != after


def _step(binding: AssetBinding, name: str, site: Site) -> float | None:
    if (binding.role, name) in ANY_CHANGE:
        return 0.0
    if (binding.role, PHASE_AND_UNIT.sub("", name)) not in JUMPS:
        return None
    return JUMP_RATIO * (site.hub.nominal_voltage_v if name.endswith("_v") else _rating_w(binding.asset, site))


def _rating_w(battery: AssetId, site: Site) -> float:
    return site.hub.batteries[battery].rating_va
