"""The conditions of the transition table, a small function each; its docstring is a line of `docs/modes.md`."""

from __future__ import annotations

from collections.abc import Callable

from controller.core.attempts import form_attempts
from controller.core.bond import makes_way
from controller.core.contact import may_be_closing, turned_unasked
from controller.core.dead_bus import is_over_dead_bus
from controller.core.grid_verdict import BLIND_MAX_S
from controller.core.memory import CoreMemory, SourceMemory
from controller.core.poi import CLOSE_ATTEMPTS_MAX, FORM_ATTEMPTS_MAX, is_proven, transfer_since_s
from controller.core.recover import recover
from controller.core.restoring import keeps_tier_0_waiting
from controller.core.resync import can_follow, may_join, return_at_s
from controller.core.situation import Situation
from controller.core.stuck import is_apart_unseen
from controller.model.reasons import Reason
from controller.model.words import Authority, BreakerPosition, GridVerdict, InverterMode, Mode, Switcher

TIER_0_FIRST_S = 60.0  # from judgement: a dozen feeders; to get in step takes as long
COLLAPSE_CONFIRM_S = 0.2  # longer than the dip of an inrush
CONNECTED = (InverterMode.GRID_FOLLOWING, InverterMode.GRID_FORMING)  # its terminals are the bus
DARK_SETTLES_S = 2.0  # a source that was told to stop takes a moment
OBSERVED_TRANSFER_S = 15.0  # while observing nobody follows our orders: look again after this, and fill no log

Condition = Callable[[CoreMemory, Situation], bool]


def emergency_off(memory: CoreMemory, _: Situation) -> bool:
    """The emergency-off is latched."""
    return memory.durable.latch("emergency_off") is not None


def emergency_on_top(memory: CoreMemory, situation: Situation) -> bool:
    """Locked out for something else, and now the emergency-off as well."""
    return memory.reason is not Reason.EMERGENCY_OFF and emergency_off(memory, situation)


def recovered_as(mode: Mode, reason: Reason) -> Condition:
    """The plant shows this mode."""

    def when(memory: CoreMemory, situation: Situation) -> bool:
        return recover(memory, situation) == (mode, reason)

    when.__name__, when.__doc__ = f"recovered_as_{mode.value}", f"The plant shows: {reason.value}."
    return when


def start_unclear(memory: CoreMemory, situation: Situation) -> bool:
    """Ten seconds, and still too little to go by."""
    return situation.now_s - memory.mode_since_s >= situation.hub.timing.unknown_max_s


def start_clear(memory: CoreMemory, situation: Situation) -> bool:
    """Locked out at start, and now enough is seen."""
    return memory.reason is Reason.START_UNCLEAR and recover(memory, situation) is not None


def poi_opened_by_itself(memory: CoreMemory, situation: Situation) -> bool:
    """The POI is seen open without our order, or proven open although its contact says closed. Not while it joins."""
    seen = situation.seen.poi
    joins = situation.poi_joins_both or situation.poi_is_closed is True
    is_open = seen.position is BreakerPosition.OPEN and (not joins or seen.relay_tripped is True)
    return is_open or is_proven(memory, situation)


def grid_lost(memory: CoreMemory, _: Situation) -> bool:
    """Our own verdict: lost, or rejected by the grid code."""
    return memory.grid.verdict in (GridVerdict.LOST, GridVerdict.REJECTED)


def dark_and_blind(memory: CoreMemory, situation: Situation) -> bool:
    """The bus is seen dead and the grid is not seen: its instrument went with it, whatever a separate contact says.

    The terminals of an inverter that is off may be dead beside a live bus: they say nothing against such a contact.
    """
    poi, batteries = situation.seen.poi, situation.seen.batteries
    works = any(b in batteries and batteries[b].mode in CONNECTED for b in situation.hub.forming_order)
    is_told = poi.position is None or poi.bus_voltage_v is not None or works
    return poi.grid_voltage_v is None and is_told and collapsed(memory, situation)


def island_formed(memory: CoreMemory, situation: Situation) -> bool:
    """A source forms, or a genset goes on holding an earthed bus; the bus lives, the POI is proven open."""
    is_held = situation.former is not None or _stays(memory, situation)
    is_held = is_held and not makes_way(memory, situation)
    is_apart = situation.poi_is_proven_open or is_apart_unseen(memory, situation)
    return is_held and situation.bus_is_live is True and is_apart


def emergency_released(memory: CoreMemory, situation: Situation) -> bool:
    """A person at the hub has released the emergency-off."""
    return memory.reason is Reason.EMERGENCY_OFF and not emergency_off(memory, situation)


def not_formed(memory: CoreMemory, situation: Situation) -> bool:
    """Proven open, and either nobody can form or three attempts brought no voltage."""
    since_s = memory.poi.proven_open_since_s
    if since_s is None or situation.former is not None:
        return False
    waited = situation.now_s - max(since_s, memory.mode_since_s) > situation.hub.timing.forming_max_s
    nobody = situation.candidate is None
    tried = form_attempts(memory, situation, transfer_since_s(memory)) >= FORM_ATTEMPTS_MAX
    orders_over = all(source.order is None for source in memory.batteries.values())
    return waited and (nobody or (tried and orders_over) or _earthing_never_came(situation))


def may_reconnect(memory: CoreMemory, situation: Situation) -> bool:
    """The observation time is over, and nobody has said no. Tier 0 is served first, where that takes no minute."""
    due_s = return_at_s(memory, situation)
    is_overdue = due_s is not None and situation.now_s - due_s >= TIER_0_FIRST_S
    return may_join(memory, situation) and (is_overdue or not keeps_tier_0_waiting(memory, situation))


def collapsed(memory: CoreMemory, situation: Situation) -> bool:
    """The bus of the island is dead."""
    since_s = memory.bus_dead_since_s
    return since_s is not None and situation.now_s - since_s >= COLLAPSE_CONFIRM_S


def closed_unasked(memory: CoreMemory, situation: Situation) -> bool:
    """Somebody closed the POI: both sides are one. Where the contact alone says so, it has said so for 10 s."""
    is_closed = situation.poi_is_closed is True and situation.poi_evidence_count == 0
    return is_closed and not turned_unasked(memory, situation)


def closed_onto_bad_grid(memory: CoreMemory, situation: Situation) -> bool:
    """Somebody closed the POI, and the grid is not good."""
    return closed_unasked(memory, situation) and memory.grid.verdict is not GridVerdict.OK


def grid_lost_again(memory: CoreMemory, situation: Situation) -> bool:
    """The grid left its return window, or went where we cannot follow, while we were on our way to it."""
    left = memory.grid.verdict is not GridVerdict.OK or memory.grid.good_since_s is None
    return (left or not can_follow(situation)) and not _blinks_at_the_contact(memory, situation)


def grid_unseen(memory: CoreMemory, situation: Situation) -> bool:
    """The grid is not measured any more while we were on our way to it: nobody knows how it is."""
    poi = situation.seen.poi
    is_half_seen = poi.grid_frequency_hz is None and situation.grid_is_live is True
    return (poi.grid_voltage_v is None or is_half_seen) and not _blinks_at_the_contact(memory, situation)


def _blinks_at_the_contact(memory: CoreMemory, situation: Situation) -> bool:
    """It was measured just now, and the contact that was ordered closed then, or let, may be on its way: it soon shows.

    To open the POI for one lost answer would part from the grid again what has just joined it.
    """
    unseen_since_s, now_s = memory.grid.unseen_since_s, situation.now_s
    is_brief = unseen_since_s is not None and now_s - unseen_since_s < BLIND_MAX_S
    closes_by_itself = situation.hub.poi.switching.closed_by is Switcher.DEVICE and memory.poi.open_since_s is None
    return is_brief and (closes_by_itself or may_be_closing(memory, situation))


def grid_unseen_over_dead_bus(memory: CoreMemory, situation: Situation) -> bool:
    """The same, while the bus is dead: there is no island to go back to."""
    return is_over_dead_bus(memory) and grid_unseen(memory, situation)


def grid_lost_over_dead_bus(memory: CoreMemory, situation: Situation) -> bool:
    """The same as `grid_lost_again`, while the bus is dead."""
    return is_over_dead_bus(memory) and grid_lost_again(memory, situation)


def will_not_close_over_dead_bus(memory: CoreMemory, situation: Situation) -> bool:
    """Three orders over a dead bus, no contact."""
    return is_over_dead_bus(memory) and will_not_close(memory, situation)


def gave_up_over_dead_bus(memory: CoreMemory, situation: Situation) -> bool:
    """No closing over the dead bus within the time for it."""
    return is_over_dead_bus(memory) and gave_up(memory, situation)


def collapsed_on_the_way(memory: CoreMemory, situation: Situation) -> bool:
    """The bus of the island is dead, and we did not want it to be."""
    return not is_over_dead_bus(memory) and collapsed(memory, situation)


def closed_unasked_and_good(memory: CoreMemory, situation: Situation) -> bool:
    """Somebody closed the POI onto a good grid, or it had not opened yet when the grid came back."""
    return closed_unasked(memory, situation) and memory.grid.verdict is GridVerdict.OK and situation.bus_is_live is True


def gave_up(memory: CoreMemory, situation: Situation) -> bool:
    """No closing within the time for it."""
    return situation.now_s - memory.mode_since_s > situation.hub.timing.resync_max_s


def taken_over(memory: CoreMemory, _: Situation) -> bool:
    """A person has taken over since the way back has begun, and has not asked for it.

    What has begun over a dead bus is not left half-way: the village is dark until it is done.
    """
    is_asked = memory.return_is_released or memory.released_return
    return memory.durable.authority is Authority.MANUAL and not is_asked and not is_over_dead_bus(memory)


def will_not_close(memory: CoreMemory, situation: Situation) -> bool:
    """Three orders, no contact."""
    poi = memory.poi
    tried = poi.close_attempts >= CLOSE_ATTEMPTS_MAX and poi.close is None
    return tried and situation.poi_is_closed is not True


def nobody_follows(memory: CoreMemory, situation: Situation) -> bool:
    """Observing only: the plant did not do what we would have ordered."""
    is_observing = memory.durable.authority is Authority.OBSERVE
    return is_observing and situation.now_s - memory.mode_since_s > OBSERVED_TRANSFER_S


def brought_back(memory: CoreMemory, situation: Situation) -> bool:
    """The bus lives again, on grid or on a source of ours: the grid is back, or somebody was here."""
    settled = situation.now_s - memory.mode_since_s >= DARK_SETTLES_S or memory.reason is not Reason.LAST_ACT
    return (
        situation.bus_is_live is True
        and settled
        and recover(memory, situation)
        in {
            (Mode.ISLANDED, Reason.RECOVERED_ISLANDED),
            (Mode.GRID_CONNECTED, Reason.RECOVERED_ON_GRID),
            (Mode.GRID_CONNECTED, Reason.RECOVERED_RECONNECTED),
        }
    )


def _stays(memory: CoreMemory, situation: Situation) -> bool:
    """A genset holds an earthed bus, and is not about to let go; one that was told to, and did not in time, stays."""
    genset = situation.loaded_genset
    if genset is None or not situation.earthing_is_ready:
        return False
    lets_go = memory.gensets.get(genset, SourceMemory()).reason is Reason.GENSET_GIVES_WAY
    return not lets_go or situation.now_s - memory.mode_since_s > situation.hub.timing.forming_max_s


def _earthing_never_came(situation: Situation) -> bool:
    return not situation.earthing_is_ready
