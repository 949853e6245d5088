"""A fault in a scenario against the catalogue, the hub and the tiers that the scenario names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from controller.config.errors import Problem, nearest
from controller.config.toml_file import TomlFile
from controller.config.toml_places import KeyPath
from controller.config.types import Device, Site
from controller.config.wording import written_as
from hil_tests.bench.durations import seconds
from hil_tests.bench.scenario import Action, Scenario, Tier
from hil_tests.faults.catalogue import CATALOGUE
from hil_tests.faults.points import fits
from hil_tests.faults.types import FaultType, Kind, Parameter, Unit, mistake, wanted

OWN_KEYS = frozenset({"type", "unit", "for"})


def check_fault(file: TomlFile, loc: KeyPath, action: Action, scenario: Scenario, site: Site) -> Iterator[Problem]:
    """Everything that is wrong with one fault."""
    parameters = action.parameters
    if "for" in parameters:
        try:
            seconds(parameters["for"])
        except ValueError as error:
            yield file.problem((*loc, "for"), str(parameters["for"]), str(error))
    kind = parameters.get("type")
    fault = CATALOGUE.get(str(kind))
    if fault is None:
        yield file.problem((*loc, "type"), f"'{kind}'", _choice([*CATALOGUE]), nearest(str(kind), CATALOGUE))
        yield from _check_any_unit(file, loc, parameters.get("unit"), site)
        return
    yield from _check_unit(file, loc, fault, parameters.get("unit"), site)
    yield from _check_tiers(file, loc, fault, scenario, site.devices.get(str(parameters.get("unit"))))
    yield from _check_parameters(file, loc, fault, parameters, site)


def units_of(fault: FaultType, site: Site) -> list[str]:
    """What can have this fault on this hub; nothing for a fault of the whole hub."""
    hub = site.hub
    known: Mapping[Unit, list[str]] = {
        Unit.DEVICE: [name for name, each in site.devices.items() if each.table.protocol in fault.protocols],
        Unit.POI: ["poi"],
        Unit.EARTHING: ["earthing"],
        Unit.BATTERY: [*hub.batteries],
        Unit.PV: [*hub.pv],
        Unit.GENSET: [*hub.gensets],
        Unit.FEEDER: [*hub.feeders],
        Unit.RADIO: [*hub.radios],
        Unit.HUB: [],
    }
    return [name for unit in Unit if unit in fault.units for name in known[unit]]


def _check_any_unit(file: TomlFile, loc: KeyPath, unit: object, site: Site) -> Iterator[Problem]:
    """What no fault of the catalogue could happen to, whichever was meant."""
    known = list(dict.fromkeys(name for fault in CATALOGUE.values() for name in units_of(fault, site)))
    if unit not in {None, "", "hub", *known}:
        yield file.problem((*loc, "unit"), f"'{unit}'", _choice(known), nearest(str(unit), known))


def _check_unit(file: TomlFile, loc: KeyPath, fault: FaultType, unit: object, site: Site) -> Iterator[Problem]:
    if Unit.HUB in fault.units:
        if unit not in {None, "", "hub"}:
            yield file.problem((*loc, "unit"), f"'{unit}'", f"no unit: {fault.name} is a fault of the whole hub")
        return
    known = units_of(fault, site)
    if unit is None:
        yield file.problem(loc, "no 'unit'", f"'unit' for {fault.name}: {_choice(known)}")
    elif unit not in known:
        yield file.problem((*loc, "unit"), f"'{unit}'", _choice(known), nearest(str(unit), known))


def _check_tiers(
    file: TomlFile, loc: KeyPath, fault: FaultType, scenario: Scenario, device: Device | None
) -> Iterator[Problem]:
    if device is not None and device.table.protocol in fault.not_in_t2 and Tier.T2 in scenario.tiers:
        instead = f"a device without {device.table.protocol.value} in t2, or fewer tiers"
        yield file.problem((*loc, "unit"), f"'{device.name}'", instead)
    missing = [tier.value for tier in scenario.tiers if tier not in fault.tiers]
    if missing:
        where = ", ".join(sorted(tier.value for tier in fault.tiers))
        reason = f"this one only in {where}" if where else fault.note
        instead = f"a fault for {', '.join(missing)} ({reason}), or fewer tiers"
        yield file.problem((*loc, "type"), f"'{fault.name}'", instead)


def _check_parameters(
    file: TomlFile, loc: KeyPath, fault: FaultType, given: Mapping[str, object], site: Site
) -> Iterator[Problem]:
    names = [parameter.name for parameter in fault.parameters]
    for name in given:
        if name not in OWN_KEYS and name not in names:
            known = _choice(names, "none")
            found = f"the unknown key '{name}'"
            yield file.problem((*loc, name), found, f"{known} for {fault.name}", nearest(name, names))
    for parameter in fault.parameters:
        if parameter.name not in given:
            if parameter.default is None:
                yield file.problem(loc, f"no '{parameter.name}'", f"'{parameter.name}' for {fault.name}")
            continue
        value = given[parameter.name]
        if mistake(parameter, value):
            yield file.problem((*loc, parameter.name), written_as(value), wanted(parameter))
        else:
            yield from _check_name(file, (*loc, parameter.name), parameter, str(value), _Place(fault, given, site))


class _Place:
    """The device that a fault is put into, and its neighbours."""

    def __init__(self, fault: FaultType, given: Mapping[str, object], site: Site) -> None:
        self.fault, self.site = fault, site
        self.drift = str(given.get("drift", ""))
        self.device: Device | None = site.devices.get(str(given.get("unit")))

    def points(self) -> list[str]:
        """Those of the device that the fault can happen to."""
        table = self.device.table.points.values() if self.device is not None else ()
        return [point.id for point in table if point.readable and fits(self.fault.name, point, self.drift)]

    def twins(self) -> list[str]:
        """Other devices with the same table."""
        if self.device is None:
            return []
        mine = self.device
        return [
            name for name, each in self.site.devices.items() if each.table.name == mine.table.name and each is not mine
        ]


def _check_name(file: TomlFile, loc: KeyPath, parameter: Parameter, value: str, place: _Place) -> Iterator[Problem]:
    """A point or a device that a parameter names."""
    if place.device is None or (parameter.kind is Kind.POINT and not value):
        return
    if parameter.kind is Kind.POINT and value not in place.points():
        yield file.problem(loc, f"'{value}'", _choice(place.points()), nearest(value, place.points()))
    if parameter.kind is Kind.DEVICE and value not in place.twins():
        none = "a device with the same table, and this hub has none"
        yield file.problem(loc, f"'{value}'", _choice(place.twins(), none), nearest(value, place.twins()))


def _choice(names: list[str], none: str = "none: this hub has nothing that could have it") -> str:
    return f"one of {', '.join(names)}" if names else none
