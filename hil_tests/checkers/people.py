"""What people hold, and what was not ours to move: who must never be opened or closed by the controller."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from controller.drivers.link import Value
from controller.model.reasons import EventKind
from controller.model.words import Authority
from hil_tests.bench.scene import Received, Scene
from hil_tests.checkers.base import About, Attends, EachOrder, Spell, Unsettled, was_meant_for_another
from hil_tests.plant.breaker import CLOSED

HELD_GRACE_S = 2.0  # seen, withdrawn, and written to the slowest line
CYCLE_MAX_S, CYCLES_APART_S = 30.0, 600.0  # design §6
POWER_CYCLE = "power_cycle"


@dataclass(slots=True)
class Held:
    """What people have asked of feeders and gensets, and the controller has taken up."""

    open_by_person: set[str] = field(default_factory=set)
    released: dict[str, float] = field(default_factory=dict)  # when a person let it close
    stopped_at_s: dict[str, float] = field(default_factory=dict)  # when a person last stopped this genset
    return_released_at_s: float = -1.0  # when a person last let the hub go back to the grid
    _seen_count: int = 0

    def update(self, scene: Scene) -> None:
        """Read the new lines of the log."""
        events = scene.controller.events
        for at_s, event in events[self._seen_count :]:
            if event.kind is not EventKind.REQUESTED:
                continue
            match event.values.get("what"):
                case "open_feeder":
                    self.open_by_person.add(event.subject)
                    self.released.pop(event.subject, None)
                case "close_feeder":
                    self.open_by_person.discard(event.subject)
                    self.released[event.subject] = at_s
                case "stop_genset":
                    self.stopped_at_s[event.subject] = at_s
                case "start_genset":
                    self.stopped_at_s.pop(event.subject, None)
                case "reconnect":
                    self.return_released_at_s = at_s
        self._seen_count = len(events)


@dataclass(slots=True)
class ManualLock:
    """I20: what a person holds is the person's."""

    about: About = About(
        "I20",
        "A feeder held open by a person stays open; with the key on local nothing is closed or cranked; in manual "
        "nothing is closed that no person has asked for",
        "2 s after the key or the switch",
        "design §5, authority manual; study I20: an operator's lock is never overridden",
    )
    attends: int = Attends.SWITCHES | Attends.MOVES | Attends.LOG
    _doubtful: list[tuple[float, Received]] = field(default_factory=list)  # and when the log has had its time
    _held: Held = field(default_factory=Held)
    _local: Spell = field(default_factory=lambda: Spell(HELD_GRACE_S))
    _manual: Spell = field(default_factory=lambda: Spell(HELD_GRACE_S))
    _seen_count: int = 0
    _standing: dict[tuple[str, str], Value] = field(default_factory=dict)

    def look(self, scene: Scene) -> Iterator[str]:
        """Each closing once."""
        self._held.update(scene)
        now_s, controller = scene.plant.now_s, scene.controller
        self._local.ends(scene.plant.safety.local_control, now_s)
        self._manual.ends(controller.is_running and controller.authority is Authority.MANUAL, now_s)
        for order in scene.orders[self._seen_count :]:
            place = (order.asset, order.field)
            before, self._standing[place] = self._standing.get(place), order.value
            is_new = order.value is True and before is not True and _comes_on(scene, order)
            if is_new and self._why_not(scene, order):
                self._doubtful.append((order.at_s + scene.log_lag_s, order))
        self._seen_count = len(scene.orders)
        while self._doubtful and self._doubtful[0][0] <= now_s:
            order = self._doubtful.pop(0)[1]
            why = self._why_not(scene, order)  # again: the log may have explained it meanwhile
            if why:
                yield f"{order.asset} {order.field} ordered, {why}"

    @property
    def is_waiting(self) -> bool:
        """The log may still explain an order."""
        return bool(self._doubtful)

    def _why_not(self, scene: Scene, order: Received) -> str:
        if order.asset in self._held.open_by_person:
            return "a person holds it open"
        if self._local.was_said:
            return "the key stands on local"
        if not self._manual.was_said or order.field == "run":
            return ""
        if order.asset == scene.site.hub.poi.id:
            since_s = self._manual.since_s
            is_asked = since_s is not None and self._held.return_released_at_s >= since_s
        else:
            is_asked = order.asset in self._held.released
        return "" if is_asked else "in manual, and nobody has asked for it"

    def finish(self, scene: Scene) -> Iterator[str]:
        """Nothing more."""
        del scene
        yield from ()


def _comes_on(scene: Scene, order: Received) -> bool:
    """A contact that is not closed already, or an engine."""
    feeder = scene.plant.feeders.get(order.asset)
    if order.field == "closed":
        return feeder is not None and feeder.position is not CLOSED
    if order.field in {"close", "close_permit"}:
        return scene.plant.poi.position is not CLOSED
    return order.field == "run"


@dataclass(slots=True)
class ControlFeeders:
    """D9: who supplies controller and radio stays on, one bounded power-cycle at a time apart."""

    about: About = About(
        "D9",
        "A feeder that carries the controller's own supply or a radio is never ordered open while the bus is live, but "
        "for one power-cycle at a time of 30 s at most, ten minutes apart, that the log calls so",
        "none",
        "design §4, `carries_control`, and §6, radio life-support; study I16: tier 0 is never commanded off",
    )
    attends: int = Attends.MOVES
    _moves: Unsettled[bool] = field(default_factory=Unsettled)  # and whether the bus was live then
    _held: Held = field(default_factory=Held)
    _standing: dict[str, Value] = field(default_factory=dict)
    _cycle: tuple[str, float] | None = None  # whose, and since when
    _ended_s: float = -math.inf

    @property
    def is_waiting(self) -> bool:
        """One is off, and must come back; or the log may still say why it went."""
        return self._cycle is not None or bool(self._moves)

    def look(self, scene: Scene) -> Iterator[str]:
        """Each opening once, and each that lasts too long."""
        self._held.update(scene)
        kept = lifelines(scene)

        def is_live(order: Received) -> bool | None:
            is_move = order.field == "closed" and order.asset in kept and not was_meant_for_another(scene, order)
            return abs(scene.plant.bus) > 0.5 if is_move else None

        for order, was_live in self._moves.settled(scene, is_live):
            before, self._standing[order.asset] = self._standing.get(order.asset), order.value
            if order.value is True and self._cycle is not None and self._cycle[0] == order.asset:
                self._cycle, self._ended_s = None, order.at_s
            elif order.value is False and before is not False and was_live:
                yield from self._opening(scene, order)
        if self._cycle is not None and scene.now_s - scene.log_lag_s - self._cycle[1] > CYCLE_MAX_S:
            yield f"{self._cycle[0]} is off for longer than {CYCLE_MAX_S:.0f} s"
            self._cycle = None

    def _opening(self, scene: Scene, order: Received) -> Iterator[str]:
        if order.asset in self._held.open_by_person:
            return
        if not is_power_cycle(scene, order.asset, order.at_s):
            yield f"{order.asset} ordered open"
        elif self._cycle is not None:
            yield f"{order.asset} is power-cycled while {self._cycle[0]} is off"
        elif order.at_s - self._ended_s < CYCLES_APART_S:
            yield f"{order.asset} is power-cycled {order.at_s - self._ended_s:.0f} s after the last"
        else:
            self._cycle = order.asset, order.at_s

    def finish(self, scene: Scene) -> Iterator[str]:
        """Nothing more."""
        del scene
        yield from ()


def lifelines(scene: Scene) -> frozenset[str]:
    """Feeders that carry a radio or the controller's own supply."""
    hub = scene.site.hub
    carrying = {feeder.id for feeder in hub.feeders.values() if feeder.carries_control}
    return frozenset(carrying | {radio.feeder for radio in hub.radios.values() if radio.feeder is not None})


def is_power_cycle(scene: Scene, feeder: str, at_s: float) -> bool:
    """A line of the log calls this opening so, of a feeder whose power-cycles D9 bounds."""
    if feeder not in lifelines(scene):
        return False
    for line_s, event in reversed(scene.controller.events):
        if line_s < at_s - HELD_GRACE_S:
            return False
        if event.subject == feeder and event.values.get("what") == POWER_CYCLE:
            return True
    return False


def what_tripped_stays() -> EachOrder:
    """I17: a level never re-closes what it did not open."""
    held = Held()
    about = About(
        "I17",
        "A feeder with a fault, or that somebody or something else has opened, is not closed by the controller",
        "none",
        "design §2: a level never re-closes what it did not open; study I17",
    )
    ours: set[str] = set()

    def asks(scene: Scene, order: Received, before: Value | None) -> str:
        if order.field != "closed" or order.asset not in scene.site.hub.feeders:
            return ""
        if order.value is False:
            ours.add(order.asset)
            return ""
        load = scene.plant.feeders[order.asset]
        if before is True or load.position is CLOSED:
            return ""
        if load.has_fault:
            return f"{order.asset} has tripped and is ordered closed"
        return "" if order.asset in ours else f"{order.asset} was not opened by us and is ordered closed"

    def excuses(scene: Scene, order: Received) -> bool:
        held.update(scene)
        return order.asset in held.released

    return EachOrder(about, asks, frozenset({"closed"}), excuses=excuses)
