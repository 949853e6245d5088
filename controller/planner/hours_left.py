"""How long supply lasts: a simple and honest estimate that says what it assumes."""

from __future__ import annotations

from controller.model.decision import PreparedAnswer
from controller.model.hub import Hub
from controller.model.image import ProcessImage
from controller.model.words import BreakerPosition, GensetConnection, GensetState

MARGIN_RATIO = 0.9  # losses of inverters and the last per cent that no gauge knows
STANDBY_W = 500.0  # inverters, BMS and controls draw even when nobody else does


def hours_left(seen: ProcessImage, hub: Hub, prepared: PreparedAnswer, *, islanded: bool) -> tuple[float | None, str]:
    """Seconds that supply lasts at least, and the code of the assumption.

    No sun. On grid: the load that would stay after the prepared shed. In the island: the present load. A genset counts
    with its fuel only when it has no fault and its fuel is known. None when no battery tells its state of charge.
    """
    energy_wh = 0.0
    known = False
    for battery in hub.batteries.values():
        state = seen.batteries.get(battery.id)
        if state is not None and state.soc_pct is not None:
            known = True
            energy_wh += max(0.0, state.soc_pct - battery.empty_soc_pct) / 100.0 * battery.capacity_wh
    if not known:
        return None, "soc_unknown"
    fuel_wh = _fuel_wh(seen, hub)
    load_w = _load_w(seen, hub, frozenset() if islanded else frozenset(prepared.shed)) + STANDBY_W
    seconds = MARGIN_RATIO * (energy_wh + fuel_wh) * 3600.0 / load_w
    return seconds, "no_sun_genset_fuel_present_load" if fuel_wh else "no_sun_no_genset_present_load"


def _fuel_wh(seen: ProcessImage, hub: Hub) -> float:
    total = 0.0
    for genset in hub.gensets.values():
        state = seen.gensets.get(genset.id)
        usable = state is not None and state.state not in {None, GensetState.FAULT} and state.fuel_l is not None
        if usable and genset.connection is GensetConnection.BUS and state is not None and state.fuel_l is not None:
            total += state.fuel_l / genset.fuel_l_per_h_at_rating * genset.rating_va
    return total


def _load_w(seen: ProcessImage, hub: Hub, gone: frozenset[str]) -> float:
    total = 0.0
    for feeder in hub.feeders.values():
        state = seen.feeders.get(feeder.id)
        if feeder.id in gone or state is None or state.position is BreakerPosition.OPEN:
            continue
        total += feeder.rated_w if state.power_w is None else max(0.0, state.power_w.total)
    return total
