"""Who draws and delivers what on each phase. The solve is symmetrical; this keeps the books, and they always balance.

The voltages stay equal on the three phases; what is unbalanced are powers and currents: the load of one conductor, as
villages with single-phase loads see it. Not valid for unbalanced voltages or currents in the neutral.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from controller.model.phases import ALL_PHASES, Phase, PhaseValues, phase_values
from hil_tests.plant.base import BASE_VA

Parts = tuple[complex, complex, complex]
"""Complex power on L1, L2 and L3, in pu of the three-phase base."""


def share_of(phases: tuple[Phase, ...]) -> tuple[float, float, float]:
    """How a total is split over three conductors: evenly over those that are connected. Own simplification."""
    one = 1.0 / len(phases)
    return (
        one if Phase.L1 in phases else 0.0,
        one if Phase.L2 in phases else 0.0,
        one if Phase.L3 in phases else 0.0,
    )


class Source(Protocol):
    """Whoever delivers: complex power in pu, and whether it forms or follows."""

    power_va: complex
    is_forming: bool
    rated_pu: float


class Demand(Protocol):
    """Whoever draws."""

    def power_by_phase(self) -> Parts:
        """Complex power drawn, in pu."""


class PhaseBook:
    """Demand less followers, phase by phase. Read only when somebody looks, so a step pays next to nothing for it."""

    __slots__ = ("_demand", "_sources", "grid_is_stiff", "is_even")

    def __init__(self) -> None:
        self._demand: Demand | None = None
        self._sources: tuple[tuple[Source, tuple[float, float, float]], ...] = ()
        self.grid_is_stiff = True  # a grid behind a closed POI takes the unbalance, and formers stay even
        self.is_even = False

    def open_for(self, demand: Demand, sources: Iterable[tuple[Source, tuple[Phase, ...]]]) -> None:
        """Who is in it, and where they are connected."""
        self._demand = demand
        self._sources = tuple((source, share_of(phases)) for source, phases in sources)

    def needed(self) -> Parts:
        """What grid and formers together must give on each phase: demand less followers. Source: balance of power."""
        l1, l2, l3 = self._demand.power_by_phase() if self._demand is not None else (0j, 0j, 0j)
        for source, (s1, s2, s3) in self._sources:
            power = source.power_va
            if power and not source.is_forming:
                l1, l2, l3 = l1 - power * s1, l2 - power * s2, l3 - power * s3
        return l1, l2, l3

    def split(self, total: complex) -> Parts:
        """A total over the phases as they need it: what is missing is spread evenly. Own simplification."""
        if self.is_even:
            return total / 3.0, total / 3.0, total / 3.0
        l1, l2, l3 = self.needed()
        rest = (total - l1 - l2 - l3) / 3.0
        return l1 + rest, l2 + rest, l3 + rest

    def of_former(self, power_pu: float, rated_pu: float, phases: tuple[Phase, ...]) -> PhaseValues:
        """A former's power, in watts. In an island the three-phase formers carry the unbalance by their ratings.

        P_k = P / 3 + (needed_k - mean) S / sum of S. Source: bookkeeping of ours, it sums to P.
        """
        if self.grid_is_stiff or self.is_even or phases != ALL_PHASES:
            return PhaseValues.shared(power_pu * BASE_VA, phases)
        l1, l2, l3 = self.needed()
        mean = (l1 + l2 + l3).real / 3.0
        together_pu = sum(source.rated_pu for source, _ in self._sources if source.is_forming)
        scale = BASE_VA * rated_pu / max(rated_pu, together_pu)
        even = power_pu * BASE_VA / 3.0
        return phase_values(
            (even + (l1.real - mean) * scale, even + (l2.real - mean) * scale, even + (l3.real - mean) * scale)
        )
