"""What `decide` and `vet` answer."""

from __future__ import annotations

from collections.abc import Mapping

from controller.model.frozen import dataclass, field
from controller.model.hub import AssetId
from controller.model.reasons import EventKind, Reason

Scalar = float | int | str | bool
Input = Scalar | None
"""What a rule looked at; None: not measured."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the journal: codes and parameters, no words.

    A decision names its `rule` and the `inputs` that made it apply, so that it can be explained years later. A mere
    fact (a device is lost, a contact moved by itself) has neither.
    """

    kind: EventKind
    reason: Reason
    subject: str  # asset id, "hub", "guard", or a device name
    values: Mapping[str, Scalar] = field(default_factory=dict)  # keys end in their unit
    rule: str = ""  # "grid_connected -> unplanned_islanding: grid_lost"; the part behind ": " is its name
    inputs: Mapping[str, Input] = field(default_factory=dict)  # keys end in their unit

    @property
    def is_decision(self) -> bool:
        """A rule was behind it."""
        return bool(self.rule)


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
