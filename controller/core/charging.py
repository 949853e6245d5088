"""How much the battery that forms may be charged with: rating, BMS, and the charge at which it gives up."""

from __future__ import annotations

from controller.model.hub import Battery
from controller.model.image import BatterySeen

ASSUMED_GIVES_UP_SOC_PCT = 98.0  # where nobody has said: NREL's simulated V/f unit, the lowest that is known to us
MARGIN_SOC_PCT = 0.2  # readings come in tenths, and a step of load or sun is seen a moment later
ROOM_S = 180.0  # what is left of room is never filled sooner: PV has long been turned down before the end


def may_charge_w(battery: Battery, state: BatterySeen) -> float:
    """While it forms. An unknown state of charge leaves it to the BMS: an island must not starve for a lost reading."""
    limit_w = battery.rating_va if state.charge_limit_w is None else min(battery.rating_va, state.charge_limit_w)
    if state.soc_pct is None:
        return limit_w
    end_pct = battery.gives_up_soc_pct if battery.gives_up_soc_pct is not None else ASSUMED_GIVES_UP_SOC_PCT
    room_pct = max(0.0, end_pct - MARGIN_SOC_PCT - state.soc_pct)
    return min(limit_w, room_pct / 100.0 * battery.capacity_wh * 3600.0 / ROOM_S)
