"""The order of tiers: when shedding, and when restoring."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from controller.drivers.link import Value
from controller.model.words import Mode
from hil_tests.bench.scene import Received, Scene
from hil_tests.checkers.base import About, Attends, Unsettled, is_deaf, was_meant_for_another
from hil_tests.checkers.people import Held, is_power_cycle
from hil_tests.checkers.reserve import RESERVE_HYSTERESIS_PCT, charge_pct, has_genset, is_island
from hil_tests.plant.breaker import CLOSED

ORDER_GRACE_S = 1.0  # the slowest line's write latency, and a cycle
PICKUP_TOLERANCE_S = 0.5
CUT = "power_cycle"  # the fault: the controller's own supply goes
FOLLOWS_S = 3.0  # an order's hold, the slowest write, and a cycle
LEFT_ALONE = "restore: left_alone"  # what the log says of one that has used up its tries
OWN_FAULT_RATIO = 5.0  # of its rating: what no mixture of loads draws


def has_own_fault(scene: Scene, feeder: str) -> bool:
    """Its protection has operated, there is a short behind it, or it draws what only a fault draws."""
    truth = scene.plant.feeders[feeder]
    return truth.has_fault or truth.is_shorted or truth.demand_ratio > OWN_FAULT_RATIO


@dataclass(slots=True)
class TierOrder:
    """I5: who is shed is the lowest-ranked that could relieve the same deficit."""

    about: About = About(
        "I5",
        "No feeder is shed while one of a higher tier number, on all of its phases and within reach, stays on",
        "1 s",
        "design §6; exempt: a fault of the feeder itself, a person's wish, a deaf contactor, a bounded power-cycle",
    )
    attends: int = Attends.MOVES | Attends.SWITCHES
    _held: Held = field(default_factory=Held)
    _shed: list[tuple[float, Received]] = field(default_factory=list)  # when its time is over, and what was ordered
    _open: frozenset[str] = frozenset()  # as they were when we last looked: an order to one of them sheds nobody
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
            is_shedding = order.field == "closed" and order.value is False and order.asset not in self._open
            if is_shedding and order.asset in feeders:
                self._shed.append((order.at_s + ORDER_GRACE_S, order))
        self._seen_count = len(scene.orders)
        self._open = frozenset(name for name, each in scene.plant.feeders.items() if each.position is not CLOSED)
        while self._shed and self._shed[0][0] <= scene.now_s:
            order = self._shed.pop(0)[1]
            name = order.asset
            by_us = name not in self._held.open_by_person and not is_power_cycle(scene, name, order.at_s)
            other = self._spared(scene, name) if by_us else None
            if other is not None:
                yield f"{name} (tier {feeders[name].tier}) was shed, {other} (tier {feeders[other].tier}) stays on"

    def _spared(self, scene: Scene, name: str) -> str | None:
        """Who should have gone instead."""
        plant, feeders = scene.plant, scene.site.hub.feeders
        excused = not scene.controller.is_running or scene.controller.mode is Mode.LOCKED_OUT
        if excused or has_own_fault(scene, name) or plant.feeders[name].position is CLOSED:
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
    attends: int = Attends.MOVES
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
            if not is_new or scene.plant.feeders[order.asset].position is CLOSED or not is_island(scene):
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


@dataclass(frozen=True, slots=True)
class _Pickup:
    """How things stood when a feeder was picked up."""

    waiting: tuple[str, ...]  # who should have come before
    soc_pct: float
    is_too_low: bool


@dataclass(slots=True)
class RestoreOrder:
    """I6b: who comes back first is who was to be shed last, and nobody whom the charge would shed again."""

    about: About = About(
        "I6b",
        "No feeder is picked up in the island while one of a lower tier number that we have shed, on its phases and "
        "within reach, waits; none below the charge at which its tier is shed",
        "none",
        "design §6: the restore order is the reverse; study I6; exempt: a fault of the feeder itself",
    )
    attends: int = Attends.MOVES | Attends.LOG
    _wrong: Unsettled[_Pickup] = field(default_factory=Unsettled)
    _held: Held = field(default_factory=Held)
    _standing: dict[str, Value] = field(default_factory=dict)
    _faulty: set[str] = field(default_factory=set)  # opened while they drew what only a fault draws, or by mistake
    _tried_s: dict[str, float] = field(default_factory=dict)  # last ordered closed
    _vain_s: dict[str, float] = field(default_factory=dict)  # opened again: a device that lies did not show it follow
    _left_s: dict[str, float] = field(default_factory=dict)  # told to be left alone, until a person lets it
    _told_count: int = 0
    _was_cut: bool = False

    @property
    def is_waiting(self) -> bool:
        """The log may still name the person who wanted it so."""
        return bool(self._wrong)

    def look(self, scene: Scene) -> Iterator[str]:
        """Each pick-up once."""
        self._held.update(scene)
        events = scene.controller.events
        for at_s, event in events[self._told_count :]:
            if event.rule == LEFT_ALONE:
                self._left_s[event.subject] = at_s
        self._told_count = len(events)
        is_cut = any(kind == CUT for _, kind in scene.active_faults)
        if is_cut and not self._was_cut:
            self._standing.clear()  # the last page on the disk is torn: it may have forgotten who was its own
        self._was_cut = is_cut
        for order, pickup in self._wrong.settled(scene, lambda order: self._noted(scene, order)):
            if order.asset in self._held.released:
                continue
            tiers = {each.id: each.tier for each in scene.site.hub.feeders.values()}
            name, tier = order.asset, tiers[order.asset]
            other = next((each for each in pickup.waiting if not self._is_persons(each, order.at_s)), None)
            if other is not None:
                yield f"{name} (tier {tier}) is picked up, {other} (tier {tiers[other]}) waits"
            elif pickup.is_too_low:
                yield f"{name} (tier {tier}) is picked up at {pickup.soc_pct:.0f} %"

    def _is_persons(self, feeder: str, at_s: float) -> bool:
        """Held open, or let go when this order was on its way already."""
        vain_s, left_s = self._vain_s.get(feeder), self._left_s.get(feeder, -math.inf)
        if vain_s is not None and left_s > vain_s - ORDER_GRACE_S:
            return True  # what a device that lies has made of it is left to a person
        just_released = self._held.released.get(feeder, -math.inf) > at_s - ORDER_GRACE_S
        return feeder in self._held.open_by_person or just_released

    def _noted(self, scene: Scene, order: Received) -> _Pickup | None:
        """A pick-up by our order in the island, and how things stood then."""
        feeders, plant = scene.site.hub.feeders, scene.plant
        if order.field != "closed" or order.asset not in feeders:
            return None
        before, self._standing[order.asset] = self._standing.get(order.asset), order.value
        if order.value is True:
            self._faulty.discard(order.asset)
            self._vain_s.pop(order.asset, None)
            self._tried_s[order.asset] = order.at_s
        elif self._is_excused(scene, order):
            self._faulty.add(order.asset)
        is_pickup = order.value is True and before is False and plant.feeders[order.asset].position is not CLOSED
        if not is_pickup or not is_island(scene):
            return None
        feeder = feeders[order.asset]
        waiting = tuple(
            other.id
            for other in feeders.values()
            if self._standing.get(other.id) is False
            and plant.feeders[other.id].position is not CLOSED
            and other.tier < feeder.tier
            and set(other.phases) <= set(feeder.phases)
            and not (other.id in self._faulty or has_own_fault(scene, other.id))
            and not is_deaf(scene, other.id)
        )
        level_pct = next(t.shed_below_soc_pct for t in scene.site.hub.tiers if t.number == feeder.tier)
        soc_pct = charge_pct(scene)
        is_too_low = soc_pct < level_pct - RESERVE_HYSTERESIS_PCT and not has_genset(scene)
        return _Pickup(waiting, soc_pct, is_too_low) if waiting or is_too_low else None

    def _is_excused(self, scene: Scene, order: Received) -> bool:
        """Opened for a fault of its own, or by mistake. Noted: opened because a device that lies showed it open."""
        is_unfollowed = order.at_s - self._tried_s.get(order.asset, -math.inf) < FOLLOWS_S
        if is_unfollowed and is_deaf(scene, order.asset):
            self._vain_s[order.asset] = order.at_s
        return has_own_fault(scene, order.asset) or was_meant_for_another(scene, order)

    def finish(self, scene: Scene) -> Iterator[str]:
        """Nothing more."""
        del scene
        yield from ()
