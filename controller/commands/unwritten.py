"""Events that are on no disk yet: who reads a journal is told of them, lest silence be taken for peace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from supervisor.words import Words


@dataclass(frozen=True, slots=True)
class Unwritten:
    """How many events wait in the controller's memory, and why the disk does not take them; "": all is written."""

    count: int = 0
    why: str = ""

    def sentence(self, say: Words) -> str:
        """For people."""
        return say("verify.unwritten", count=self.count, why=self.why)


ALL_WRITTEN = Unwritten()


def unwritten_of(answer: Mapping[str, Any]) -> Unwritten:
    """As a running controller says it; an older one says nothing of it."""
    return Unwritten(int(answer.get("unwritten_count", 0)), str(answer.get("why_unwritten", "")))
