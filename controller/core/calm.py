"""Does the island keep still? A closing that we time asks where the slip may swing to, and what the former is told.

The guard asks the same in its own words and of the same samples: whoever asked for less would be refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from controller.core.memory import CoreMemory, SlipSeen, SourceMemory, ToldSince
from controller.core.resync import steer
from controller.core.situation import Situation
from controller.model.commands import BatteryCommand
from controller.model.frozen import replace
from controller.model.hub import AssetId
from controller.model.image import PoiSeen
from controller.model.words import BreakerPosition, Switcher

SWING_S = 0.25  # a genset swings through several hertz a second
SAMPLES_MAX = 64
SAMPLE_GAP_MAX_S = 0.1875  # three polls of the POI's instrument, and somewhat more: a longer gap may hide a swing
ENVELOPE_RATIO = 0.9  # of the code's window: what nothing may lead out of, and not where we aim
BEGINS_RATIO = 0.65  # of the code's slip: where a load has just stepped more comes in the cycle after an order
SHED_SHOWS_S = 0.6  # longer than the guard asks, by two cycles
NEAR_STEP_RATIO = 1.2  # wider than what the guard calls near
TOLD_S = 0.55  # longer than the guard asks, by a cycle


def watch_slips(slips: tuple[SlipSeen, ...], poi: PoiSeen) -> tuple[SlipSeen, ...]:
    """One sample more; of those before, as many as cover the span."""
    at_s, grid_hz, bus_hz = poi.measured_at_s, poi.grid_frequency_hz, poi.bus_frequency_hz
    if at_s is None or grid_hz is None or bus_hz is None:
        return ()
    newest = SlipSeen(at_s, bus_hz - grid_hz)
    gap_s = at_s - slips[-1].measured_at_s if slips else -1.0
    if gap_s < 0.0 or gap_s > SAMPLE_GAP_MAX_S:
        return (newest,)
    if gap_s == 0.0:
        return slips
    while len(slips) > 1 and at_s - slips[1].measured_at_s >= SWING_S:
        slips = slips[1:]
    return (*slips, newest)[-SAMPLES_MAX:]


def watch_told(memory: CoreMemory, told: Mapping[AssetId, BatteryCommand], now_s: float) -> CoreMemory:
    """Keep what each battery was told of late, and the last that it was told before."""
    changed = {}
    for battery, command in told.items():
        before = memory.batteries.get(battery, SourceMemory())
        now = ToldSince(now_s, command.frequency_set_hz, command.voltage_set_v)
        if before.told and replace(before.told[-1], since_s=now_s) == now:
            continue
        kept = before.told
        while len(kept) > 1 and now_s - kept[1].since_s >= TOLD_S:
            kept = kept[1:]
        changed[battery] = replace(before, told=(*kept, now)[-SAMPLES_MAX:])
    return replace(memory, batteries={**memory.batteries, **changed}) if changed else memory


def is_led_in_step(memory: CoreMemory, situation: Situation) -> bool:
    """The same with what the former is told now, or was of late: a bus that is told to move is out of step as well."""
    return keeps_in_step(memory, situation, _told_moves(memory, situation), BEGINS_RATIO)


def keeps_in_step(
    memory: CoreMemory,
    situation: Situation,
    moves: tuple[float, float] = (0.0, 0.0),
    slip_ratio: float = ENVELOPE_RATIO,
) -> bool:
    """The contact would still fall inside the code's window if the slip moved on as fast as it has of late.

    A bus that swings is in step in one sample, and out of it at the contact. `moves`: in Hz and V, beside that;
    `slip_ratio`: the share of the code's slip that all of it may be.
    """
    poi, breaker, sync = situation.seen.poi, situation.hub.poi, situation.hub.grid_code.sync
    slips, at_s, angle_deg = memory.slips, poi.measured_at_s, poi.angle_difference_deg
    if at_s is None or angle_deg is None or not is_watched(memory):
        return False
    seen_hz, slip_hz = [each.slip_hz for each in slips], slips[-1].slip_hz
    late_s = breaker.breaker_closing_uncertainty_s + abs(situation.now_s - at_s)
    latest_s = breaker.breaker_closing_s + late_s
    swing_hz = (max(seen_hz) - min(seen_hz)) / SWING_S * latest_s
    worst_deg = abs(angle_deg + 360.0 * slip_hz * breaker.breaker_closing_s) + breaker.angle_error_deg
    told_hz, told_v = moves
    worst_deg += 360.0 * abs(slip_hz) * late_s + (180.0 * swing_hz + 360.0 * told_hz) * latest_s
    return (
        worst_deg <= ENVELOPE_RATIO * sync.angle_max_deg
        and abs(slip_hz) + swing_hz + told_hz <= slip_ratio * sync.slip_max_hz
        and _apart_v(poi) + told_v
        <= ENVELOPE_RATIO * sync.voltage_difference_max_ratio * situation.hub.nominal_voltage_v
    )


def _apart_v(poi: PoiSeen) -> float:
    """The phase on which the two sides differ most."""
    if poi.grid_voltage_v is None or poi.bus_voltage_v is None:
        return math.inf
    return max(abs(grid - bus) for grid, bus in zip(poi.grid_voltage_v, poi.bus_voltage_v, strict=True))


def is_watched(memory: CoreMemory) -> bool:
    """The slip was seen without a gap for as long as it takes to swing."""
    slips = memory.slips
    return bool(slips) and slips[-1].measured_at_s - slips[0].measured_at_s >= SWING_S


def _told_moves(memory: CoreMemory, situation: Situation) -> tuple[float, float]:
    """How far the bus may still move by what its former is told, or was of late: in Hz, and in V.

    What it was told for longer the bus follows, whatever the site file says of it; else by the site file. A former
    whose load is not seen carries the most that it can: its voltage is told to move a little for ever.
    """
    former, poi = situation.former, situation.seen.poi
    if former is None or poi.bus_frequency_hz is None or poi.bus_voltage_v is None:
        return 0.0, 0.0
    power_w, told = situation.seen.batteries[former].power_w, memory.batteries.get(former, SourceMemory()).told
    steering, battery = steer(memory, situation), situation.hub.batteries[former]
    by_load_hz = battery.droop_hz_per_w * (battery.most_w if power_w is None else power_w.total)
    while len(told) > 1 and situation.now_s - told[1].since_s >= TOLD_S:
        told = told[1:]
    if told and situation.now_s - told[0].since_s >= TOLD_S:
        shown = [(each.frequency_set_hz, each.voltage_set_v) for each in told]
    else:
        no_load_hz = None if power_w is None else poi.bus_frequency_hz + by_load_hz
        shown = [(no_load_hz, poi.bus_voltage_v.total / 3.0)]
    moved_hz = max(math.inf if hz is None else abs(steering.frequency_set_hz - hz) for hz, _ in shown)
    moved_v = max(math.inf if v is None else abs(steering.voltage_set_v - v) for _, v in shown)
    load_hz = 2.0 * abs(by_load_hz) * moved_v / situation.hub.nominal_voltage_v if moved_v > 0.0 else 0.0
    return moved_hz + load_hz, moved_v


def is_near_step(situation: Situation) -> bool:
    """By what is seen, a relay that is permitted now may close at once."""
    margin_deg = _beyond_step_deg(situation)
    return margin_deg is not None and margin_deg <= 0.0


def is_far_from_step(situation: Situation, ahead_s: float) -> bool:
    """By what is seen, and with the slip that is seen, it will not be so within this time either.

    We ourselves close nothing by an angle that we do not see; a relay may see its own.
    """
    margin_deg, poi = _beyond_step_deg(situation), situation.seen.poi
    if margin_deg is None and situation.hub.poi.switching.closed_by is Switcher.CONTROLLER:
        return True
    if margin_deg is None or poi.bus_frequency_hz is None or poi.grid_frequency_hz is None:
        return False
    return margin_deg > 360.0 * abs(poi.bus_frequency_hz - poi.grid_frequency_hz) * ahead_s


def _beyond_step_deg(situation: Situation) -> float | None:
    """How far the angle is from where a relay may close, what it has turned since it was measured included."""
    poi, sync = situation.seen.poi, situation.hub.grid_code.sync
    if poi.angle_difference_deg is None or poi.measured_at_s is None:
        return None
    age_s = abs(situation.now_s - poi.measured_at_s)
    moves_deg = 360.0 * sync.slip_max_hz * age_s + situation.hub.poi.angle_error_deg
    return abs(poi.angle_difference_deg) - NEAR_STEP_RATIO * (sync.angle_max_deg + moves_deg)


def watch_sheds(memory: CoreMemory, now_s: float) -> CoreMemory:
    """Note when a feeder that is not seen open was newly told to open, by us or by a person."""
    told = frozenset(
        f for f, s in memory.feeders.items() if s.shed_since_s is not None or f in memory.durable.held_open
    )
    if told == memory.told_open:
        return memory
    is_new = any(memory.feeders[f].position is not BreakerPosition.OPEN for f in told - memory.told_open)
    return replace(memory, told_open=told, shed_at_s=now_s if is_new else memory.shed_at_s)


def has_shed_since(memory: CoreMemory, since_s: float) -> bool:
    """A load that goes throws the bus about, and its slip does not show that yet."""
    return memory.shed_at_s is not None and memory.shed_at_s >= since_s
