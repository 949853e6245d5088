"""One cycle as the loop hands it over: references to frozen objects, nothing copied, nothing encoded."""

from __future__ import annotations

from controller.core.decide import Decision
from controller.core.memory import CoreMemory
from controller.guard.memory import GuardMemory
from controller.guard.vet import Verdict
from controller.model.advice import Advice
from controller.model.frozen import dataclass
from controller.model.image import ProcessImage


@dataclass(frozen=True, slots=True)
class Cycle:
    """What went into `decide` and `vet`, and what came out."""

    now_s: float
    memory: CoreMemory  # before
    guard: GuardMemory  # before
    seen: ProcessImage
    advice: Advice
    decision: Decision | None  # None: judgement failed
    verdict: Verdict | None
    failed: BaseException | None = None

    @property
    def changes_mode(self) -> bool:
        """A transition."""
        return self.decision is not None and self.decision.memory.mode is not self.memory.mode
