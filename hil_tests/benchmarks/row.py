"""One line of a benchmark's table, and how it comes from samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
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


def percentile(samples: Sequence[float], share_pct: float) -> float:
    """Nearest rank: the p99 of a hundred samples is the ninety-ninth smallest; nothing is interpolated."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(share_pct / 100.0 * len(ordered)) - 1)]


def row_of(name: str, unit: str, samples: Sequence[float], goal: float | None = None, note: str = "") -> Row:
    """A row over samples. Without any, a row that says so: a figure that is missing must be seen to be missing."""
    if not samples:
        return Row(name, unit, math.nan, math.nan, math.nan, goal, f"nothing measured; {note}".rstrip("; "))
    counted = f"{len(samples)} samples" + (f"; {note}" if note else "")
    return Row(name, unit, percentile(samples, 50.0), percentile(samples, 99.0), max(samples), goal, counted)
