"""Which transitions (IEEE 2030.7) and which closings a hub can do: by its equipment, and by what is built so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from controller.config.capacity import formers
from controller.config.draft import Draft
from controller.config.errors import Problem
from controller.config.schema import PoiEntry
from controller.config.toml_places import KeyPath

A_PERSON = "this version leaves it to a person"


class Can(Enum):
    """The three answers."""

    YES = "yes"
    NOT_YET = "not yet"  # the hub could; the rows are not there
    NO = "no"  # the hub's equipment cannot


@dataclass(frozen=True, slots=True)
class Ability:
    """One transition or closing, whether this hub can do it, and why."""

    name: str
    can: Can
    reason: str
    loc: KeyPath = ()  # of NO: what stands in the way


NOT_BUILT: frozenset[str] = frozenset()
"""What the transition table has no rows for; a test compares."""


def abilities(draft: Draft) -> tuple[Ability, ...]:
    """What this hub can and cannot do. Nothing where the POI cannot be read."""
    poi = draft.site.poi
    if poi is None or poi.id not in draft.bindings or not draft.is_sound("batteries"):
        return ()
    return tuple(each(draft, poi) for each in QUESTIONS)


def _former(draft: Draft, name: str) -> Ability | None:
    if formers(draft):
        return None
    return Ability(name, Can.NO, "no battery on the island's side can form", ("batteries",))


def _built(key: str, name: str, reason: str) -> Ability:
    return Ability(name, Can.NOT_YET, f"{reason}; {A_PERSON}") if key in NOT_BUILT else Ability(name, Can.YES, reason)


def _has(draft: Draft, poi: PoiEntry, order: str) -> bool:
    return order in draft.bindings[poi.id].writes


def _planned_islanding(draft: Draft, poi: PoiEntry) -> Ability:
    name = "T1 planned islanding"
    if poi.opened_by == "device":
        reason = "opened_by is device: the inverter opens when it sees fit, not when we ask"
        return Ability(name, Can.NO, reason, ("poi", "opened_by"))
    return _former(draft, name) or _built(
        "T1", name, f"the POI opens by our order and {_who(draft)} forms, {_break(draft)}"
    )


def _break(draft: Draft) -> str:
    former = next((draft.site.batteries[name] for name in formers(draft)), None)
    if former is None or not former.forms_in_parallel:
        return "after a short break: 'forms_in_parallel' of its battery is false"
    earthing = draft.site.earthing
    if earthing is None or earthing.kind != "permanent":
        return "after a short break: the island is earthed only once the POI is proven open"
    return "without a break: it takes over beside the grid"


def _unplanned_islanding(draft: Draft, poi: PoiEntry) -> Ability:
    name = "T2 unplanned islanding"
    by = "the inverter opens the POI by itself" if poi.opened_by == "device" else "we order the POI open"
    return _former(draft, name) or _built("T2", name, f"{by}, prove it open, and {_who(draft)} forms")


def _reconnection(_: Draft, poi: PoiEntry) -> Ability:
    name = "T3 reconnection"
    match poi.closed_by:
        case "controller":
            return Ability(name, Can.YES, "closed_by is controller: we steer into step and time the closing")
        case "sync_relay":
            return Ability(name, Can.YES, "closed_by is sync_relay: we steer, permit, and the 25 closes")
        case "device":
            return Ability(name, Can.YES, "closed_by is device: we steer and let the inverter close; we follow it")
        case "open_transition":
            return Ability(name, Can.YES, "closed_by is open_transition: with a break, over a dead bus")


def _black_start(draft: Draft, _: PoiEntry) -> Ability:
    name = "T4 black start"
    if draft.site.earthing is not None and draft.site.earthing.kind == "switched_by_device":
        reason = "the earthing is switched by the device: nobody sees it closed before load is switched on"
        return Ability(name, Can.NO, reason, ("earthing", "kind"))
    return _former(draft, name) or _built("T4", name, f"{_who(draft)} can form on a dead bus")


def _closing_in_step(_: Draft, poi: PoiEntry) -> Ability:
    name = "closing in step, timed by us"
    if poi.closed_by != "controller":
        return Ability(name, Can.NO, f"closed_by is {poi.closed_by}", ("poi", "closed_by"))
    return Ability(name, Can.YES, "one instrument sees both sides, and a source takes a frequency")


def _closing_by_permission(_: Draft, poi: PoiEntry) -> Ability:
    name = "closing by permission to a sync relay"
    if poi.closed_by != "sync_relay":
        return Ability(name, Can.NO, f"closed_by is {poi.closed_by}", ("poi", "closed_by"))
    return Ability(name, Can.YES, "the relay takes 'close_permit'")


def _closing_on_a_dead_bus(draft: Draft, poi: PoiEntry) -> Ability:
    return _dead_closing(draft, poi, "dead_bus", "closing of a live grid onto a dead bus")


def _closing_dead_on_dead(draft: Draft, poi: PoiEntry) -> Ability:
    name = "closing with both sides dead"
    if poi.unattended == "open":
        reason = "unattended is open: when its own supply ends the hub waits for the grid with its POI open"
        return Ability(name, Can.NO, reason, ("poi", "unattended"))
    return _dead_closing(draft, poi, "dead_dead", name)


def _dead_closing(draft: Draft, poi: PoiEntry, key: str, name: str) -> Ability:
    is_ours = poi.closed_by in ("controller", "open_transition")
    if not is_ours or not _has(draft, poi, "close"):
        lack = "no device of the POI has the point 'close'" if is_ours else f"closed_by is {poi.closed_by}"
        return Ability(name, Can.NO, f"{lack}: nobody takes a plain order to close", ("poi", "closed_by"))
    return _built(key, name, "the POI takes a plain order to close, and its contact and both voltages are seen")


def _who(draft: Draft) -> str:
    return next((f"'{name}'" for name in formers(draft)), "nobody")


QUESTIONS: tuple[Callable[[Draft, PoiEntry], Ability], ...] = (
    _planned_islanding,
    _unplanned_islanding,
    _reconnection,
    _black_start,
    _closing_in_step,
    _closing_by_permission,
    _closing_on_a_dead_bus,
    _closing_dead_on_dead,
)

TRANSITION_COUNT = 4
"""The first of the questions; a closing that a hub does not use is no lack, a transition is."""


def _can_do_the_transitions(draft: Draft) -> Iterator[Problem]:
    for ability in abilities(draft)[:TRANSITION_COUNT]:
        if ability.can is Can.NO and ability.loc != ("batteries",):  # that nobody forms has been complained of
            yield draft.file.warning(ability.loc, ability.reason, f"a hub that can do {ability.name}")


CHECKS: tuple[Callable[[Draft], Iterator[Problem]], ...] = (_can_do_the_transitions,)
