"""Play images through `decide` cycle by cycle, without a plant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from controller.core.decide import Decision, decide, fresh_memory
from controller.core.memory import CoreMemory
from controller.model.advice import Advice
from controller.model.commands import Commands
from controller.model.decision import Event
from controller.model.hub import Hub
from controller.model.image import ProcessImage
from controller.model.memory import DurableMemory

CYCLE_S = 0.05


@dataclass
class Run:
    """A controller without a plant: the story says what it sees."""

    hub: Hub
    now_s: float = 100.0
    memory: CoreMemory = field(default_factory=CoreMemory)
    commands: Commands = field(default_factory=Commands)
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.memory = fresh_memory(DurableMemory(), self.now_s)

    def see(
        self,
        image: Callable[[float], ProcessImage],
        for_s: float = CYCLE_S,
        advice: Advice | None = None,
        cycle_s: float = CYCLE_S,
    ) -> Decision:
        """Show the same picture for a while; the clock runs. Where nothing happens, cycles may be longer."""
        decision: Decision | None = None
        for _ in range(max(1, round(for_s / cycle_s))):
            self.now_s = round(self.now_s + cycle_s, 6)
            decision = decide(self.memory, image(self.now_s), advice or Advice(), self.hub, self.now_s)
            self.memory, self.commands = decision.memory, decision.commands
            self.events.extend(decision.events)
        assert decision is not None
        return decision

    def restart(self) -> None:
        """Lose everything but the durable part."""
        self.memory = fresh_memory(self.memory.durable, self.now_s)
