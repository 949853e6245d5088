"""What happened, as columns over the plant's time: dense around events, sparse at rest."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from hil_tests.bench.scene import Scene
from hil_tests.bench.signals import Sample, Signal

DENSE_S = 0.02  # for a while after something happened
SPARSE_S = 0.25  # while something moves
STILL_S = 5.0  # while nothing does
DENSE_FOR_S = 3.0


@dataclass(slots=True)
class Trace:
    """One column per signal. `t_s` are the instants of the rows; every column has one entry for each."""

    t_s: array[float] = field(default_factory=lambda: array("d"))
    columns: dict[str, list[Sample]] = field(default_factory=dict)

    def rows(self) -> Iterator[tuple[Sample, ...]]:
        """Row by row, the instant first."""
        yield from zip(self.t_s, *self.columns.values(), strict=True)

    def between(self, name: str, from_s: float, to_s: float) -> list[tuple[float, Sample]]:
        """One signal within a window."""
        return [(t_s, value) for t_s, value in zip(self.t_s, self.columns[name], strict=True) if from_s <= t_s <= to_s]


class Recorder:
    """Fills a trace, called after every step of the plant."""

    def __init__(self, signals: dict[str, Signal]) -> None:
        self.trace = Trace(columns={name: [] for name in signals})
        self._columns = tuple((self.trace.columns[name].append, signal) for name, signal in signals.items())
        self._dense_until_s = 0.0
        self._next_s = self._still_until_s = 0.0
        self._change = -1

    def attend(self, now_s: float) -> None:
        """Something happened: look closely for a while, from now."""
        self._dense_until_s = now_s + DENSE_FOR_S
        self._next_s = self._still_until_s = 0.0

    def look(self, scene: Scene) -> None:
        """Keep a row when one is due."""
        now_s, change = scene.plant.now_s, scene.plant.rest.changes_count
        moves = change != self._change
        if now_s < (self._next_s if moves else self._still_until_s) - 1e-9:
            return
        self._change = change
        self._keep(scene, now_s)
        self._next_s = now_s + (DENSE_S if now_s < self._dense_until_s else SPARSE_S)
        self._still_until_s = now_s + (DENSE_S if now_s < self._dense_until_s else STILL_S)

    def _keep(self, scene: Scene, now_s: float) -> None:
        self.trace.t_s.append(now_s)
        for append, signal in self._columns:
            append(signal(scene))
