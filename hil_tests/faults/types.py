"""What one line of the fault catalogue is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from controller.config.types import Protocol
from hil_tests.bench.scenario import Tier

ALL = frozenset(Tier)
EVERY_PROTOCOL = frozenset(Protocol)
MODBUS = frozenset({Protocol.MODBUS_TCP, Protocol.MODBUS_RTU})

Heal = Callable[[], None]


class FaultClass(Enum):
    """What is broken."""

    COMMS = "comms"
    DATA = "data"
    PLANT = "plant"
    TIME = "time"
    CONTROLLER = "controller"


class Unit(Enum):
    """What the `unit` of a fault names."""

    DEVICE = "device"
    POI = "poi"
    EARTHING = "earthing"
    BATTERY = "battery"
    PV = "pv"
    GENSET = "genset"
    FEEDER = "feeder"
    RADIO = "radio"
    HUB = "hub"  # nothing in particular: `unit` is left away


class Kind(Enum):
    """What sort of value a parameter takes."""

    NUMBER = "number"
    COUNT = "whole number"
    WORD = "word"
    TRUTH = "true or false"
    POINT = "point"  # of the device that `unit` names; empty: all that it fits
    DEVICE = "device"  # another one


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter, with the value that it has when a scenario does not say. Units stand last in its name."""

    name: str
    kind: Kind
    default: float | str | bool | None  # None: must be given
    what: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FaultType:
    """One line of the catalogue."""

    id: str  # of the catalogue: "C10"
    name: str  # in scenarios: "silent"
    fault_class: FaultClass
    what: str
    units: frozenset[Unit]
    tiers: frozenset[Tier] = ALL
    parameters: tuple[Parameter, ...] = ()
    protocols: frozenset[Protocol] = EVERY_PROTOCOL  # of the devices that can have it
    not_in_t2: frozenset[Protocol] = frozenset()  # of devices that can have it only without a wire
    note: str = ""  # where it cannot be injected, and why

    def parameter(self, name: str) -> Parameter | None:
        """One of its parameters."""
        return next((each for each in self.parameters if each.name == name), None)


class CannotInjectError(ValueError):
    """This tier, this hub or this device cannot have the fault: the run says nothing about the controller."""


def values_of(fault: FaultType, given: Mapping[str, object]) -> dict[str, Any]:
    """Every parameter with its value. Raises CannotInjectError for a wrong one."""
    for name in given:
        if fault.parameter(name) is None:
            raise CannotInjectError(f"{fault.name} has no parameter {name!r}")
    values = {}
    for parameter in fault.parameters:
        value = given.get(parameter.name, parameter.default)
        wrong = mistake(parameter, value)
        if wrong:
            raise CannotInjectError(f"{fault.name}.{parameter.name} = {value!r}: wanted {wrong}")
        values[parameter.name] = value
    return values


def mistake(parameter: Parameter, value: object) -> str:
    """What is wanted instead of this value; nothing when it fits."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match parameter.kind:
        case Kind.NUMBER | Kind.COUNT:
            is_right = is_number and (parameter.kind is Kind.NUMBER or isinstance(value, int))
        case Kind.TRUTH:
            is_right = isinstance(value, bool)
        case _:
            is_right = isinstance(value, str) and (not parameter.choices or value in parameter.choices)
    if is_right and is_number:
        assert isinstance(value, int | float)
        is_right = _is_within(parameter, value)
    return "" if is_right else wanted(parameter)


def wanted(parameter: Parameter) -> str:
    """In words, what a parameter takes."""
    if parameter.choices:
        return f"one of {', '.join(parameter.choices)}"
    low, high = parameter.low, parameter.high
    if low is not None and high is not None:
        return f"a {parameter.kind.value} from {low:g} to {high:g}"
    return f"a {parameter.kind.value}" + (f" from {low:g} on" if low is not None else "")


def _is_within(parameter: Parameter, value: float) -> bool:
    above = parameter.low is None or value >= parameter.low
    return above and (parameter.high is None or value <= parameter.high)
