"""Feeders and the N-PE relay: what may be closed, in which order, and what may be earthed."""

from __future__ import annotations

from controller.guard.bounds import Bounds
from controller.model.commands import SwitchCommand
from controller.model.hub import AssetId
from controller.model.image import ProcessImage
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition


def forbids_feeder(
    name: AssetId, seen: ProcessImage, bounds: Bounds, opened_by_us: frozenset[AssetId]
) -> Reason | None:
    """Only what we opened, nothing held by a person or locked, nothing unseen, and no tier overtakes another."""
    if name in bounds.held_open or name in bounds.latched:
        return Reason.VETO_LOCKED_OUT
    state = seen.feeders.get(name)
    if state is None or state.position is None:
        return Reason.VETO_STALE
    if state.position is not BreakerPosition.CLOSED and name not in opened_by_us:
        return Reason.VETO_NOT_OURS
    if state.has_fault:
        return Reason.VETO_LOCKED_OUT
    return Reason.VETO_TIER_ORDER if _overtakes(name, seen, bounds, opened_by_us) else None


def vet_earthing(
    command: SwitchCommand, seen: ProcessImage, bounds: Bounds, *, is_proven_open: bool
) -> tuple[SwitchCommand, Reason | None]:
    """Earth only a proven island; take the earth away only when the POI is seen closed or the bus is dead."""
    if command.close is not None and not command.open and not is_proven_open:
        return SwitchCommand(), Reason.VETO_NOT_PROVEN_OPEN
    if command.open and seen.poi.position is not BreakerPosition.CLOSED and not _bus_is_dead(seen, bounds):
        return SwitchCommand(), Reason.VETO_NO_EARTHING
    return command, None


def _overtakes(name: AssetId, seen: ProcessImage, bounds: Bounds, opened_by_us: frozenset[AssetId]) -> bool:
    """A more important feeder that we shed, that could be closed, still stands open."""
    tier = bounds.hub.feeders[name].tier
    return any(
        other.tier < tier
        and other.id in opened_by_us
        and other.id not in bounds.held_open
        and other.id not in bounds.latched
        and _could_be_closed(other.id, seen)
        for other in bounds.hub.feeders.values()
    )


def _could_be_closed(feeder: AssetId, seen: ProcessImage) -> bool:
    state = seen.feeders.get(feeder)
    return state is not None and state.position is BreakerPosition.OPEN and not state.has_fault


def _bus_is_dead(seen: ProcessImage, bounds: Bounds) -> bool:
    voltage = seen.poi.bus_voltage_v
    dead_v = bounds.envelope.dead_voltage_ratio * bounds.hub.nominal_voltage_v
    return voltage is not None and voltage.maximum < dead_v
