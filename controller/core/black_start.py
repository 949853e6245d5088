"""Black start (IEEE 2030.7 T4): from nothing to an island that serves its first tier, in small steps, each verified.

`STEPS` is the whole story. The step that a black start is in is the first one that is not done; one that is not done
in its time ends the attempt, and the next attempt waits longer. Nothing here closes the way for good: attempts are
counted within an hour, and an empty battery is tried again when the sun has come.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from controller.core.attempts import HUB, count_attempt, form_attempts, recent_attempts
from controller.core.dead_bus import droppable, nothing_bars_it, still_on
from controller.core.earthing import has_closings_left
from controller.core.feeders import is_faulty, may_close, shed
from controller.core.keys import is_in_other_hands, why_nothing_comes_on
from controller.core.memory import FIRST_TIER, FORM, BlackStart, CoreMemory, SourceMemory
from controller.core.poi import FORM_ATTEMPTS_MAX, is_proven
from controller.core.resync import return_at_s, returns_by_itself
from controller.core.situation import Situation
from controller.core.start_rest import ATTEMPT_MEMORY_S, KIND, UNBEGUN, kind_of, newest_start_s
from controller.core.starters import battery_to_start, gensets_to_start, is_sunny, may_answer_again, sunrise_candidate
from controller.core.stuck import is_apart_unseen
from controller.model.frozen import dataclass, replace
from controller.model.hub import AssetId, Feeder
from controller.model.image import GensetSeen
from controller.model.reasons import Reason
from controller.model.words import Authority, BreakerPosition, BusSide, GensetState, Mode

SUN_HOLD_S = 60.0  # a gap in the clouds is no morning
GRID_IS_NEAR_S = 5.0  # a grid that may be closed within this is waited for: a black start takes no less
UNLOAD_S = 3.0
RELAY_BACK_S = 15.0  # from judgement: a relay whose supply had dipped
FORMED_S = 0.5  # a bus that has stood for this long is one
FIRST_TIER_S = 30.0
RUNS = (GensetState.STARTING, GensetState.READY, GensetState.LOADED)

Condition = Callable[[CoreMemory, Situation], bool]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that must be seen done. `time_s` for it; `must`: without it nothing that follows may be tried."""

    name: str
    is_done: Condition
    time_s: Callable[[CoreMemory, Situation], float]
    must: bool


def isolated(memory: CoreMemory, situation: Situation) -> bool:
    """The POI is proven open; for who holds the bus already, it was when it was seen last: what lives stays ours."""
    return is_proven(memory, situation) or (situation.holder is not None and is_apart_unseen(memory, situation))


def unloaded(_: CoreMemory, situation: Situation) -> bool:
    """Every feeder that supplies none of our own gear is seen open."""
    return not still_on(situation)


def earthed(_: CoreMemory, situation: Situation) -> bool:
    """The island has its earth."""
    return situation.earthing_is_ready


def formed(memory: CoreMemory, situation: Situation) -> bool:
    """A source holds the bus, and has held it for half a second."""
    since_s = memory.bus_live_since_s
    return situation.holder is not None and since_s is not None and situation.now_s - since_s >= FORMED_S


def first_tier_served(memory: CoreMemory, situation: Situation) -> bool:
    """Of the first tier nothing waits that could be closed."""
    return not _waiting_of_first_tier(memory, situation, math.inf)


def _isolating_time_s(memory: CoreMemory, situation: Situation) -> float:
    """A relay that starts anew is waited for, as long as no engine runs meanwhile."""
    source = memory.black_start.source if memory.black_start is not None else None
    engine = situation.seen.gensets.get(source or "") or GensetSeen()
    return situation.hub.poi.breaker_opening_s + (2.0 if engine.state in RUNS else RELAY_BACK_S)


def _forming_time_s(memory: CoreMemory, situation: Situation) -> float:
    start, timing = memory.black_start, situation.hub.timing
    genset = situation.hub.gensets.get(start.source or "") if start is not None else None
    if genset is not None:
        return timing.order_hold_s + genset.start_time_s + timing.forming_max_s
    return FORM_ATTEMPTS_MAX * (timing.order_hold_s + timing.forming_max_s)


STEPS: tuple[Step, ...] = (
    Step("isolate", isolated, _isolating_time_s, must=True),
    Step("unload", unloaded, lambda _, __: UNLOAD_S, must=False),
    Step("earth", earthed, lambda _, s: s.hub.timing.forming_max_s, must=True),
    Step(FORM, formed, _forming_time_s, must=True),
    Step(FIRST_TIER, first_tier_served, lambda _, __: FIRST_TIER_S, must=False),
)
DONE = "done"


def take_step(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Note which step the black start is in. A step once passed is not asked again, but for the ones that must be."""
    start = memory.black_start
    if memory.mode is not Mode.BLACK_START or start is None:
        return memory
    name = _current(memory, start, situation)
    if name == start.step:
        return memory
    if name == FORM and start.source and not recent_attempts(memory, HUB, kind_of(start.source), memory.mode_since_s):
        memory = count_attempt(memory, HUB, kind_of(start.source), situation.now_s)
    return replace(memory, black_start=replace(start, step=name, step_since_s=situation.now_s))


def started(memory: CoreMemory, situation: Situation) -> bool:
    """The island stands, and serves its first tier as far as that can be."""
    return memory.black_start is not None and memory.black_start.step == DONE and formed(memory, situation)


def start_failed(memory: CoreMemory, situation: Situation) -> bool:
    """A step that must be done was not, in its time; every attempt to form is used up; or the hub is in other hands."""
    start = memory.black_start
    if start is None:
        return True
    if situation.holder is None and is_in_other_hands(memory, situation):
        return True  # nothing comes on under the hands of whoever has turned the key
    step = next((step for step in STEPS if step.name == start.step), None)
    if step is None or not step.must:
        return False
    is_late = situation.now_s - start.step_since_s > step.time_s(memory, situation)
    return is_late or (step.name == FORM and _is_out_of_tries(memory, start, situation))


def battery_can_start(memory: CoreMemory, situation: Situation) -> bool:
    """A battery that can form answers, and has charge enough for the first tier and a while."""
    return battery_to_start(memory, situation) is not None and _may_begin(memory, situation)


def genset_can_start(memory: CoreMemory, situation: Situation) -> bool:
    """No battery can, nor is one unseen for a moment only, and a genset on the bus has a start left."""
    if may_answer_again(memory, situation):
        return False
    return bool(gensets_to_start(memory, situation)) and _may_begin(memory, situation)


def sun_can_start(memory: CoreMemory, situation: Situation) -> bool:
    """The battery is all but empty, and the sun is there to fill it; unseen, it is looked for once an hour."""
    if sunrise_candidate(memory, situation) is None or not _may_begin(memory, situation):
        return False
    if memory.released_start:
        return is_sunny(situation) is not False  # who asks has looked at the sky
    if situation.seen.weather.irradiance_w_per_m2 is None:
        return situation.now_s - memory.mode_since_s >= ATTEMPT_MEMORY_S
    return memory.sun_since_s is not None and situation.now_s - memory.sun_since_s >= SUN_HOLD_S


def can_start_now(memory: CoreMemory, situation: Situation) -> bool:
    """Any of the ways to begin is open."""
    return any(way(memory, situation) for way in (battery_can_start, genset_can_start, sun_can_start))


def only_genset_can_start(memory: CoreMemory, situation: Situation) -> bool:
    """In the transfer nobody is left who could form, and a genset can start the hub: it need not be waited for."""
    is_over = situation.candidate is None and situation.holder is None and situation.bus_is_dead is True
    return is_over and is_proven(memory, situation) and genset_can_start(memory, situation)


def begin(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Entering: one attempt more, the way it will go, and the loads off."""
    source, on_sun = battery_to_start(memory, situation), memory.reason is Reason.BLACK_START_SUN
    if on_sun:
        source = sunrise_candidate(memory, situation)
    elif memory.reason is Reason.BLACK_START_GENSET:
        source = next(iter(gensets_to_start(memory, situation)), None)
    memory = count_attempt(memory, HUB, KIND, situation.now_s)
    start = BlackStart(source, STEPS[0].name, situation.now_s, on_sun=on_sun)
    memory = replace(memory, black_start=start)
    return shed(memory, droppable(situation), memory.reason, situation.now_s)


def remember_unbegun(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """The start is over, and came no further than waiting for an open POI: nothing was worn, and no try is spent."""
    start = memory.black_start
    is_unbegun = start is not None and start.step == STEPS[0].name and start.step_since_s == newest_start_s(memory)
    return count_attempt(memory, HUB, UNBEGUN, situation.now_s) if is_unbegun else memory


def first_tier(memory: CoreMemory, situation: Situation) -> list[Feeder]:
    """The feeders of the lowest tier that wait and could be closed."""
    return _waiting_of_first_tier(memory, situation, situation.now_s)


def _waiting_of_first_tier(memory: CoreMemory, situation: Situation, before_s: float) -> list[Feeder]:
    """Those that have waited since before this instant: whom a person lets close waits from then on."""
    feeders = [f for f in situation.hub.feeders.values() if f.bus is BusSide.ISLAND]
    lowest = min((feeder.tier for feeder in feeders), default=0)
    waiting = [
        f for f in feeders if f.tier == lowest and (may_close(memory, f, before_s) or memory.feeders[f.id].close)
    ]
    return [feeder for feeder in waiting if not is_faulty(feeder, situation)]


def ask_for_start(memory: CoreMemory, situation: Situation) -> CoreMemory | Reason:
    """The memory after a person has asked for a black start, or why it is refused. It holds for this darkness alone."""
    if memory.mode is not Mode.DARK:
        return Reason.START_UNCLEAR if memory.mode is Mode.UNKNOWN else Reason.NOT_DARK
    if memory.durable.authority is Authority.OBSERVE:
        return Reason.OBSERVE_ONLY
    if not situation.may_switch_on:
        return why_nothing_comes_on(situation)
    if not _can_be_isolated(memory, situation):
        return Reason.POI_UNPROVEN
    if not has_closings_left(memory, situation):
        return Reason.EARTHING_NOT_ABLE
    released = replace(memory, released_start=True)
    by_sun = sunrise_candidate(released, situation) is not None and is_sunny(situation) is not False
    can = by_sun or battery_to_start(released, situation) is not None or gensets_to_start(released, situation)
    return released if can else Reason.NOTHING_TO_START


def _current(memory: CoreMemory, start: BlackStart, situation: Situation) -> str:
    """The first step not done. What must hold is asked each time; what may be left out, until its time is over."""
    reached = next((i for i, step in enumerate(STEPS) if step.name == start.step), len(STEPS))
    for number, step in enumerate(STEPS):
        if step.must and not step.is_done(memory, situation):
            return step.name
        if not step.must and number >= reached and not step.is_done(memory, situation):
            is_late = number == reached and situation.now_s - start.step_since_s > step.time_s(memory, situation)
            if not is_late:
                return step.name
    return DONE


def _may_begin(memory: CoreMemory, situation: Situation) -> bool:
    """Nobody works at the hub, people let us, the POI can be proven open, and the grid will not be there first."""
    authority = memory.durable.authority
    is_allowed = authority is Authority.AUTO or (authority is Authority.MANUAL and memory.released_start)
    is_quiet = situation.may_switch_on and situation.bus_is_dead is True and has_closings_left(memory, situation)
    return is_allowed and is_quiet and _can_be_isolated(memory, situation) and not _grid_is_near(memory, situation)


def _can_be_isolated(memory: CoreMemory, situation: Situation) -> bool:
    """Proven open, or there is something to open. Else a start would come to nothing, and count as one of three."""
    return is_proven(memory, situation) or situation.seen.poi.position not in (None, BreakerPosition.OPEN)


def _grid_is_near(memory: CoreMemory, situation: Situation) -> bool:
    """It will be closed onto the dead hub in a moment. One that may not be is not waited for, however good it is."""
    if not returns_by_itself(memory, situation) or not nothing_bars_it(memory, situation):
        return False
    earliest_s = return_at_s(memory, situation)
    return earliest_s is not None and earliest_s - situation.now_s <= GRID_IS_NEAR_S


def _is_out_of_tries(memory: CoreMemory, start: BlackStart, situation: Situation) -> bool:
    if start.source is not None and start.source in situation.hub.gensets:
        return _came_in_vain(memory, start.source, situation)
    tried = form_attempts(memory, situation, memory.mode_since_s) >= FORM_ATTEMPTS_MAX
    return tried and situation.holder is None and all(s.order is None for s in memory.batteries.values())


def _came_in_vain(memory: CoreMemory, genset: AssetId, situation: Situation) -> bool:
    """In this very start it went on saying that it comes. One that says fault may acknowledge it, and is waited for."""
    failed_at_s = memory.gensets.get(genset, SourceMemory()).failed_at_s
    is_coming = (situation.seen.gensets.get(genset) or GensetSeen()).state in (GensetState.STARTING, GensetState.READY)
    return is_coming and failed_at_s is not None and failed_at_s >= memory.mode_since_s
