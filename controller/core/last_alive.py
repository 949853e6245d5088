"""What a live bus has shown last: what each feeder draws, and the answer to "the grid is lost now" that is made of it.

On a bus that dies the meters show too little, and one may be read before the POI's instrument shows that it dies. So
what is read in a cycle counts when a sample of the POI that was taken after it still shows the bus alive.
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.core.memory import CoreMemory, Glimpse
from controller.core.prepare import prepare
from controller.core.situation import Situation
from controller.model.frozen import replace
from controller.model.hub import AssetId
from controller.model.words import BreakerPosition, Mode


def believe(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """What was read before counts, or is forgotten: the bus lives on, or it was dying already."""
    if memory.drawn_w.keys() != situation.draws.keys():
        memory = replace(memory, drawn_w=_all_drawn(memory, situation))
    glimpse, sampled_at_s = memory.glimpse, situation.seen.poi.measured_at_s
    if glimpse is None or situation.bus_is_live is None:
        return memory
    if not situation.bus_is_live:
        return replace(memory, glimpse=None)
    if sampled_at_s is None or sampled_at_s <= glimpse.at_s:
        return memory
    memory = replace(memory, glimpse=None, drawn_w={**memory.drawn_w, **glimpse.drawn_w})
    if glimpse.prepared is None:
        return memory
    return replace(memory, prepared=glimpse.prepared, imported_w=glimpse.imported_w)


def glimpse(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Read what the bus shows now, unless what was read before still waits."""
    if memory.glimpse is not None or not situation.bus_is_live:
        return memory
    drawn_w = {f: draw.power_w.total for f, draw in situation.draws.items() if draw.position is BreakerPosition.CLOSED}
    is_beside_the_grid = memory.mode is Mode.PLANNED_ISLANDING and memory.leaving.opening_since_s is None
    if memory.mode not in (Mode.GRID_CONNECTED, Mode.UNKNOWN) and not is_beside_the_grid:
        return replace(memory, glimpse=Glimpse(situation.now_s, drawn_w))
    imported_w = situation.seen.poi.power_w
    return replace(memory, glimpse=Glimpse(situation.now_s, drawn_w, prepare(situation), imported_w))


def _all_drawn(memory: CoreMemory, situation: Situation) -> Mapping[AssetId, float]:
    """Of a feeder that was never seen on a live bus, what it shows as it is."""
    return {f: memory.drawn_w.get(f, draw.power_w.total) for f, draw in situation.draws.items()}
