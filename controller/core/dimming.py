"""The network operator's order to take less from the grid (EnWG section 14a): battery first, then what may be dimmed.

A control box closes a contact; to what the site may then import stands in its file. The order means the grid: in the
island it is void. The law asks it of cars and heat pumps and never of a radio, so nothing of tier 0 is dimmed, and the
charge that is kept for a blackout is not given away for it: below its reserve the battery gives nothing.
"""

from __future__ import annotations

from controller.core.feeders import shed
from controller.core.memory import CoreMemory, since
from controller.core.situation import Situation
from controller.model.frozen import replace
from controller.model.hub import AssetId, Battery, Dimming, Hub
from controller.model.image import BatterySeen
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, BusSide, InverterMode, Mode

TARGET_RATIO = 0.95  # of the limit, so that the meter's error does not become import
STEP_RATIO = 0.1  # of the way in a cycle: meter and battery are not of one instant, and must not rock each other
OVER_S = 5.0  # more than the limit for so long: the battery alone does not do it. 60 s are allowed


def watch_dimming(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Since when the order stands. A contact that is not seen changes nothing."""
    dimming, is_limited = situation.hub.dimming, situation.seen.dimming.is_limited
    if dimming is None:
        return memory
    is_on_grid = memory.mode is Mode.GRID_CONNECTED
    holds = is_on_grid and (memory.dimmed_since_s is not None if is_limited is None else is_limited)
    dimmed_since_s = since(memory.dimmed_since_s, holds, situation.now_s)
    power_w = situation.seen.poi.power_w
    is_over = dimmed_since_s is not None and power_w is not None and power_w.total > dimming.limit_w
    over_since_s = since(memory.over_limit_since_s, is_over, situation.now_s)
    needed_w = None if dimmed_since_s is None else _needed_w(memory, situation, dimming)
    after = (dimmed_since_s, over_since_s, needed_w)
    if after == (memory.dimmed_since_s, memory.over_limit_since_s, memory.dimmed_w):
        return memory
    return replace(memory, dimmed_since_s=dimmed_since_s, over_limit_since_s=over_since_s, dimmed_w=needed_w)


def _needed_w(memory: CoreMemory, situation: Situation, dimming: Dimming) -> float | None:
    """What all batteries together must give; a step on the way there. Kept while it cannot be seen."""
    power_w, helpers = situation.seen.poi.power_w, _helpers(situation)
    if power_w is None or not helpers:
        return memory.dimmed_w
    own_w = sum(seen.power_w.total for seen in helpers.values() if seen.power_w is not None)
    before_w = own_w if memory.dimmed_w is None else memory.dimmed_w
    return before_w + STEP_RATIO * (own_w + power_w.total - TARGET_RATIO * dimming.limit_w - before_w)


def dim_feeders(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Shed the fewest that the site lets be dimmed, once the battery has had its time."""
    dimming, since_s, power_w = _order(memory, situation.hub), memory.over_limit_since_s, situation.seen.poi.power_w
    if dimming is None or since_s is None or power_w is None or situation.now_s - since_s < OVER_S:
        return memory
    excess_w, chosen = power_w.total - TARGET_RATIO * dimming.limit_w, []
    for feeder in situation.hub.shed_order:
        if excess_w <= 0.0:
            break
        draw = situation.draws[feeder.id]
        if feeder.id in dimming.feeders and draw.position is BreakerPosition.CLOSED:
            chosen.append(feeder.id)
            excess_w -= draw.power_w.total
    memory = shed(memory, chosen, Reason.IMPORT_LIMITED, situation.now_s)
    return replace(memory, over_limit_since_s=situation.now_s)  # and they have theirs


def dimmed_power_w(memory: CoreMemory, situation: Situation, battery: Battery, wanted_w: float) -> float:
    """What the battery gives on grid: what it would anyway, and no less than keeps the import within the order."""
    dimming, power_w = _order(memory, situation.hub), situation.seen.poi.power_w
    state = situation.seen.batteries.get(battery.id) or BatterySeen()
    if dimming is None or battery.bus is not BusSide.ISLAND:
        return wanted_w
    helpers = _helpers(situation)
    if power_w is None or memory.dimmed_w is None or battery.id not in helpers:
        return max(0.0, wanted_w)  # nothing is taken from the grid by guess
    share = battery.rating_va / sum(situation.hub.batteries[name].rating_va for name in helpers)
    return max(wanted_w, min(memory.dimmed_w * share, _gives_w(battery, state)))


def import_max_w(memory: CoreMemory, hub: Hub, feeder: AssetId) -> float:
    """To what this feeder may bring the import when it comes back."""
    dimming = _order(memory, hub)
    is_dimmed = dimming is not None and feeder in dimming.feeders
    return min(hub.poi.import_max_w, dimming.limit_w) if dimming is not None and is_dimmed else hub.poi.import_max_w


def _order(memory: CoreMemory, hub: Hub) -> Dimming | None:
    """The order, while it stands."""
    return hub.dimming if memory.dimmed_since_s is not None and memory.mode is Mode.GRID_CONNECTED else None


def _helpers(situation: Situation) -> dict[AssetId, BatterySeen]:
    """Batteries behind the POI that follow and say what they give."""
    return {
        name: seen
        for name, seen in situation.seen.batteries.items()
        if seen.mode is InverterMode.GRID_FOLLOWING
        and seen.power_w is not None
        and situation.hub.batteries[name].bus is BusSide.ISLAND
    }


def _gives_w(battery: Battery, state: BatterySeen) -> float:
    if state.soc_pct is None or state.soc_pct <= battery.reserve_soc_pct:
        return 0.0
    return battery.rating_va if state.discharge_limit_w is None else min(battery.rating_va, state.discharge_limit_w)
