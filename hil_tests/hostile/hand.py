"""The hostile hand: it aims at something, bends what it would say, replays, raves, or says nothing at all."""

from __future__ import annotations

import random
from collections import deque

from controller.core.decide import decide, fresh_memory
from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.commands import Commands
from controller.model.hub import Hub
from controller.model.image import ProcessImage
from controller.model.memory import DurableMemory
from controller.model.words import BreakerPosition
from hil_tests.hostile.absurd import Nonsense
from hil_tests.hostile.goals import AIMS, Aim
from hil_tests.hostile.rig import Wish

NAMES = tuple(AIMS)
TEMPERS = (0.0, 0.02, 0.2, 0.7)  # how often a cycle is bent; a calm hand gets farther
KEPT_COUNT = 64
PATIENT = ("come_back", "lunge")  # the angle takes its time
STRETCH_S = (0.1, 0.5, 2.0, 4.0, 8.0)


class HostileHand:
    """Means harm, with patience."""

    def __init__(self, hub: Hub, rng: random.Random) -> None:
        self.hub, self.rng, self.nonsense = hub, rng, Nonsense(hub, rng)
        self._past: deque[Commands] = deque(maxlen=KEPT_COUNT)
        self._durable = DurableMemory()
        self._requests: tuple[OperatorRequest, ...] = ()
        self._until_s = -1.0
        self._begin(ProcessImage(), 0.0)

    def wish(self, seen: ProcessImage, allowed: Commands, now_s: float) -> Wish:
        """One cycle."""
        if now_s >= self._until_s:
            self._begin(seen, now_s)
        self._aim.look(allowed, now_s)
        commands = AIMS[self.name](self._aim, seen)
        if self.rng.random() < self._temper:
            commands = self._bent(commands, now_s)
        self._past.append(commands)
        return Wish(commands, self._durable, self._requests)

    def _bent(self, commands: Commands, now_s: float) -> Commands:
        draw = self.rng.random()
        if draw < 0.55:
            return self.nonsense.bent(commands, now_s)
        if draw < 0.75 and self._past:
            old = self.rng.choice(self._past)
            return old if draw < 0.6 else self.nonsense.shifted(old, now_s)
        if draw < 0.85:
            return Commands()
        return self.nonsense.commands(now_s)

    def _begin(self, seen: ProcessImage, now_s: float) -> None:
        rng = self.rng
        self.name = rng.choice(NAMES) if rng.random() < 0.4 else rng.choice(_next_aims(seen))
        self._aim, self._temper = Aim(self.hub, rng, now_s), rng.choice(TEMPERS)
        self._until_s = now_s + (rng.uniform(5.0, 20.0) if self.name in PATIENT else rng.choice(STRETCH_S))
        if rng.random() < 0.2:
            self._durable = self.nonsense.durable(now_s) if rng.random() < 0.4 else DurableMemory()
            self._requests = self._asked(now_s) if rng.random() < 0.5 else ()

    def _asked(self, now_s: float) -> tuple[OperatorRequest, ...]:
        """People ask as well, and the guard believes people; of feeders alone."""
        return tuple(
            OperatorRequest("r", RequestKind.CLOSE_FEEDER, feeder, "somebody", at_the_hub=True, expires_at_s=now_s)
            for feeder in self.hub.feeders
        )


def _next_aims(seen: ProcessImage) -> tuple[str, ...]:
    """What leads on from here: who only draws lots sits in the dark most of the time."""
    is_joined = seen.poi.position is BreakerPosition.CLOSED
    is_fed, is_live = seen.poi.grid_frequency_hz is not None, seen.poi.bus_frequency_hz is not None
    if is_joined:
        return ("island", "form_all", "crank", "follow") if is_fed else ("island", "form_all", "go_dark")
    if is_live:
        return ("come_back", "come_back", "lunge", "form_all", "go_dark") if is_fed else ("island", "form_all", "crank")
    return ("close_dead", "close_dead_and_form", "island") if is_fed else ("island", "island", "form_all", "crank")


class TrueDecision:
    """The real decision, in charge for a while: hostile hands find a hub that lives."""

    def __init__(self, hub: Hub, now_s: float) -> None:
        self.hub = hub
        self.memory = fresh_memory(DurableMemory(), now_s)

    def wish(self, seen: ProcessImage, allowed: Commands, now_s: float) -> Wish:
        """One cycle of it."""
        del allowed
        before = self.memory.durable
        decision = decide(self.memory, seen, Advice(), self.hub, now_s)
        self.memory = decision.memory
        return Wish(decision.commands, before)
