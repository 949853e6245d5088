"""Restoring: one feeder at a time, the lowest tier first, given energy and room for its pick-up."""

from __future__ import annotations

import math

from controller.core.black_start import first_tier
from controller.core.calm import is_far_from_step
from controller.core.charging import most_load
from controller.core.dead_bus import is_over_dead_bus
from controller.core.dimming import import_max_w
from controller.core.feeders import (
    PICKUP_WATCH_S,
    expected_w,
    is_faulty,
    is_lost,
    is_seen,
    is_suspect,
    may_close,
    order_close,
)
from controller.core.memory import FIRST_TIER, CoreMemory, FeederMemory
from controller.core.prepare import per_phase
from controller.core.resync import return_at_s, returns_by_itself
from controller.core.situation import Situation, carrier
from controller.model.frozen import replace
from controller.model.hub import Feeder, Tier
from controller.model.phases import ZERO, PhaseValues
from controller.model.reasons import Reason
from controller.model.words import Authority, BreakerPosition, BusSide, Mode, Switcher

PICKUP_CEILING_RATIO = 0.8  # after a pick-up at least a fifth stays free
KEPT_FREE_RATIO = 1.2  # of a pick-up: meters err, and one watt too little would keep it off for good
ROOM_SEEN_S = 0.5  # from judgement: several samples of a measured power
SOC_HYSTERESIS_PCT = 5.0
TIER_0_IDLE_S = 2.0  # beyond a contact that misses its order once, and the inrush of another
STEP_FAR_S = 1.0  # a contactor, its inrush, and the dip of the bus that comes of it
RESTORABLE_MODES = (Mode.ISLANDED, Mode.GRID_CONNECTED, Mode.BLACK_START)


def is_restorable(memory: CoreMemory, situation: Situation) -> bool:
    """Feeders may come back on. On the way back too: a device that is to close the POI takes its time without bound.

    Until any other closes it minutes may pass as well: tier 0 comes on meanwhile, unless the closing is near.
    """
    if memory.mode is not Mode.RECONNECTION:
        return memory.mode in RESTORABLE_MODES
    is_on_the_way = situation.poi_is_closed is False and not is_over_dead_bus(memory)
    return is_on_the_way and (_is_devices_turn(situation) or is_far_from_step(situation, STEP_FAR_S))


def _is_devices_turn(situation: Situation) -> bool:
    return situation.hub.poi.switching.closed_by is Switcher.DEVICE


def restore(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Close the next feeder, lowest tier first, given energy, room for its pick-up, and quiet since the last.

    Room that one sample shows is none: a flipped bit may take kilowatts off a measured power. One whose last pick-up
    failed comes last in its tier, and alone: what happens then is its own doing. In MANUAL whom a person asks for.
    """
    following = _next(memory, situation) if _is_quiet(memory, situation, ROOM_SEEN_S) else None
    if following is None:
        return forget_room(memory)
    known = memory.room_since_s
    if known is None or known[0] != following.id:
        return replace(memory, room_since_s=(following.id, situation.now_s))
    is_sure = situation.now_s - known[1] >= ROOM_SEEN_S
    if not is_sure or not _is_quiet(memory, situation, 0.0):
        return memory
    return order_close(forget_room(memory), following.id, situation)


def forget_room(memory: CoreMemory) -> CoreMemory:
    """Nobody is about to come on."""
    return memory if memory.room_since_s is None else replace(memory, room_since_s=None)


def keeps_tier_0_waiting(memory: CoreMemory, situation: Situation) -> bool:
    """The way back would: one of tier 0 is just coming on, waits for its turn, or did a moment ago."""
    since_s = memory.tier_0_idle_since_s
    return since_s is None or situation.now_s - since_s < TIER_0_IDLE_S


def serves_tier_0(memory: CoreMemory, situation: Situation) -> bool:
    """One of tier 0 is just coming on, or only waits for its turn; asked in the island."""
    states = [memory.feeders[f.id] for f in situation.hub.feeders.values() if f.tier == 0]
    if memory.mode is not Mode.ISLANDED or all(s.shed_since_s is None and s.close is None for s in states):
        return False
    if any(state.close is not None for state in states):
        return True
    following = _next(memory, situation) if _is_quiet(memory, situation, math.inf) else None
    return following is not None and following.tier == 0


def awaits(memory: CoreMemory, feeder: Feeder, situation: Situation) -> Reason | None:
    """What a feeder that a person lets close has to wait for; None: for nothing but its turn, or there is no power.

    Another of a lower tier, which comes first; a person asks for that one too where nobody sees the charge, and in
    MANUAL.
    """
    is_off = memory.feeders[feeder.id].position is not BreakerPosition.CLOSED
    if not is_off or not is_restorable(memory, situation) or situation.bus_is_live is not True:
        return None
    lower = [other for other in _waiting(memory, situation) if other.tier < feeder.tier]
    if not is_seen(feeder.id, situation):
        return Reason.FEEDER_UNSEEN
    if not all(_may_come(memory, o, situation) for o in lower):
        return Reason.LOWER_TIER_WAITS
    if not _has_energy(memory, feeder, situation):
        return Reason.CHARGE_AWAITED
    return None if _has_room(memory, feeder, situation) else Reason.ROOM_AWAITED


def kept_free(memory: CoreMemory, situation: Situation) -> PhaseValues:
    """Of a genset that carries the island alone, while batteries charge: the pick-up of who comes on now or next.

    For whom it has no room without any charge nothing is kept, and nobody overtakes him.
    """
    waiting = [f for f in _waiting(memory, situation) if _is_free(memory, f) and _has_charge(f, situation)]
    lowest = [f for f in waiting if f.tier == min(other.tier for other in waiting)]
    states = ((feeder, memory.feeders[feeder.id]) for feeder in situation.hub.feeders.values())
    coming = [f for f, state in states if state.close is not None or _is_watched(state, situation.now_s)]
    pickups = [_pickup(memory, feeder).scaled(KEPT_FREE_RATIO) for feeder in (*coming, *lowest)]
    source, load = carrier(situation), most_load(situation)
    ceiling = ZERO if source is None else per_phase(source.sustained_w * PICKUP_CEILING_RATIO, source)
    fitting = [pickup for pickup in pickups if (load + pickup).fits(ceiling)]
    return PhaseValues(*(max(phase) for phase in zip(*fitting, strict=True))) if fitting else ZERO


def _pickup(memory: CoreMemory, feeder: Feeder) -> PhaseValues:
    return PhaseValues.shared(expected_w(memory, feeder) * feeder.pickup_ratio, feeder.phases)


def _next(memory: CoreMemory, situation: Situation) -> Feeder | None:
    """Who is to come on now, if anybody can. Who was so a moment ago stays so: two must not put each other off."""
    known = memory.room_since_s[0] if memory.room_since_s is not None else None
    waiting = sorted(_waiting(memory, situation), key=lambda f: (f.tier, is_suspect(memory, f.id)))
    able = []
    for feeder in waiting:
        if feeder.tier > waiting[0].tier:
            break  # the order of tiers: nobody overtakes
        if is_suspect(memory, feeder.id) and _is_anyone_watched(memory, situation.now_s):
            continue
        if _may_come(memory, feeder, situation):
            able.append(feeder)
            if feeder.id == known or known is None:
                return feeder
    return able[0] if able else None


def _may_come(memory: CoreMemory, feeder: Feeder, situation: Situation) -> bool:
    """There is energy and room for it, and in MANUAL a person has asked; a start serves its first tier all the same.

    Nobody is closed blind.
    """
    able = _has_energy(memory, feeder, situation) and _has_room(memory, feeder, situation)
    return able and is_seen(feeder.id, situation) and _is_free(memory, feeder)


def _is_free(memory: CoreMemory, feeder: Feeder) -> bool:
    is_asked = memory.feeders[feeder.id].reason is Reason.OPERATOR
    return is_asked or memory.durable.authority is not Authority.MANUAL or memory.mode is Mode.BLACK_START


def _waiting(memory: CoreMemory, situation: Situation) -> list[Feeder]:
    """Ours to close again. A black start serves its first tier and no more, the way back only what cannot wait."""
    if memory.mode is Mode.BLACK_START:
        return first_tier(memory, situation)
    ours = [f for f in situation.hub.feeders.values() if may_close(memory, f, situation.now_s)]
    is_closed_by_us = memory.mode is Mode.RECONNECTION and not _is_devices_turn(situation)
    if is_closed_by_us or _is_break_near(memory, situation):
        ours = [f for f in ours if f.tier == 0]
    able = [f for f in ours if not is_faulty(f, situation) and not is_lost(memory, f.id, situation.now_s)]
    return [f for f in able if not _is_hopeless(memory, f, situation)]


def _is_break_near(memory: CoreMemory, situation: Situation) -> bool:
    """The way back to the grid leads over a dead bus, and is due: who came on now would be switched off again."""
    is_over_dead = situation.hub.poi.switching.closed_by is Switcher.OPEN_TRANSITION
    if memory.mode is not Mode.ISLANDED or not is_over_dead or not returns_by_itself(memory, situation):
        return False
    due_s = return_at_s(memory, situation)
    return due_s is not None and 0.0 <= due_s - situation.now_s <= PICKUP_WATCH_S


def _is_hopeless(memory: CoreMemory, feeder: Feeder, situation: Situation) -> bool:
    """It did not follow, and has no second try while nobody sees the charge: it holds nobody back either."""
    has_failed = memory.feeders[feeder.id].reason is Reason.NOT_FOLLOWED
    return has_failed and situation.soc_pct is None and not _has_energy(memory, feeder, situation)


def _is_anyone_watched(memory: CoreMemory, now_s: float) -> bool:
    return any(_is_watched(state, now_s) for state in memory.feeders.values())


def _is_watched(feeder: FeederMemory, now_s: float) -> bool:
    """For its time and no longer: one that is not seen any more, or has been shed, holds nobody back."""
    return feeder.picked_up_at_s is not None and now_s - feeder.picked_up_at_s <= PICKUP_WATCH_S


def _is_quiet(memory: CoreMemory, situation: Situation, early_s: float) -> bool:
    """Time to bring the next one on, or so much before it."""
    timing = situation.hub.timing
    off = [f for f in memory.feeders.values() if f.shed_since_s is not None]
    sheds_s = [f.shed_since_s or 0.0 for f in off if f.reason is not Reason.OPERATOR]  # whom a person lets close
    quiet_since_s = max(memory.last_pickup_at_s, memory.mode_since_s, *sheds_s)
    settle_s = timing.restore_settle_s
    if memory.mode is Mode.BLACK_START:
        start = memory.black_start
        if start is None or start.step != FIRST_TIER:
            return False
        quiet_since_s = max(memory.last_pickup_at_s, start.step_since_s - settle_s)  # the first one at once
    if memory.mode is Mode.GRID_CONNECTED:
        returned_s = memory.mode_since_s + timing.return_offset_s
        is_first = memory.last_pickup_at_s < memory.mode_since_s and max(sheds_s, default=0.0) <= memory.mode_since_s
        is_at_once = is_first and _came_over_dead_bus(memory)
        quiet_since_s = max(quiet_since_s, returned_s) if not is_at_once else returned_s - settle_s
    return (
        is_restorable(memory, situation)
        and situation.now_s - quiet_since_s >= settle_s - early_s
        and situation.bus_is_live is True
        and _is_earthed(memory, situation)
        and memory.overload_since_s is None
        and not any(f.close is not None or _is_on_trial(f, situation.now_s) for f in memory.feeders.values())
        and situation.may_switch_on
    )


def _came_over_dead_bus(memory: CoreMemory) -> bool:
    """Feeders were dropped for the way back to the grid, and people sit in the dark beside it."""
    return any(f.shed_since_s is not None and f.reason is Reason.DEAD_BUS_RETURN for f in memory.feeders.values())


def _is_on_trial(feeder: FeederMemory, now_s: float) -> bool:
    """It has been picked up once more after a failure."""
    return _is_watched(feeder, now_s) and feeder.close_attempts > 1


def _is_earthed(memory: CoreMemory, situation: Situation) -> bool:
    """By the grid, whose POI is seen closed, or by the island's own relay."""
    if memory.mode is Mode.GRID_CONNECTED and situation.poi_is_closed is not True:
        return False
    by_grid = memory.mode is Mode.GRID_CONNECTED and situation.contact_is_closed
    return by_grid or situation.earthing_is_ready


def _has_energy(memory: CoreMemory, feeder: Feeder, situation: Situation) -> bool:
    """A charge that nobody sees is kept for the lowest tier; who has looked at the battery may switch on more."""
    if memory.mode is Mode.GRID_CONNECTED or (situation.former is None and situation.loaded_genset is not None):
        return True
    is_asked = memory.feeders[feeder.id].reason is Reason.OPERATOR  # a person has let it close
    return (situation.soc_pct is None and is_asked) or _has_charge(feeder, situation)


def _has_charge(feeder: Feeder, situation: Situation) -> bool:
    """By its tier's own limit; where nobody sees a charge, the lowest tier alone."""
    soc_pct = situation.soc_pct
    if soc_pct is None:
        return feeder.tier == min(other.tier for other in situation.hub.feeders.values())
    tier = next((t for t in situation.hub.tiers if t.number == feeder.tier), None)
    return tier is None or soc_pct >= _restore_soc_pct(tier)


def _restore_soc_pct(tier: Tier) -> float:
    return max(tier.restore_above_soc_pct, tier.shed_below_soc_pct + SOC_HYSTERESIS_PCT)


def _has_room(memory: CoreMemory, feeder: Feeder, situation: Situation) -> bool:
    """Cold loads draw more: the pick-up must fit on each of the feeder's phases."""
    pickup = _pickup(memory, feeder)
    if memory.mode is Mode.GRID_CONNECTED:
        grid_w = situation.seen.poi.power_w
        return grid_w is None or grid_w.total + pickup.total <= import_max_w(memory, situation.hub, feeder.id)
    source = carrier(situation)
    if source is None or source.power_w is None or feeder.bus is not BusSide.ISLAND:
        return False
    ceiling = per_phase(source.sustained_w * PICKUP_CEILING_RATIO, source)
    return (source.power_w + pickup).fits(ceiling)
