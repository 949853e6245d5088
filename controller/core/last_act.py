"""The last act: our own supply ends, and the hub is left so that the returning grid, or the sun, finds it.

Forming ends in good order, before the BMS ends it in bad. A POI that the site wants closed while nobody can supply the
hub (`unattended = "closed"`) is then closed, dead onto dead, with every source told to stop.
"""

from __future__ import annotations

from controller.core.attempts import HUB, recent_attempts
from controller.core.black_start import can_start_now
from controller.core.charge_fall import is_charge_doubted
from controller.core.dead_bus import DEAD_HOLD_S, nobody_is_on
from controller.core.genset_panel import COMING, is_overdue
from controller.core.memory import CoreMemory, SourceMemory
from controller.core.poi import may_try_to_close, order_poi_close
from controller.core.resync import must_not_close
from controller.core.situation import Situation
from controller.core.start_rest import KIND
from controller.model.hub import Genset
from controller.model.image import BatterySeen, GensetSeen
from controller.model.reasons import Reason
from controller.model.words import Authority, BreakerPosition, GensetState, Mode

EMPTY_HOLD_S = 5.0  # a meter that errs for a moment ends no supply
SUN_GRACE_S = 300.0  # PV waits a minute for a healthy bus, then needs some to ramp up
UNATTENDED_AFTER_S = 60.0  # a source that is silent for a moment may be back


def is_running_dry(memory: CoreMemory, situation: Situation) -> bool:
    """The battery that forms is down to what is kept for starting again, goes on giving, and nothing else comes."""
    former = situation.former
    if former is None or situation.loaded_genset is not None or _genset_comes(memory, situation):
        return False
    state = situation.seen.batteries.get(former) or BatterySeen()
    if state.soc_pct is None or state.power_w is None:
        return False
    gives = state.power_w.total > 0.0
    return gives and state.soc_pct <= situation.hub.batteries[former].empty_soc_pct


def supply_ends(memory: CoreMemory, situation: Situation) -> bool:
    """Empty for seconds, and still giving; a hub that was started by the sun is given time for its sun.

    A charge that fell at one blow proves nothing while the BMS lets the battery give.
    """
    since_s = memory.empty_since_s
    if memory.durable.authority is Authority.OBSERVE:
        return False  # nobody follows: the mode is what the plant shows
    if since_s is None or situation.now_s - since_s < EMPTY_HOLD_S or is_charge_doubted(memory, situation):
        return False
    young = recent_attempts(memory, HUB, KIND, situation.now_s - SUN_GRACE_S) > 0
    return not (young and memory.black_start is not None and memory.black_start.on_sun)


def may_leave_closed(memory: CoreMemory, situation: Situation) -> bool:
    """Dark, with nothing to start from: the POI goes where the site wants it for a returning grid."""
    poi, now_s = situation.hub.poi, situation.now_s
    if not poi.is_closed_unattended or not poi.switching.is_closed_by_us or memory.mode is not Mode.DARK:
        return False
    if situation.seen.poi.position is not BreakerPosition.OPEN or must_not_close(memory, situation):
        return False
    wait_s = 0.0 if memory.reason is Reason.LAST_ACT else UNATTENDED_AFTER_S
    since_s = memory.bus_dead_since_s
    is_dead = since_s is not None and now_s - since_s >= DEAD_HOLD_S and situation.grid_is_dead is True
    has_waited = now_s - memory.mode_since_s >= wait_s
    return is_dead and has_waited and nobody_is_on(memory, situation) and not can_start_now(memory, situation)


def leave_closed(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Order the closing that leaves the hub to the returning grid."""
    is_free = memory.poi.close is None and may_try_to_close(memory, situation)
    if not is_free or not may_leave_closed(memory, situation):
        return memory
    return order_poi_close(memory, situation, Reason.LAST_ACT)


def _genset_comes(memory: CoreMemory, situation: Situation) -> bool:
    return any(_comes(memory, genset, situation) for genset in situation.hub.gensets.values())


def _comes(memory: CoreMemory, genset: Genset, situation: Situation) -> bool:
    """It carries load, or is on its way to; one that has been for too long is not waited for."""
    source = memory.gensets.get(genset.id, SourceMemory())
    state = (situation.seen.gensets.get(genset.id) or GensetSeen()).state
    is_coming = state in COMING or source.order is not None
    return state is GensetState.LOADED or (is_coming and not is_overdue(source, genset, situation))
