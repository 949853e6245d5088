"""The controller's own log against the truth: belief, restarts, alarms, vetoes; and the bench's own accounts."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from controller.model.reasons import EventKind, Reason
from controller.model.words import Mode
from hil_tests.bench.scene import Received, Scene
from hil_tests.checkers.base import About, Attends, AtTheEnd, Lasting, Unsettled, is_blind, is_deaf
from hil_tests.plant.breaker import CLOSED

BELIEF_S = 3.0
ALARMS_MAX = 20
ALARM_WINDOW_S = 60.0
ENERGY_RATIO = 1e-5
SWITCHES = frozenset({"close", "closed", "run"})


def belief_fits() -> Lasting:
    """I23: what the controller believes of the POI is so."""
    about = About(
        "I23",
        "The controller does not believe itself on grid with the POI open, nor in an island with the POI closed",
        "3 s",
        "study I23",
    )

    def asks(scene: Scene) -> str:
        poi, mode = scene.plant.poi, scene.controller.mode
        wrong = mode is Mode.ISLANDED if poi.position is CLOSED else mode is Mode.GRID_CONNECTED
        if not wrong or is_deaf(scene, scene.site.hub.poi.id) or poi.reported_position is not poi.position:
            return ""
        assert mode is not None
        return f"believes itself {mode.value}, and the POI is {poi.position.value}"

    return Lasting(about, BELIEF_S, asks, Attends.SWITCHES | Attends.LOG)


@dataclass(slots=True)
class QuietRestart:
    """I11: nothing moves because software restarted."""

    about: About = About(
        "I11",
        "After a restart nothing is ordered to switch before a line says what was found",
        "none",
        "design §2: after a restart the mode is read off the plant",
    )
    attends: int = Attends.ORDERS | Attends.LOG
    _early: Unsettled[int] = field(default_factory=Unsettled)  # and how many lines the lives before it had
    _was_running: bool = False
    _lines_count: int | None = None  # of the lives before; None: there was none yet
    _read_count: int = 0

    @property
    def is_waiting(self) -> bool:
        """The line may have been written, and not yet read."""
        return bool(self._early)

    def look(self, scene: Scene) -> Iterator[str]:
        """Each order of a life that has not yet said what it found."""
        is_running, events = scene.controller.is_running, scene.controller.events
        if is_running and not self._was_running:
            self._lines_count = self._read_count
        self._was_running, self._read_count = is_running, len(events)

        def switches(order: Received) -> int | None:
            is_switch = order.field in SWITCHES and order.value is not False
            return self._lines_count if is_switch else None

        for order, lines_count in self._early.settled(scene, switches):
            if not any(event.kind is EventKind.RECOVERED for _, event in events[lines_count:]):
                yield f"{order.asset} {order.field} {order.value} before anything was recovered"

    def finish(self, scene: Scene) -> Iterator[str]:
        """Nothing more."""
        del scene
        yield from ()


@dataclass(slots=True)
class AlarmStorm:
    """I27: one alarm is one alarm."""

    about: About = About(
        "I27", "No line of one kind and subject comes more than 20 times a minute", "none", "study I27"
    )
    attends: int = Attends.LOG
    is_waiting: bool = False
    _seen_count: int = 0
    _recent: dict[tuple[str, str, str], deque[float]] = field(default_factory=dict)

    def look(self, scene: Scene) -> Iterator[str]:
        """Each storm once a minute."""
        events = scene.controller.events
        for at_s, event in events[self._seen_count :]:
            key = (event.kind.value, event.reason.value, event.subject)
            lines = self._recent.setdefault(key, deque(maxlen=ALARMS_MAX + 1))
            lines.append(at_s)
            if len(lines) > ALARMS_MAX and at_s - lines[0] < ALARM_WINDOW_S:
                lines.clear()
                yield f"more than {ALARMS_MAX} lines a minute: {' '.join(key)}"
        self._seen_count = len(events)

    def finish(self, scene: Scene) -> Iterator[str]:
        """Nothing more."""
        del scene
        yield from ()


JUST_S = 0.3  # until decision and guard have both seen a contact
NO_FAULT = (Reason.VETO_OBSERVE, Reason.DECIDED_LATE)  # of the decision: a machine that stalls has judged rightly


@dataclass(slots=True)
class Vetoes:
    """V1: decision and guard agree."""

    about: About = About(
        "V1",
        "The guard has nothing to veto: a veto is a decision that was wrong, caught in time",
        "none; in `observe` the guard holds back what is only to be shown, after a stall what came late, the closing "
        "of a contact that has closed just now, and what a button has stopped that nobody has read yet",
        "design §7: silent by default, each veto is an event",
    )
    attends: int = Attends.LOG
    is_waiting: bool = False
    _seen_count: int = 0

    def look(self, scene: Scene) -> Iterator[str]:
        """Each veto once."""
        events = scene.controller.events
        for _, event in events[self._seen_count :]:
            is_veto = event.kind in {EventKind.VETOED, EventKind.FALLBACK} and event.reason not in NO_FAULT
            has_happened = event.subject == scene.site.hub.poi.id and _has_just_closed(scene)
            is_excused = is_deaf(scene, event.subject) or is_blind(scene) or has_happened or _is_pressed_unread(scene)
            if is_veto and not is_excused:
                yield f"{event.subject}: {event.reason.value}"
        self._seen_count = len(events)

    def finish(self, scene: Scene) -> Iterator[str]:
        """Nothing more."""
        del scene
        yield from ()


def _is_pressed_unread(scene: Scene) -> bool:
    """The emergency-off stops sources by wire, a poll before the log has it; D4 asks what is ordered after that."""
    if not scene.plant.safety.emergency_off:
        return False
    lines = (event.kind for _, event in reversed(scene.controller.events) if event.subject == "emergency_off")
    return next(lines, EventKind.RELEASED) is not EventKind.LATCHED


def _has_just_closed(scene: Scene) -> bool:
    poi = scene.plant.poi
    return poi.position is CLOSED and bool(poi.closings) and scene.plant.now_s - poi.closings[-1].at_s < JUST_S


def energy_adds_up() -> AtTheEnd:
    """I26: the bench's own books."""
    about = About(
        "I26",
        "What the sources gave is what the loads took, to one part in a hundred thousand",
        "end of the run",
        "conservation of energy; study V5",
    )

    def asks(scene: Scene) -> str:
        given_j, taken_j = scene.plant.source_j, scene.plant.load_j
        scale = max(abs(given_j), abs(taken_j), 1e5)
        error = abs(given_j - taken_j) / scale
        return f"sources {given_j:.0f} J, loads {taken_j:.0f} J" if error > ENERGY_RATIO else ""

    return AtTheEnd(about, asks)
