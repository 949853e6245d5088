"""Raw TOML against a shape: every error becomes a located Problem; what is right is kept for the checks after it."""

from __future__ import annotations

import copy
import types
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from controller.config.errors import Problem
from controller.config.shapes import Part
from controller.config.toml_file import TomlFile
from controller.config.toml_places import KeyPath
from controller.config.wording import missing_key, unknown_key, wrong_value

Shape = TypeVar("Shape", bound=Part)
LABEL = "label"
STAND_IN = {"de": "?", "da": "?", "en": "?"}
ROUNDS_MAX = 10  # each takes away one more level; our files are five deep


def validate(file: TomlFile, shape: type[Shape]) -> tuple[Shape | None, list[Problem]]:
    """The file as far as it can be read, and all that is wrong with it. None when nothing of it can be read."""
    details: list[ErrorDetails] = []
    part: Shape | None
    try:
        part = shape.model_validate(file.data)
    except ValidationError as error:
        details = error.errors(include_url=False)
        part = _salvage(file.data, shape, details)
    return part, _problems(file, shape, details)


def _salvage(data: dict[str, Any], shape: type[Shape], details: list[ErrorDetails]) -> Shape | None:
    """Leave out what is wrong, then what has become incomplete by that, until the rest has the right shape."""
    rest = copy.deepcopy(data)
    for _ in range(ROUNDS_MAX):
        paths = dict.fromkeys(_path(rest, detail)[1] for detail in reversed(details))
        for path in sorted(paths, key=len, reverse=True):  # from within; of a list, the last first
            if not path:
                return None
            _cut(rest, path)
        try:
            return shape.model_validate(rest)
        except ValidationError as error:
            details = error.errors(include_url=False)
    return None


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
        here = _inside(here, part)
    if not (isinstance(here, type) and issubclass(here, BaseModel)):
        return frozenset()
    return frozenset(field.alias or name for name, field in here.model_fields.items())


def _inside(annotation: Any, part: str | int) -> Any:
    """The type of what lies under a key of something of this type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = {field.alias or name: field.annotation for name, field in annotation.model_fields.items()}
        return _without_none(fields.get(str(part)))
    if get_origin(annotation) in (dict, list):
        return _without_none(get_args(annotation)[-1])
    return None


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, types.UnionType):
        return next(each for each in get_args(annotation) if each is not type(None))
    return annotation
