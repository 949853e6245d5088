"""Tiers against sources: what can be carried on each phase for ever, and for how long the energy lasts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator

from controller.config.capacity import (
    MARGIN_RATIO,
    PICKUP_CEILING_RATIO,
    carried,
    formers,
    island_feeders,
    load_of,
    on_phases,
    share,
    strongest,
    worst_phase,
    worst_ratio,
)
from controller.config.checks_sizes import is_usual
from controller.config.draft import Draft
from controller.config.errors import Problem
from controller.config.schema import TierEntry

HOUR_S = 3600.0
LAST_TIER = 0


def _is_readable(draft: Draft) -> bool:
    return all(draft.is_sound(section) for section in ("batteries", "feeders", "tiers"))


def _has_a_source_on_its_phases(draft: Draft) -> Iterator[Problem]:
    fed = {phase for entry in formers(draft).values() for phase in entry.phases}
    for name, feeder in island_feeders(draft).items():
        dark = [phase for phase in feeder.phases if phase not in fed]
        if fed and dark and draft.is_sound("batteries"):
            wanted = f"phases that a forming battery feeds: {', '.join(sorted(fed))}"
            yield draft.file.problem(("feeders", name, "phases"), ", ".join(dark), wanted)


def _tiers_can_be_carried(draft: Draft) -> Iterator[Problem]:
    """What the last tier needs must be carried for ever. Of higher tiers it is worth knowing: they will be shed."""
    former = strongest(draft)
    if former is None or not _is_readable(draft):
        return
    source, battery = former
    capacity = carried(battery)
    for number in sorted(draft.site.tiers):
        feeders = {name: each for name, each in island_feeders(draft).items() if each.tier <= int(number)}
        load = load_of(feeders.values())
        if worst_ratio(load, capacity) <= 1.0:
            continue
        phase = worst_phase(load, capacity)
        found = f"{load[phase]:.0f} W on {phase} up to this tier ({share(feeders, phase)})"
        wanted = (
            f"at most {capacity[phase]:.0f} W, what '{source}' carries there for ever"
            f" ({MARGIN_RATIO:g} x {battery.rating_va:g} VA / {len(battery.phases)})"
        )
        if int(number) == LAST_TIER:
            yield draft.file.problem(("tiers", number), found, wanted)
        else:
            yield draft.file.warning(("tiers", number), found, f"{wanted}; else some of it is shed at the transfer")
            return


def _can_be_restored(draft: Draft) -> Iterator[Problem]:
    """A feeder whose pick-up alone is more than the core allows never comes back in the island."""
    former = strongest(draft)
    if former is None or not _is_readable(draft):
        return
    source, battery = former
    ceiling = on_phases(battery.rating_va * PICKUP_CEILING_RATIO, battery.phases)
    for name, feeder in island_feeders(draft).items():
        pickup = on_phases(feeder.rated_w * feeder.pickup_ratio, feeder.phases)
        phase = worst_phase(pickup, ceiling)
        if worst_ratio(pickup, ceiling) > 1.0 and ceiling[phase] > 0:
            found = (
                f"{feeder.rated_w:g}, a pick-up of {pickup[phase]:.0f} W on {phase}"
                f" ({feeder.rated_w:g} x {feeder.pickup_ratio:g} / {len(feeder.phases)})"
            )
            wanted = (
                f"at most {ceiling[phase]:.0f} W there ({PICKUP_CEILING_RATIO:g} of '{source}'):"
                " from its rating, it is not restored in the island"
            )
            yield draft.file.warning(("feeders", name, "rated_w"), found, wanted)


def _can_be_restored_on_grid(draft: Draft) -> Iterator[Problem]:
    """One whose pick-up alone is more than the connection may take stays off on grid as well."""
    poi = draft.site.poi
    if poi is None or not draft.is_sound("poi") or not draft.is_sound("feeders") or not is_usual(poi, "import_max_w"):
        return
    import_max_w = poi.import_max_w
    for name, feeder in draft.site.feeders.items():
        pickup_w = feeder.rated_w * feeder.pickup_ratio
        if pickup_w > import_max_w:
            found = f"{feeder.rated_w:g}, a pick-up of {pickup_w:.0f} W ({feeder.rated_w:g} x {feeder.pickup_ratio:g})"
            wanted = f"at most {import_max_w:g} W, the POI's import_max_w: from its rating, it is not restored on grid"
            yield draft.file.warning(("feeders", name, "rated_w"), found, wanted)


def _promises_can_be_kept(draft: Draft) -> Iterator[Problem]:
    """A tier's `hold_s` against batteries and fuel. The sun is not counted: it is promised for a dark week."""
    if not _is_readable(draft) or not draft.is_sound("gensets"):
        return
    for number, tier in draft.site.tiers.items():
        if tier.hold_s is None:
            continue
        needed_wh, sums = _needed(draft, int(number), tier.hold_s)
        stored_wh, stores = _stored(draft, tier)
        if needed_wh > stored_wh:
            found = f"{tier.hold_s:g} s ({tier.hold_s / HOUR_S:g} h), which takes {needed_wh:.0f} Wh ({sums})"
            wanted = f"at most {stored_wh:.0f} Wh ({stores})"
            yield draft.file.problem(("tiers", number, "hold_s"), found, wanted, _can_promise(draft, number, stored_wh))


def _can_promise(draft: Draft, number: str, stored_wh: float) -> str:
    """The most whole hours that can be promised, in seconds; nothing when not even one."""
    tier = draft.site.tiers[number]
    hours = range(int((tier.hold_s or 0.0) // HOUR_S) + 1)
    can = bisect_right(hours, stored_wh, key=lambda hour: _needed(draft, int(number), hour * HOUR_S)[0]) - 1
    return f"{can * HOUR_S:.0f}" if can > 0 else ""


def _needed(draft: Draft, number: int, hold_s: float) -> tuple[float, str]:
    """What is taken until its time is over: by the tier and those below it, and by what is promised above it."""
    parts = []
    for name, feeder in island_feeders(draft).items():
        tier = draft.site.tiers.get(str(feeder.tier))
        promised_s = (tier.hold_s if tier is not None else None) or 0.0
        hours = (hold_s if feeder.tier <= number else min(promised_s, hold_s)) / HOUR_S
        average_w = feeder.rated_w if feeder.average_w is None else feeder.average_w
        if hours > 0:
            parts.append((f"{name} {average_w:g} W x {hours:g} h", average_w * hours))
    return sum(energy_wh for _, energy_wh in parts), " + ".join(text for text, _ in parts)


def _stored(draft: Draft, tier: TierEntry) -> tuple[float, str]:
    """From the reserve down to where the tier is shed, and the fuel of gensets that we can start."""
    parts = []
    for name, battery in draft.site.batteries.items():
        floor_pct = max(battery.empty_soc_pct, tier.shed_below_soc_pct)
        usable_pct = max(0.0, battery.reserve_soc_pct - floor_pct)
        parts.append((f"{name} {battery.capacity_wh:g} x {usable_pct:g} %", battery.capacity_wh * usable_pct / 100.0))
    for name, genset in draft.site.gensets.items():
        if genset.connection != "hand":
            hours = genset.fuel_capacity_l / genset.fuel_l_per_h_at_rating
            parts.append((f"{name} {genset.rating_va:g} x {hours:.1f} h", genset.rating_va * hours))
    return sum(energy_wh for _, energy_wh in parts), " + ".join(text for text, _ in parts)


def _supplies_hang_in_the_island(draft: Draft) -> Iterator[Problem]:
    """What must not go dark with the grid may not hang on the grid's side of the POI."""
    for name, feeder in draft.site.feeders.items():
        if feeder.bus == "grid_side" and feeder.carries_control:
            wanted = "'island', since it carries control: the controller would go dark with the grid"
            yield draft.file.problem(("feeders", name, "bus"), '"grid_side"', wanted, "island")
    for name, battery in draft.site.batteries.items():
        if battery.bus == "grid_side":
            wanted = "'island': a battery before the POI goes with the grid, and would be charge that nobody can use"
            yield draft.file.problem(("batteries", name, "bus"), '"grid_side"', wanted, "island")
    for name, radio in draft.site.radios.items():
        hung = draft.site.feeders.get(radio.feeder or "")
        if hung is not None and hung.bus == "grid_side":
            wanted = "a feeder on the island's side: this one goes dark with the grid"
            yield draft.file.warning(("radios", name, "feeder"), f"'{radio.feeder}'", wanted)


def _average_is_below_rating(draft: Draft) -> Iterator[Problem]:
    for name, feeder in draft.site.feeders.items():
        if feeder.average_w is not None and feeder.average_w > feeder.rated_w:
            wanted = f"at most rated_w, which is {feeder.rated_w:g}"
            yield draft.file.problem(("feeders", name, "average_w"), f"{feeder.average_w:g}", wanted)


CHECKS: tuple[Callable[[Draft], Iterator[Problem]], ...] = (
    _has_a_source_on_its_phases,
    _tiers_can_be_carried,
    _can_be_restored,
    _can_be_restored_on_grid,
    _promises_can_be_kept,
    _supplies_hang_in_the_island,
    _average_is_below_rating,
)
