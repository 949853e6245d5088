"""An order is followed, or somebody is told: contacts, earthing, who forms, engines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from controller.model.decision import Event
from controller.model.reasons import EventKind, Reason
from controller.model.words import GensetState, InverterMode, Switcher
from hil_tests.bench.scene import Received, Scene
from hil_tests.checkers.base import About, Attends, Spell, devices_of
from hil_tests.plant.breaker import CLOSED
from hil_tests.plant.plant import Plant

FOLLOW_S = 6.0  # from an order to a contact that moved, or to a line that says it did not
RETRY_S = 12.0  # of what is tried again after its time: the second try says that the first was not followed
KNOWN_S = 60.0  # a device that was complained of within this is known to be deaf
RUNNING = frozenset({GensetState.STARTING, GensetState.READY, GensetState.LOADED})
COMPLAINTS = frozenset({EventKind.ALARM, EventKind.DEVICE, EventKind.VETOED, EventKind.LATCHED, EventKind.FALLBACK})

STUCK = frozenset({Reason.POI_STUCK, Reason.POI_UNPROVEN})  # said also of what its own relay could not open


@dataclass(frozen=True, slots=True)
class Wish:
    """What an order wants of the plant, and by when."""

    asset: str
    since_s: float
    grace_s: float
    is_so: Callable[[Plant], bool]
    is_start: bool = False  # the emergency-off takes it back
    shows_in_mode: bool = True  # what comes of it is a mode of the hub's; a feeder's is not


@dataclass(slots=True)
class Followed:
    """I12b: an order is followed, or somebody is told."""

    about: About = About(
        "I12b",
        "What does not follow its order is named in the log after it, or tried again with its number: feeders, the "
        "POI, the earthing, a source that is to form or to stop, an engine",
        "6 s; 12 s for what is tried again; the hub's time to form, the engine's to start",
        "design §8: a command that physics does not follow is a fault with a name",
    )
    attends: int = Attends.SWITCHES | Attends.MOVES
    _wishes: dict[tuple[str, str], Wish] = field(default_factory=dict)
    _spells: dict[tuple[str, str], Spell] = field(default_factory=dict)
    _seen_count: int = 0

    @property
    def is_waiting(self) -> bool:
        """Something has not moved yet."""
        return any(spell.is_running for spell in self._spells.values())

    def look(self, scene: Scene) -> Iterator[str]:
        """Once per order."""
        for order in scene.orders[self._seen_count :]:
            self._take(scene, order)
        self._seen_count = len(scene.orders)
        for place, wish in tuple(self._wishes.items()):
            if not scene.controller.is_running:
                self._wishes[place] = replace(wish, since_s=scene.now_s)
            is_off = scene.controller.is_running and not wish.is_so(scene.plant) and not _is_overruled(scene, wish)
            if self._spells[place].ends(is_off, scene.now_s) and not _was_told(scene, wish):
                yield f"{wish.asset} {place[1]} does not follow, and nobody was told"
            if wish.is_so(scene.plant):
                del self._wishes[place]  # it has followed; what somebody else does afterwards is no answer to it

    def _take(self, scene: Scene, order: Received) -> None:
        """An order that only ends another leaves its wish: who withdraws what did not work has to say so."""
        place = (order.asset, "position" if order.field in {"open", "close"} else order.field)
        wish = _wish_of(scene, order)
        if _gives_leave(scene, order):
            self._wishes.pop((order.asset, "position"), None)
        if wish is not None:
            self._wishes[place], self._spells[place] = wish, Spell(wish.grace_s)

    def finish(self, scene: Scene) -> Iterator[str]:
        """Nothing more."""
        del scene
        yield from ()


def _gives_leave(scene: Scene, order: Received) -> bool:
    """A relay may close the POI when it likes, or a device by itself: nobody wants it open any more."""
    is_left_to_a_device = scene.site.hub.poi.switching.closed_by is Switcher.DEVICE
    is_let_go = order.field == "open" and order.value is False and is_left_to_a_device
    return is_let_go or (order.field == "close_permit" and order.value is True)


def _wish_of(scene: Scene, order: Received) -> Wish | None:
    hub = scene.site.hub
    if order.field == "closed":
        return _wish_of_a_feeder(order) if order.asset in hub.feeders else _wish_of_the_earthing(order)
    if order.field in {"open", "close"}:
        return _wish_of_the_poi(order) if order.value is True else None
    if order.field == "mode_set":
        return _wish_of_a_battery(order, hub.timing.forming_max_s)
    return _wish_of_an_engine(order, hub.gensets[order.asset].start_time_s) if order.field == "run" else None


def _wish_of_a_feeder(order: Received) -> Wish:
    """One whose own protection has opened it follows nobody."""
    name, closed = order.asset, order.value is True

    def is_so(plant: Plant) -> bool:
        return (plant.feeders[name].position is CLOSED) is closed or plant.feeders[name].has_fault

    return Wish(name, order.at_s, RETRY_S if closed else FOLLOW_S, is_so, shows_in_mode=False)


def _wish_of_the_earthing(order: Received) -> Wish:
    """A relay that does not open matters beside the grid's own bond; one that does not close, to an island."""
    if order.value is True:
        return Wish(order.asset, order.at_s, RETRY_S, lambda plant: plant.earthing.position is CLOSED, is_start=True)

    def is_one_bond(plant: Plant) -> bool:
        return plant.earthing.position is not CLOSED or plant.poi.position is not CLOSED

    return Wish(order.asset, order.at_s, FOLLOW_S, is_one_bond)


def _wish_of_the_poi(order: Received) -> Wish:
    if order.field == "close":
        return Wish(order.asset, order.at_s, RETRY_S, lambda plant: plant.poi.position is CLOSED, is_start=True)
    return Wish(order.asset, order.at_s, FOLLOW_S, lambda plant: plant.poi.position is not CLOSED)


def _wish_of_a_battery(order: Received, forming_max_s: float) -> Wish:
    name = order.asset
    if order.value == InverterMode.GRID_FORMING.value:
        grace_s = RETRY_S + forming_max_s
        return Wish(name, order.at_s, grace_s, lambda plant: plant.batteries[name].is_forming, is_start=True)
    return Wish(name, order.at_s, FOLLOW_S, lambda plant: not plant.batteries[name].is_forming)


def _wish_of_an_engine(order: Received, start_time_s: float) -> Wish:
    name = order.asset
    if order.value is True:
        grace_s = RETRY_S + start_time_s
        return Wish(name, order.at_s, grace_s, lambda plant: plant.gensets[name].is_forming, is_start=True)
    return Wish(name, order.at_s, FOLLOW_S, lambda plant: plant.gensets[name].state not in RUNNING)


def _is_overruled(scene: Scene, wish: Wish) -> bool:
    """By the emergency-off, or by the switch on an engine's panel."""
    genset = scene.plant.gensets.get(wish.asset)
    return (wish.is_start and scene.plant.safety.emergency_off) or (genset is not None and genset.hand_run is not None)


def _was_told(scene: Scene, wish: Wish) -> bool:
    devices = {*devices_of(scene, wish.asset), *(unit for unit, _ in scene.active_faults)}
    for at_s, event in reversed(scene.controller.events):
        if at_s <= scene.now_s - KNOWN_S and at_s <= wish.since_s:
            return False
        is_known = event.kind is EventKind.MODE_CHANGED and event.reason in STUCK and wish.shows_in_mode
        if is_known or (event.subject in devices and event.kind in COMPLAINTS):
            return True
        if at_s > wish.since_s and _says_so(event, wish):
            return True
    return False


def _says_so(event: Event, wish: Wish) -> bool:
    """It is complained of, tried again, or the hub has gone on to something else."""
    if event.subject == wish.asset:
        return event.kind in COMPLAINTS or float(event.values.get("attempt") or 0) > 1
    return wish.shows_in_mode and event.kind is EventKind.MODE_CHANGED
