"""Watches one expectation each, in every step in which something changed, and says in the end what was not so."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from hil_tests.bench import predicates
from hil_tests.bench.durations import spoken
from hil_tests.bench.expressions import Condition, compile_condition
from hil_tests.bench.predicates import INSTANT_S
from hil_tests.bench.scenario import Expectation
from hil_tests.bench.scene import Scene
from hil_tests.bench.signals import Signal
from hil_tests.bench.verdict import Finding


@dataclass(slots=True)
class Happened:
    """When what first happened: labels of the timeline, and "mode.islanded" for the controller's modes."""

    at_s: dict[str, float] = field(default_factory=dict)

    def note(self, label: str, now_s: float) -> None:
        """The first time counts."""
        self.at_s.setdefault(label, now_s)


class Watcher(Protocol):
    """One expectation under way."""

    def look(self, scene: Scene, happened: Happened) -> None:
        """Something may have changed."""
        ...

    def finish(self, scene: Scene, happened: Happened, metrics: Mapping[str, float]) -> Finding | None:
        """The run is over: what is wrong, if anything."""
        ...


def watcher(number: int, expected: Expectation, signals: Mapping[str, Signal], until_s: float) -> Watcher:
    """The watcher of the n-th expectation. Raises ExpressionError."""
    source = f"expect.{number}"
    match expected.kind:
        case "that" | "wait_until":
            text = expected.that or expected.wait_until or ""
            return _Sometime(source, expected, compile_condition(text, signals), until_s)
        case "always" | "never":
            text = expected.always or expected.never or ""
            return _Throughout(source, expected, compile_condition(text, signals), until_s)
        case "metric":
            return _Metric(source, expected)
        case "event":
            return _Logged(source, expected, until_s)
        case _:
            assert expected.signal is not None
            return _Shape(source, expected, signals[expected.signal], until_s)


def window(expected: Expectation, happened: Happened, until_s: float) -> tuple[float, float] | None:
    """From and to, in the plant's time; None while what it waits for has not happened."""
    base_s = 0.0 if expected.after is None else happened.at_s.get(expected.after)
    if base_s is None:
        return None
    if expected.at is not None:
        return base_s + expected.at, base_s + expected.at
    if expected.during is not None:
        return base_s + expected.during[0], base_s + expected.during[1]
    return base_s, until_s if expected.within is None else base_s + expected.within


@dataclass(slots=True)
class _Sometime:
    source: str
    expected: Expectation
    condition: Condition
    until_s: float
    is_met: bool = False
    was_asked: bool = False

    def look(self, scene: Scene, happened: Happened) -> None:
        if self.is_met:
            return
        span = window(self.expected, happened, self.until_s)
        if span is None or scene.now_s < span[0] - INSTANT_S:
            return
        if self.expected.at is not None:
            if not self.was_asked:
                self.was_asked, self.is_met = True, self.condition(scene)
        elif scene.now_s <= span[1] + INSTANT_S:
            self.is_met = self.condition(scene)
        if self.is_met and self.expected.name is not None:
            happened.note(self.expected.name, scene.now_s)

    def finish(self, scene: Scene, happened: Happened, metrics: Mapping[str, float]) -> Finding | None:
        del metrics
        span = window(self.expected, happened, self.until_s)
        if span is None:
            return Finding(self.source, scene.now_s, f"{self.expected.after} never happened, so not: {self._text}")
        if self.is_met:
            return None
        return Finding(self.source, min(span[1], scene.now_s), f"not in time: {self._text}")

    @property
    def _text(self) -> str:
        return f"{self.expected.that or self.expected.wait_until} ({self.expected.because or 'expected'})"


@dataclass(slots=True)
class _Throughout:
    source: str
    expected: Expectation
    condition: Condition
    until_s: float
    broken_at_s: float | None = None
    looks_count: int = 0

    def look(self, scene: Scene, happened: Happened) -> None:
        if self.broken_at_s is not None:
            return
        span = window(self.expected, happened, self.until_s)
        if span is None or not span[0] - INSTANT_S <= scene.now_s <= span[1] + INSTANT_S:
            return
        self.looks_count += 1
        if self.condition(scene) is (self.expected.never is not None):
            self.broken_at_s = scene.now_s

    def finish(self, scene: Scene, happened: Happened, metrics: Mapping[str, float]) -> Finding | None:
        del happened, metrics
        text = self.expected.always or self.expected.never
        if self.broken_at_s is not None:
            return Finding(self.source, self.broken_at_s, f"{self.expected.kind} {text}: not so any more")
        if self.looks_count == 0:
            return Finding(self.source, scene.now_s, f"{self.expected.kind} {text}: its window never came")
        return None


@dataclass(slots=True)
class _Metric:
    source: str
    expected: Expectation

    def look(self, scene: Scene, happened: Happened) -> None:
        del scene, happened

    def finish(self, scene: Scene, happened: Happened, metrics: Mapping[str, float]) -> Finding | None:
        del happened
        name = self.expected.metric or ""
        value = metrics.get(name, math.nan)
        low = -math.inf if self.expected.min is None else self.expected.min
        high = math.inf if self.expected.max is None else self.expected.max
        if low <= value <= high:
            return None
        return Finding(self.source, scene.now_s, f"{name} is {value:g}, wanted {low:g} to {high:g}")


@dataclass(slots=True)
class _Logged:
    source: str
    expected: Expectation
    until_s: float

    def look(self, scene: Scene, happened: Happened) -> None:
        del scene, happened

    def finish(self, scene: Scene, happened: Happened, metrics: Mapping[str, float]) -> Finding | None:
        del metrics
        wanted, span = self.expected, window(self.expected, happened, self.until_s)
        what = " ".join(filter(None, (wanted.event, wanted.reason, wanted.subject)))
        if span is None:
            return Finding(self.source, scene.now_s, f"{wanted.after} never happened, so no {what}")
        count = sum(
            span[0] - INSTANT_S <= at_s <= span[1] + INSTANT_S
            and event.kind.value == wanted.event
            and wanted.reason in {None, event.reason.value}
            and wanted.subject in {None, event.subject}
            for at_s, event in scene.controller.events
        )
        low = 1 if wanted.count_min is None and wanted.count_max is None else wanted.count_min or 0
        if low <= count <= (math.inf if wanted.count_max is None else wanted.count_max):
            return None
        return Finding(self.source, min(span[1], scene.now_s), f"{count} times in the log: {what}")


@dataclass(slots=True)
class _Shape:
    source: str
    expected: Expectation
    signal: Signal
    until_s: float
    samples: list[tuple[float, float]] = field(default_factory=list)

    def look(self, scene: Scene, happened: Happened) -> None:
        span = window(self.expected, happened, self.until_s)
        if span is None or not span[0] - INSTANT_S <= scene.now_s <= span[1] + INSTANT_S:
            return
        value = self.signal(scene)
        self.samples.append((scene.now_s, float(value) if isinstance(value, int | float) else math.nan))

    def finish(self, scene: Scene, happened: Happened, metrics: Mapping[str, float]) -> Finding | None:
        del metrics
        span = window(self.expected, happened, self.until_s)
        if span is None:
            return Finding(self.source, scene.now_s, f"{self.expected.after} never happened")
        problem = predicates.judge(self.expected, self.samples, span[0])
        if not problem:
            return None
        where = f"{self.expected.signal} over {spoken(max(0.0, span[1] - span[0]))}"
        return Finding(self.source, span[0], f"{where}: {problem}")
