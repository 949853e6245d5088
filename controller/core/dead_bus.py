"""Back to the grid over a dead bus: every source stopped, every load off that can be, and the grid closes onto nothing.

Two ways lead here: a hub that is dark while the grid is good again, and one whose POI cannot be closed in sync
(`closed_by = "open_transition"`), which makes the break itself.
"""

from __future__ import annotations

from controller.core.genset_panel import COMING, STARTS_S, is_overdue, only_says_so, state_of
from controller.core.memory import CoreMemory, SourceMemory
from controller.core.resync import is_return_due, must_not_close
from controller.core.situation import Situation, is_on_our_bus
from controller.model.commands import Order
from controller.model.hub import AssetId, Feeder, Genset
from controller.model.image import BatterySeen
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, BusSide, GensetState, InverterMode, Mode, Switcher

DEAD_HOLD_S = 0.6  # a little longer than the guard asks: the core orders nothing that would be vetoed
UNLOAD_MAX_S = 3.0  # a contactor that does not open by then stays on: the grid carries it
CRANK_ANSWER_S = 2.0  # by then a panel says what our crank has made of it
ON = (GensetState.STARTING, GensetState.READY, GensetState.LOADED)  # one that comes is on the bus before it says so


def is_over_dead_bus(memory: CoreMemory) -> bool:
    """We are on the way back to the grid, and not in sync but over a dead bus."""
    return memory.mode is Mode.RECONNECTION and memory.reason is Reason.DEAD_BUS_RETURN


def may_close_in_the_dark(memory: CoreMemory, situation: Situation) -> bool:
    """The hub is dark, the grid has been good for its observation time, nobody comes first, and nobody has said no."""
    return nothing_bars_it(memory, situation) and is_return_due(memory, situation)


def nothing_bars_it(memory: CoreMemory, situation: Situation) -> bool:
    """We might close a good grid onto the dead hub: no lock, no latch, nobody who comes, and its contact says open."""
    is_open = situation.seen.poi.position is BreakerPosition.OPEN  # one that says anything else is left
    is_wanted = memory.durable.planned is None and not must_not_close(memory, situation)
    is_free = is_open and is_wanted and nobody_is_on(memory, situation)
    return is_free and situation.hub.poi.switching.is_closed_by_us


def may_make_a_break(memory: CoreMemory, situation: Situation) -> bool:
    """The POI cannot be closed in sync; the observation time is over, nobody has said no, and no genset is coming.

    One that is on its way would come onto the bus that has to be dead, and the break would last as long as its start.
    """
    is_kind = situation.hub.poi.switching.closed_by is Switcher.OPEN_TRANSITION
    return is_kind and is_return_due(memory, situation) and not _is_one_coming(memory, situation)


def _is_one_coming(memory: CoreMemory, situation: Situation) -> bool:
    """Onto our bus: ordered to, or by what its panel says, but not for so long that nothing may come of it."""
    ours = [genset for genset in situation.hub.gensets.values() if is_on_our_bus(genset)]
    sources = [(genset, memory.gensets.get(genset.id, SourceMemory())) for genset in ours]
    return any(
        source.order is not None
        or (state_of(genset, situation) in COMING and not is_overdue(source, genset, situation))
        for genset, source in sources
    )


def is_ready(memory: CoreMemory, situation: Situation) -> bool:
    """A live grid, a bus that has been dead for long enough, nobody on it, and the loads off."""
    since_s, now_s = memory.bus_dead_since_s, situation.now_s
    is_dead = since_s is not None and now_s - since_s >= DEAD_HOLD_S
    is_unloaded = now_s - memory.mode_since_s >= UNLOAD_MAX_S or not still_on(situation)
    return situation.grid_is_live is True and is_dead and is_unloaded and nobody_is_on(memory, situation)


def is_overtaken(order: Order, memory: CoreMemory, situation: Situation) -> bool:
    """Given over dead sides, and now one of them that was dead lives, or one that lived is dead, or somebody is on."""
    match order.cause:
        case Reason.DEAD_BUS_RETURN:
            grid_is_other = situation.grid_is_live is False
        case Reason.LAST_ACT:  # a grid that comes is observed first
            grid_is_other = situation.grid_is_dead is False
        case _:
            return False
    return grid_is_other or situation.bus_is_dead is False or not nobody_is_on(memory, situation)


def nobody_is_on(memory: CoreMemory, situation: Situation) -> bool:
    """No battery forms the bus, and no genset is on it or may be coming; a dead bus speaks for the others."""
    seen = situation.seen
    forms = any(
        (seen.batteries.get(battery) or BatterySeen()).mode is InverterMode.GRID_FORMING
        for battery in situation.hub.batteries
    )
    return not forms and not any(_may_come(memory, genset, situation) for genset in situation.hub.gensets.values())


def _may_come(memory: CoreMemory, genset: Genset, situation: Situation) -> bool:
    """It comes or runs, was cranked just now, or was last seen so; unseen, for an order's time and a start after it.

    By then its start has failed, or the bus is not dead any more. After that a panel that stays silent, or goes on
    saying that it starts, bars nothing: it must not keep the hub dark beside a good grid. Beside a dead one it does: an
    engine that fires all the same would feed the street.
    """
    state = state_of(genset, situation)
    if state in ON:
        return situation.grid_is_live is not True or not only_says_so(memory, genset, situation)
    begun_s = [a.at_s for a in memory.durable.attempts if a.subject == genset.id and a.kind == "crank"]
    if state is not None:
        return any(situation.now_s - at_s < CRANK_ANSWER_S for at_s in begun_s)
    coming_at_s = memory.gensets.get(genset.id, SourceMemory()).coming_at_s
    begun_s += [] if coming_at_s is None else [coming_at_s]
    return any(situation.now_s - at_s <= STARTS_S * genset.start_time_s for at_s in begun_s)


def droppable(situation: Situation) -> list[AssetId]:
    """Feeders of the island that supply none of our own gear: what a dead bus is freed of before it comes back."""
    return [feeder.id for feeder in situation.hub.feeders.values() if _may_drop(feeder)]


def still_on(situation: Situation) -> list[AssetId]:
    """Of those, the ones that are seen closed."""
    return [f for f in droppable(situation) if situation.draws[f].position is BreakerPosition.CLOSED]


def _may_drop(feeder: Feeder) -> bool:
    return feeder.bus is BusSide.ISLAND and not feeder.carries_control


def poi_shows_the_bus(situation: Situation) -> bool:
    """The POI's instrument sees voltage on it: a former's terminals may be a moment ahead of it."""
    bus_v, hub = situation.seen.poi.bus_voltage_v, situation.hub
    return bus_v is not None and bus_v.maximum > hub.grid_code.dead_voltage_ratio * hub.nominal_voltage_v
