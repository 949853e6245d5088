"""One line of a benchmark's table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured, over many runs. Less is better."""

    name: str
    unit: str
    p50: float
    p99: float
    max: float
    goal: float | None  # None: nothing was promised
    note: str
