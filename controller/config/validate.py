"""Raw TOML against a shape: every error becomes a located Problem; what is right is kept for the checks after it.

A file that others depend on is read whole or not: `validate`. Of a site every part is checked as far as it can be,
with stand-ins for the values that are wrong or missing: `readings`.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from controller.config.errors import Problem
from controller.config.shapes import Part
from controller.config.stand_ins import inside, stand_ins, without_none
from controller.config.toml_file import TomlFile
from controller.config.toml_places import KeyPath
from controller.config.wording import missing_key, unknown_key, wrong_value

Shape = TypeVar("Shape", bound=Part)
LABEL = "label"
STAND_IN = {"de": "?", "da": "?", "en": "?"}
ROUNDS_MAX = 10  # each takes away one more level; our files are five deep


@dataclass(frozen=True, slots=True)
class Readings(Generic[Shape]):
    """A file as it may have been meant: one reading when all is right, several where a value had to be stood in for."""

    parts: tuple[Shape, ...]  # empty when nothing of the file can be read
    problems: tuple[Problem, ...]
    guessed: frozenset[KeyPath] = frozenset()  # where a stand-in stands: what is said of it is not to be believed

    def agreed(self, told: list[list[Problem]]) -> list[Problem]:
        """Of what was told of each reading: what was told of all, of no stand-in."""
        first, *others = told
        keys = [".".join(str(part) for part in path) for path in self.guessed]
        return [
            problem
            for problem in first
            if all(problem in other for other in others)
            and not any(problem.key == key or problem.key.startswith(f"{key}.") for key in keys)
        ]


def validate(file: TomlFile, shape: type[Shape]) -> tuple[Shape | None, list[Problem]]:
    """The file as far as it can be read, and all that is wrong with it. None when nothing of it can be read."""
    try:
        return shape.model_validate(file.data), _problems(file, shape, [])
    except ValidationError as error:
        details = error.errors(include_url=False)
    return _Salvage(shape, copy.deepcopy(file.data), None).part(details), _problems(file, shape, details)


def readings(file: TomlFile, shape: type[Shape]) -> Readings[Shape]:
    """The file with stand-ins for what cannot be read, as often as there are different ones; and what is wrong."""
    try:
        return Readings((shape.model_validate(file.data),), tuple(_problems(file, shape, [])))
    except ValidationError as error:
        details = error.errors(include_url=False)
    parts: list[Shape] = []
    number, guessed = 0, dict[KeyPath, int]()
    while number < max(guessed.values(), default=1):
        salvage = _Salvage(shape, copy.deepcopy(file.data), number)
        part = salvage.part(details)
        if part is not None:
            parts.append(part)
        guessed |= salvage.guessed
        number += 1
    return Readings(tuple(parts), tuple(_problems(file, shape, details)), frozenset(guessed))


@dataclass(slots=True)
class _Salvage(Generic[Shape]):
    """Leaves out what is wrong, then what has become incomplete by that, until the rest has the right shape."""

    shape: type[Shape]
    rest: dict[str, Any]
    number: int | None  # of the reading: which of the stand-ins are taken; None: none are
    guessed: dict[KeyPath, int] = field(default_factory=dict)  # where one stands -> how many there would be
    fresh: set[KeyPath] = field(default_factory=set)  # stood in for in this round
    spent: set[KeyPath] = field(default_factory=set)  # in an earlier one, and it was of no use

    def part(self, details: list[ErrorDetails]) -> Shape | None:
        """What is left; None when that is nothing."""
        for _ in range(ROUNDS_MAX):
            self.spent, self.fresh = self.spent | self.fresh, set()
            found = [(*_path(self.rest, detail), detail["type"]) for detail in reversed(details)]
            wrong = [there for path, there, kind in found if kind == "extra_forbidden" or not self._stands_in(path)]
            for there in sorted(dict.fromkeys(wrong), key=len, reverse=True):  # from within; of a list, the last first
                if not there:
                    return None
                _cut(self.rest, there)
            try:
                return self.shape.model_validate(self.rest)
            except ValidationError as error:
                details = error.errors(include_url=False)
        return None

    def _stands_in(self, path: KeyPath) -> bool:
        """Something else stands there now, from this round or the same complaint's other half."""
        if self.number is None or path in self.spent:
            return False
        if path in self.fresh:
            return True
        values = (STAND_IN,) if path[-1:] == (LABEL,) else stand_ins(self.shape, path)
        if not values:
            return False
        self.fresh.add(path)
        here: Any = self.rest
        for part in path[:-1]:
            here = here[part]
        here[path[-1]] = values[self.number % len(values)]
        self.guessed[path] = len(values)
        return True


def _cut(data: dict[str, Any], path: KeyPath) -> None:
    """Leave it out; but for a name that people read, which gets a stand-in: nothing else hangs on it."""
    here: Any = data
    if LABEL in path:
        path = path[: path.index(LABEL) + 1]
    for part in path[:-1]:
        here = here[part]
    if path[-1] == LABEL:
        here[LABEL] = STAND_IN
    else:
        del here[path[-1]]


def _path(data: object, detail: ErrorDetails) -> tuple[KeyPath, KeyPath]:
    """The path of what the detail speaks of, and the part of it that is there. Pydantic's own tags are left out."""
    here: Any = data
    there: KeyPath = ()
    for part in detail["loc"]:
        is_key = isinstance(here, dict) and part in here
        if is_key or (isinstance(here, list) and isinstance(part, int)):
            here = here[part]
            there = (*there, part)
    return ((*there, detail["loc"][-1]) if detail["type"] == "missing" else there), there


def _problems(file: TomlFile, shape: type[Part], details: list[ErrorDetails]) -> list[Problem]:
    by_path: dict[KeyPath, list[ErrorDetails]] = {}
    for detail in details:
        by_path.setdefault(_path(file.data, detail)[0], []).append(detail)
    for key in shape.REQUIRED:
        if key not in file.data:
            by_path[key,] = [{"type": "missing", "loc": (key,), "msg": "", "input": file.data}]
    missing = {path for path, found in by_path.items() if found[0]["type"] == "missing"}
    problems = []
    for path, found in by_path.items():
        if found[0]["type"] == "extra_forbidden":
            problem, meant = unknown_key(file, path, _keys_at(shape, path[:-1]), missing)
            missing.discard((*path[:-1], meant))  # one slip of the pen, one problem
            problems.append(problem)
        elif found[0]["type"] != "missing":
            problems.append(wrong_value(file, path, found))
    return problems + [missing_key(file, path) for path in by_path if path in missing]


def _keys_at(shape: type[BaseModel], path: KeyPath) -> frozenset[str]:
    """The keys that the table at this path may have."""
    here: Any = shape
    for part in path:
        here = inside(here, part)
    here = None if here is None else without_none(here)
    if not (isinstance(here, type) and issubclass(here, BaseModel)):
        return frozenset()
    return frozenset(field.alias or name for name, field in here.model_fields.items())
