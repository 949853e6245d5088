"""A scenario as a file, the other way round: what the fuzzer found, for people to read and to keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tomli_w

from hil_tests.bench.durations import spoken
from hil_tests.bench.scenario import Action, Expectation, Scenario, Start


def as_toml(scenario: Scenario) -> str:
    """The text of the file; what stands at its default is left away."""
    table: dict[str, Any] = {"id": scenario.id, "title": scenario.title, "hub": scenario.hub}
    table["tags"] = list(scenario.tags)
    table["clauses"] = list(scenario.clauses)
    if scenario.tiers != Scenario.model_fields["tiers"].default:
        table["tiers"] = [tier.value for tier in scenario.tiers]
    table["seed"] = list(scenario.seed)
    table["until"] = spoken(scenario.until)
    if scenario.stop_when is not None:
        table["stop_when"] = scenario.stop_when
    table["expected"], table["gap"] = scenario.expected, scenario.gap
    if scenario.expected == "pass":
        del table["expected"], table["gap"]
    default = Start().model_dump()
    table["start"] = {name: value for name, value in scenario.start.model_dump().items() if value != default[name]}
    table["timeline"] = [_action(action) for action in scenario.timeline]
    table["expect"] = [_expectation(expected) for expected in scenario.expect]
    return tomli_w.dumps({key: value for key, value in table.items() if value not in ({}, [])})


def write_scenario(scenario: Scenario, folder: Path) -> Path:
    """Write it under its id."""
    path = folder / f"{scenario.id}.toml"
    path.write_text(as_toml(scenario))
    return path


def _action(action: Action) -> dict[str, Any]:
    table: dict[str, Any] = {"at": spoken(action.at), "do": action.do}
    if action.name is not None:
        table["name"] = action.name
    if action.repeat is not None:
        table["repeat"] = {"every": spoken(action.repeat.every), "times": action.repeat.times}
    return table | action.parameters


def _expectation(expected: Expectation) -> dict[str, Any]:
    table = expected.model_dump(exclude_defaults=True)
    for name in ("within", "at"):
        if name in table:
            table[name] = spoken(table[name])
    if "during" in table:
        table["during"] = [spoken(each) for each in table["during"]]
    return {name: list(value) if isinstance(value, tuple) else value for name, value in table.items()}
