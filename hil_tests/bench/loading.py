"""Scenario files: TOML -> checked Scenario and its site, or every mistake at once, each with file, line and key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from controller.config.errors import ConfigError, Problem, nearest
from controller.config.load import load_site
from controller.config.paths import configs_dir, site_path
from controller.config.toml_file import TomlFile, read_toml
from controller.config.toml_places import KeyPath
from controller.config.types import Site
from controller.config.wording import written_as, wrong_value
from hil_tests.bench.checks import check_scenario
from hil_tests.bench.scenario import Action, Expectation, Hardware, KeyMistakeError, Repeat, Scenario, Start, Tier

OWN = Path(__file__).resolve().parents[1]
SCENARIOS = OWN / "scenarios"
HUBS = OWN / "hubs"
_TABLES: dict[str, type[BaseModel]] = {
    "start": Start,
    "timeline": Action,
    "expect": Expectation,
    "hardware": Hardware,
    "repeat": Repeat,
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """One scenario, ready to play."""

    scenario: Scenario
    site: Site
    path: Path


def load_scenario(path: Path) -> Loaded:
    """One file. Raises ConfigError with everything that is wrong with it, or with the site that it names."""
    file = read_toml(path)
    try:
        scenario = Scenario.model_validate(file.data)
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise ConfigError(_problem(file, detail) for detail in details) from None
    site = site_of(file, scenario.hub)
    problems = list(check_scenario(file, scenario, site))
    if problems:
        raise ConfigError(problems)
    return Loaded(scenario.placed(path), site, path)


def load_all(folders: Iterable[Path] = (SCENARIOS,)) -> list[Loaded]:
    """Every scenario of some folders or files, by id. Raises ConfigError with the mistakes of all of them."""
    loaded: list[Loaded] = []
    problems: list[Problem] = []
    for path in _files(folders):
        try:
            loaded.append(load_scenario(path))
        except ConfigError as error:
            problems += error.problems
    problems += _twice(loaded)
    if problems:
        raise ConfigError(problems)
    return sorted(loaded, key=lambda each: each.scenario.id)


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        if folder.is_dir():
            yield from sorted(folder.rglob("*.toml"))
        else:
            yield folder


def _twice(loaded: list[Loaded]) -> Iterator[Problem]:
    first: dict[str, Path] = {}
    for each in loaded:
        known = first.setdefault(each.scenario.id, each.path)
        if known is not each.path:
            yield Problem(each.path, 1, 1, "id", each.scenario.id, f"another id than that of {known.name}")


def site_of(file: TomlFile, name: str) -> Site:
    """A shipped hub, one of the bench's own, or a site file beside the scenario."""
    beside = file.path.parent / name
    own = HUBS / f"{name}.toml"
    if own.is_file():
        return _loaded_site(own)
    if name.endswith(".toml") and beside.is_file():
        return _loaded_site(beside)
    shipped = configs_dir() / "hubs" / f"{name}.toml"
    if shipped.is_file() or Path(name).is_file():
        return _loaded_site(site_path(name))
    known = sorted(path.stem for folder in (HUBS, configs_dir() / "hubs") for path in folder.glob("*.toml"))
    wanted = f"a site file, or one of {', '.join(known)}"
    raise ConfigError([file.problem(("hub",), f"'{name}'", wanted, nearest(name, known))])


@cache
def _loaded_site(path: Path) -> Site:
    return load_site(path)


def _problem(file: TomlFile, detail: ErrorDetails) -> Problem:
    """One mistake of shape, in words."""
    loc = tuple(part for part in detail["loc"] if isinstance(part, str | int))
    match detail["type"]:
        case "extra_forbidden":
            word, known = str(loc[-1]), _keys_at(loc[:-1])
            return file.problem(loc, f"the unknown key '{word}'", "one of this table's keys", nearest(word, known))
        case "missing":
            return file.problem(loc, "nothing", f"a value for '{loc[-1]}'")
        case "value_error":
            return _refused(file, loc, detail)
        case "enum":
            words = [str(each.value) for each in Tier]
            return file.problem(
                loc, _found(file, loc), f"one of {', '.join(words)}", nearest(str(detail["input"]), words)
            )
        case "string_pattern_mismatch":
            return file.problem(loc, _found(file, loc), "three capitals, a dash and a number, like ISL-003")
        case _:
            return wrong_value(file, loc, [detail])


def _refused(file: TomlFile, loc: KeyPath, detail: ErrorDetails) -> Problem:
    """What one of our own validators said."""
    error = detail.get("ctx", {}).get("error")
    if isinstance(error, KeyMistakeError):
        return file.problem((*loc, error.key) if error.key else loc, error.found, error.wanted)
    return file.problem(loc, _found(file, loc), str(error))


def _found(file: TomlFile, loc: tuple[Any, ...]) -> str:
    while loc and file.value(loc) is None:
        loc = loc[:-1]
    return written_as(file.value(loc)) if loc else "the file"


def _keys_at(loc: tuple[Any, ...]) -> list[str]:
    names = [part for part in loc if isinstance(part, str)]
    return list((_TABLES.get(names[-1], Scenario) if names else Scenario).model_fields)
