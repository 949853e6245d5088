"""Links -> the process image: assets assembled from the points of their devices, once a cycle.

A reading older than its role allows is no reading. Where several devices offer a field, the first fresh one in the
site file's order counts. What a device says passes its screen first (`screen`); a doubted sample is not yet a fact.
Nothing is invented: a field without a fresh, plausible source is `None`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from controller.config.types import AssetBinding, Site
from controller.drivers.angle import AngleWitness
from controller.drivers.crosscheck import Complaint, CrossChecks
from controller.drivers.fields import Take, field_taker
from controller.drivers.limits import Limit, limit_of
from controller.drivers.link import Link, Sample
from controller.drivers.roles import ANGLE_NUMBER, ELECTRICAL, ONE_INSTRUMENT, ROLE_FIELDS, ROLE_KINDS, SafetySeen
from controller.drivers.screen import Screen
from controller.drivers.sums import SumChecks
from controller.drivers.urgent import urgent_points
from controller.model.hub import AssetId
from controller.model.image import DimmingSeen, EarthingSeen, PoiSeen, ProcessImage, WeatherSeen
from controller.model.reasons import Reason

COMPLAIN_S = 0.25  # people are told as often as the status is published


@dataclass(slots=True)
class _Plan:
    """One asset, ready to be assembled, and how it was seen last."""

    asset: AssetId
    kind: Callable[..., Any]
    blank: tuple[None, ...]  # one for each field
    takers: tuple[tuple[int, Take, bool, bool], ...]  # number, taker, dates `measured_at_s`, belongs to the angle
    sources: tuple[tuple[Link, Screen], ...]  # whose readings it is made of
    changes_count: int = -1
    facts_count: int = -1
    fresh_until_s: float = -math.inf
    seen: Any = None
    values: list[Any] = field(default_factory=list)  # of all fields, in their order
    dating: tuple[Sample, ...] = ()  # the oldest is the asset's instant
    fresh_for_s: tuple[tuple[Sample, float], ...] = ()  # for how long each is fresh
    renews: bool = False  # as long as these samples move on and no more, its values stand


class Assembler:
    """Builds the process image of one site, and remembers what is doubted about it. One for each life of the links."""

    def __init__(self, site: Site) -> None:
        self.screens: Mapping[str, Screen] = {}
        self.complaints: tuple[Complaint, ...] = ()
        self._site = site
        self._links: Mapping[str, Link] | None = None
        self._plans: dict[str, tuple[_Plan, ...]] = {}
        self._complain_at_s = -math.inf
        self._angle = AngleWitness(_resolution_hz(site))
        self._checks = CrossChecks(site)
        self._sums: SumChecks | None = None

    @property
    def is_waiting(self) -> bool:
        """Something urgent is doubted: the next sample decides."""
        return any(screen.is_waiting for screen in self.screens.values())

    def image(self, links: Mapping[str, Link], now_s: float) -> ProcessImage:
        """Everything measured and believed, as old as each role allows at most."""
        if links is not self._links:
            self.screens = _screens(self._site, links)
            self._plans = _plans(self._site, links, self.screens)
            self._sums = SumChecks(self._site, self.screens)
            self._links = links
        for screen in self.screens.values():
            screen.refresh(now_s)
        plans = self._plans
        safety = _only(plans, "safety", now_s) or SafetySeen()
        seen = ProcessImage(
            poi=self._angle.seen(_only(plans, "poi", now_s) or PoiSeen()),
            batteries=_all(plans, "battery", now_s),
            pv=_all(plans, "pv", now_s),
            gensets=_all(plans, "genset", now_s),
            feeders=_all(plans, "feeder", now_s),
            radios=_all(plans, "radio", now_s),
            earthing=_only(plans, "earthing", now_s) or EarthingSeen(),
            weather=_only(plans, "weather", now_s) or WeatherSeen(),
            dimming=_only(plans, "dimming", now_s) or DimmingSeen(),
            emergency_off=safety.emergency_off,
            local_control=safety.local_control,
            lost_devices=tuple([name for name, link in links.items() if not link.is_up]),
        )
        if now_s >= self._complain_at_s:
            self._complain_at_s = now_s + COMPLAIN_S
            self.complaints = self._complaints(seen, now_s)
        return seen

    def _complaints(self, seen: ProcessImage, now_s: float) -> tuple[Complaint, ...]:
        found = [*self._checks.complaints(seen, now_s), *(self._sums.complaints(now_s) if self._sums else ())]
        if self._angle.is_doubted:
            found.append(Complaint(self._site.hub.poi.id, Reason.ANGLE_DOUBTED))
        for name, screen in self.screens.items():
            found += [Complaint(name, reason) for reason in screen.complaints(now_s)]
        return tuple(found)


def _resolution_hz(site: Site) -> float:
    """In what steps the POI's frequencies are told, as far as the tables say."""
    reads = site.bindings[site.hub.poi.id].reads
    refs = [ref for name in ("grid_frequency_hz", "bus_frequency_hz") for ref in reads.get(name, ())[:1]]
    return max((site.devices[ref.device].table.points[ref.point].resolution or 0.0 for ref in refs), default=0.0)


def _screens(site: Site, links: Mapping[str, Link]) -> dict[str, Screen]:
    """One for each device that serves an asset, with the bounds of its points."""
    limits: dict[str, dict[str, Limit]] = {}
    for binding in site.bindings.values():
        for name, refs in binding.reads.items():
            for ref in refs:
                limits.setdefault(ref.device, {})[ref.point] = limit_of(name, binding, site)
    urgent = urgent_points(site)
    return {
        device: Screen(site.devices[device], links[device], of_device, urgent.get(device, {}))
        for device, of_device in limits.items()
    }


def _plans(site: Site, links: Mapping[str, Link], screens: Mapping[str, Screen]) -> dict[str, tuple[_Plan, ...]]:
    plans: dict[str, tuple[_Plan, ...]] = {}
    for binding in site.bindings.values():
        plans[binding.role] = (*plans.get(binding.role, ()), _plan(binding, site, links, screens))
    return plans


def _plan(binding: AssetBinding, site: Site, links: Mapping[str, Link], screens: Mapping[str, Screen]) -> _Plan:
    found = [
        (number, name, taker)
        for number, (name, kind) in enumerate(ROLE_FIELDS[binding.role].items())
        if (taker := field_taker(name, kind, binding, site, screens)) is not None
    ]
    has_electrical = any(name in ELECTRICAL for _, name, _ in found)
    takers = tuple(
        (number, taker, name in ELECTRICAL or not has_electrical, name in ONE_INSTRUMENT)
        for number, name, taker in found
    )
    devices = dict.fromkeys(ref.device for refs in binding.reads.values() for ref in refs)
    sources = tuple((links[device], screens[device]) for device in devices)
    blank = (None,) * len(ROLE_FIELDS[binding.role])
    return _Plan(binding.asset, ROLE_KINDS[binding.role], blank, takers, sources)


def _only(plans: Mapping[str, Sequence[_Plan]], role: str, now_s: float) -> Any:
    return _seen(plans[role][0], now_s) if role in plans else None


def _all(plans: Mapping[str, Sequence[_Plan]], role: str, now_s: float) -> dict[AssetId, Any]:
    return {plan.asset: _seen(plan, now_s) for plan in plans.get(role, ())}


def _seen(plan: _Plan, now_s: float) -> Any:
    """The asset as it is seen now: the very same object while its devices say nothing, one with a newer instant while
    they say the same again.
    """
    changes_count = facts_count = 0
    for link, screen in plan.sources:
        changes_count += link.changes_count
        facts_count += screen.facts_count
    if changes_count == plan.changes_count and now_s <= plan.fresh_until_s:
        return plan.seen
    if plan.renews and facts_count == plan.facts_count:
        _renew(plan)
    if not plan.renews or facts_count != plan.facts_count or now_s > plan.fresh_until_s:
        _assemble(plan, now_s)
    plan.changes_count, plan.facts_count = changes_count, facts_count
    return plan.seen


def _renew(plan: _Plan) -> None:
    """The same values, of samples that have moved on."""
    plan.fresh_until_s = _fresh_until_s(plan)
    plan.seen = plan.kind(_oldest_s(plan), *plan.values)


def _assemble(plan: _Plan, now_s: float) -> None:
    """The fields that are known now."""
    values: list[Any] = [*plan.blank]
    dating: dict[Sample, None] = {}
    fresh_for_s: dict[Sample, float] = {}
    instruments: set[str] = set()
    all_renew = True
    for number, take, dates, belongs_to_angle in plan.takers:
        found = take(now_s)
        if found is None:
            all_renew = False  # it may be known at any time
            continue
        values[number], sample, device, max_age_s, renews = found
        all_renew = all_renew and renews
        if fresh_for_s.get(sample, math.inf) > max_age_s:
            fresh_for_s[sample] = max_age_s
        if dates:
            dating[sample] = None
        if belongs_to_angle:
            instruments.add(device)
    if len(instruments) > 1:
        values[ANGLE_NUMBER] = None
    plan.values, plan.renews = values, all_renew
    plan.dating, plan.fresh_for_s = tuple(dating), tuple(fresh_for_s.items())
    _renew(plan)


def _oldest_s(plan: _Plan) -> float | None:
    oldest_s: float | None = None
    for sample in plan.dating:  # nearly always of one, in every cycle, for every asset
        if oldest_s is None or sample.at_s < oldest_s:
            oldest_s = sample.at_s
    return oldest_s


def _fresh_until_s(plan: _Plan) -> float:
    fresh_until_s = math.inf
    for sample, max_age_s in plan.fresh_for_s:
        fresh_until_s = min(fresh_until_s, sample.at_s + max_age_s)
    return fresh_until_s
