"""Plays one scenario on one scene: called after every step of the plant, in every tier alike.

It does what is due, lets checkers, metrics, expectations and the recorder look, and says in the end what was wrong.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

from hil_tests.bench.durations import seconds
from hil_tests.bench.expectations import Happened, Watcher, watcher, window
from hil_tests.bench.expressions import compile_condition
from hil_tests.bench.predicates import INSTANT_S
from hil_tests.bench.scenario import Action, Expectation, Scenario
from hil_tests.bench.scene import Scene
from hil_tests.bench.signals import signals_of, traced
from hil_tests.bench.trace import Recorder, Trace
from hil_tests.bench.verbs import VERBS, lights_out, parameters_model
from hil_tests.bench.verdict import Finding
from hil_tests.checkers.metrics import Metrics
from hil_tests.checkers.watch import Watch
from hil_tests.faults.points import struck

SNAPSHOT_EVERY_S = 60.0
SOUND_FOR_S = 1.0  # the bus is looked at always, every other quantity once in this time
QUASI_STEADY_RATIO = 30.0  # by which a plant that strides is looked at and kept less often
STAYS_S = 5.0


class PlantBrokenError(Exception):
    """The plant is no number any more. `snapshot` is the last good state."""

    def __init__(self, at_s: float, what: str, snapshot: bytes, good_at_s: float) -> None:
        super().__init__(f"the plant's numbers ended at {at_s:.2f} s: {what}")
        self.at_s, self.snapshot, self.good_at_s = at_s, snapshot, good_at_s


class Director:
    """One run. Call `after_step` after each step of the plant, `look_last` before anything is ended, `finish` once."""

    def __init__(self, scenario: Scenario, scene: Scene) -> None:
        self.scenario, self.scene = scenario, scene
        self._signals = signals = signals_of(scene.site)
        self._numbers = itertools.count()
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._watchers: list[Watcher] = [
            watcher(number, expected, signals, scenario.until) for number, expected in enumerate(scenario.expect, 1)
        ]
        self._watch = Watch(scene, scenario.except_invariants, lambda one: self._recorder.attend(one.at_s))
        self._metrics = Metrics(is_dynamic=not scenario.quasi_steady)
        self._quantities = {name: signals[name] for name in traced(scene.site)}
        self._recorder = Recorder(self._quantities)
        self._sound_until_s = -math.inf
        self.happened = Happened()
        self._expected = [*scenario.expect]
        self._edges: list[float] = []  # where windows begin and end: there watchers look though nothing has changed
        self._known_count = -1
        self._looked_s = -math.inf
        self._mode: object = None
        pace = QUASI_STEADY_RATIO if scenario.quasi_steady else 1.0
        self._sound_for_s, self._snapshot_every_s = pace * SOUND_FOR_S, pace * SNAPSHOT_EVERY_S
        self._snapshot, self._snapshot_at_s = b"", -math.inf
        if scenario.start.dark:
            lights_out(scene, scenario.start.off_for)
        self._stop_when = compile_condition(scenario.stop_when, signals) if scenario.stop_when is not None else None
        self._reached_s: float | None = None
        self._has_looked_last = False
        self.is_over = False  # what it was played for has been reached, and has stayed so
        for action in scenario.timeline:
            for at_s in action.instants_s:
                self._plan(at_s, lambda action=action: self.do(action))  # type: ignore[misc]
        self._story = scenario.story
        if self._story is not None:
            self._story.begin(self)

    @property
    def trace(self) -> Trace:
        """What happened so far."""
        return self._recorder.trace

    @property
    def next_action_s(self) -> float:
        """When something is to be done; inf when nothing is left."""
        return self._agenda[0][0] if self._agenda else math.inf

    def after_step(self) -> None:
        """One step of the plant has been made."""
        scene = self.scene
        now_s = scene.plant.now_s
        while self._agenda and self._agenda[0][0] <= now_s + INSTANT_S:
            heapq.heappop(self._agenda)[2]()
        story = self._story
        if story is not None:
            story.go_on()
        if len(self.happened.at_s) != self._known_count:
            self._find_edges()
        if self._watch.look() or (self._edges and self._edges[0] <= now_s + INSTANT_S):
            self._look(now_s)
        self._recorder.look(scene)
        if story is not None:
            self.is_over = story.is_over

    def look_at_orders(self) -> None:
        """Orders have arrived, and the plant has yet to move."""
        self._watch.look_at_orders()

    def expect(self, expected: Expectation) -> None:
        """One thing more that must be so, from now on."""
        self._watchers.append(watcher(len(self._watchers) + 1, expected, self._signals, self.scenario.until))
        self._expected.append(expected)
        self._find_edges()

    def look_last(self) -> None:
        """What is to be so at the very end is asked now: that the controller is ended afterwards does not count."""
        self._sound_until_s = -math.inf
        self._look(self.scene.now_s)
        self._has_looked_last = True

    def finish(self) -> tuple[tuple[Finding, ...], Mapping[str, float]]:
        """The run is over: everything that was wrong, in the order of time, and the metrics."""
        if not self._has_looked_last:
            self.look_last()
        self._watch.finish()
        metrics = self._metrics.finish(self.scene, self._watch.findings)
        for each in self._watchers:
            missed = each.finish(self.scene, self.happened, metrics)
            if missed is not None:
                self._watch.keep(missed)
        unfinished = self._story.finish() if self._story is not None else None
        if unfinished is not None:
            self._watch.keep(unfinished)
        return tuple(sorted(self._watch.findings, key=lambda each: each.at_s)), metrics

    def _look(self, now_s: float) -> None:
        scene = self.scene
        if now_s >= self._sound_until_s or not math.isfinite(abs(scene.plant.bus) + scene.plant.bus_frequency_hz):
            self._ask_whether_sound(now_s)
        if now_s >= self._snapshot_at_s + self._snapshot_every_s:
            self._snapshot, self._snapshot_at_s = scene.plant.snapshot(), now_s
        mode = scene.controller.mode
        if mode is not self._mode:
            self._mode = mode
            self._recorder.attend(now_s)
            if mode is not None:
                self.happened.note(f"mode.{mode.value}", now_s)
        if self._stop_when is not None:
            self._reached_s = (self._reached_s or now_s) if self._stop_when(scene) else None
            self.is_over = self._reached_s is not None and now_s - self._reached_s >= STAYS_S and not self._agenda
        self._metrics.look(scene)
        for each in () if self._has_looked_last else self._watchers:
            each.look(scene, self.happened)
        self._looked_s = now_s
        while self._edges and self._edges[0] <= now_s + INSTANT_S:
            self._edges.pop(0)

    def _ask_whether_sound(self, now_s: float) -> None:
        """Raises PlantBrokenError for the first quantity that is no number any more."""
        self._sound_until_s = now_s + self._sound_for_s
        for name, signal in self._quantities.items():
            value = signal(self.scene)
            if isinstance(value, float) and not math.isfinite(value):
                raise PlantBrokenError(now_s, f"{name} is {value}", self._snapshot, self._snapshot_at_s)

    def _find_edges(self) -> None:
        """Those of all windows that are known by now and still to come."""
        self._known_count = len(self.happened.at_s)
        spans = [window(each, self.happened, self.scenario.until) for each in self._expected]
        edges = {edge_s for span in spans if span is not None for edge_s in span}
        self._edges = sorted(edge_s for edge_s in edges if edge_s > self._looked_s + INSTANT_S)

    def _plan(self, at_s: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (at_s, next(self._numbers), what))

    def do(self, action: Action) -> None:
        """What a line of the timeline says."""
        now_s = self.scene.now_s
        self._recorder.attend(now_s)
        self._recorder.look(self.scene)  # what was so until now, so that a step is upright in a plot
        self.scene.marks.append((now_s, _spoken(action)))
        self.happened.note(action.label, now_s)
        self._recorder.attend(now_s)
        if action.do == "fault":
            self._begin_fault(action)
        else:
            parameters = parameters_model(action.do)(**action.parameters)
            VERBS[action.do](self.scene, **{name: getattr(parameters, name) for name in type(parameters).model_fields})

    def _struck(self, unit: str, kind: str, parameters: Mapping[str, Any]) -> set[str]:
        device = self.scene.site.devices.get(unit)
        return struck(kind, () if device is None else device.table.points.values(), parameters)

    def _begin_fault(self, action: Action) -> None:
        """A fault of the catalogue; with `for` it ends by itself, and "<label>.end" has happened."""
        parameters = action.parameters
        unit, kind, lasts = parameters.pop("unit", ""), parameters.pop("type"), parameters.pop("for", None)
        heal = self.scene.faults.inject(unit, kind, parameters)
        hit = [(name, kind) for name in (unit, parameters.get("with_device")) if name is not None]
        for name, _ in hit:
            self.scene.last_trouble[name] = (self._troubled_since_s(name), math.inf)
            self.scene.fault_points.setdefault((name, kind), set()).update(self._struck(name, kind, parameters))
        self.scene.active_faults += hit
        place = [f"{name}={parameters[name]}" for name in ("point", "with_device") if parameters.get(name)]
        place = [*([f"unit={unit}"] if unit else []), *place]
        if lasts is None:
            return

        def end() -> None:
            heal()
            for each in hit:
                self.scene.active_faults.remove(each)
                if each not in self.scene.active_faults:
                    self.scene.fault_points.pop(each, None)
                if all(unit != each[0] for unit, _ in self.scene.active_faults):
                    self.scene.last_trouble[each[0]] = (self.scene.last_trouble[each[0]][0], self.scene.now_s)
            self.scene.marks.append((self.scene.now_s, f"end of {' '.join((kind, *place))}"))
            self.happened.note(f"{action.label}.end", self.scene.now_s)
            self._recorder.attend(self.scene.now_s)

        self._plan(self.scene.now_s + seconds(lasts), end)

    def _troubled_since_s(self, unit: str) -> float:
        """Since when a unit has had one fault or another without a break."""
        since_s, until_s = self.scene.last_trouble.get(unit, (0.0, -math.inf))
        return since_s if until_s == math.inf else self.scene.now_s


def _spoken(action: Action) -> str:
    """One line for reports."""
    values = " ".join(f"{name}={value}" for name, value in action.parameters.items())
    return f"{action.do} {values}".strip()
