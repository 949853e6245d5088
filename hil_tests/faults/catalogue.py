"""The catalogue of faults as data: what each is called, where it can be injected, and what it needs to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from hil_tests.bench.scenario import Tier

ALL = frozenset(Tier)
WIRED = frozenset({Tier.T1, Tier.T2})


class FaultClass(Enum):
    """What is broken."""

    COMMS = "comms"
    DATA = "data"
    PLANT = "plant"
    TIME = "time"
    CONTROLLER = "controller"


@dataclass(frozen=True, slots=True)
class FaultType:
    """One line of the catalogue. `parameters` gives each parameter's type; those with a default may be left away."""

    id: str  # of the catalogue: "C10"
    name: str  # in scenarios: "half_open"
    fault_class: FaultClass
    what: str
    tiers: frozenset[Tier] = ALL
    parameters: Mapping[str, type] | None = None
    required: frozenset[str] = frozenset()


CATALOGUE: Mapping[str, FaultType] = {
    fault.name: fault
    for fault in (
        FaultType("C7", "bit_flip", FaultClass.COMMS, "one bit of a reply is another", WIRED, {"ratio": float}),
        FaultType("C14", "map_drift", FaultClass.COMMS, "another firmware, another map", ALL, {"drift": str}),
        FaultType("D1", "stuck", FaultClass.DATA, "the value stays as it was", ALL, {"point": str}),
        FaultType("C10", "silent", FaultClass.COMMS, "takes requests and never answers"),
        FaultType("P1", "fails_to_open", FaultClass.PLANT, "the breaker stays closed"),
        FaultType("P2", "fails_to_close", FaultClass.PLANT, "the breaker stays open"),
        FaultType("P4", "false_feedback", FaultClass.PLANT, "the contacts say something else", ALL, {"shows": str}),
        FaultType("P5", "bms_trip", FaultClass.PLANT, "the BMS opens its contactor"),
        FaultType("P9", "fails_to_crank", FaultClass.PLANT, "the engine turns and does not fire"),
        FaultType("P13", "welded", FaultClass.PLANT, "the contactor does not move any more"),
        FaultType("K4", "disk_full", FaultClass.CONTROLLER, "nothing more reaches the disk"),
    )
}
