"""Does the island keep still? A closing that we time asks where the slip may swing to, and what the former is told.

The guard asks the same in its own words and of the same samples: whoever asked for less would be refused.
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.core.memory import CoreMemory, SlipSeen, SourceMemory
from controller.core.resync import OWN_WINDOW_RATIO, steer
from controller.core.situation import Situation
from controller.model.commands import BatteryCommand
from controller.model.frozen import replace
from controller.model.hub import AssetId
from controller.model.image import PoiSeen
from controller.model.words import BreakerPosition

SWING_S = 0.25  # a genset swings through several hertz a second
SAMPLES_MAX = 64
SAMPLE_GAP_MAX_S = 0.1875  # three polls of the POI's instrument, and somewhat more: a longer gap may hide a swing
ENVELOPE_RATIO = 0.9  # of the code's window: what nothing may lead out of, and not where we aim
NEAR_HZ = 0.0625  # of what a former is told; twice that would lead out of step
SHED_SHOWS_S = 0.6  # longer than the guard asks, by two cycles
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
    """Keep since when each former has been told about the same frequency; who is told none begins anew."""
    changed = {}
    for battery, command in told.items():
        set_hz, before = command.frequency_set_hz, memory.batteries.get(battery, SourceMemory())
        if set_hz is None and before.told_hz is not None:
            changed[battery] = replace(before, told_hz=None)
        elif set_hz is not None and (before.told_hz is None or abs(set_hz - before.told_hz) > NEAR_HZ):
            changed[battery] = replace(before, told_hz=set_hz, told_since_s=now_s)
    return replace(memory, batteries={**memory.batteries, **changed}) if changed else memory


def keeps_in_step(memory: CoreMemory, situation: Situation) -> bool:
    """The contact would still fall inside the code's window if the slip moved on as fast as it has of late.

    A bus that swings is in step in one sample, and out of it at the contact.
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
    worst_deg += 360.0 * abs(slip_hz) * late_s + 180.0 * swing_hz * latest_s
    return (
        worst_deg <= ENVELOPE_RATIO * sync.angle_max_deg
        and abs(slip_hz) + swing_hz <= ENVELOPE_RATIO * sync.slip_max_hz
    )


def is_watched(memory: CoreMemory) -> bool:
    """The slip was seen without a gap for as long as it takes to swing."""
    slips = memory.slips
    return bool(slips) and slips[-1].measured_at_s - slips[0].measured_at_s >= SWING_S


def is_steered_steadily(memory: CoreMemory, situation: Situation) -> bool:
    """Its former has been told this for some time, or by the site file it leads to the grid's frequency."""
    former, grid_hz = situation.former, situation.seen.poi.grid_frequency_hz
    if former is None or grid_hz is None:
        return former is None
    set_hz, source = steer(memory, situation).frequency_set_hz, memory.batteries.get(former, SourceMemory())
    is_told = source.told_hz is not None and abs(set_hz - source.told_hz) <= NEAR_HZ
    if is_told and situation.now_s - source.told_since_s >= TOLD_S:
        return True
    power_w = situation.seen.batteries[former].power_w
    droop_hz = situation.hub.batteries[former].droop_hz_per_w * (power_w.total if power_w is not None else 0.0)
    return abs(set_hz - droop_hz - grid_hz) <= OWN_WINDOW_RATIO * situation.hub.grid_code.sync.slip_max_hz


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
