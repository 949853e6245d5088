"""The frozen answers: one JSON file per case, with the tool, its version and the day it was asked."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "golden"


@dataclass(frozen=True, slots=True)
class Golden:
    """One case as a tool answered it. `given` and `found` hold numbers, lists of numbers, and mappings of these."""

    case: str
    title: str
    tool: str  # name and version
    made_on: str  # ISO date
    given: dict[str, Any]
    found: dict[str, Any]


def load(case: str) -> Golden:
    """A frozen answer."""
    return Golden(**json.loads(path_of(case).read_text(encoding="utf-8")))


def save(golden: Golden) -> None:
    """Freeze an answer."""
    text = json.dumps(asdict(golden), indent=1, ensure_ascii=False)
    path_of(golden.case).write_text(_compact(text) + "\n", encoding="utf-8")


def path_of(case: str) -> Path:
    """Where it lies."""
    return FOLDER / f"{case}.json"


def greatest_difference(one: Any, other: Any) -> float:
    """Between two answers of one shape. Raises ValueError where the shapes differ."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return max((greatest_difference(one[key], other[key]) for key in one), default=0.0)
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return max((greatest_difference(a, b) for a, b in zip(one, other, strict=True)), default=0.0)
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other)
    raise ValueError("another shape")


def _compact(text: str) -> str:
    """Lists of numbers on lines of their own, not a number a line."""
    lines: list[str] = []
    inside = False
    for line in text.splitlines():
        stripped = line.strip()
        if inside:
            lines[-1] += stripped if stripped in {"]", "],"} or lines[-1].endswith("[") else f" {stripped}"
        else:
            lines.append(line)
        inside = stripped.endswith("[") if not inside else stripped not in {"]", "],"}
    return "\n".join(lines)
