"""How the plant of a scenario starts: `[start]`, and in `[start.plant]` what else the plant can be made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from controller.config.errors import Problem, nearest
from controller.config.toml_file import TomlFile
from controller.config.toml_places import KeyPath
from controller.config.types import Site
from controller.config.wording import written_as, wrong_value
from hil_tests.bench.scenario import Scenario, Start
from hil_tests.plant.options import PlantOptions
from hil_tests.plant.pv_codes import CODES

OWN = tuple(name for name in Start.model_fields if name in PlantOptions.__dataclass_fields__)
BY_ASSET = {
    "inverters": "batteries", "pv_codes": "pv", "gensets": "gensets", "motors": "feeders", "fridges": "feeders",
    "village": "feeders",
}  # fmt: skip


class _Strict(BaseModel):
    """Dataclasses within a model are as strict as it is."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    plant: PlantOptions


def options_of(scenario: Scenario) -> PlantOptions:
    """How the plant starts. Raises ValidationError for what `check_plant` would have told."""
    start = scenario.start
    given: dict[str, Any] = {name: getattr(start, name) for name in OWN}
    return _Strict.model_validate({"plant": {**start.plant, **given}}).plant


def check_plant(file: TomlFile, scenario: Scenario, site: Site) -> Iterator[Problem]:
    """Everything that is wrong with `[start.plant]` on this hub."""
    place, given = ("start", "plant"), scenario.start.plant
    for name in given:
        if name in OWN:
            yield file.problem((*place, name), f"'{name}'", "it in [start], not in [start.plant]")
    for name, where in BY_ASSET.items():
        known = list(getattr(site.hub, where))
        named = given.get(name)
        for asset in named if isinstance(named, dict) else ():
            if asset not in known:
                wanted = f"one of {', '.join(known) or 'none: this hub has no such asset'}"
                yield file.problem((*place, name, asset), f"'{asset}'", wanted, nearest(asset, known))
    try:
        options_of(scenario)
    except ValidationError as error:
        yield from (_told(file, detail) for detail in error.errors(include_url=False))


def _told(file: TomlFile, detail: ErrorDetails) -> Problem:
    loc = ("start", *(part for part in detail["loc"] if isinstance(part, str | int)))
    if detail["type"] == "unexpected_keyword_argument":
        word, known = str(loc[-1]), _keys_at(loc[2:-1])
        return file.problem(loc, f"the unknown key '{word}'", f"one of {', '.join(known)}", nearest(word, known))
    if detail["type"] == "missing":
        return file.problem(loc, "nothing", f"a value for '{loc[-1]}'")
    if detail["type"] == "value_error":
        hint = nearest(str(detail["input"]), CODES) if str(loc[2]).startswith("pv_code") else ""
        return file.problem(loc, written_as(detail["input"]), str(detail["ctx"]["error"]), hint)
    return wrong_value(file, loc, [detail])


def _keys_at(loc: KeyPath) -> list[str]:
    """Of the table there: parts of a path are keys of dataclasses, names in mappings and numbers in rows."""
    kind: Any = PlantOptions
    for part in loc:
        inner = [each for each in get_args(kind) if each not in {type(None), Ellipsis}]
        if is_dataclass(kind):
            kind = get_type_hints(kind)[str(part)]
        elif inner:
            kind = inner[-1]  # of a mapping the values, of a row its items
        kind = next((each for each in get_args(kind) if is_dataclass(each)), kind) if _may_be_none(kind) else kind
    return [name for name in get_type_hints(kind) if kind is not PlantOptions or name not in OWN]


def _may_be_none(kind: Any) -> bool:
    return type(None) in get_args(kind)
