"""When the decision fails, the guard acts this one cycle: hold, shed in need, never close. Then the process ends."""

from __future__ import annotations

from controller.guard.bounds import Bounds
from controller.guard.proof import is_fresh
from controller.model.commands import BatteryCommand, Commands, GensetCommand, SwitchCommand
from controller.model.frozen import replace
from controller.model.hub import AssetId, Battery
from controller.model.image import BatterySeen, FeederSeen, ProcessImage
from controller.model.reasons import Reason
from controller.model.words import Authority, BreakerPosition, InverterMode

OVERLOAD_SHED_PCT = 80.0  # of the inverter's thermal accumulator, which trips at 100


def fallback(
    last_allowed: Commands,
    seen: ProcessImage,
    bounds: Bounds,
    prepared_shed: tuple[AssetId, ...],
    now_s: float | None = None,
) -> Commands:
    """The last allowed levels without their orders; in need, feeders open as well. Nothing in `observe`.

    `now_s` None: the image was taken in this very cycle, and its frequency is believed without asking for its age.
    """
    if bounds.authority is Authority.OBSERVE:
        return Commands()
    cause = _need(seen, bounds, now_s)
    shed = _next_to_shed(seen, bounds, prepared_shed) if cause is not None else []
    is_emergency, stop = seen.emergency_off is True or "emergency_off" in bounds.latched, Reason.EMERGENCY_OFF
    batteries = {b: BatteryCommand(stop=True, cause=stop) for b in bounds.hub.batteries} if is_emergency else {}
    gensets = {g: GensetCommand(stop=True, cause=stop) for g in bounds.hub.gensets} if is_emergency else {}
    return Commands(
        poi=replace(last_allowed.poi, close=None),
        batteries={b: replace(command, form=None) for b, command in last_allowed.batteries.items()} | batteries,
        pv=last_allowed.pv,
        gensets={g: replace(command, crank=None) for g, command in last_allowed.gensets.items()} | gensets,
        feeders={f: replace(command, close=None) for f, command in last_allowed.feeders.items()}
        | {f: SwitchCommand(open=True, cause=cause) for f in shed},
        earthing=replace(last_allowed.earthing, close=None),
    )


def _need(seen: ProcessImage, bounds: Bounds, now_s: float | None) -> Reason | None:
    """What would trip the island if nobody shed; None on grid, or when all is well as far as can be seen."""
    for battery in bounds.hub.batteries.values():
        state = seen.batteries.get(battery.id) or BatterySeen()
        if state.mode is InverterMode.GRID_FORMING and _is_overloaded(battery, state, bounds):
            return Reason.OVERLOAD
    bus_hz, is_islanded = seen.poi.bus_frequency_hz, seen.poi.position is not BreakerPosition.CLOSED
    is_low = bus_hz is not None and bus_hz < bounds.envelope.underfrequency_shed_hz
    is_of_now = now_s is None or is_fresh(seen.poi, bounds, now_s)
    return Reason.UNDERFREQUENCY if is_low and is_islanded and is_of_now else None


def _is_overloaded(battery: Battery, state: BatterySeen, bounds: Bounds) -> bool:
    if state.overload_pct is not None and state.overload_pct >= OVERLOAD_SHED_PCT:
        return True
    limit_w = bounds.envelope.overload_shed_ratio * battery.rating_va / len(battery.phases)
    return state.power_w is not None and any(phase_w > limit_w for phase_w in state.power_w)


def _next_to_shed(seen: ProcessImage, bounds: Bounds, prepared: tuple[AssetId, ...]) -> list[AssetId]:
    """Of the prepared set what is not yet seen open; after it the whole highest tier: there is no second cycle."""
    closed = [
        feeder
        for feeder in bounds.hub.feeders.values()
        if not feeder.carries_control
        and (seen.feeders.get(feeder.id) or FeederSeen()).position is not BreakerPosition.OPEN
    ]
    first = [feeder.id for feeder in closed if feeder.id in prepared]
    return first or [feeder.id for feeder in closed if all(feeder.tier >= other.tier for other in closed)]
