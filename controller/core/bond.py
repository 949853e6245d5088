"""The bond of neutral and earth, while on grid: the grid has its own, and a second one must not stay."""

from __future__ import annotations

from controller.core.dead_bus import is_over_dead_bus
from controller.core.memory import CoreMemory, since
from controller.core.situation import Situation
from controller.model.frozen import replace
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, IslandEarthing, Mode

TWO_BONDS_MAX_S = 5.0  # after the POI has closed: order, slowest bus and relay, many times over


def watch_bond(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Raise the alarm while the N-PE relay stays closed beside a closed POI; what is not seen changes nothing."""
    hub, position, is_on_grid = situation.hub, situation.seen.earthing.position, situation.poi_is_closed
    if hub.earthing.kind is IslandEarthing.PERMANENT or position is None or is_on_grid is None:
        return memory
    are_two = is_on_grid and position is BreakerPosition.CLOSED
    since_s = since(memory.two_bonds_since_s, are_two, situation.now_s)
    alarm = (hub.earthing.relay or "earthing", Reason.TWO_BONDS)
    is_told = since_s is not None and situation.now_s - since_s >= TWO_BONDS_MAX_S
    if since_s == memory.two_bonds_since_s and is_told is (alarm in memory.alarms):
        return memory
    alarms = memory.alarms | {alarm} if is_told else memory.alarms - {alarm}
    return replace(memory, two_bonds_since_s=since_s, alarms=alarms)


def lets_go(memory: CoreMemory, situation: Situation) -> bool:
    """The N-PE relay is to be open: the grid's own bond holds, or will over a bus that is dead."""
    over_nothing = situation.bus_is_dead is True and (is_over_dead_bus(memory) or memory.mode is Mode.DARK)
    is_on_grid = memory.mode is Mode.GRID_CONNECTED and situation.contact_is_closed
    return over_nothing or (is_on_grid is True and not situation.poi_sides_differ)


def note_bond(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Remember that a relay of ours that is seen closed is told to open: the log has one line for it."""
    is_ours = situation.hub.earthing.kind is IslandEarthing.SWITCHED_BY_US and memory.mode is not Mode.UNKNOWN
    position = situation.seen.earthing.position
    is_shut = memory.bond_opens if position is None else position is BreakerPosition.CLOSED
    is_blink = memory.bond_opens and memory.mode is Mode.GRID_CONNECTED and situation.seen.poi.position is None
    bond_opens = is_ours and is_shut and (is_blink or lets_go(memory, situation))
    return memory if bond_opens is memory.bond_opens else replace(memory, bond_opens=bond_opens)


def makes_way(memory: CoreMemory, situation: Situation) -> bool:
    """Who cannot but form lets the bus die: an N-PE relay closes behind the proof, and load comes after the earth."""
    if situation.former is None or memory.mode is not Mode.UNPLANNED_ISLANDING or situation.earthing_is_ready:
        return False
    return situation.hub.batteries[situation.former].capabilities.always_forms
