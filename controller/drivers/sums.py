"""Three phases beside their own total: a current transformer the wrong way round, or a register of another meaning.

At the POI and of batteries the phases are believed all the same (`fields`); somebody has to go and look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from controller.config.types import AssetBinding, Site
from controller.drivers.crosscheck import Complaint
from controller.drivers.fields import phases_of, sum_error_w
from controller.drivers.link import Reading
from controller.drivers.screen import SAME_SAMPLE_S, Screen
from controller.model.phases import ALL_PHASES
from controller.model.reasons import Reason

APART_FOR_S = 5.0  # a meter that renews its registers one after another has them all anew in one


@dataclass(frozen=True, slots=True)
class _Meter:
    """One device that tells an asset's power twice."""

    asset: str
    device: str
    total: str
    phases: tuple[str, ...]
    error_w: float
    max_age_s: float


class SumChecks:
    """Remembers since when which meter contradicts itself."""

    def __init__(self, site: Site, screens: Mapping[str, Screen]) -> None:
        self._meters = tuple(meter for binding in site.bindings.values() for meter in _meters(binding, site))
        self._screens = screens
        self._since_s: dict[_Meter, float] = {}

    def complaints(self, now_s: float) -> tuple[Complaint, ...]:
        """Which assets' powers have contradicted themselves for so long that it is not the moment's fault."""
        apart = [meter for meter in self._meters if self._is_apart(meter, now_s)]
        self._since_s = {meter: self._since_s.get(meter, now_s) for meter in apart}
        lasting = {meter.asset: None for meter in apart if now_s - self._since_s[meter] >= APART_FOR_S}
        return tuple(Complaint(asset, Reason.PHASES_DOUBTED) for asset in lasting)

    def _is_apart(self, meter: _Meter, now_s: float) -> bool:
        facts = self._screens[meter.device].facts
        total_w, at_s = _number(facts.get(meter.total))
        phases = [_number(facts.get(point)) for point in meter.phases]
        if now_s - at_s > meter.max_age_s or any(abs(phase_at_s - at_s) > SAME_SAMPLE_S for _, phase_at_s in phases):
            return False
        return abs(total_w - sum(phase_w for phase_w, _ in phases)) > meter.error_w


def _meters(binding: AssetBinding, site: Site) -> list[_Meter]:
    phases = phases_of(binding, site)
    by_phase = [binding.reads.get(f"power_{each.value}_w", ()) for each in ALL_PHASES if each in phases]
    meters = []
    for ref in binding.reads.get("power_w", ()):
        points = tuple(each.point for refs in by_phase for each in refs if each.device == ref.device)
        if len(points) == len(by_phase):
            error_w, max_age_s = sum_error_w(binding, site), site.max_age_s[binding.role]
            meters.append(_Meter(binding.asset, ref.device, ref.point, points, error_w, max_age_s))
    return meters


def _number(reading: Reading | None) -> tuple[float, float]:
    """Value and instant; what is no number was never said."""
    if reading is None or isinstance(reading.value, str | bool):
        return 0.0, float("-inf")
    return reading.value, reading.at_s
