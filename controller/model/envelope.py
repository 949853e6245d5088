"""The limits that the guard holds, whatever the decision says. They come from the shell, never from the core."""

from __future__ import annotations

from controller.model.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Envelope:
    """Hard limits of one hub (`configs/envelopes/`). No configuration can widen them while the controller runs."""

    sync_angle_max_deg: float
    sync_slip_max_hz: float
    sync_voltage_difference_max_ratio: float
    sync_angle_error_deg: float  # of the instrument; added to the predicted angle
    sample_age_max_s: float  # older samples forbid closings, starts and increases
    dead_voltage_ratio: float  # a side below this is dead
    grid_voltage_min_ratio: float
    grid_voltage_max_ratio: float
    grid_frequency_min_hz: float
    grid_frequency_max_hz: float
    island_frequency_min_hz: float  # set-points outside are refused
    island_frequency_max_hz: float
    island_voltage_min_ratio: float
    island_voltage_max_ratio: float
    poi_closings_max: int  # within poi_closings_window_s
    poi_closings_window_s: float
    feeder_closings_max: int  # per feeder, within feeder_closings_window_s
    feeder_closings_window_s: float
    cranks_max: int  # per genset, within cranks_window_s
    cranks_window_s: float
    overload_shed_ratio: float  # fallback sheds above this share of the forming source's rating
    underfrequency_shed_hz: float  # fallback sheds below
