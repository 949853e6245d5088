"""What a checker is, and the few things that all of them need."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from controller.drivers.link import Value
from controller.model.reasons import EventKind
from hil_tests.bench.scene import Received, Scene
from hil_tests.bench.verdict import Finding

Note = TypeVar("Note")


class Attends:
    """What makes a checker look, as bits of a plain number: they are tested a hundred times a second."""

    NOTHING = 0
    PLANT = 1  # something in the plant has changed
    MOVES = 2  # a device has received an order that makes something move: a word or a truth
    LOG = 4  # the controller has written a line
    SWITCHES = 8  # of the plant, what `switching` lists: a contact has moved, a mode or a level has changed
    LEVELS = 16  # a device has received a set-point: while PV ramps one comes in nearly every cycle
    ORDERS = MOVES | LEVELS


@dataclass(frozen=True, slots=True)
class About:
    """One invariant for people: its catalogue line."""

    id: str
    what: str
    grace: str
    source: str
    is_hard: bool = True


class Checker(Protocol):
    """One invariant in one run."""

    about: About
    attends: int

    @property
    def is_waiting(self) -> bool:
        """Time alone may make it fire: look in every step."""
        ...

    def look(self, scene: Scene) -> Iterable[str]:
        """What is wrong now and was not said before."""
        ...

    def finish(self, scene: Scene) -> Iterator[str]:
        """What can only be said at the end."""
        ...


def finding(checker: Checker, scene: Scene, detail: str) -> Finding:
    """What a checker said, as it stands in reports."""
    return Finding(checker.about.id, round(scene.now_s, 3), detail, checker.about.is_hard)


@dataclass(slots=True)
class Spell:
    """How long something has lasted; says so once per spell, when its grace ends."""

    grace_s: float
    since_s: float | None = None
    was_said: bool = False

    @property
    def is_running(self) -> bool:
        """Time alone may end its grace."""
        return self.since_s is not None and not self.was_said

    def ends(self, is_so: bool, now_s: float) -> bool:
        """True once, in the step in which it has lasted longer than allowed."""
        if not is_so:
            self.since_s, self.was_said = None, False
            return False
        if self.since_s is None:
            self.since_s = now_s
        if self.was_said or now_s - self.since_s <= self.grace_s:
            return False
        self.was_said = True
        return True


@dataclass(slots=True)
class Lasting:
    """A checker of a state that must not last: a question to the scene, and a grace."""

    about: About
    grace_s: float
    asks: Callable[[Scene], str]  # what is wrong now; empty when nothing is
    attends: int = Attends.PLANT
    concerns: Callable[[Scene], bool] | None = None  # as things stand, whether every step needs a look
    _is_concerned: bool = False
    _spell: Spell = field(init=False)

    def __post_init__(self) -> None:
        self._spell = Spell(self.grace_s)

    @property
    def is_waiting(self) -> bool:
        """Its grace is running, or it may begin at any step."""
        return self._is_concerned or self._spell.is_running

    def look(self, scene: Scene) -> Iterable[str]:
        """Once per spell."""
        if self.concerns is not None:
            self._is_concerned = self.concerns(scene)
        detail, spell = self.asks(scene), self._spell
        if not detail and spell.since_s is None:
            return ()
        return (detail,) if spell.ends(bool(detail), scene.now_s) else ()

    def finish(self, scene: Scene) -> Iterator[str]:
        """Nothing more."""
        del scene
        yield from ()


@dataclass(slots=True)
class Unsettled(Generic[Note]):
    """Orders, each with a note of what was so when it came, until the log has had its time to explain them."""

    _waiting: deque[tuple[Received, Note]] = field(default_factory=deque)
    _seen_count: int = 0

    def __bool__(self) -> bool:
        """The log may still explain one."""
        return bool(self._waiting)

    def settled(self, scene: Scene, note: Callable[[Received], Note | None]) -> Iterable[tuple[Received, Note]]:
        """In the order in which they came. `note` is asked of each new one, at once; None is about nobody."""
        for order in scene.orders[self._seen_count :]:
            noted = note(order)
            if noted is not None:
                self._waiting.append((order, noted))
        self._seen_count = len(scene.orders)
        return self._let_go(scene) if self._waiting else ()

    def _let_go(self, scene: Scene) -> Iterator[tuple[Received, Note]]:
        lag_s = scene.log_lag_s
        while self._waiting and (not lag_s or self._waiting[0][0].at_s + lag_s <= scene.now_s):
            yield self._waiting.popleft()


@dataclass(slots=True)
class EachOrder:
    """A checker of single orders: asked for each that a device has received, and for its change.

    `excuses`: what the log says of an order that is wrong without it, asked when the log has had its time.
    """

    about: About
    asks: Callable[[Scene, Received, Value | None], str]  # the order, and the value that stood before
    fields: frozenset[str] | None = None  # only orders of these; None: of all
    attends: int = Attends.ORDERS
    excuses: Callable[[Scene, Received], bool] = lambda _, __: False
    _wrong: Unsettled[str] = field(default_factory=Unsettled)
    _standing: dict[tuple[str, str], Value] = field(default_factory=dict)

    @property
    def is_waiting(self) -> bool:
        """The log may still excuse one."""
        return bool(self._wrong)

    def look(self, scene: Scene) -> Iterable[str]:
        """Every order once."""

        def wrong(order: Received) -> str | None:
            if self.fields is not None and order.field not in self.fields:
                return None
            place = (order.asset, order.field)
            before, self._standing[place] = self._standing.get(place), order.value
            return self.asks(scene, order, before) or None

        settled = self._wrong.settled(scene, wrong)
        return [detail for order, detail in settled if not self.excuses(scene, order)] if settled else ()

    def finish(self, scene: Scene) -> Iterator[str]:
        """Nothing more."""
        del scene
        yield from ()


@dataclass(slots=True)
class AtTheEnd:
    """A checker of the whole run."""

    about: About
    asks: Callable[[Scene], str]
    attends: int = Attends.NOTHING
    is_waiting: bool = False

    def look(self, scene: Scene) -> Iterator[str]:
        """Not yet."""
        del scene
        yield from ()

    def finish(self, scene: Scene) -> Iterator[str]:
        """Once."""
        detail = self.asks(scene)
        if detail:
            yield detail


def is_broken(scene: Scene, device: str) -> bool:
    """A fault lies on the device or its wire now: what it does not do is not the controller's doing."""
    return any(unit == device for unit, _ in scene.active_faults)


def is_swapped(scene: Scene, asset: str) -> bool:
    """Two addresses of its kind have changed places now: what is written for one of them reaches the other."""
    swapped = {scene.site.devices[unit].table.name for unit, kind in scene.active_faults if kind == "unit_swap"}
    return any(scene.site.devices[device].table.name in swapped for device in devices_of(scene, asset))


def was_meant_for_another(scene: Scene, order: Received) -> bool:
    """Of two that have changed places: a wish of ours for this one would stand in the log by now."""
    wishes = (at_s for at_s, event in scene.controller.events if event.subject == order.asset and event.kind in WISHES)
    return is_swapped(scene, order.asset) and not any(at_s >= order.at_s - WISHED_S for at_s in wishes)


def watches_the_grid(scene: Scene) -> frozenset[str]:
    """The devices that tell the voltage of the public grid."""
    reads = scene.site.bindings[scene.site.hub.poi.id].reads
    return frozenset(ref.device for name, refs in reads.items() if name.startswith("grid_voltage") for ref in refs)


def devices_of(scene: Scene, asset: str) -> frozenset[str]:
    """Which devices write for this asset."""
    return frozenset(
        ref.device
        for binding in scene.site.bindings.values()
        if binding.asset == asset
        for ref in binding.writes.values()
    )


WISHES = frozenset({EventKind.SHED, EventKind.ORDERED_OPEN, EventKind.REQUESTED})
WISHED_S = 5.0  # a line older than this is of another order
VITAL = frozenset({"poi", "earthing", "safety"})


def is_blind(scene: Scene) -> bool:
    """A fault lies on what every closing depends on: the POI's instrument, the earthing, the emergency-off."""
    if not scene.active_faults:
        return False
    vital = {
        ref.device
        for binding in scene.site.bindings.values()
        if binding.role in VITAL
        for refs in binding.reads.values()
        for ref in refs
    }
    return any(unit in vital for unit, _ in scene.active_faults)


def is_deaf(scene: Scene, asset: str) -> bool:
    """A fault lies on the asset, or on the device through which it is ordered."""
    return bool(scene.active_faults) and (
        is_broken(scene, asset) or any(is_broken(scene, device) for device in devices_of(scene, asset))
    )
