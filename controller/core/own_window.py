"""The hub's own window for coming back, inside the grid code's: loads must not notice the moment.

A grid code lets a generator connect up to 1.10 of nominal voltage; an island that follows there takes its loads along.
So a hub waits until the voltage is one that it would give by itself. It waits no longer when energy runs out: a tier
that is shed for want of charge is worse than a high voltage, and so is a dark hub: then the grid code's window alone
counts.
"""

from __future__ import annotations

from controller.core.prepare import tiers_below_soc
from controller.core.situation import Situation


def fits_the_hub(situation: Situation) -> bool:
    """The grid's voltage, on every phase, is one that this hub wants to come back to. Not measured: no."""
    grid_v, poi, nominal_v = situation.seen.poi.grid_voltage_v, situation.hub.poi, situation.hub.nominal_voltage_v
    if grid_v is None:
        return False
    low_v, high_v = poi.return_voltage_min_ratio * nominal_v, poi.return_voltage_max_ratio * nominal_v
    is_in_need = situation.bus_is_dead is True or bool(tiers_below_soc(situation))
    return is_in_need or (low_v <= grid_v.minimum and grid_v.maximum <= high_v)
