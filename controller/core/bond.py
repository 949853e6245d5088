"""The bond of neutral and earth, while on grid: the grid has its own, and a second one must not stay."""

from __future__ import annotations

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


def makes_way(memory: CoreMemory, situation: Situation) -> bool:
    """Who cannot but form lets the bus die: an N-PE relay closes behind the proof, and load comes after the earth."""
    if situation.former is None or memory.mode is not Mode.UNPLANNED_ISLANDING or situation.earthing_is_ready:
        return False
    return situation.hub.batteries[situation.former].capabilities.always_forms
