"""The story of one cycle as events: what differs between the memory before and after. Codes, no words."""

from __future__ import annotations

from collections.abc import Iterator

from controller.core.memory import CoreMemory, FeederMemory, SourceMemory
from controller.core.situation import Situation
from controller.model.decision import Event
from controller.model.hub import AssetId
from controller.model.reasons import EventKind, Reason
from controller.model.words import BreakerPosition, Mode


def narrate(before: CoreMemory, after: CoreMemory, situation: Situation) -> tuple[Event, ...]:
    """Everything worth a line in the journal."""
    return (
        *_grid(before, after, situation),
        *_mode(before, after, situation),
        *_latches(before, after),
        *_poi(before, after, situation),
        *_feeders(before, after),
        *_sources(before, after, situation),
    )


def _mode(before: CoreMemory, after: CoreMemory, situation: Situation) -> Iterator[Event]:
    if after.mode is before.mode and after.reason is before.reason:
        return
    kind = EventKind.RECOVERED if before.mode is Mode.UNKNOWN else EventKind.MODE_CHANGED
    values: dict[str, float | int | str | bool] = {"from": before.mode.value, "to": after.mode.value}
    soc_pct = situation.soc_pct
    if soc_pct is not None:
        values["soc_pct"] = round(soc_pct, 1)
    yield Event(kind, after.reason, "hub", values)


def _grid(before: CoreMemory, after: CoreMemory, situation: Situation) -> Iterator[Event]:
    if after.grid.verdict is before.grid.verdict and after.grid.reason is before.grid.reason:
        return
    poi = situation.seen.poi
    values: dict[str, float | int | str | bool] = {"verdict": after.grid.verdict.value}
    if poi.grid_voltage_v is not None:
        values["voltage_min_v"] = round(poi.grid_voltage_v.minimum, 1)
    if poi.grid_frequency_hz is not None:
        values["frequency_hz"] = round(poi.grid_frequency_hz, 3)
    yield Event(EventKind.GRID_VERDICT, after.grid.reason, "grid", values)


def _latches(before: CoreMemory, after: CoreMemory) -> Iterator[Event]:
    if before.durable.latches is after.durable.latches:
        return
    old = {latch.subject for latch in before.durable.latches}
    new = {latch.subject for latch in after.durable.latches}
    for latch in after.durable.latches:
        if latch.subject not in old:
            yield Event(EventKind.LATCHED, latch.reason, latch.subject)
    for latch in before.durable.latches:
        if latch.subject not in new:
            yield Event(EventKind.RELEASED, latch.reason, latch.subject)


def _poi(before: CoreMemory, after: CoreMemory, situation: Situation) -> Iterator[Event]:
    poi = situation.hub.poi.id
    if before.poi.open_since_s is None and after.poi.open_since_s is not None:
        yield Event(EventKind.ORDERED_OPEN, after.reason, poi)
    if after.poi.close is not None and after.poi.close is not before.poi.close:
        yield Event(EventKind.ORDERED_CLOSE, after.poi.close.cause, poi, _close_values(after, situation))
    if after.poi.position is not before.poi.position and after.poi.position is not None:
        yield Event(EventKind.POSITION_CHANGED, after.reason, poi, {"position": after.poi.position.value})
    if after.earthing is not None and after.earthing is not before.earthing:
        relay = situation.hub.earthing.relay or "earthing"
        yield Event(EventKind.ORDERED_CLOSE, after.earthing.cause, relay, {"attempt": after.earthing.attempt})


def _close_values(after: CoreMemory, situation: Situation) -> dict[str, float | int | str | bool]:
    seen = situation.seen.poi
    values: dict[str, float | int | str | bool] = {"attempt": after.poi.close.attempt if after.poi.close else 0}
    if seen.angle_difference_deg is not None:
        values["angle_deg"] = round(seen.angle_difference_deg, 2)
    if seen.grid_frequency_hz is not None and seen.bus_frequency_hz is not None:
        values["slip_hz"] = round(seen.bus_frequency_hz - seen.grid_frequency_hz, 4)
    return values


def _feeders(before: CoreMemory, after: CoreMemory) -> Iterator[Event]:
    for feeder, new in after.feeders.items():
        old = before.feeders.get(feeder)
        if old is not new and old is not None:
            yield from _feeder(feeder, old, new, after.drawn_w.get(feeder, 0.0))


def _feeder(feeder: AssetId, old: FeederMemory, new: FeederMemory, drawn_w: float) -> Iterator[Event]:
    if new.shed_since_s is not None and old.shed_since_s is None:
        kind = EventKind.ALARM if new.reason is Reason.NOT_FOLLOWED else EventKind.SHED
        yield Event(kind, new.reason or Reason.PREPARED_SHED, feeder, {"power_w": round(drawn_w)})
    if new.close is not None and new.close is not old.close:
        yield Event(EventKind.ORDERED_CLOSE, new.close.cause, feeder, {"attempt": new.close.attempt})
    if new.position is BreakerPosition.CLOSED and old.position is BreakerPosition.OPEN and old.close is not None:
        yield Event(EventKind.RESTORED, Reason.RESTORE, feeder)
    elif _moved_by_itself(old, new):
        position = new.position.value if new.position is not None else ""
        yield Event(EventKind.POSITION_CHANGED, new.reason or Reason.FOUND_MOVED, feeder, {"position": position})
    if new.quarantined and not old.quarantined:
        yield Event(EventKind.ALARM, Reason.PICKUP_COLLAPSE, feeder)


def _moved_by_itself(old: FeederMemory, new: FeederMemory) -> bool:
    known = new.position is not None and old.position is not None
    return known and new.position is not old.position and new.shed_since_s is None and old.close is None


def _sources(before: CoreMemory, after: CoreMemory, situation: Situation) -> Iterator[Event]:
    for battery, new in after.batteries.items():
        old = before.batteries.get(battery, SourceMemory())
        if new.order is not None and new.order is not old.order:
            yield Event(EventKind.ORDERED_FORM, new.order.cause, battery, {"attempt": new.order.attempt})
    for genset, new in after.gensets.items():
        old = before.gensets.get(genset, SourceMemory())
        if new.order is not None and new.order is not old.order:
            values: dict[str, float | int | str | bool] = {"attempt": new.order.attempt}
            soc_pct = situation.soc_pct
            if soc_pct is not None:
                values["soc_pct"] = round(soc_pct, 1)
            yield Event(EventKind.ORDERED_CRANK, new.order.cause, genset, values)
        if new.reason is Reason.GENSET_NOT_NEEDED and old.reason is not Reason.GENSET_NOT_NEEDED:
            yield Event(EventKind.ORDERED_STOP, Reason.GENSET_NOT_NEEDED, genset)
