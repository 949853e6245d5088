"""Configuration errors: where, what was found, what is wanted, and what was probably meant. All at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in one file. Line and column count from 1; 0 when the mistake has no place."""

    file: Path
    line: int
    column: int
    key: str
    found: str
    wanted: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f", did you mean '{self.hint}'?" if self.hint else ""
        return f"{self.file}:{self.line}:{self.column}: {self.key}: found {self.found}, wanted {self.wanted}{hint}"


class ConfigError(Exception):
    """The configuration is wrong; nothing was started and nothing was sent."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word most like this one, or nothing when none is alike."""
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else ""
