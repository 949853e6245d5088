"""The order of tiers when shedding and restoring, and who must never be opened or closed by the controller."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from controller.drivers.link import Value
from controller.model.reasons import EventKind
from controller.model.words import Mode
from hil_tests.bench.scene import Received, Scene
from hil_tests.checkers.base import About, Attends, EachOrder, Spell, is_deaf
from hil_tests.plant.breaker import CLOSED

ORDER_GRACE_S = 1.0  # the slowest line's write latency, and a cycle
PICKUP_TOLERANCE_S = 0.5
RESERVE_GRACE_S = 30.0
RESERVE_HYSTERESIS_PCT = 2.0


@dataclass(slots=True)
class Held:
    """What people have asked of feeders, and the controller has taken up."""

    open_by_person: set[str] = field(default_factory=set)
    released: set[str] = field(default_factory=set)
    _seen_count: int = 0

    def update(self, scene: Scene) -> None:
        """Read the new lines of the log."""
        events = scene.controller.events
        for _, event in events[self._seen_count :]:
            if event.kind is not EventKind.REQUESTED:
                continue
            if event.values.get("what") == "open_feeder":
                self.open_by_person.add(event.subject)
                self.released.discard(event.subject)
            elif event.values.get("what") == "close_feeder":
                self.open_by_person.discard(event.subject)
                self.released.add(event.subject)
        self._seen_count = len(events)


@dataclass(slots=True)
class TierOrder:
    """I5: who is shed is the lowest-ranked that could relieve the same deficit."""

    about: About = About(
        "I5",
        "No feeder is shed while one of a higher tier number, on all of its phases and within reach, stays on",
        "1 s",
        "design §6; exempt: a fault of the feeder itself, a person's wish, a deaf contactor",
    )
    attends: int = Attends.PLANT | Attends.ORDERS
    _held: Held = field(default_factory=Held)
    _shed: list[tuple[float, str]] = field(default_factory=list)  # when its time is over, and who was shed
    _seen_count: int = 0

    @property
    def is_waiting(self) -> bool:
        """Others may still open."""
        return bool(self._shed)

    def look(self, scene: Scene) -> Iterator[str]:
        """Each shedding once, when the others have had their time."""
        feeders = scene.site.hub.feeders
        self._held.update(scene)
        for order in scene.orders[self._seen_count :]:
            by_us = order.asset not in self._held.open_by_person
            if order.field == "closed" and order.value is False and order.asset in feeders and by_us:
                self._shed.append((order.at_s + ORDER_GRACE_S, order.asset))
        self._seen_count = len(scene.orders)
        while self._shed and self._shed[0][0] <= scene.now_s:
            name = self._shed.pop(0)[1]
            other = self._spared(scene, name)
            if other is not None:
                yield f"{name} (tier {feeders[name].tier}) was shed, {other} (tier {feeders[other].tier}) stays on"

    def _spared(self, scene: Scene, name: str) -> str | None:
        """Who should have gone instead."""
        plant, feeders = scene.plant, scene.site.hub.feeders
        excused = not scene.controller.is_running or scene.controller.mode is Mode.LOCKED_OUT
        if excused or plant.feeders[name].has_fault or plant.feeders[name].position is CLOSED:
            return None
        return next(
            (
                each.id
                for each in feeders.values()
                if each.tier > feeders[name].tier
                and set(each.phases) >= set(feeders[name].phases)
                and plant.feeders[each.id].is_energised
                and not plant.feeders[each.id].stuck
                and not each.carries_control
                and not is_deaf(scene, each.id)
            ),
            None,
        )

    def finish(self, scene: Scene) -> Iterator[str]:
        """Nothing more."""
        del scene
        yield from ()


@dataclass(slots=True)
class Staging:
    """I6: pick-ups in the island come one after the other."""

    about: About = About(
        "I6",
        "Feeders picked up in the island by our order are at least the hub's settling time apart, none while the "
        "inverter's thermal accumulator stands above half",
        "0.5 s",
        "design §6; EPHCC cold-load pick-up: staged 5 s apart the peak falls from 1.54 to 1.41 pu",
    )
    attends: int = Attends.ORDERS
    is_waiting: bool = False
    _seen_count: int = 0
    _last_s: float | None = None
    _last: str = ""
    _standing: dict[str, Value] = field(default_factory=dict)

    def look(self, scene: Scene) -> Iterator[str]:
        """Each pick-up once."""
        feeders, settle_s = scene.site.hub.feeders, scene.site.hub.timing.restore_settle_s
        for order in scene.orders[self._seen_count :]:
            if order.field != "closed" or order.asset not in feeders:
                continue
            before, self._standing[order.asset] = self._standing.get(order.asset), order.value
            is_new = order.value is True and before is not True
            if not is_new or scene.plant.feeders[order.asset].position is CLOSED or not _is_island(scene):
                continue
            apart_s = None if self._last_s is None else order.at_s - self._last_s
            if apart_s is not None and apart_s < settle_s - PICKUP_TOLERANCE_S and order.asset != self._last:
                yield f"{order.asset} {apart_s:.1f} s after {self._last}, wanted {settle_s:.0f} s"
            hot = [name for name, each in scene.plant.batteries.items() if each.overload_pct > 50.0]
            if hot:
                yield f"{order.asset} picked up while {hot[0]} is overloaded"
            self._last_s, self._last = order.at_s, order.asset
        self._seen_count = len(scene.orders)

    def finish(self, scene: Scene) -> Iterator[str]:
        """Nothing more."""
        del scene
        yield from ()


def _is_island(scene: Scene) -> bool:
    return scene.plant.poi.position is not CLOSED and abs(scene.plant.bus) > 0.5


@dataclass(slots=True)
class Reserve:
    """I7: a tier is not served below the charge at which it is to be shed."""

    about: About = About(
        "I7",
        "In the island no tier is served while the charge is below that tier's shedding level",
        "30 s and 2 %",
        "the site file's `shed_below_soc_pct`",
    )
    attends: int = Attends.PLANT
    _spell: Spell = field(default_factory=lambda: Spell(RESERVE_GRACE_S))

    @property
    def is_waiting(self) -> bool:
        """Its grace is running."""
        return self._spell.is_running

    def look(self, scene: Scene) -> Iterator[str]:
        """Once per spell."""
        wrong = self._wrong(scene)
        if self._spell.ends(bool(wrong), scene.now_s):
            yield wrong

    def _wrong(self, scene: Scene) -> str:
        plant = scene.plant
        if (
            not _is_island(scene)
            or not scene.controller.is_running
            or any(g.is_forming for g in plant.gensets.values())
        ):
            return ""
        soc_pct = max((b.soc_pct for b in plant.batteries.values() if b.is_forming), default=100.0)
        for tier in scene.site.hub.tiers:
            if soc_pct >= tier.shed_below_soc_pct - RESERVE_HYSTERESIS_PCT:
                continue
            served = [
                feeder.id
                for feeder in scene.site.hub.feeders.values()
                if feeder.tier == tier.number
                and plant.feeders[feeder.id].is_energised
                and not feeder.carries_control
                and not (is_deaf(scene, feeder.id) or plant.feeders[feeder.id].stuck)
            ]
            if served:
                return f"{served[0]} (tier {tier.number}) served at {soc_pct:.0f} %"
        return ""

    def finish(self, scene: Scene) -> Iterator[str]:
        """Nothing more."""
        del scene
        yield from ()


def control_feeders_stay() -> EachOrder:
    """D9: who supplies controller and radio is never opened on a live bus."""
    about = About(
        "D9",
        "A feeder that carries the controller's own supply is never ordered open while the bus is live",
        "none",
        "design §4, `carries_control`; study I16: the supply of tier 0 is never commanded off",
    )

    def asks(scene: Scene, order: Received, before: Value | None) -> str:
        feeder = scene.site.hub.feeders.get(order.asset)
        is_open = order.field == "closed" and order.value is False and before is not False
        if feeder is None or not feeder.carries_control or not is_open:
            return ""
        asked = any(f"subject={order.asset}" in mark for _, mark in scene.marks)
        return f"{order.asset} ordered open" if abs(scene.plant.bus) > 0.5 and not asked else ""

    return EachOrder(about, asks)


def what_tripped_stays() -> EachOrder:
    """I17: a level never re-closes what it did not open."""
    held = Held()
    about = About(
        "I17",
        "A feeder with a fault, opened by hand, or held open by a person is not closed by the controller",
        "none",
        "design §2: a level never re-closes what it did not open; study I17, I20",
    )
    ours: set[str] = set()

    def asks(scene: Scene, order: Received, before: Value | None) -> str:
        held.update(scene)
        if order.field != "closed" or order.asset not in scene.site.hub.feeders:
            return ""
        if order.value is False:
            ours.add(order.asset)
            return ""
        load = scene.plant.feeders[order.asset]
        if before is True or load.position is CLOSED or order.asset in held.released:
            return ""
        if load.has_fault:
            return f"{order.asset} has tripped and is ordered closed"
        if order.asset in held.open_by_person:
            return f"{order.asset} is held open by a person and is ordered closed"
        return "" if order.asset in ours else f"{order.asset} was not opened by us and is ordered closed"

    return EachOrder(about, asks)
