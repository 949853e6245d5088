"""Gensets: cranks are few and apart, the last source is not stopped, reverse power does not last."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from controller.model.reasons import EventKind
from controller.model.words import Authority, BreakerPosition, InverterMode, IslandEarthing, Mode, Switcher
from hil_tests.bench.scene import Received, Scene
from hil_tests.checkers.base import About, Attends, Lasting, Unsettled, is_deaf, is_swapped, watches_the_grid
from hil_tests.checkers.people import Held
from hil_tests.plant.base import BASE_VA

CRANK_WINDOW_S = 3600.0
REVERSE_RATIO = 0.08
REVERSE_S = 4.0
ASKED_S = 2.0  # a person, before the order: the slowest write, and some cycles
AFTER_S = 0.2  # the log's instant is the cycle's, the order's that of the wire
GRID_LIVES_RATIO = 0.85


@dataclass(slots=True)
class Cranks:
    """I14: a starter motor and its battery are finite."""

    about: About = About(
        "I14",
        "A genset is not ordered to crank more often than the site allows within an hour, nor with an empty tank",
        "none",
        "site file `start_attempts_max`; study I14: at most three tries",
    )
    attends: int = Attends.LOG
    is_waiting: bool = False
    _seen_count: int = 0
    _cranks: dict[str, deque[float]] = field(default_factory=dict)

    def look(self, scene: Scene) -> Iterator[str]:
        """Each order to crank once. One order covers all that a genset tries by itself until it is over."""
        events = scene.controller.events
        is_imagined = scene.controller.authority is Authority.OBSERVE
        for at_s, event in events[self._seen_count :]:
            is_crank = event.kind is EventKind.ORDERED_CRANK and not is_imagined
            if is_crank and event.subject in scene.site.hub.gensets:
                yield from self._crank(scene, event.subject, at_s)
        self._seen_count = len(events)

    def _crank(self, scene: Scene, genset: str, at_s: float) -> Iterator[str]:
        cranks = self._cranks.setdefault(genset, deque(maxlen=50))
        cranks.append(at_s)
        allowed = scene.site.hub.gensets[genset].start_attempts_max
        recent = [each for each in cranks if at_s - each < CRANK_WINDOW_S]
        if len(recent) > allowed:
            yield f"{genset} cranked {len(recent)} times within an hour, allowed {allowed}"
        if scene.plant.gensets[genset].fuel_l <= 0.0 and not is_deaf(scene, genset):
            yield f"{genset} cranked with an empty tank"

    def finish(self, scene: Scene) -> Iterator[str]:
        """Nothing more."""
        del scene
        yield from ()


@dataclass(slots=True)
class LastSource:
    """I14b: the only former is not stopped while it carries load."""

    about: About = About(
        "I14b",
        "No genset or battery is stopped as the last source that forms an island with load",
        "none",
        "study I14; emergency-off, an empty battery, the second after a contact, a return with a break, a bus that has "
        "to be dead before it is earthed, for a battery to form, a genset for a battery it has charged or as a person "
        "asked, and what has just formed beside a POI that is not seen excepted",
    )
    attends: int = Attends.SWITCHES | Attends.MOVES | Attends.LOG
    _wrong: Unsettled[bool] = field(default_factory=Unsettled)
    _held: Held = field(default_factory=Held)
    _forming: tuple[str, ...] = ()  # as it was before the newest orders acted
    _was_loaded: bool = False

    def look(self, scene: Scene) -> Iterator[str]:
        """Each stop once."""
        plant = scene.plant
        self._held.update(scene)
        for order, _ in self._wrong.settled(scene, lambda order: self._noted(scene, order)):
            if not -ASKED_S <= self._held.stopped_at_s.get(order.asset, -math.inf) - order.at_s <= AFTER_S:
                yield f"{order.asset} stopped, it alone held the island"
        self._forming = plant.forming
        self._was_loaded = any(feeder.is_energised for feeder in plant.feeders.values())

    def _noted(self, scene: Scene, order: Received) -> bool | None:
        """It stops who alone holds the island, and nothing in the plant says why."""
        stops = (order.field == "run" and order.value is False) or (
            order.field == "mode_set" and order.value in {"off", "grid_following"}
        )
        is_last = stops and self._forming == (order.asset,) and self._was_loaded
        return True if is_last and not _may_stop(scene, order.asset) else None

    @property
    def is_waiting(self) -> bool:
        """The log may still say who stopped it."""
        return bool(self._wrong)

    def finish(self, scene: Scene) -> Iterator[str]:
        """Nothing more."""
        del scene
        yield from ()


def _may_stop(scene: Scene, asset: str) -> bool:
    plant, poi = scene.plant, scene.plant.poi
    battery = plant.batteries.get(asset)
    is_empty = battery is not None and battery.soc_pct <= battery.battery.empty_soc_pct + 0.5
    is_open = poi.position is BreakerPosition.OPEN and poi.reported_position is BreakerPosition.OPEN
    has_reason = _makes_the_break(scene) or _has_to_be_earthed(scene) or _is_shown_closed(scene)
    has_reason = has_reason or _has_charged_the_next(scene, asset) or _is_formed_unseen(scene)
    return plant.safety.emergency_off or is_empty or not is_open or has_reason or is_swapped(scene, asset)


def _is_shown_closed(scene: Scene) -> bool:
    """An instrument out by a third shows two sides as one, and what cannot be proven open is not formed beside."""
    eyes = watches_the_grid(scene)
    return any(kind == "miscalibrated" and unit in eyes for unit, kind in scene.active_faults)


def _is_formed_unseen(scene: Scene) -> bool:
    """On the word of a contact that nobody sees any more: until its sides have differed it may feed the street."""
    is_new = scene.controller.mode in (Mode.UNPLANNED_ISLANDING, Mode.BLACK_START)
    return is_new and any(unit in watches_the_grid(scene) for unit, _ in scene.active_faults)


def _has_charged_the_next(scene: Scene, asset: str) -> bool:
    """Its fuel is for the days to come: a battery forms instead, and what lies between is short, or D2 says so."""
    genset = scene.site.hub.gensets.get(asset)
    return genset is not None and any(
        inverter.battery.capabilities.can_form
        and inverter.mode is InverterMode.GRID_FOLLOWING
        and inverter.soc_pct > genset.stop_above_soc_pct
        for inverter in scene.plant.batteries.values()
    )


def _has_to_be_earthed(scene: Scene) -> bool:
    """D1 comes first: nothing is energised without earth, and a battery waits behind it."""
    is_ours = scene.site.hub.earthing.kind is IslandEarthing.SWITCHED_BY_US
    waits = any(
        inverter.battery.capabilities.can_form
        and inverter.mode is not InverterMode.FAULT
        and inverter.soc_pct > inverter.battery.empty_soc_pct
        for inverter in scene.plant.batteries.values()
    )
    return is_ours and scene.plant.earthing.position is not BreakerPosition.CLOSED and waits


def _makes_the_break(scene: Scene) -> bool:
    """A POI that cannot be closed in sync: the way back to a living grid leads over a dead bus."""
    is_kind = scene.site.hub.poi.switching.closed_by is Switcher.OPEN_TRANSITION
    return is_kind and abs(scene.plant.grid_side) > GRID_LIVES_RATIO


@dataclass(slots=True)
class MinimumRun:
    """I14c: an engine that was started runs until it is warm."""

    about: About = About(
        "I14c",
        "A genset that was started in the island is not stopped there before its least running time is over",
        "none",
        "site file `min_run_s`; study I14; a person, the emergency-off, its own fault, a dark bus and an island that "
        "takes less than its least load excepted",
    )
    attends: int = Attends.MOVES
    _runs: Unsettled[bool] = field(default_factory=Unsettled)  # and whether a stop was excused then
    _held: Held = field(default_factory=Held)
    _began_s: dict[str, float] = field(default_factory=dict)

    @property
    def is_waiting(self) -> bool:
        """The log may still say who stopped it."""
        return bool(self._runs)

    def look(self, scene: Scene) -> Iterator[str]:
        """Each stop once."""
        self._held.update(scene)
        gensets = scene.site.hub.gensets

        def was_excused(order: Received) -> bool | None:
            is_run = order.field == "run" and order.asset in gensets
            return _is_excused(scene, order.asset) if is_run else None

        for order, is_excused in self._runs.settled(scene, was_excused):
            if order.value is True:
                self._began_s.setdefault(order.asset, order.at_s)
                continue
            began_s = self._began_s.pop(order.asset, None)
            least_s = gensets[order.asset].min_run_s
            if began_s is None or self._held.stopped_at_s.get(order.asset, -math.inf) >= began_s:
                continue
            has_left = scene.controller.mode is not Mode.ISLANDED  # told as late as the log
            if order.at_s - began_s < least_s and not is_excused and not has_left:
                yield f"{order.asset} stopped after {order.at_s - began_s:.0f} s, least {least_s:.0f} s"

    def finish(self, scene: Scene) -> Iterator[str]:
        """Nothing more."""
        del scene
        yield from ()


def _is_excused(scene: Scene, genset: str) -> bool:
    plant = scene.plant
    is_island = scene.controller.mode is Mode.ISLANDED and abs(plant.bus) > 0.5
    has_failed = plant.gensets[genset].fault is not None
    is_excused = not is_island or plant.safety.emergency_off or has_failed or is_deaf(scene, genset)
    return is_excused or _takes_too_little(scene, genset)


def _takes_too_little(scene: Scene, genset: str) -> bool:
    """What loads and batteries would take together is less than the engine must carry."""
    plant = scene.plant
    load_w = sum(feeder.power_w.total for feeder in plant.feeders.values())
    charge_w = sum(max(battery.charge_limit_w, 0.0) for battery in plant.batteries.values())
    return load_w + 0.9 * charge_w < scene.site.hub.gensets[genset].min_load_w


def reverse_power() -> Lasting:
    """I15: a genset is not driven by the others."""
    about = About(
        "I15",
        "No genset takes more than 8 % of its rating for 4 s",
        "4 s: its own reverse-power protection trips after 5",
        "study I15; reverse-power protection, from memory",
    )

    def concerns(scene: Scene) -> bool:
        return any(genset.is_forming for genset in scene.plant.gensets.values())

    def asks(scene: Scene) -> str:
        for name, genset in scene.plant.gensets.items():
            if not genset.is_forming:
                continue
            power_w = genset.power_va.real * BASE_VA
            if power_w < -REVERSE_RATIO * genset.genset.rating_va:
                return f"{name} takes {-power_w:.0f} W"
        return ""

    return Lasting(about, REVERSE_S, asks, Attends.SWITCHES, concerns)
