"""How far the instant of an event may be off: a fact is seen when its device is next asked, an order at once."""

from __future__ import annotations

from controller.config.types import AssetBinding, Site
from controller.drivers.schedule import poll_period_s
from controller.model.decision import Event
from controller.model.reasons import EventKind

SEEN = frozenset({EventKind.POSITION_CHANGED, EventKind.RESTORED, EventKind.GRID_VERDICT})
"""Kinds that tell what was found in the plant. All others are our own doing, at the instant that they bear."""
LOOKED_AT = {EventKind.GRID_VERDICT: ("grid_voltage_l1_v", "grid_voltage_v", "grid_frequency_hz")}
POSITION = ("position",)


class Uncertainties:
    """The poll periods of a site, by what an event is about."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def of(self, event: Event) -> float | None:
        """Plus or minus so many seconds: the poll period and one cycle. None: not a thing seen, or not known."""
        if event.kind not in SEEN:
            return None
        binding = self._binding(event)
        if binding is None:
            return None
        fields = LOOKED_AT.get(event.kind, POSITION)
        periods_s = [self._period_s(binding, name) for name in fields if binding.reads.get(name)]
        return round(max(periods_s) + self._site.hub.timing.cycle_s, 4) if periods_s else None

    def _binding(self, event: Event) -> AssetBinding | None:
        subject = self._site.hub.poi.id if event.kind is EventKind.GRID_VERDICT else event.subject
        return self._site.bindings.get(subject)

    def _period_s(self, binding: AssetBinding, name: str) -> float:
        first = binding.reads[name][0]
        device = self._site.devices[first.device]
        point = device.table.points[first.point]
        return poll_period_s(device, point.group) + point.refresh_s
