"""A controller and its guard beside each other: what the one orders and the other would refuse is a fault."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from controller.bounds import bounds_of
from controller.core.decide import Decision
from controller.guard.memory import GuardMemory
from controller.guard.vet import vet
from controller.model.advice import Advice
from controller.model.decision import Veto
from controller.model.frozen import replace
from controller.model.image import ProcessImage
from controller.model.words import Mode
from hil_tests.tests.core.hubs import hub
from hil_tests.tests.core.run import CYCLE_S, Run
from hil_tests.tests.guard.hubs import ENVELOPE as FRACTIONS

ENVELOPE = replace(  # as the shipped one
    FRACTIONS,
    poi_closings_max=6,
    poi_closings_window_s=3600.0,
    feeder_closings_max=6,
    feeder_closings_window_s=600.0,
)
Image = Callable[[float], ProcessImage]


class Watched:
    """A controller and its guard, both shown the same picture."""

    def __init__(self, **parts: Any) -> None:
        self.run, self.guard = Run(hub(**parts)), GuardMemory()
        self.vetoes: list[Veto] = []

    @property
    def mode(self) -> Mode:
        return self.run.memory.mode

    def see(self, image: Image, for_s: float = CYCLE_S, advice: Advice | None = None) -> Decision:
        decision = None
        for _ in range(max(1, round(for_s / CYCLE_S))):
            durable = self.run.memory.durable
            decision = self.run.see(image, advice=advice)
            bounds = bounds_of(self.run.hub, ENVELOPE, durable, advice or Advice())
            verdict = vet(self.guard, decision.commands, image(self.run.now_s), bounds, self.run.now_s)
            self.guard = verdict.memory
            self.vetoes.extend(verdict.vetoes)
        assert decision is not None
        return decision

    def see_until_closing(self, image: Image) -> None:
        """Until the POI is ordered closed, and no longer than a minute."""
        until_s = self.run.now_s + 60.0
        while self.see(image).commands.poi.close is None:
            assert self.run.now_s < until_s, "it is never ordered closed"
