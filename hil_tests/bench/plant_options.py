"""What a scenario says of its plant, as data: kinds of devices, codes and curves by the names of `PlantOptions`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from controller.config.errors import Problem, nearest
from controller.config.toml_file import TomlFile
from controller.config.types import Site
from controller.config.wording import written_as, wrong_value
from hil_tests.bench.scenario import Scenario
from hil_tests.plant.options import PlantOptions

OF_START = ("soc_pct", "temperature_c", "irradiance_w_per_m2", "demand_ratio", "relay_enabled")
FURTHER = tuple(field.name for field in fields(PlantOptions) if field.name not in OF_START)
LOC = ("start", "plant")


class _Told(BaseModel):
    """Its strictness reaches into every dataclass below."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    plant: PlantOptions


def options_of(scenario: Scenario) -> PlantOptions:
    """How the plant starts. Raises ValidationError where `check_plant` would have complained."""
    start = scenario.start
    return _Told.model_validate({"plant": {**start.plant, **{name: getattr(start, name) for name in OF_START}}}).plant


def check_plant(file: TomlFile, scenario: Scenario, site: Site) -> Iterator[Problem]:
    """Options that there are not, values they cannot have, assets that the hub does not have."""
    data = scenario.start.plant
    for name in data:
        if name not in FURTHER:
            where = " (under [start] itself)" if name in OF_START else ""
            hint = nearest(name, list(FURTHER))
            yield file.problem((*LOC, name), f"'{name}'", f"one of {', '.join(FURTHER)}{where}", hint)
    yield from _wrong_values(file, {name: value for name, value in data.items() if name in FURTHER})
    yield from _unknown_assets(file, data, site)


def _wrong_values(file: TomlFile, data: Mapping[str, Any]) -> Iterator[Problem]:
    try:
        _Told.model_validate({"plant": data})
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            loc = ("start", *detail["loc"])
            if detail["type"] == "unexpected_keyword_argument":
                yield file.problem(loc, f"the unknown key '{loc[-1]}'", f"a key of {'.'.join(map(str, loc[1:-1]))}")
            elif detail["type"] == "value_error":
                yield file.problem(loc, written_as(detail["input"]), str(detail["ctx"]["error"]))
            else:
                yield wrong_value(file, loc, [detail])


def _unknown_assets(file: TomlFile, data: Mapping[str, Any], site: Site) -> Iterator[Problem]:
    hub = site.hub
    known: dict[str, list[str]] = {
        "inverters": [*hub.batteries], "pv_codes": [*hub.pv], "gensets": [*hub.gensets], "motors": [*hub.feeders],
        "fridges": [*hub.feeders], "village": [*hub.feeders],
    }  # fmt: skip
    for option, names in known.items():
        told = data.get(option)
        for name in told if isinstance(told, Mapping) else ():
            if name not in names:
                wanted = f"one of {', '.join(names) or 'none: the hub has no such asset'}"
                yield file.problem((*LOC, option, name), f"'{name}'", wanted, nearest(name, names))
