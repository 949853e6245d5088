"""What the island's sources carry and what its feeders take, on each phase, as far as the site file says."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from controller.config.draft import Draft
from controller.config.schema import BatteryEntry, FeederEntry
from controller.config.types import Device
from controller.model.hub import ShortTimePoint

MARGIN_RATIO = 0.9  # the core plans for nine tenths: meters err, loads move
PICKUP_CEILING_RATIO = 0.8  # the core restores a feeder only if a fifth stays free after its pick-up
PHASES = ("l1", "l2", "l3")

Phases = Mapping[str, float]
"""Watts (or volt-amperes) on each of the three phases."""


def formers(draft: Draft) -> dict[str, BatteryEntry]:
    """Batteries that can carry an island, in the order in which they are asked."""
    return {name: entry for name, entry in draft.site.batteries.items() if entry.can_form and entry.bus == "island"}


def curve_of(entry: BatteryEntry, device: Device | None) -> tuple[ShortTimePoint, ...]:
    """What an inverter carries beyond its rating: as the site says, or else as its device's table does."""
    if entry.short_time:
        return tuple(ShortTimePoint(point.load_ratio, point.hold_s) for point in entry.short_time)
    return () if device is None else device.table.short_time


def hold_s(curve: Iterable[ShortTimePoint], load_ratio: float) -> float:
    """How long a load ratio is carried; inf at or below rating, 0 beyond the curve."""
    if load_ratio <= 1.0:
        return math.inf
    return max((point.hold_s for point in curve if point.load_ratio >= load_ratio), default=0.0)


def on_phases(total: float, phases: Sequence[str]) -> dict[str, float]:
    """A total shared by the phases that a source or a load is connected to."""
    return {phase: total / len(phases) if phase in phases else 0.0 for phase in PHASES}


def carried(entry: BatteryEntry) -> dict[str, float]:
    """What a source is planned to carry for ever."""
    return on_phases(entry.rating_va * MARGIN_RATIO, entry.phases)


def strongest(draft: Draft) -> tuple[str, BatteryEntry] | None:
    """The former that carries most: what it cannot, none can."""
    return max(formers(draft).items(), key=lambda item: item[1].rating_va, default=None)


def island_feeders(draft: Draft) -> dict[str, FeederEntry]:
    """Feeders that hang on the island's bus."""
    return {name: entry for name, entry in draft.site.feeders.items() if entry.bus == "island"}


def load_of(feeders: Iterable[FeederEntry]) -> dict[str, float]:
    """What these feeders take at their ratings."""
    load = dict.fromkeys(PHASES, 0.0)
    for feeder in feeders:
        for phase, power_w in on_phases(feeder.rated_w, feeder.phases).items():
            load[phase] += power_w
    return load


def worst_ratio(load: Phases, capacity: Phases) -> float:
    """Of all phases, the highest load over capacity; inf where something is loaded that nobody feeds."""
    return max(
        load[phase] / capacity[phase] if capacity[phase] > 0 else math.inf if load[phase] > 0 else 0.0
        for phase in PHASES
    )


def worst_phase(load: Phases, capacity: Phases) -> str:
    """The phase that is overloaded most."""
    return max(PHASES, key=lambda phase: load[phase] / capacity[phase] if capacity[phase] > 0 else load[phase])


def share(feeders: Mapping[str, FeederEntry], phase: str) -> str:
    """The sum on a phase, for people to check."""
    parts = {name: on_phases(feeder.rated_w, feeder.phases)[phase] for name, feeder in feeders.items()}
    return " + ".join(f"{name} {power_w:.0f}" for name, power_w in parts.items() if power_w > 0)
