"""The fuses of the POI's voltage transformers: what its instrument does not see, and other instruments do.

The island goes on without it (`situation.py`). What cannot be proven on each phase is not closed in sync by us: the hub
stays an island until somebody has replaced the fuse, and says which side to look at.
"""

from __future__ import annotations

from controller.core.memory import CoreMemory, since
from controller.core.situation import LIVE_RATIO, Situation
from controller.model.frozen import replace
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import Mode, Switcher

Alarms = frozenset[tuple[str, Reason]]

MISSING_RATIO = 0.5  # of nominal: what the grid's verdict, too, calls a missing phase
BUS_FUSE_S = 2.0  # terminals and POI are two instruments, and a former at its limit is none for long
GRID_FUSE_S = 0.1  # two samples: the verdict opens the POI a moment later, and nothing shows it any more


def watch_fuses(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Raise the alarm for each side; it ends when the instrument shows all three phases of that side again."""
    bus_since_s = since(memory.bus_fuse_since_s, _lacks_on_bus(situation), situation.now_s)
    grid_since_s = since(memory.grid_fuse_since_s, _lacks_on_grid(memory, situation), situation.now_s)
    alarms = _alarms(memory.alarms, Reason.BUS_FUSE, bus_since_s, BUS_FUSE_S, situation)
    alarms = _alarms(alarms, Reason.GRID_FUSE, grid_since_s, GRID_FUSE_S, situation)
    known = (memory.bus_fuse_since_s, memory.grid_fuse_since_s, memory.alarms)
    if (bus_since_s, grid_since_s, alarms) == known:
        return memory
    return replace(memory, bus_fuse_since_s=bus_since_s, grid_fuse_since_s=grid_since_s, alarms=alarms)


def why_no_sync(memory: CoreMemory, situation: Situation) -> Reason | None:
    """The fuse for which no closing in sync can be proven; None: none is known, or somebody else finds the instant."""
    poi = situation.hub.poi
    if (poi.id, Reason.GRID_FUSE) in memory.alarms:
        return Reason.GRID_FUSE
    is_ours = poi.switching.closed_by is Switcher.CONTROLLER
    return Reason.BUS_FUSE if is_ours and (poi.id, Reason.BUS_FUSE) in memory.alarms else None


def _alarms(before: Alarms, reason: Reason, since_s: float | None, hold_s: float, situation: Situation) -> Alarms:
    alarm, poi = (situation.hub.poi.id, reason), situation.seen.poi
    if alarm in before:
        voltage_v = poi.bus_voltage_v if reason is Reason.BUS_FUSE else poi.grid_voltage_v
        return before - {alarm} if _is_live(voltage_v, situation) else before
    is_told = since_s is not None and situation.now_s - since_s >= hold_s
    return before | {alarm} if is_told else before


def _lacks_on_bus(situation: Situation) -> bool:
    """The bus lives on all three phases by the terminals of its sources, and not by the POI's instrument."""
    return situation.bus_is_live is True and _lacks(situation.seen.poi.bus_voltage_v, situation)


def _lacks_on_grid(memory: CoreMemory, situation: Situation) -> bool:
    """A closed breaker has the same voltage on both sides. One that is being opened has not."""
    poi = situation.seen.poi
    is_joined = memory.mode is Mode.GRID_CONNECTED and memory.poi.open_since_s is None and situation.contact_is_closed
    return is_joined and _is_live(poi.bus_voltage_v, situation) and _lacks(poi.grid_voltage_v, situation)


def _is_live(voltage_v: PhaseValues | None, situation: Situation) -> bool:
    return voltage_v is not None and voltage_v.minimum > LIVE_RATIO * situation.hub.nominal_voltage_v


def _lacks(voltage_v: PhaseValues | None, situation: Situation) -> bool:
    return voltage_v is not None and voltage_v.minimum < MISSING_RATIO * situation.hub.nominal_voltage_v
