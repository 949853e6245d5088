"""Scenario files: TOML -> checked Scenario and its site, or every mistake at once, each with file, line and key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from controller.config.errors import ConfigError, Problem, nearest
from controller.config.paths import configs_dir, site_path
from controller.config.toml_file import TomlFile, read_toml
from controller.config.types import Site
from hil_tests.bench.checks import check_scenario
from hil_tests.bench.modelled import load_modelled
from hil_tests.bench.scenario import Scenario
from hil_tests.bench.shape import shaped

OWN = Path(__file__).resolve().parents[1]
SCENARIOS = OWN / "scenarios"
HUBS = OWN / "hubs"


@dataclass(frozen=True, slots=True)
class Loaded:
    """One scenario, ready to play."""

    scenario: Scenario
    site: Site
    path: Path


def load_scenario(path: Path) -> Loaded:
    """One file. Raises ConfigError with everything that is wrong with it, or with the site that it names."""
    file = read_toml(path)
    read = shaped(file)
    problems = list(read.problems)
    site: Site | None = None
    if read.scenario is not None and read.is_sound("hub"):
        site, wrong_hub = _site_or_nearest(file, read.scenario.hub)
        problems += [*wrong_hub, *(check_scenario(file, read.scenario, site, read) if site is not None else ())]
    if problems:
        raise ConfigError(in_reading_order(problems))
    assert read.scenario is not None, "a file without a shape has a problem"
    assert site is not None, "a hub that is none is a problem"
    return Loaded(read.scenario.placed(path), site, path)


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
        raise ConfigError(in_reading_order(dict.fromkeys(problems)))  # a hub may be that of many
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


def in_reading_order(problems: Iterable[Problem]) -> list[Problem]:
    """File by file, each from its top."""
    return sorted(problems, key=lambda each: (str(each.file), each.line, each.column))


def _site_or_nearest(file: TomlFile, name: str) -> tuple[Site | None, tuple[Problem, ...]]:
    """The hub, or with its mistake the one that was probably meant, to check the rest against."""
    try:
        return site_of(file, name), ()
    except ConfigError as error:
        meant = error.problems[0].hint if error.problems[0].file == file.path else ""
        return (site_of(file, meant) if meant else None), error.problems


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
    return load_modelled(path)
