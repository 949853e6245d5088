"""Configuration errors: where, what was found, what is wanted, and what was probably meant. All at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

BEGINNING_MIN = 3  # characters: fewer are the beginning of anything
OR = " or "  # between several words that may have been meant


class Severity(Enum):
    """Whether the hub may run with it."""

    ERROR = "error"  # nothing starts
    WARNING = "warning"  # it runs, and somebody has to know


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
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        meant = "' or '".join(self.hint.split(OR))
        hint = f", did you mean '{meant}'?" if self.hint else ""
        mark = "warning: " if self.severity is Severity.WARNING else ""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else str(self.file)
        return f"{place}: {mark}{self.key}: found {self.found}, wanted {self.wanted}{hint}"

    def as_json(self) -> dict[str, object]:
        """For editors and scripts."""
        place = {"file": str(self.file), "line": self.line, "column": self.column, "key": self.key}
        return {**place, "found": self.found, "wanted": self.wanted, "hint": self.hint}


class ConfigError(Exception):
    """The configuration is wrong; nothing was started and nothing was sent."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def errors_of(problems: Iterable[Problem]) -> list[Problem]:
    """Those with which nothing starts."""
    return [problem for problem in problems if problem.severity is Severity.ERROR]


def warnings_of(problems: Iterable[Problem]) -> list[Problem]:
    """Those with which the hub runs, and which somebody has to know."""
    return [problem for problem in problems if problem.severity is Severity.WARNING]


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word most like this one, the first that it is the beginning of, or nothing when none is alike."""
    words = list(known)
    begun = begun_by(word, words)
    matches = begun or difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    return matches[0] if matches else ""


def begun_by(word: str, known: Iterable[str]) -> list[str]:
    """The known words that this one is the beginning of, the shortest first: `de_lv` is de_lv_2018 without its year."""
    begun = [each for each in known if each != word and each.startswith(word)]
    return sorted(begun, key=len) if len(word) >= BEGINNING_MIN else []
