"""Three phases, because villages are single-phase loads."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Phase(Enum):
    """A line conductor (IEC 61850 MMXU phsA, phsB, phsC)."""

    L1 = "l1"
    L2 = "l2"
    L3 = "l3"


ALL_PHASES = (Phase.L1, Phase.L2, Phase.L3)


@dataclass(frozen=True, slots=True)
class PhaseValues:
    """One quantity on the three phases, in the unit that the field's name ends with."""

    l1: float
    l2: float
    l3: float

    @staticmethod
    def even(value: float) -> PhaseValues:
        """The same value on every phase."""
        return PhaseValues(value, value, value)

    @staticmethod
    def shared(total: float, phases: tuple[Phase, ...]) -> PhaseValues:
        """A total split evenly over the phases that a load or source is connected to."""
        share = total / len(phases)
        return PhaseValues(
            share if Phase.L1 in phases else 0.0,
            share if Phase.L2 in phases else 0.0,
            share if Phase.L3 in phases else 0.0,
        )

    def __iter__(self) -> Iterator[float]:
        yield self.l1
        yield self.l2
        yield self.l3

    def __add__(self, other: PhaseValues) -> PhaseValues:
        return PhaseValues(self.l1 + other.l1, self.l2 + other.l2, self.l3 + other.l3)

    def __sub__(self, other: PhaseValues) -> PhaseValues:
        return PhaseValues(self.l1 - other.l1, self.l2 - other.l2, self.l3 - other.l3)

    def scaled(self, factor: float) -> PhaseValues:
        """Every phase times a factor."""
        return PhaseValues(self.l1 * factor, self.l2 * factor, self.l3 * factor)

    @property
    def total(self) -> float:
        """Sum over the phases: right for powers, meaningless for voltages."""
        return self.l1 + self.l2 + self.l3

    @property
    def minimum(self) -> float:
        """The smallest of the three."""
        return min(self.l1, self.l2, self.l3)

    @property
    def maximum(self) -> float:
        """The largest of the three."""
        return max(self.l1, self.l2, self.l3)


ZERO = PhaseValues(0.0, 0.0, 0.0)
