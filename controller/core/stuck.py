"""A POI that was ordered open: when it counts as stuck or unproven, and what ends the lock-out for it.

Conditions of the transition table, as those in `conditions.py`.
"""

from __future__ import annotations

from controller.core.attempts import form_attempts, recent_attempts
from controller.core.borne_out import has_lied
from controller.core.contact import JOINS_CONFIRM_S, does_not_slip, is_undecided, starts_in_step
from controller.core.genset_panel import STARTS_S
from controller.core.memory import CoreMemory
from controller.core.poi import is_proven, may_form
from controller.core.situation import Situation, former_gives
from controller.model.reasons import Reason
from controller.model.words import Authority, BreakerPosition, GridVerdict, Mode

ANSWERED_S = 5.0  # from the order to form to an inverter that takes its time
STUCK_MARGIN_S = 0.3  # on top of the breaker's own time: write, poll and two cycles
NOT_PROVEN = (Reason.POI_STUCK, Reason.POI_UNPROVEN)


def poi_stuck(memory: CoreMemory, situation: Situation) -> bool:
    """Ordered open and not proven open in the breaker's time. What was, and is merely unseen, is not stuck."""
    was_proven = memory.poi.proven_open_since_s is not None
    if memory.durable.authority is Authority.OBSERVE or memory.poi.open_since_s is None or was_proven:
        return False
    limit_s = situation.hub.poi.breaker_opening_s + STUCK_MARGIN_S
    not_open = not situation.poi_is_proven_open and situation.seen.poi.position is not BreakerPosition.OPEN
    return not_open and situation.now_s - memory.poi.open_since_s > limit_s


def breaker_failed(memory: CoreMemory, situation: Situation) -> bool:
    """The protection has tripped the POI just now, and it does not open in its time (ANSI 50BF)."""
    since_s = memory.poi.tripped_since_s
    if since_s is None or since_s <= memory.mode_since_s or memory.durable.authority is Authority.OBSERVE:
        return False  # a trip that had been there when we came on grid is an old flag
    is_late = situation.now_s - since_s > situation.hub.poi.breaker_opening_s + STUCK_MARGIN_S
    return is_late and situation.seen.poi.position is not BreakerPosition.OPEN and not situation.poi_is_proven_open


def open_not_proven(memory: CoreMemory, situation: Situation) -> bool:
    """Not seen closed, and nothing has borne out that it is open for as long as forming may take."""
    if memory.durable.authority is Authority.OBSERVE or memory.poi.open_since_s is None:
        return False
    limit_s = situation.hub.poi.breaker_opening_s + situation.hub.timing.forming_max_s
    waited = situation.now_s - unproven_since_s(memory, memory.poi.open_since_s) > limit_s
    carries = situation.former is not None and is_apart_unseen(memory, situation)
    return waited and not situation.poi_is_proven_open and not carries


def unproven_since_s(memory: CoreMemory, open_since_s: float) -> float:
    """Since when a POI that is ordered open waits for its proof: the order, the mode, or the last proof."""
    return max(open_since_s, memory.mode_since_s, memory.poi.unproven_since_s or 0.0)


def is_apart_unseen(memory: CoreMemory, situation: Situation) -> bool:
    """Its contact is not seen; its sides have differed since it said open, and nothing has spoken against it since."""
    return memory.poi.sides.have_differed and situation.seen.poi.position is None and not situation.poi_flows


def forming_reaches_the_grid(memory: CoreMemory, situation: Situation) -> bool:
    """Told to, we form, and both sides of a POI that is not seen closed live as one, or current joins them."""
    is_said_shut = situation.seen.poi.position not in (None, BreakerPosition.OPEN)
    is_one = situation.poi_sides_are_one and not memory.poi.sides.have_differed
    is_one = is_one and not (starts_in_step(memory, situation) or is_undecided(memory, situation))
    lives_as_one = is_one or _is_joined(memory, situation)
    is_told = _is_engine_told(memory, situation) or (_was_told(memory, situation) and may_form(memory, situation))
    return not is_said_shut and lives_as_one and is_told


def _is_joined(memory: CoreMemory, situation: Situation) -> bool:
    """Between two dead sides it takes a third sample, or a former that gives power and has no voltage to show for it.

    One false current of a moment is no street; one that drags its former down leaves no time for a third sample.
    """
    is_borne_out = situation.bus_is_dead is True and former_gives(situation.seen, situation.hub)
    if not situation.poi_sides_are_dead or is_borne_out:
        return situation.poi_joins_both
    since_s = memory.poi.joins_since_s
    return since_s is not None and situation.now_s - since_s >= JOINS_CONFIRM_S


def _was_told(memory: CoreMemory, situation: Situation) -> bool:
    """A battery, to form: the POI had been proven open for that.

    An inverter that forms by itself does so while the breaker opens, and a contact may be seen sooner than the rest.
    """
    since_s = memory.poi.open_since_s
    if since_s is None or memory.durable.authority is Authority.OBSERVE:
        return False
    return form_attempts(memory, situation, min(since_s, situation.now_s - ANSWERED_S)) > 0  # before a restart, maybe


def _is_engine_told(memory: CoreMemory, situation: Situation) -> bool:
    """One that carries the bus alone was cranked for this black start, or for one that a restart has cut in two."""
    genset = situation.hub.gensets.get(situation.loaded_genset or "")
    if genset is None or situation.former is not None:
        return False
    begun_s = situation.now_s - STARTS_S * genset.start_time_s
    is_cut = memory.started_at_s > begun_s
    if not is_cut and memory.mode is not Mode.BLACK_START:
        return False
    return recent_attempts(memory, genset.id, "crank", begun_s if is_cut else memory.mode_since_s) > 0


def formed_in_step(memory: CoreMemory, situation: Situation) -> bool:
    """What was formed a moment ago lives as one with the street, and does not slip: a late meter had shown two.

    A grid that lived before that is passed in step now and then, and is none.
    """
    live_since_s = memory.poi.grid_live_since_s
    is_new = live_since_s is not None and form_attempts(memory, situation, situation.now_s - ANSWERED_S) > 0
    is_new = is_new and form_attempts(memory, situation, live_since_s or 0.0) == 0  # it has come to life since
    is_one = situation.seen.poi.position is BreakerPosition.OPEN and situation.poi_sides_are_one
    is_one = is_one and not memory.poi.sides.have_differed and not starts_in_step(memory, situation)
    acts = memory.durable.authority is not Authority.OBSERVE
    if is_undecided(memory, situation):
        return acts and is_one and has_lied(memory)  # he has been stopped three times
    return acts and is_one and situation.former is not None and (is_new or does_not_slip(memory, situation))


def formed_unseen(memory: CoreMemory, situation: Situation) -> bool:
    """Three times somebody has formed on the word of the POI's contact, and nobody has seen its sides apart.

    Who holds the bus beside sides that differ at this moment feeds no street, whatever was said before.
    """
    return has_lied(memory) and not (situation.holder is not None and situation.poi_sides_differ)


def proven_open_at_last(memory: CoreMemory, situation: Situation) -> bool:
    """The POI is proven open after all; by a difference of its sides where its contact has lied before.

    One that was not seen for too long, or said nothing sensible, has told no lie: what had proven it before proves it
    again.
    """
    return memory.reason in NOT_PROVEN and is_proven(memory, situation) and not has_lied(memory)


def grid_is_back(memory: CoreMemory, situation: Situation) -> bool:
    """The POI never opened, no trip stands, and since the lock-out the grid has been good for its observation time."""
    is_tripped = situation.seen.poi.relay_tripped is True  # a street that our own inverter holds up looks good as well
    return not is_tripped and stood_on_a_good_grid(memory, situation)


def lockout_released(memory: CoreMemory, situation: Situation) -> bool:
    """A person at the hub has looked: the POI never opened, the grid has been good for as long, the trip is old."""
    return memory.released_lockout and may_release_lockout(memory, situation)


def may_release_lockout(memory: CoreMemory, situation: Situation) -> bool:
    """Nothing that is seen speaks against it: the contact says closed, both sides are one, no source of ours forms."""
    is_one = situation.contact_is_closed and situation.poi_sides_are_one
    return is_one and situation.holder is None and stood_on_a_good_grid(memory, situation)


def stood_on_a_good_grid(memory: CoreMemory, situation: Situation) -> bool:
    """Closed, and good for the observation time since the lock-out for a POI that did not open."""
    good_s, observation_s = memory.grid.good_since_s, situation.hub.grid_code.return_window.observation_s
    waited = good_s is not None and situation.now_s - max(good_s, memory.mode_since_s) >= observation_s
    is_seen_good = memory.grid.verdict is GridVerdict.OK  # through a blink it is only remembered so
    return memory.reason in NOT_PROVEN and waited and is_seen_good and situation.poi_is_closed is True
