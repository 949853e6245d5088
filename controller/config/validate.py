"""Raw TOML against a pydantic model: every error becomes a located Problem."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from controller.config.errors import Problem, nearest
from controller.config.schema import known_keys
from controller.config.toml_file import Path_, TomlFile

Model = TypeVar("Model", bound=BaseModel)


def validate(file: TomlFile, model: type[Model]) -> tuple[Model | None, list[Problem]]:
    """The model, or every problem of this file."""
    try:
        return model.model_validate(file.data), []
    except ValidationError as error:
        return None, [_problem(file, detail) for detail in error.errors(include_url=False)]


def _problem(file: TomlFile, detail: ErrorDetails) -> Problem:
    loc: Path_ = tuple(detail["loc"])
    if detail["type"] == "extra_forbidden":
        word = str(loc[-1])
        return file.problem(loc, f"unknown key '{word}'", "a known key", nearest(word, known_keys() - {word}))
    if detail["type"] == "missing":
        near = _unknown_twin(file, loc)
        return file.problem(loc, "nothing", f"a value for '{loc[-1]}'", near)
    found = repr(detail["input"])
    expected = detail.get("ctx", {}).get("expected")
    hint = nearest(str(detail["input"]), _choices(str(expected))) if expected else ""
    return file.problem(loc, found if len(found) < 60 else found[:57] + "...", _wanted(detail["msg"]), hint)


def _wanted(message: str) -> str:
    """Pydantic's "Input should be ..." as what we want."""
    return message.removeprefix("Input should be ").removeprefix("a ")


def _choices(expected: str) -> list[str]:
    return [part.strip(" '") for part in expected.replace(" or ", ",").split(",") if part.strip(" '")]


def _unknown_twin(file: TomlFile, loc: Path_) -> str:
    """A missing key often stands there misspelt."""
    here: object = file.data
    for part in loc[:-1]:
        here = here.get(part, {}) if isinstance(here, dict) else {}
    written = [str(key) for key in here] if isinstance(here, dict) else []
    return nearest(str(loc[-1]), [key for key in written if key not in known_keys()])
