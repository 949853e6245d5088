"""When the decision fails the guard acts this one cycle: hold, shed on overload, never close. Then the process ends."""

from __future__ import annotations

from dataclasses import replace

from controller.guard.bounds import Bounds
from controller.model.commands import Commands, SwitchCommand
from controller.model.hub import AssetId
from controller.model.image import ProcessImage
from controller.model.reasons import Reason
from controller.model.words import Authority, InverterMode


def fallback(
    last_allowed: Commands, seen: ProcessImage, bounds: Bounds, prepared_shed: tuple[AssetId, ...]
) -> Commands:
    """The last allowed levels without their orders; on overload or under-frequency the prepared set opens too."""
    if bounds.authority is Authority.OBSERVE:
        return Commands()
    levels = _without_orders(last_allowed)
    if not _is_in_need(seen, bounds):
        return levels
    shed = prepared_shed or _highest_tier(bounds)
    opened = {name: SwitchCommand(open=True, cause=Reason.CORE_FAILED) for name in shed}
    return replace(levels, feeders={**levels.feeders, **opened})


def _without_orders(commands: Commands) -> Commands:
    return replace(
        commands,
        poi=replace(commands.poi, close=None),
        batteries={name: replace(c, form=None) for name, c in commands.batteries.items()},
        gensets={name: replace(c, crank=None) for name, c in commands.gensets.items()},
        feeders={name: replace(c, close=None) for name, c in commands.feeders.items()},
        earthing=replace(commands.earthing, close=None),
    )


def _is_in_need(seen: ProcessImage, bounds: Bounds) -> bool:
    for name, state in seen.batteries.items():
        if state.mode is InverterMode.GRID_FORMING and state.power_w is not None:
            limit_w = bounds.envelope.overload_shed_ratio * bounds.hub.batteries[name].rating_va
            if state.power_w.total > limit_w:
                return True
    frequency_hz = seen.poi.bus_frequency_hz
    return frequency_hz is not None and frequency_hz < bounds.envelope.underfrequency_shed_hz


def _highest_tier(bounds: Bounds) -> tuple[AssetId, ...]:
    free = [feeder for feeder in bounds.hub.feeders.values() if not feeder.carries_control]
    if not free:
        return ()
    highest = max(feeder.tier for feeder in free)
    return tuple(feeder.id for feeder in free if feeder.tier == highest)
