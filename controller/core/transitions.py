"""The transition function (IEEE 2030.7) as one ordered table: the first row that applies wins.

`docs/modes.md` is generated from this table. T1 (planned islanding), T4 (black start) and the ways out of DARK have
their place here and no rows yet: a hub that goes dark waits for a person, and the page says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from controller.core.contact import contact_lies, joined_a_good_grid
from controller.core.memory import CoreMemory
from controller.core.poi import CLOSE_ATTEMPTS_MAX, FORM_ATTEMPTS_MAX, form_attempts, is_proven, transfer_since_s
from controller.core.recover import recover
from controller.core.resync import can_follow, may_reconnect
from controller.core.situation import Situation
from controller.model.reasons import Reason
from controller.model.words import Authority, BreakerPosition, GridVerdict, Mode

STUCK_MARGIN_S = 0.3  # on top of the breaker's own time: write, poll and two cycles
COLLAPSE_CONFIRM_S = 0.2  # longer than the dip of an inrush
NOT_PROVEN = (Reason.POI_STUCK, Reason.POI_UNPROVEN)
OBSERVED_TRANSFER_S = 5.0  # while observing nobody follows our orders: look again after this

Condition = Callable[[CoreMemory, Situation], bool]


@dataclass(frozen=True, slots=True)
class Transition:
    """One row: from `source` to `target` when `when` holds; `reason` None means the grid verdict's own."""

    source: Mode
    target: Mode
    when: Condition
    reason: Reason | None

    @property
    def rule(self) -> str:
        """The name under which the journal knows this row."""
        return f"{self.source.value} -> {self.target.value}: {self.when.__name__}"


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
    """The bus is seen dead and the POI is not seen at all: its instrument went with the grid."""
    is_blind = situation.seen.poi.grid_voltage_v is None and situation.seen.poi.position is None
    return is_blind and collapsed(memory, situation)


def island_formed(_: CoreMemory, situation: Situation) -> bool:
    """A source forms, the bus lives, the POI is proven open."""
    return situation.former is not None and situation.bus_is_live is True and situation.poi_is_proven_open


def poi_stuck(memory: CoreMemory, situation: Situation) -> bool:
    """Ordered open and not proven open in the breaker's time."""
    if memory.durable.authority is Authority.OBSERVE or memory.poi.open_since_s is None:
        return False
    limit_s = situation.hub.poi.breaker_opening_s + STUCK_MARGIN_S
    not_open = not situation.poi_is_proven_open and situation.seen.poi.position is not BreakerPosition.OPEN
    return not_open and situation.now_s - memory.poi.open_since_s > limit_s


def open_not_proven(memory: CoreMemory, situation: Situation) -> bool:
    """The contact says open, and nothing else has borne it out for as long as forming may take."""
    if memory.durable.authority is Authority.OBSERVE or memory.poi.open_since_s is None:
        return False
    limit_s = situation.hub.poi.breaker_opening_s + situation.hub.timing.forming_max_s
    waited = situation.now_s - max(memory.poi.open_since_s, memory.mode_since_s) > limit_s
    return waited and situation.former is None and not situation.poi_is_proven_open


def forming_reaches_the_grid(memory: CoreMemory, situation: Situation) -> bool:
    """We have just formed, and both sides of a POI that is said to be open live as one: stop in this very cycle."""
    says_open = situation.seen.poi.position is BreakerPosition.OPEN
    lives_as_one = situation.poi_joins_both or (situation.poi_sides_are_one and not memory.poi.has_differed)
    return says_open and situation.former is not None and lives_as_one


def proven_open_at_last(memory: CoreMemory, situation: Situation) -> bool:
    """The stuck POI is proven open after all; by a difference of its sides where its contact had lied before."""
    since_s = memory.poi.open_since_s
    has_formed = since_s is not None and form_attempts(memory, situation, since_s) > 0
    differs = situation.bus_is_live is True or situation.grid_is_live is True
    return memory.reason in NOT_PROVEN and is_proven(memory, situation) and (differs or not has_formed)


def grid_is_back(memory: CoreMemory, situation: Situation) -> bool:
    """The POI never opened, and the grid has been good for its observation time."""
    good_s = memory.grid.good_since_s
    waited = good_s is not None and situation.now_s - good_s >= situation.hub.grid_code.return_window.observation_s
    return memory.reason in NOT_PROVEN and waited and situation.poi_is_closed is True


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


def collapsed(memory: CoreMemory, situation: Situation) -> bool:
    """The bus of the island is dead."""
    since_s = memory.bus_dead_since_s
    return since_s is not None and situation.now_s - since_s >= COLLAPSE_CONFIRM_S


def closed_unasked(_: CoreMemory, situation: Situation) -> bool:
    """Somebody closed the POI: both sides are one."""
    return situation.poi_is_closed is True and situation.poi_evidence_count == 0


def closed_onto_bad_grid(memory: CoreMemory, situation: Situation) -> bool:
    """Somebody closed the POI, and the grid is not good."""
    return closed_unasked(memory, situation) and memory.grid.verdict is not GridVerdict.OK


def grid_lost_again(memory: CoreMemory, situation: Situation) -> bool:
    """The grid left its return window, or went where we cannot follow, while we were on our way to it."""
    left = memory.grid.verdict is not GridVerdict.OK or memory.grid.good_since_s is None
    return left or not can_follow(situation)


def gave_up(memory: CoreMemory, situation: Situation) -> bool:
    """No closing within the time for it."""
    return situation.now_s - memory.mode_since_s > situation.hub.timing.resync_max_s


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
    """Somebody brought the hub back by hand: the bus lives again, on grid or on a source of ours."""
    return recover(memory, situation) in {
        (Mode.ISLANDED, Reason.RECOVERED_ISLANDED),
        (Mode.GRID_CONNECTED, Reason.RECOVERED_ON_GRID),
        (Mode.GRID_CONNECTED, Reason.RECOVERED_RECONNECTED),
    }


_LATCHED = tuple(
    Transition(mode, Mode.LOCKED_OUT, emergency_off, Reason.EMERGENCY_OFF)
    for mode in Mode
    if mode is not Mode.LOCKED_OUT
)

TRANSITIONS: tuple[Transition, ...] = (
    *_LATCHED,
    # start: the least-moving row that the plant allows
    *(
        Transition(Mode.UNKNOWN, mode, recovered_as(mode, reason), reason)
        for mode, reason in (
            (Mode.GRID_CONNECTED, Reason.RECOVERED_ON_GRID),
            (Mode.GRID_CONNECTED, Reason.RECOVERED_RECONNECTED),
            (Mode.ISLANDED, Reason.RECOVERED_ISLANDED),
            (Mode.UNPLANNED_ISLANDING, Reason.RECOVERED_TRANSFER),
            (Mode.DARK, Reason.RECOVERED_DARK),
        )
    ),
    Transition(Mode.UNKNOWN, Mode.LOCKED_OUT, start_unclear, Reason.START_UNCLEAR),
    # SS1
    Transition(Mode.GRID_CONNECTED, Mode.UNPLANNED_ISLANDING, poi_opened_by_itself, Reason.POI_OPENED_BY_ITSELF),
    Transition(Mode.GRID_CONNECTED, Mode.UNPLANNED_ISLANDING, grid_lost, None),
    Transition(Mode.GRID_CONNECTED, Mode.UNPLANNED_ISLANDING, dark_and_blind, Reason.GRID_NOT_MEASURED),
    # T2
    Transition(Mode.UNPLANNED_ISLANDING, Mode.LOCKED_OUT, forming_reaches_the_grid, Reason.POI_STUCK),
    Transition(Mode.UNPLANNED_ISLANDING, Mode.ISLANDED, island_formed, Reason.ISLAND_FORMED),
    Transition(Mode.UNPLANNED_ISLANDING, Mode.LOCKED_OUT, poi_stuck, Reason.POI_STUCK),
    Transition(Mode.UNPLANNED_ISLANDING, Mode.LOCKED_OUT, open_not_proven, Reason.POI_UNPROVEN),
    Transition(Mode.UNPLANNED_ISLANDING, Mode.DARK, not_formed, Reason.ISLAND_NOT_FORMED),
    Transition(Mode.UNPLANNED_ISLANDING, Mode.UNKNOWN, nobody_follows, Reason.OBSERVE_ONLY),
    # SS2
    Transition(Mode.ISLANDED, Mode.GRID_CONNECTED, joined_a_good_grid, Reason.POI_CLOSED_UNASKED),
    Transition(Mode.ISLANDED, Mode.LOCKED_OUT, contact_lies, Reason.POI_STUCK),
    Transition(Mode.ISLANDED, Mode.UNPLANNED_ISLANDING, closed_onto_bad_grid, Reason.POI_CLOSED_UNASKED),
    Transition(Mode.ISLANDED, Mode.GRID_CONNECTED, closed_unasked, Reason.POI_CLOSED_UNASKED),
    Transition(Mode.ISLANDED, Mode.UNPLANNED_ISLANDING, collapsed, Reason.ISLAND_COLLAPSED),
    Transition(Mode.ISLANDED, Mode.RECONNECTION, may_reconnect, Reason.GRID_RETURNED),
    # T3
    Transition(Mode.RECONNECTION, Mode.GRID_CONNECTED, closed_unasked, Reason.RECONNECTED),
    Transition(Mode.RECONNECTION, Mode.ISLANDED, grid_lost_again, Reason.GRID_LOST_AGAIN),
    Transition(Mode.RECONNECTION, Mode.UNPLANNED_ISLANDING, collapsed, Reason.ISLAND_COLLAPSED),
    Transition(Mode.RECONNECTION, Mode.ISLANDED, will_not_close, Reason.POI_WILL_NOT_CLOSE),
    Transition(Mode.RECONNECTION, Mode.ISLANDED, gave_up, Reason.RECONNECTION_TIMEOUT),
    # dark: waits for a person until the rows of T4 and of the dead-bus closings are here
    Transition(Mode.DARK, Mode.UNKNOWN, brought_back, Reason.FOUND_MOVED),
    # locked out: each reason with its own clear condition
    Transition(Mode.LOCKED_OUT, Mode.LOCKED_OUT, emergency_on_top, Reason.EMERGENCY_OFF),
    Transition(Mode.LOCKED_OUT, Mode.UNKNOWN, start_clear, Reason.STARTED),
    Transition(Mode.LOCKED_OUT, Mode.UNKNOWN, emergency_released, Reason.RELEASED_BY_PERSON),
    Transition(Mode.LOCKED_OUT, Mode.UNPLANNED_ISLANDING, proven_open_at_last, Reason.POI_PROVEN_OPEN),
    Transition(Mode.LOCKED_OUT, Mode.GRID_CONNECTED, grid_is_back, Reason.GRID_RETURNED),
)


ROWS_OF: Mapping[Mode, tuple[Transition, ...]] = {
    mode: tuple(row for row in TRANSITIONS if row.source is mode) for mode in Mode
}


def next_row(memory: CoreMemory, situation: Situation) -> Transition | None:
    """The first row that applies, if any."""
    return next((row for row in ROWS_OF[memory.mode] if row.when(memory, situation)), None)


def _earthing_never_came(situation: Situation) -> bool:
    return not situation.earthing_is_ready
