"""What `decide` and `vet` answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.model.hub import AssetId
from controller.model.reasons import EventKind, Reason

Scalar = float | int | str | bool


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the journal: codes and parameters, no words."""

    kind: EventKind
    reason: Reason
    subject: str  # asset id, "hub", "guard", or a device name
    values: Mapping[str, Scalar] = field(default_factory=dict)  # keys end in their unit


@dataclass(frozen=True, slots=True)
class Veto:
    """One forbidden thing that the guard kept from happening; the output took its safe level instead."""

    subject: AssetId
    reason: Reason


@dataclass(frozen=True, slots=True)
class PreparedAnswer:
    """The answer to "the grid is lost now", ready before it is needed."""

    shed: tuple[AssetId, ...] = ()  # feeders to open, in order
    pv_limits_w: Mapping[AssetId, float] = field(default_factory=dict)
    former: AssetId | None = None  # which source would form
