"""How long supply lasts: a simple and honest estimate that says what it assumes."""

from __future__ import annotations

from dataclasses import dataclass

from controller.model.decision import PreparedAnswer
from controller.model.hub import Hub
from controller.model.image import BatterySeen, FeederSeen, ProcessImage
from controller.model.words import BreakerPosition, GensetConnection, GensetState, InverterMode, Mode

MARGIN_RATIO = 0.9  # losses of inverters and the last per cent that no gauge knows
STANDBY_W = 500.0  # inverters, BMS and controls draw even when nobody else does
METERS_PATIENCE_S = 5.0  # a meter that has told nothing of the island by then tells nothing: the rating is taken
ON_GRID = frozenset({Mode.GRID_CONNECTED, Mode.UNKNOWN})
ON_ITS_OWN = frozenset({Mode.ISLANDED, Mode.RECONNECTION})


@dataclass(frozen=True, slots=True)
class Moment:
    """In which mode the hub is, since when, and what time it is."""

    mode: Mode
    since_s: float
    now_s: float


def hours_left(seen: ProcessImage, hub: Hub, prepared: PreparedAnswer, moment: Moment) -> tuple[float | None, str]:
    """Seconds that supply lasts at least, and the code of the assumption.

    No sun. On grid: the load that would stay after the prepared shed, and nothing at all while none of those who could
    form gives power. In the island: the present load. A genset counts with its fuel only when it has no fault and its
    fuel is known, a battery only when it gives power. None when no battery tells its state of charge, and
    while the load has not been measured: on a dead bus all meters say zero, which would last for ever.
    """
    energy_wh = _charge_wh(seen, hub)
    if energy_wh is None:
        return None, "soc_unknown"
    if not _is_load_measured(seen, hub, moment):
        return None, "load_not_measured"
    fuel_wh = _fuel_wh(seen, hub)
    if moment.mode in ON_GRID and not _may_form(seen, hub):
        energy_wh = fuel_wh = 0.0
    gone = frozenset(prepared.shed) if moment.mode in ON_GRID else frozenset[str]()
    seconds = MARGIN_RATIO * (energy_wh + fuel_wh) * 3600.0 / (_load_w(seen, hub, gone) + STANDBY_W)
    return seconds, "no_sun_genset_fuel_present_load" if fuel_wh else "no_sun_no_genset_present_load"


def _charge_wh(seen: ProcessImage, hub: Hub) -> float | None:
    energy_wh, known = 0.0, False
    for battery in hub.batteries.values():
        state = seen.batteries.get(battery.id)
        if state is not None and state.soc_pct is not None:
            known = True
        if state is not None and state.soc_pct is not None and _gives(state):
            energy_wh += max(0.0, state.soc_pct - battery.empty_soc_pct) / 100.0 * battery.capacity_wh
    return energy_wh if known else None


def _gives(state: BatterySeen) -> bool:
    """Its inverter is well, and its BMS lets it discharge, as far as they say."""
    return state.mode is not InverterMode.FAULT and state.discharge_limit_w != 0.0


def _may_form(seen: ProcessImage, hub: Hub) -> bool:
    """Of the batteries that can form, one gives power, as far as we see."""
    formers = [battery.id for battery in hub.batteries.values() if battery.capabilities.can_form]
    return any(_gives(seen.batteries.get(former) or BatterySeen()) for former in formers)


def _is_load_measured(seen: ProcessImage, hub: Hub, moment: Moment) -> bool:
    """Whether what the meters say is what the hub draws while it is supplied as it is now."""
    bus_voltage_v = seen.poi.bus_voltage_v
    if bus_voltage_v is not None and bus_voltage_v.maximum < hub.grid_code.dead_voltage_ratio * hub.nominal_voltage_v:
        return False
    if moment.mode not in ON_ITS_OWN:
        return moment.mode in ON_GRID
    if moment.mode is Mode.RECONNECTION or moment.now_s - moment.since_s > METERS_PATIENCE_S:
        return True  # the island has been there for a while
    feeders = [seen.feeders.get(feeder) or FeederSeen() for feeder in hub.feeders]
    return all(
        feeder.position is BreakerPosition.OPEN
        or (feeder.power_w is not None and (feeder.measured_at_s or 0.0) >= moment.since_s)
        for feeder in feeders
    )


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
