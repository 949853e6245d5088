"""What is really so, for judges and invariants: one picture of a plant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from controller.model.hub import AssetId
from hil_tests.plant.breaker import CLOSED, Closing

if TYPE_CHECKING:
    from hil_tests.plant.plant import Plant


@dataclass(frozen=True, slots=True)
class Truth:
    """What is really so, for judges and invariants."""

    now_s: float
    poi_closed: bool
    grid_live: bool
    bus_voltage_ratio: float
    bus_frequency_hz: float
    forming: tuple[AssetId, ...]
    feeders_energised: Mapping[AssetId, bool]
    backfeed_j: float
    out_of_phase_closures_count: int
    closings: tuple[Closing, ...] = field(default_factory=tuple)
    earthing_closed: bool = False


def truth_of(plant: Plant) -> Truth:
    """As it is now."""
    return Truth(
        now_s=plant.now_s,
        poi_closed=plant.poi.position is CLOSED,
        grid_live=plant.grid.is_fed,
        bus_voltage_ratio=abs(plant.bus),
        bus_frequency_hz=plant.bus_frequency_hz,
        forming=plant.forming,
        feeders_energised={name: feeder.is_energised for name, feeder in plant.feeders.items()},
        backfeed_j=plant.backfeed_j,
        out_of_phase_closures_count=plant.out_of_phase_closures_count,
        closings=plant.poi.closings,
        earthing_closed=plant.earthing.position is CLOSED,
    )
