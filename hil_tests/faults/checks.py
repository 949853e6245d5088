"""A fault in a scenario against the catalogue, the hub and the tiers that the scenario names."""

from __future__ import annotations

from collections.abc import Iterator

from controller.config.errors import Problem, nearest
from controller.config.toml_file import TomlFile
from controller.config.toml_places import KeyPath
from controller.config.types import Site
from hil_tests.bench.durations import seconds
from hil_tests.bench.scenario import Action, Scenario
from hil_tests.faults.catalogue import CATALOGUE, FaultClass

NAMES_A_DEVICE = frozenset({FaultClass.COMMS, FaultClass.DATA})


def check_fault(file: TomlFile, loc: KeyPath, action: Action, scenario: Scenario, site: Site) -> Iterator[Problem]:
    """Everything that is wrong with one fault."""
    parameters = action.parameters
    kind, unit = parameters.get("type"), parameters.get("unit")
    fault = CATALOGUE.get(str(kind))
    if fault is None:
        wanted = f"one of {', '.join(CATALOGUE)}"
        yield file.problem((*loc, "type"), f"'{kind}'", wanted, nearest(str(kind), CATALOGUE))
        return
    known = [*site.devices] if fault.fault_class in NAMES_A_DEVICE else ["poi", "earthing", *_assets(site)]
    if fault.fault_class not in {FaultClass.TIME, FaultClass.CONTROLLER} and unit not in known:
        yield file.problem((*loc, "unit"), f"'{unit}'", f"one of {', '.join(known)}", nearest(str(unit), known))
    missing = [tier.value for tier in scenario.tiers if tier not in fault.tiers]
    if missing:
        where = ", ".join(sorted(tier.value for tier in fault.tiers))
        wanted = f"a fault for {', '.join(missing)} (this one only in {where}), or fewer tiers"
        yield file.problem((*loc, "type"), f"'{kind}'", wanted)
    if "for" in parameters:
        try:
            seconds(parameters["for"])
        except ValueError as error:
            yield file.problem((*loc, "for"), str(parameters["for"]), str(error))


def _assets(site: Site) -> list[str]:
    hub = site.hub
    return [*hub.batteries, *hub.pv, *hub.gensets, *hub.feeders, *hub.radios]
