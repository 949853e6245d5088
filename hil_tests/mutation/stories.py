"""The guard's stories, run without pytest's machinery, which is what makes a gate of thousands of runs affordable.

The property tests are left out: a gate must not depend on luck.
"""

from __future__ import annotations

import importlib
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from controller import clock

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "guard"
PACKAGE = "hil_tests.tests.guard"
LEFT_OUT = {"test_properties"}

Place = tuple[str, int]  # a function: its module, its first line


@dataclass(frozen=True, slots=True)
class Story:
    """A test function with one set of its parameters. `file`: the module's name; `number`: of the set."""

    file: str
    name: str
    number: int

    def __str__(self) -> str:
        return f"{self.file}.{self.name}, set {self.number}"


@dataclass(frozen=True, slots=True)
class Told:
    """What a story costs, and in which functions of the guard it has been."""

    story: Story
    took_s: float
    places: frozenset[Place]


def modules() -> list[str]:
    """Names of the modules that tell stories."""
    return sorted(path.stem for path in FOLDER.glob("test_*.py") if path.stem not in LEFT_OUT)


def load(file: str) -> ModuleType:
    """The module of that name; imported when it is not."""
    return importlib.import_module(f"{PACKAGE}.{file}")


def all_stories() -> Iterator[Story]:
    """In the order of their files."""
    for file in modules():
        module = load(file)
        for name, story in vars(module).items():
            if name.startswith("test_") and callable(story):
                yield from (Story(file, name, number) for number in range(len(_sets(story))))


def failure(story: Story) -> Exception | None:
    """What goes wrong in it, or in the import of its module when that is not loaded."""
    try:
        function = getattr(load(story.file), story.name)
        function(**_sets(function)[story.number])
    except Exception as error:
        return error
    return None


def first_failure(order: Iterable[Story]) -> Story | None:
    """Tells one after the other until one fails."""
    return next((story for story in order if failure(story) is not None), None)


def tell(story: Story, package: str) -> Told:
    """Tells it and notes each function of `package` that it calls."""
    places: set[Place] = set()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and (module := str(frame.f_globals.get("__name__", ""))).startswith(package):
            places.add((module, frame.f_code.co_firstlineno))

    began_s = clock.now_s()
    sys.setprofile(note)
    try:
        error = failure(story)
    finally:
        sys.setprofile(None)
    if error is not None:
        raise error
    return Told(story, clock.now_s() - began_s, frozenset(places))


@cache
def _sets(story: Callable[..., None]) -> list[dict[str, object]]:
    marks = [mark for mark in getattr(story, "pytestmark", []) if mark.name == "parametrize"]
    products = itertools.product(*(rows_of(mark) for mark in marks))
    return [{key: value for row in rows for key, value in row.items()} for rows in products]


def rows_of(mark: Any) -> list[dict[str, object]]:
    """Sets of parameters, as pytest spreads them."""
    names, rows = mark.args[0], mark.args[1]
    names = [part.strip() for part in names.split(",")] if isinstance(names, str) else list(names)
    return [dict(zip(names, row if len(names) > 1 else (row,), strict=True)) for row in rows]
