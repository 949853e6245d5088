"""What a fault needs to be put in, in every tier alike: the plant, its devices, and somebody who keeps its times."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from controller.config.types import Site
from hil_tests.faults.held import Held
from hil_tests.faults.types import Heal
from hil_tests.plant.plant import Plant
from hil_tests.servers.points import PlantDevice, PlantDevices


@dataclass(slots=True)
class Timers:
    """Things to do at instants of the plant's time."""

    _agenda: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def at(self, at_s: float, what: Callable[[], None]) -> Heal:
        """Do it then; the answer takes it back."""
        entry = (at_s, next(self._numbers), what)
        heapq.heappush(self._agenda, entry)

        def forget() -> None:
            if entry in self._agenda:
                self._agenda.remove(entry)
                heapq.heapify(self._agenda)

        return forget

    def do_what_is_due(self, now_s: float) -> None:
        """Call it after every step of the plant."""
        while self._agenda and self._agenda[0][0] <= now_s + 1e-9:
            heapq.heappop(self._agenda)[2]()


@dataclass(frozen=True, slots=True)
class Stage:
    """One run, as far as faults are concerned."""

    site: Site
    devices: PlantDevices
    seed: int
    timers: Timers = field(default_factory=Timers)
    held: Held = field(default_factory=Held)

    @property
    def plant(self) -> Plant:
        """The one there is now; a restored one is another."""
        return self.devices.plant


@dataclass(frozen=True, slots=True)
class Injection:
    """One fault that is to begin: where, with which values, and with a random stream that nothing else draws from."""

    name: str
    unit: str
    values: Mapping[str, Any]
    rng: random.Random
    stage: Stage

    @property
    def device(self) -> PlantDevice:
        """Of a fault of a device."""
        return self.stage.devices.device(self.unit)

    @property
    def plant(self) -> Plant:
        """The plant now."""
        return self.stage.plant


Inject = Callable[[Injection], Heal]
"""Begins a fault; the answer ends it. Raises CannotInjectError where that cannot be."""


def all_of(heals: Sequence[Heal]) -> Heal:
    """End several things as one."""

    def heal() -> None:
        for each in tuple(heals):
            each()

    return heal
