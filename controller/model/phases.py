"""Three phases, because villages are single-phase loads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from functools import partial
from typing import NamedTuple


class Phase(Enum):
    """A line conductor (IEC 61850 MMXU phsA, phsB, phsC)."""

    L1 = "l1"
    L2 = "l2"
    L3 = "l3"


ALL_PHASES = (Phase.L1, Phase.L2, Phase.L3)


class PhaseValues(NamedTuple):
    """One quantity on the three phases, in the unit that the field's name ends with.

    A named tuple, because dozens are made in every cycle and it costs half of a frozen dataclass. `+` adds phase by
    phase; it does not join tuples.
    """

    l1: float
    l2: float
    l3: float

    @staticmethod
    def even(value: float) -> PhaseValues:
        """The same value on every phase."""
        return phase_values((value, value, value))

    @staticmethod
    def shared(total: float, phases: tuple[Phase, ...]) -> PhaseValues:
        """A total split evenly over the phases that a load or source is connected to."""
        share = total / len(phases)
        if len(phases) == len(ALL_PHASES):
            return phase_values((share, share, share))
        return phase_values(
            (
                share if Phase.L1 in phases else 0.0,
                share if Phase.L2 in phases else 0.0,
                share if Phase.L3 in phases else 0.0,
            )
        )

    @staticmethod
    def summed(parts: Iterable[PhaseValues]) -> PhaseValues:
        """All of them together, phase by phase; of none it is nothing."""
        l1 = l2 = l3 = 0.0
        for part in parts:
            l1, l2, l3 = l1 + part[0], l2 + part[1], l3 + part[2]
        return phase_values((l1, l2, l3))

    def __add__(self, other: PhaseValues) -> PhaseValues:  # type: ignore[override]  # no joining of tuples
        return phase_values((self[0] + other[0], self[1] + other[1], self[2] + other[2]))

    def __sub__(self, other: PhaseValues) -> PhaseValues:
        return phase_values((self[0] - other[0], self[1] - other[1], self[2] - other[2]))

    def fits(self, limit: PhaseValues) -> bool:
        """No phase is above its limit."""
        return self[0] <= limit[0] and self[1] <= limit[1] and self[2] <= limit[2]

    def scaled(self, factor: float) -> PhaseValues:
        """Every phase times a factor."""
        return phase_values((self[0] * factor, self[1] * factor, self[2] * factor))

    @property
    def total(self) -> float:
        """Sum over the phases: right for powers, meaningless for voltages."""
        return self[0] + self[1] + self[2]

    @property
    def minimum(self) -> float:
        """The smallest of the three."""
        return min(self)

    @property
    def largest(self) -> float:
        """The largest magnitude of the three."""
        return max(abs(self[0]), abs(self[1]), abs(self[2]))

    @property
    def maximum(self) -> float:
        """The largest of the three."""
        return max(self)


phase_values: Callable[[tuple[float, float, float]], PhaseValues] = partial(tuple.__new__, PhaseValues)
"""The same as calling the class, in half of the time: for what is made in every cycle."""

ZERO = PhaseValues(0.0, 0.0, 0.0)
