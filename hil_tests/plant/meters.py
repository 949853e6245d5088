"""Instruments that are not perfect: what a device reports is not what is. One model per device and point."""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hil_tests.plant.base import forked
from hil_tests.plant.rest import CLOCK_S, Rest

Reading = float | bool | str | None
Reader = Callable[[], Reading]


@dataclass(frozen=True, slots=True)
class InstrumentErrors:
    """value = round((gain mean + offset + noise) / resolution) resolution, `latency_s` old, new every `period_s`.

    Source: a definition. A wrong sign is a gain of -1; the order of words and the time of a reading are the
    device table's and the faults'.
    """

    gain: float = 1.0
    offset: float = 0.0  # in the point's own unit, as noise and resolution
    noise: float = 0.0  # standard deviation
    averaging_s: float = 0.0
    period_s: float = 0.0  # 0: in every step
    latency_s: float = 0.0
    resolution: float = 0.0


class Instrument:
    """The state of one: what it has seen, and what it shows. Words and missing values pass, late but unharmed."""

    __slots__ = ("_due_s", "_errors", "_late", "_rng", "_seen", "_sum", "shown")

    def __init__(self, errors: InstrumentErrors, rng: random.Random) -> None:
        self._errors, self._rng = errors, rng
        self._seen: deque[tuple[float, float]] = deque()
        self._sum = 0.0
        self._due_s = 0.0
        self._late: deque[tuple[float, Reading]] = deque()
        self.shown: Reading = None

    def step(self, value: Reading, now_s: float) -> bool:
        """Look at the truth once. True when what is shown has moved."""
        mean = self._mean(value, now_s)
        if now_s >= self._due_s - CLOCK_S:
            self._due_s = now_s + self._errors.period_s
            self._late.append((now_s + self._errors.latency_s, self._distorted(mean)))
        before = self.shown
        while self._late and self._late[0][0] <= now_s + CLOCK_S:
            self.shown = self._late.popleft()[1]
        return self.shown != before

    def reseed(self, rng: random.Random) -> None:
        """Draw noise from this stream."""
        self._rng = rng

    def _mean(self, value: Reading, now_s: float) -> Reading:
        """Over the window, of what was there in it; anything but a number empties it."""
        if isinstance(value, bool | str) or value is None:
            self._seen.clear()
            self._sum = 0.0
            return value
        if self._errors.averaging_s <= 0.0:
            return value
        self._seen.append((now_s, value))
        self._sum += value
        while self._seen[0][0] <= now_s - self._errors.averaging_s + CLOCK_S:
            self._sum -= self._seen.popleft()[1]
        return self._sum / len(self._seen)

    def _distorted(self, mean: Reading) -> Reading:
        errors = self._errors
        if isinstance(mean, bool | str) or mean is None:
            return mean
        value = errors.gain * mean + errors.offset
        if errors.noise:
            value += self._rng.gauss(0.0, errors.noise)
        if errors.resolution:
            value = math.floor(value / errors.resolution + 0.5) * errors.resolution
        return value


class Instruments:
    """All imperfect instruments of a site. A point that is not named here is measured perfectly, and costs nothing."""

    __slots__ = ("_change", "_kept", "_memory_s", "_parts")

    def __init__(self, errors: Mapping[str, InstrumentErrors], seed: int) -> None:
        self._parts = {name: Instrument(each, forked(seed, f"instrument {name}")) for name, each in errors.items()}
        self._memory_s = max((e.averaging_s + e.period_s + e.latency_s for e in errors.values()), default=0.0)
        self._kept: dict[str, Reading] = {}
        self._change = -1

    def __bool__(self) -> bool:
        return bool(self._parts)

    def __contains__(self, name: str) -> bool:
        return name in self._parts

    def names(self) -> frozenset[str]:
        """Every device and point that has one."""
        return frozenset(self._parts)

    def shown(self, name: str) -> Reading:
        """What one of them says."""
        return self._parts[name].shown

    def reseed(self, seed: int) -> None:
        """Other noise from here on; what is shown and what is under way stays."""
        for name, part in self._parts.items():
            part.reseed(forked(seed, f"instrument {name}"))

    def hold(self, readers: Mapping[str, Reader], from_s: float, now_s: float, rest: Rest) -> None:
        """Nothing has moved since `from_s`: every window, and what is still under way, is of that time alone."""
        self.step(readers, max(from_s, now_s - self._memory_s), rest)
        self.step(readers, now_s, rest)

    def step(self, readers: Mapping[str, Reader], now_s: float, rest: Rest) -> None:
        """Once per step of the plant; the truth is read again only when it has moved.

        Whoever polls looks at `changes_count`: it must move with a reading, even where the truth did not.
        """
        change = rest.changes_count + rest.turns_count
        if change != self._change:
            self._kept = {name: reader() for name, reader in readers.items()}
        moved_count = sum(self._parts[name].step(value, now_s) for name, value in self._kept.items())
        rest.changes_count += moved_count > 0
        self._change = rest.changes_count + rest.turns_count
