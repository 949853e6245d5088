"""What a grid code asks of us: versioned data, never constants in code (`configs/grid_codes/`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.model.frozen import dataclass

if TYPE_CHECKING:
    from controller.model.reasons import Reason


@dataclass(frozen=True, slots=True)
class LossBand:
    """Outside this limit for this long, the grid is no longer ours to stay on.

    `below` and `above` are in the quantity's unit: ratio of nominal voltage for voltages, Hz for frequency. Exactly one
    of them is set.
    """

    reason: Reason
    quantity: str  # "voltage_ratio" (worst phase) or "frequency_hz"
    below: float | None
    above: float | None
    hold_s: float


@dataclass(frozen=True, slots=True)
class ReturnWindow:
    """When the grid counts as back, and how long it must stay so before we reconnect."""

    voltage_min_ratio: float
    voltage_max_ratio: float
    frequency_min_hz: float
    frequency_max_hz: float
    observation_s: float


@dataclass(frozen=True, slots=True)
class SyncWindow:
    """How close the two sides of the POI must be at the instant of contact."""

    angle_max_deg: float
    slip_max_hz: float
    voltage_difference_max_ratio: float


@dataclass(frozen=True, slots=True)
class GridCode:
    """One version of one grid code for one voltage level."""

    name: str
    dead_voltage_ratio: float  # every phase below: no grid at all
    dead_confirm_s: float  # not faster than the ride-through asks
    live_voltage_ratio: float  # a side above this is live, for "is it dead?" questions
    loss_bands: tuple[LossBand, ...]
    return_window: ReturnWindow
    sync: SyncWindow
    automatic_reconnection: bool  # False: a person or the DSO releases it
    ramp_max_pct_per_min: float
