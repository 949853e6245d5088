"""The story of one cycle as events: what differs between the memory before and after. Codes and numbers, no words.

Every decision names its rule and what the rule looked at (`evidence.py`); facts that nobody decided have neither.
"""

from __future__ import annotations

from collections.abc import Iterator

from controller.core.closing_error import contact_event
from controller.core.evidence import (
    bus_side,
    crank_inputs,
    genset_stop_inputs,
    grid_side,
    numbers,
    transition_inputs,
)
from controller.core.evidence_feeders import close_inputs, proof_inputs, restore_inputs, shed_inputs
from controller.core.found import found_moved, start_inputs
from controller.core.genset import STOPS
from controller.core.memory import CoreMemory, FeederMemory, SourceMemory
from controller.core.situation import Situation
from controller.core.wear import wear_inputs
from controller.model.decision import Event, Scalar
from controller.model.hub import AssetId
from controller.model.image import GensetSeen
from controller.model.reasons import EventKind, Reason
from controller.model.words import BreakerPosition, GensetState, Mode, Switcher

_CRANK_RULES = {Reason.OPERATOR: "genset_person", Reason.BLACK_START_GENSET: "genset_black_start"}
_CLOSING_RULES = {Reason.DEAD_BUS_RETURN: "close: onto_dead_bus", Reason.LAST_ACT: "close: left_to_the_grid"}


def narrate(before: CoreMemory, after: CoreMemory, situation: Situation) -> tuple[Event, ...]:
    """Everything worth a line in the journal."""
    return (
        *_grid(before, after, situation),
        *_mode(before, after, situation),
        *_latches(before, after, situation),
        *_poi(before, after, situation),
        *_feeders(before, after, situation),
        *_sources(before, after, situation),
        *_dimming(before, after, situation),
        *_alarms(before, after, situation),
    )


def _mode(before: CoreMemory, after: CoreMemory, situation: Situation) -> Iterator[Event]:
    if after.mode is before.mode and after.reason is before.reason:
        return
    kind = EventKind.RECOVERED if before.mode is Mode.UNKNOWN else EventKind.MODE_CHANGED
    values: dict[str, Scalar] = {"from": before.mode.value, "to": after.mode.value}
    soc_pct = situation.soc_pct
    if soc_pct is not None:
        values["soc_pct"] = round(soc_pct, 1)
    inputs = transition_inputs(before, after, situation)
    if before.mode is not Mode.UNKNOWN or after.mode is Mode.UNKNOWN:
        yield Event(kind, after.reason, "hub", values, after.rule, inputs)
        return
    yield Event(kind, after.reason, "hub", values, after.rule, inputs | start_inputs(before, situation))
    yield from found_moved(before, situation)


def _grid(before: CoreMemory, after: CoreMemory, situation: Situation) -> Iterator[Event]:
    if after.grid.verdict is before.grid.verdict and after.grid.reason is before.grid.reason:
        return
    poi = situation.seen.poi
    values: dict[str, Scalar] = {"verdict": after.grid.verdict.value}
    if poi.grid_voltage_v is not None:
        values["voltage_min_v"] = round(poi.grid_voltage_v.minimum, 1)
    if poi.grid_frequency_hz is not None:
        values["frequency_hz"] = round(poi.grid_frequency_hz, 3)
    inputs = grid_side(before, after, situation)
    yield Event(EventKind.GRID_VERDICT, after.grid.reason, "grid", values, "grid: grid_verdict", inputs)


def _latches(before: CoreMemory, after: CoreMemory, situation: Situation) -> Iterator[Event]:
    if before.durable.latches is after.durable.latches:
        return
    old = {latch.subject for latch in before.durable.latches}
    new = {latch.subject for latch in after.durable.latches}
    inputs = {"emergency_off": situation.seen.emergency_off, "dso_lock": situation.seen.poi.dso_lock}
    for latch in after.durable.latches:
        if latch.subject not in old:
            yield Event(EventKind.LATCHED, latch.reason, latch.subject, {}, "latch: latched", inputs)
    for latch in before.durable.latches:
        if latch.subject not in new:
            yield Event(EventKind.RELEASED, latch.reason, latch.subject, {}, "latch: released", inputs)


def _poi(before: CoreMemory, after: CoreMemory, situation: Situation) -> Iterator[Event]:
    poi = situation.hub.poi.id
    is_new = before.poi.open_since_s is None and after.poi.open_since_s is not None
    if is_new and not _stays_open(before, situation):
        inputs = grid_side(before, after, situation) | bus_side(before, after, situation)
        yield Event(EventKind.ORDERED_OPEN, after.reason, poi, {}, "open: mode_wants_open", inputs)
    if after.poi.close is not None and after.poi.close is not before.poi.close:
        yield _poi_close(after, situation)
    contact = contact_event(before, after, situation)
    moved = after.poi.position is not before.poi.position
    if contact is not None:
        yield contact
    if moved and after.poi.position is not None and before.poi.position is not None:
        yield Event(EventKind.POSITION_CHANGED, after.reason, poi, {"position": after.poi.position.value})
    yield from _earthing(before, after, situation)


def _earthing(before: CoreMemory, after: CoreMemory, situation: Situation) -> Iterator[Event]:
    relay, reason = situation.hub.earthing.relay or "earthing", Reason.EARTHING_FOLLOWS_MODE
    if after.bond_opens and not before.bond_opens:
        inputs = proof_inputs(after, situation)
        yield Event(EventKind.ORDERED_OPEN, reason, relay, {}, "open: bond_of_the_grid", inputs)
    if after.earthing is not None and after.earthing is not before.earthing:
        values: dict[str, Scalar] = {"attempt": after.earthing.attempt}
        inputs = proof_inputs(after, situation)
        yield Event(EventKind.ORDERED_CLOSE, reason, relay, values, "close: earth_behind_proof", inputs)


def _stays_open(before: CoreMemory, situation: Situation) -> bool:
    """The wish to have it open changes nothing: it is proven open, and no closing is under way."""
    is_open = situation.seen.poi.position is BreakerPosition.OPEN and situation.poi_is_proven_open
    return is_open and before.poi.close is None


def _poi_close(after: CoreMemory, situation: Situation) -> Event:
    assert after.poi.close is not None
    rule = _CLOSING_RULES.get(after.poi.close.cause, "close: in_sync_window")
    if situation.hub.poi.switching.closed_by is Switcher.SYNC_RELAY:
        rule = "close: sync_relay_may"
    inputs = close_inputs(situation)
    values: dict[str, Scalar] = {"attempt": after.poi.close.attempt}
    for name in ("angle_deg", "slip_hz"):
        value = inputs[name]
        if value is not None:
            values[name] = value
    return Event(EventKind.ORDERED_CLOSE, after.poi.close.cause, situation.hub.poi.id, values, rule, inputs)


def _feeders(before: CoreMemory, after: CoreMemory, situation: Situation) -> Iterator[Event]:
    for feeder, new in after.feeders.items():
        old = before.feeders.get(feeder)
        if old is not new and old is not None:
            yield from _orders(feeder, before, after, situation)
            yield from _moves(feeder, old, new)


def _orders(feeder: AssetId, before: CoreMemory, after: CoreMemory, situation: Situation) -> Iterator[Event]:
    """What we did with the feeder, and why."""
    old, new = before.feeders[feeder], after.feeders[feeder]
    is_let_close = (
        new.reason is Reason.OPERATOR and old.position is BreakerPosition.OPEN
    )  # it is off, and may come back
    if new.shed_since_s is not None and old.shed_since_s is None and not is_let_close:
        reason = new.reason or Reason.PREPARED_SHED
        kind = EventKind.ALARM if reason is Reason.NOT_FOLLOWED else EventKind.SHED
        values: dict[str, Scalar] = {"power_w": round(after.drawn_w.get(feeder, 0.0))}
        yield Event(
            kind, reason, feeder, values, f"shed: {reason.value}", shed_inputs(before, after, situation, feeder)
        )
    if new.close is not None and new.close is not old.close:
        values = {"attempt": new.close.attempt}
        inputs = restore_inputs(after, situation, feeder)
        yield Event(EventKind.ORDERED_CLOSE, new.close.cause, feeder, values, "restore: energy_and_room", inputs)


def _moves(feeder: AssetId, old: FeederMemory, new: FeederMemory) -> Iterator[Event]:
    """What the feeder did, by our order or by itself."""
    if new.position is BreakerPosition.CLOSED and old.position is BreakerPosition.OPEN and old.close is not None:
        inputs = numbers(ordered_before_s=_ordered_before_s(old, new)) | {"attempts_count": old.close.attempt}
        yield Event(EventKind.RESTORED, Reason.RESTORE, feeder, {}, "restore: order_followed", inputs)
    elif _moved_by_itself(old, new):
        position = new.position.value if new.position is not None else ""
        yield Event(EventKind.POSITION_CHANGED, new.reason or Reason.FOUND_MOVED, feeder, {"position": position})
    if new.quarantined and not old.quarantined:
        yield _left_alone(feeder, old, new)


def _left_alone(feeder: AssetId, old: FeederMemory, new: FeederMemory) -> Event:
    if new.reason is Reason.FEEDER_OVERDRAWN:
        return Event(EventKind.ALARM, new.reason, feeder)  # the line of its shedding tells why
    attempts = {"attempts_count": old.close_attempts}
    return Event(EventKind.ALARM, Reason.PICKUP_COLLAPSE, feeder, {}, "restore: left_alone", attempts)


def _ordered_before_s(old: FeederMemory, new: FeederMemory) -> float | None:
    if old.close is None or new.picked_up_at_s is None:
        return None
    return new.picked_up_at_s - old.close.issued_at_s


def _moved_by_itself(old: FeederMemory, new: FeederMemory) -> bool:
    known = new.position is not None and old.position is not None
    return known and new.position is not old.position and new.shed_since_s is None and old.close is None


def _sources(before: CoreMemory, after: CoreMemory, situation: Situation) -> Iterator[Event]:
    for battery, new in after.batteries.items():
        old = before.batteries.get(battery, SourceMemory())
        if new.order is not None and new.order is not old.order:
            values: dict[str, Scalar] = {"attempt": new.order.attempt}
            inputs = proof_inputs(after, situation)
            is_beside = after.mode is Mode.PLANNED_ISLANDING and after.leaving.opening_since_s is None
            rule = "form: beside_the_grid" if is_beside else "form: behind_proof"
            yield Event(EventKind.ORDERED_FORM, new.order.cause, battery, values, rule, inputs)
    for genset in after.gensets:
        yield from _genset(genset, before, after, situation)


def _genset(genset: AssetId, before: CoreMemory, after: CoreMemory, situation: Situation) -> Iterator[Event]:
    old, new = before.gensets.get(genset, SourceMemory()), after.gensets[genset]
    if new.order is not None and new.order is not old.order:
        values: dict[str, Scalar] = {"attempt": new.order.attempt}
        soc_pct = situation.soc_pct
        if soc_pct is not None:
            values["soc_pct"] = round(soc_pct, 1)
        cause = new.order.cause
        rule = f"crank: {_CRANK_RULES.get(cause, 'genset_low_soc')}"
        yield Event(EventKind.ORDERED_CRANK, cause, genset, values, rule, crank_inputs(after, situation, genset))
    if new.failed_at_s is not None and new.failed_at_s != old.failed_at_s:
        is_fault = (situation.seen.gensets.get(genset) or GensetSeen()).state is GensetState.FAULT
        yield Event(EventKind.ALARM, Reason.GENSET_FAULT if is_fault else Reason.GENSET_OVERDUE, genset)
    if new.reason in STOPS and old.reason not in STOPS:
        inputs = genset_stop_inputs(before, situation, genset)
        reason = new.reason or Reason.GENSET_NOT_NEEDED
        yield Event(EventKind.ORDERED_STOP, reason, genset, {}, f"stop: {reason.value}", inputs)


def _dimming(before: CoreMemory, after: CoreMemory, situation: Situation) -> Iterator[Event]:
    dimming = situation.hub.dimming
    if dimming is None or (before.dimmed_since_s is None) is (after.dimmed_since_s is None):
        return
    power_w = situation.seen.poi.power_w
    inputs = numbers(limit_w=dimming.limit_w, power_w=None if power_w is None else power_w.total)
    values: dict[str, Scalar] = {"limit_w": dimming.limit_w}
    if before.dimmed_since_s is None:
        yield Event(EventKind.DIMMED, Reason.IMPORT_LIMITED, "hub", values, "dimming: import_limited", inputs)
        return
    values["held_s"] = round(situation.now_s - before.dimmed_since_s, 1)
    yield Event(EventKind.DIMMING_OVER, Reason.IMPORT_LIMITED, "hub", values, "dimming: import_free", inputs)


def _alarms(before: CoreMemory, after: CoreMemory, situation: Situation) -> Iterator[Event]:
    if after.alarms == before.alarms:
        return
    for subject, reason in sorted(after.alarms - before.alarms, key=str):
        is_spent = reason is Reason.POI_CLOSINGS_USED
        rule, inputs = ("wear: poi_closings_used", wear_inputs(after, situation)) if is_spent else ("", {})
        yield Event(EventKind.ALARM, reason, subject, {}, rule, inputs)
    for subject, reason in sorted(before.alarms - after.alarms, key=str):
        yield Event(EventKind.ALARM_CLEARED, reason, subject)
