"""docs/faults.md from the fault catalogue: every fault, where it can be injected, and what it takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from hil_tests.bench.scenario import Tier
from hil_tests.faults.catalogue import CATALOGUE
from hil_tests.faults.types import EVERY_PROTOCOL, FaultClass, FaultType, Kind, Parameter, Unit, wanted

INTRO = """\
<!-- Generated from hil_tests/faults/catalogue.py by `python -m hil_tests.docs`. Do not edit. -->
# The faults that the bench can inject

A scenario begins a fault with `do = "fault"`. `type` is its name, `unit` what has it; a fault of the whole hub has no
unit. With `for` it heals by itself, and `<label>.end` has then happened.

```toml
[[timeline]]
at = "10 s"
do = "fault"
type = "stuck"
unit = "poi_relay"
point = "poi.grid_voltage_l1_v"
for = "5 s"
```

T0 and T1 are virtual time, without and with the bytes of a wire; T2 is real time with sockets, serial lines and
processes. Each fault draws from a random stream of its own: the same seed gives the same run.
"""

TITLES = {
    FaultClass.COMMS: "Links",
    FaultClass.DATA: "Data",
    FaultClass.PLANT: "Plant",
    FaultClass.TIME: "Time",
    FaultClass.CONTROLLER: "The controller's process",
}


def faults_page(faults: Iterable[FaultType] = tuple(CATALOGUE.values())) -> str:
    """The whole page."""
    lines = [INTRO]
    for fault_class, group in groupby(faults, key=lambda fault: fault.fault_class):
        rows = list(group)
        lines += [f"## {TITLES[fault_class]}", "", *_table(rows), ""]
        lines += [*_parameters(rows), ""]
    return "\n".join(lines).rstrip() + "\n"


def _table(rows: list[FaultType]) -> Iterator[str]:
    yield "| id | `type` | `unit` | what happens | T0 | T1 | T2 |"
    yield "|---|---|---|---|:-:|:-:|:-:|"
    for fault in rows:
        tiers = " | ".join("x" if tier in fault.tiers else "" for tier in Tier)
        note = f" ({fault.note})" if fault.note else ""
        yield f"| {fault.id} | `{fault.name}` | {_units(fault)} | {fault.what}{note} | {tiers} |"


def _units(fault: FaultType) -> str:
    if Unit.HUB in fault.units:
        return "–"
    words = ", ".join(unit.value for unit in Unit if unit in fault.units)
    if fault.protocols == EVERY_PROTOCOL:
        return words
    return f"{words} ({', '.join(sorted(protocol.value for protocol in fault.protocols))})"


def _parameters(rows: list[FaultType]) -> Iterator[str]:
    yield "| `type` | parameter | if left away | takes | what it is |"
    yield "|---|---|---|---|---|"
    for fault in rows:
        for parameter in fault.parameters:
            usual = _usual(parameter)
            yield f"| `{fault.name}` | `{parameter.name}` | {usual} | {wanted(parameter)} | {parameter.what} |"


def _usual(parameter: Parameter) -> str:
    if parameter.default is None:
        return "must be given"
    if parameter.kind is Kind.TRUTH:
        return str(parameter.default).lower()
    return str(parameter.default) if parameter.default != "" else "–"
