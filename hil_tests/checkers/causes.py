"""Operations and the log: each has a line that states it, and no contact is worn out."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from controller.drivers.link import Value
from controller.model.decision import Event
from controller.model.reasons import EventKind, Reason
from controller.model.words import BreakerPosition, GridSource, Mode
from hil_tests.bench.scene import Received, Scene
from hil_tests.checkers.base import About, Attends, Unsettled, is_deaf, is_swapped
from hil_tests.checkers.people import Held
from hil_tests.plant.breaker import CLOSED, DEAD_RATIO

CAUSE_S = 1.5  # between a line in the log and the order it explains
RECALLED_S = 5.0  # a line older than this explains nothing
HELD_BACK_S = 60.0  # the longest of our orders: an engine's time to start
INTENTS = {
    ("close", True): EventKind.ORDERED_CLOSE,
    ("close_permit", True): EventKind.ORDERED_CLOSE,
    ("closed", True): EventKind.ORDERED_CLOSE,
    ("mode_set", "grid_forming"): EventKind.ORDERED_FORM,
    ("run", True): EventKind.ORDERED_CRANK,
}
"""What a device is ordered, and the line that says so: the orders that the guard may hold back for a while."""
OPENINGS = frozenset(
    {
        EventKind.ORDERED_OPEN,
        EventKind.ORDERED_STOP,
        EventKind.SHED,
        EventKind.ALARM,  # of what did not follow
        EventKind.POSITION_CHANGED,  # what opened by itself is held open
        EventKind.VETOED,  # its safe level is open
        EventKind.REQUESTED,
        EventKind.LATCHED,
    }
)
"""Of what is opened: why it is."""
WHOLE_HUB = frozenset({EventKind.RECOVERED, EventKind.FALLBACK})
"""What opens several things at once, in one line. The earthing follows the mode, whose line is its own."""
NO_DISK = frozenset({"disk_full", "read_only", "no_descriptors"})
OPERATIONS_MAX = 12  # of one contact in ten minutes
WINDOW_S = 600.0
WHOLE_MIN_RATIO, WHOLE_MAX_RATIO, WHOLE_MIN_HZ, WHOLE_MAX_HZ = 0.85, 1.10, 47.5, 51.5  # VDE-AR-N 4105:2018, from memory
FLAP_S = 10.0  # a feeder's pick-up that is taken back so soon was no decision


@dataclass(slots=True)
class Causes:
    """I12: every operation has its line in the log."""

    about: About = About(
        "I12",
        "Every switching order that a device receives has a line in the controller's log that states it: a closing, a "
        "forming or a crank its own, an opening its own or one of the whole hub",
        "1.5 s",
        "study I12: exactly one cause for each operation",
    )
    attends: int = Attends.MOVES
    _seen_count: int = 0
    _standing: dict[tuple[str, str], Value] = field(default_factory=dict)
    _open: list[Received] = field(default_factory=list)
    _heard_from_s: float = -math.inf  # a new life tells the lines of the one before

    @property
    def is_waiting(self) -> bool:
        """An order's time for its line is running."""
        return bool(self._open)

    def look(self, scene: Scene) -> Iterator[str]:
        """Each change of a switching level once, when its time for a line is over."""
        for order in scene.orders[self._seen_count :]:
            place = (order.asset, order.field)
            before, self._standing[place] = self._standing.get(place), order.value
            is_switching = _is_switching(order) and before != order.value and _moves_something(scene, order)
            if is_switching and not is_swapped(scene, order.asset):
                self._open.append(order)
        self._seen_count = len(scene.orders)
        yield from self._settled(scene, scene.now_s - CAUSE_S)

    def finish(self, scene: Scene) -> Iterator[str]:
        """Those still open."""
        yield from self._settled(scene, math.inf)

    def _settled(self, scene: Scene, until_s: float) -> Iterator[str]:
        if scene.controller.is_running and scene.controller.mode is None:
            self._heard_from_s = scene.now_s + scene.log_lag_s
        while self._open and self._open[0].at_s <= until_s and max(until_s, scene.now_s) >= self._heard_from_s:
            order = self._open.pop(0)
            if not _is_explained(scene, order) and not _is_mute(scene):
                yield f"{order.asset} {order.field} {order.value} at {order.at_s:.2f} s, and no line says why"


def _is_switching(order: Received) -> bool:
    if order.field in {"close", "open", "run"}:
        return order.value is True
    return order.field == "closed" or (order.field == "mode_set" and order.value == "grid_forming")


def _moves_something(scene: Scene, order: Received) -> bool:
    """Not where the contact stands so already."""
    plant = scene.plant
    if order.asset in plant.feeders:
        return (plant.feeders[order.asset].position is CLOSED) is not bool(order.value)
    if order.asset == scene.site.hub.poi.id and order.field == "open":
        return plant.poi.position is CLOSED
    if order.field == "closed":
        return (plant.earthing.position is CLOSED) is not bool(order.value)
    return True


def _is_explained(scene: Scene, order: Received) -> bool:
    recalled_from_s = order.at_s - _recalled_s(scene, order)
    return any(
        at_s <= order.at_s + CAUSE_S and _states(scene, event, order)
        for at_s, event in reversed(scene.controller.events)
        if at_s >= recalled_from_s
    ) or (_stayed_earthed(scene, order) if _is_earthing(scene, order) else _was_held_back(scene, order))


def _states(scene: Scene, event: Event, order: Received) -> bool:
    """A line about something else explains nothing, however near it stands."""
    intent = INTENTS.get((order.field, order.value))
    if intent is not None:
        return event.subject == order.asset and event.kind is intent
    if event.subject == order.asset:
        return event.kind in OPENINGS
    return event.kind in WHOLE_HUB or (_is_earthing(scene, order) and event.kind is EventKind.MODE_CHANGED)


def _is_earthing(scene: Scene, order: Received) -> bool:
    """Of the relay that earths the island."""
    return order.field == "closed" and order.asset not in scene.site.hub.feeders


def _stayed_earthed(scene: Scene, order: Received) -> bool:
    """An island's earthing ends with its mode, but the guard keeps it until the bus is seen dead, or on the grid."""
    for at_s, event in reversed(scene.controller.events):
        if at_s > order.at_s:
            continue
        if event.kind is EventKind.VETOED and event.subject == order.asset:
            return event.reason is Reason.VETO_NO_EARTHING and order.value is False
        if event.kind is EventKind.MODE_CHANGED:
            return False
    return False


def _is_mute(scene: Scene) -> bool:
    """No line is shown before it is durable: not on a full disk, and not by a process that died over it."""
    return not scene.controller.is_running or any(kind in NO_DISK for _, kind in scene.active_faults)


def _recalled_s(scene: Scene, order: Received) -> float:
    """A device that could not be reached receives what was decided, and told, all the while."""
    since_s, until_s = scene.last_trouble.get(order.device, (0.0, -math.inf))
    is_late = since_s <= order.at_s <= until_s + RECALLED_S
    return RECALLED_S + (order.at_s - since_s if is_late else 0.0)


def _was_held_back(scene: Scene, order: Received) -> bool:
    """The guard has kept this very order from the device after its line was told, and lets go within its time.

    A closing, a forming or a crank: openings are never held back, so a veto explains none.
    """
    kind, vetoed_at_s = INTENTS.get((order.field, order.value)), -math.inf
    for at_s, event in reversed(scene.controller.events):
        if kind is None or at_s < order.at_s - HELD_BACK_S:
            return False
        if event.subject != order.asset or at_s > order.at_s:
            continue
        if event.kind is EventKind.VETOED:
            vetoed_at_s = max(vetoed_at_s, at_s)
        elif event.kind is kind and at_s <= vetoed_at_s:
            return True
    return False


@dataclass(frozen=True, slots=True)
class _Move:
    """A contact that is ordered to move, and where the POI stood then."""

    at_s: float
    closes: bool
    poi: BreakerPosition


@dataclass(slots=True)
class Hysteresis:
    """I13: contacts are not worn out, and nothing flaps.

    The POI is asked as the feeders are, with reasons of its own: a grid that is lost again is left again however soon,
    as VDE-AR-N 4105 wants; but on a whole grid nobody opens what was closed within ten seconds of its last opening.
    """

    about: About = About(
        "I13",
        "No contact is ordered more than 12 times in 10 minutes, no feeder and not the POI opened, closed and opened "
        "within 10 s",
        "none",
        "study I13; envelope file: closings in a window; from the 10 s are excepted: a fault, an overload, a dead bus, "
        "the emergency-off, a POI that moved, a grid that is lost, a lock of its operator's, a person's wish",
    )
    attends: int = Attends.MOVES
    _wrong: Unsettled[tuple[str, str]] = field(default_factory=Unsettled)  # flapped; worn out
    _held: Held = field(default_factory=Held)
    _standing: dict[tuple[str, str], Value] = field(default_factory=dict)
    _moves: dict[str, deque[_Move]] = field(default_factory=dict)
    _is_armed: bool = False  # the POI was closed a moment ago: it would flap
    _reason_at_s: float = -math.inf  # when it last had to be open

    @property
    def is_waiting(self) -> bool:
        """The log may still say that it was a person's wish."""
        return bool(self._wrong) or self._is_armed

    def look(self, scene: Scene) -> Iterator[str]:
        """Each change once."""
        self._held.update(scene)
        if self._is_armed and _must_leave(scene):
            self._reason_at_s = scene.now_s
        for order, details in self._wrong.settled(scene, lambda order: self._noted(scene, order)):
            flapped, worn = details
            if flapped and order.asset not in self._held.open_by_person:
                yield flapped
            if worn:
                yield worn
        moves = self._moves.get(scene.site.hub.poi.id)
        self._is_armed = bool(moves and moves[-1].closes and scene.now_s - moves[-1].at_s < FLAP_S)

    def _noted(self, scene: Scene, order: Received) -> tuple[str, str] | None:
        """What is wrong with this order unless a person wished it, and what is wrong anyway."""
        place = (order.asset, order.field)
        before, self._standing[place] = self._standing.get(place), order.value
        is_move = order.field == "closed" or (order.field in {"close", "open"} and order.value is True)
        if not is_move or before == order.value:
            return None
        moves = self._moves.setdefault(order.asset, deque(maxlen=OPERATIONS_MAX + 1))
        moves.append(_Move(order.at_s, order.field != "open" and order.value is True, scene.plant.poi.position))
        flapped = worn = ""
        if _has_flapped(moves) and not self._is_due(scene, order.asset, moves):
            flapped = f"{order.asset} opened, closed and opened within {moves[-1].at_s - moves[-3].at_s:.1f} s"
        if len(moves) > OPERATIONS_MAX and moves[-1].at_s - moves[0].at_s < WINDOW_S:
            worn = f"{order.asset} ordered {len(moves)} times in {moves[-1].at_s - moves[0].at_s:.0f} s"
            moves.clear()
        return (flapped, worn) if flapped or worn else None

    def _is_due(self, scene: Scene, asset: str, moves: deque[_Move]) -> bool:
        if asset in scene.plant.feeders:
            return _is_feeder_due(scene, asset, moves)
        return asset != scene.site.hub.poi.id or scene.now_s - self._reason_at_s <= FLAP_S

    def finish(self, scene: Scene) -> Iterator[str]:
        """Nothing more."""
        del scene
        yield from ()


def _must_leave(scene: Scene) -> bool:
    """The POI is to be open: for a grid that is not whole, a lock, an emergency-off, an island that was asked for."""
    grid, plant, mode = scene.plant.grid, scene.plant, scene.controller.mode
    is_whole = grid.is_fed and WHOLE_MIN_RATIO <= grid.ratio <= WHOLE_MAX_RATIO and not grid.missing
    is_steady = WHOLE_MIN_HZ <= grid.frequency_hz <= WHOLE_MAX_HZ and plant.grid_source is GridSource.PUBLIC
    is_told = plant.safety.emergency_off or plant.poi.dso_lock or mode is Mode.PLANNED_ISLANDING
    is_blind = is_deaf(scene, scene.site.hub.poi.id) or not scene.controller.is_running
    return is_told or is_blind or not (is_whole and is_steady) or grid.pen_is_broken


def _is_feeder_due(scene: Scene, feeder: str, moves: deque[_Move]) -> bool:
    """Opened as it must be: a fault, an overload, a dead bus, a POI that moved since."""
    plant = scene.plant
    is_overloaded = any(battery.overload_pct > 0.0 for battery in plant.batteries.values())
    return (
        plant.feeders[feeder].has_fault
        or is_overloaded
        or abs(plant.bus) < DEAD_RATIO
        or plant.safety.emergency_off
        or moves[-1].poi is not moves[-2].poi
    )


def _has_flapped(moves: deque[_Move]) -> bool:
    if len(moves) < 3:
        return False
    first, second, third = moves[-3], moves[-2], moves[-1]
    return not first.closes and second.closes and not third.closes and third.at_s - first.at_s < FLAP_S
