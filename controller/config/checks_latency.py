"""Feeders that open too late: the way of an order to its contactor against what the inverter carries so long."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from controller.config.bus_budget import WriteLatency, write_latency
from controller.config.capacity import (
    carried,
    curve_of,
    formers,
    hold_s,
    island_feeders,
    load_of,
    worst_phase,
    worst_ratio,
)
from controller.config.draft import Draft
from controller.config.errors import Problem
from controller.config.schema import BatteryEntry, FeederEntry
from controller.model.hub import ShortTimePoint


@dataclass(frozen=True, slots=True)
class _Opening:
    """One feeder on its way to an open contact."""

    name: str
    entry: FeederEntry
    order: WriteLatency

    @property
    def latency_s(self) -> float:
        return self.order.total_s + self.entry.contactor_s

    def __str__(self) -> str:
        return f"up to {self.latency_s:.2f} s to an open contact ({self.order} + contactor {self.entry.contactor_s:g})"


def _opens_before_the_inverter_gives_up(draft: Draft) -> Iterator[Problem]:
    """At the prepared deficit: the grid is gone, PV has tripped in the transfer, every feeder takes its rating."""
    openings = _openings(draft)
    if openings is None:
        return
    for name, battery in formers(draft).items():
        curve = curve_of(battery, draft.device_of(name, "mode_set"))
        if curve:
            yield from _too_late(draft, name, battery, curve, openings)


def _openings(draft: Draft) -> list[_Opening] | None:
    """The feeders that may be shed, the quickest first; None while a feeder or its device cannot be read."""
    feeders = island_feeders(draft)
    if not draft.is_sound("feeders") or not draft.is_sound("devices"):
        return None
    found = []
    for name, entry in feeders.items():
        if entry.carries_control:
            continue
        if draft.device_of(name, "closed") is None:
            return None
        ref = draft.bindings[name].writes["closed"]
        order = write_latency(ref, draft.devices, draft.bindings.values(), draft.site.timing.cycle_s)
        found.append(_Opening(name, entry, order))
    return sorted(found, key=lambda each: each.latency_s)


def _too_late(
    draft: Draft, name: str, battery: BatteryEntry, curve: Sequence[ShortTimePoint], openings: Sequence[_Opening]
) -> Iterator[Problem]:
    """Slower than the curve allows at the whole deficit: not counted on. Slower even after all quicker ones have
    opened: the inverter trips, whatever is shed.
    """
    left = dict(island_feeders(draft))
    capacity = carried(battery)
    deficit_ratio = worst_ratio(load_of(left.values()), capacity)
    deficit_hold_s = hold_s(curve, deficit_ratio)
    if math.isinf(deficit_ratio):
        return  # a feeder hangs on a phase that nobody feeds, which is a complaint of its own
    if deficit_hold_s == 0.0:
        found = f"a curve that ends at {curve[-1].load_ratio:g} times the rating"
        wanted = f"{deficit_ratio:.2f}, the deficit with every feeder at its rating, long enough to shed"
        yield draft.file.problem(("batteries", name, "short_time"), found, wanted)
        return
    used_ratio, at_s = 0.0, 0.0  # of the inverter's patience: its thermal accumulator
    for opening in openings:
        load = load_of(left.values())
        ratio = worst_ratio(load, capacity)
        held_s = hold_s(curve, ratio)
        used_ratio += (opening.latency_s - at_s) / held_s
        at_s = opening.latency_s
        place = f"{ratio:.2f} times what it is planned for on {worst_phase(load, capacity)}"
        if used_ratio > 1.0:
            wanted = f"less than {held_s:g} s: so long '{name}' carries {place}, with every quicker feeder shed"
            yield draft.file.problem(("feeders", opening.name, "from"), str(opening), wanted)
            return
        if opening.latency_s > deficit_hold_s:
            wanted = f"less than {deficit_hold_s:g} s, what '{name}' carries the whole deficit: it is not counted on"
            yield draft.file.warning(("feeders", opening.name, "from"), str(opening), wanted)
        del left[opening.name]


CHECKS: tuple[Callable[[Draft], Iterator[Problem]], ...] = (_opens_before_the_inverter_gives_up,)
