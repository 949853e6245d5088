"""The transition function (IEEE 2030.7) as one ordered table: the first row that applies wins.

`docs/modes.md` is generated from this table.
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.core import leaving
from controller.core.black_start import (
    battery_can_start,
    genset_can_start,
    only_genset_can_start,
    start_failed,
    started,
    sun_can_start,
)
from controller.core.conditions import (
    Condition,
    brought_back,
    closed_onto_bad_grid,
    closed_unasked,
    closed_unasked_and_good,
    collapsed,
    collapsed_on_the_way,
    dark_and_blind,
    emergency_off,
    emergency_on_top,
    emergency_released,
    gave_up,
    gave_up_over_dead_bus,
    grid_lost,
    grid_lost_again,
    grid_lost_over_dead_bus,
    grid_unseen,
    grid_unseen_over_dead_bus,
    island_formed,
    may_reconnect,
    nobody_follows,
    not_formed,
    poi_opened_by_itself,
    recovered_as,
    start_clear,
    start_unclear,
    taken_over,
    will_not_close,
    will_not_close_over_dead_bus,
)
from controller.core.contact import contact_lies, joined_a_good_grid
from controller.core.dead_bus import may_close_in_the_dark, may_make_a_break
from controller.core.last_act import supply_ends
from controller.core.memory import CoreMemory
from controller.core.situation import Situation
from controller.core.stuck import (
    breaker_failed,
    formed_in_step,
    formed_unseen,
    forming_reaches_the_grid,
    grid_is_back,
    lockout_released,
    open_not_proven,
    poi_stuck,
    proven_open_at_last,
)
from controller.model.frozen import dataclass
from controller.model.reasons import Reason
from controller.model.words import Mode


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
            (Mode.LOCKED_OUT, Reason.POI_STUCK),
            (Mode.UNPLANNED_ISLANDING, Reason.RECOVERED_TRANSFER),
            (Mode.DARK, Reason.RECOVERED_DARK),
        )
    ),
    Transition(Mode.UNKNOWN, Mode.LOCKED_OUT, start_unclear, Reason.START_UNCLEAR),
    # SS1
    Transition(Mode.GRID_CONNECTED, Mode.UNPLANNED_ISLANDING, poi_opened_by_itself, Reason.POI_OPENED_BY_ITSELF),
    Transition(Mode.GRID_CONNECTED, Mode.UNPLANNED_ISLANDING, grid_lost, None),
    Transition(Mode.GRID_CONNECTED, Mode.UNPLANNED_ISLANDING, dark_and_blind, Reason.GRID_NOT_MEASURED),
    Transition(Mode.GRID_CONNECTED, Mode.LOCKED_OUT, breaker_failed, Reason.POI_STUCK),
    Transition(Mode.GRID_CONNECTED, Mode.PLANNED_ISLANDING, leaving.island_wanted, Reason.ISLAND_ASKED),
    # T1
    Transition(Mode.PLANNED_ISLANDING, Mode.UNKNOWN, leaving.only_watching, Reason.OBSERVE_ONLY),
    Transition(Mode.PLANNED_ISLANDING, Mode.LOCKED_OUT, leaving.left_by_a_lying_contact, Reason.POI_STUCK),
    Transition(Mode.PLANNED_ISLANDING, Mode.ISLANDED, island_formed, Reason.ISLAND_FORMED),
    Transition(
        Mode.PLANNED_ISLANDING, Mode.UNPLANNED_ISLANDING, leaving.opened_before_our_order, Reason.POI_OPENED_BY_ITSELF
    ),
    Transition(Mode.PLANNED_ISLANDING, Mode.UNPLANNED_ISLANDING, grid_lost, None),
    Transition(Mode.PLANNED_ISLANDING, Mode.UNPLANNED_ISLANDING, dark_and_blind, Reason.GRID_NOT_MEASURED),
    Transition(Mode.PLANNED_ISLANDING, Mode.LOCKED_OUT, breaker_failed, Reason.POI_STUCK),
    Transition(Mode.PLANNED_ISLANDING, Mode.GRID_CONNECTED, leaving.withdrawn, Reason.OPERATOR),
    Transition(Mode.PLANNED_ISLANDING, Mode.GRID_CONNECTED, leaving.under_hands, Reason.LOCAL_CONTROL),
    Transition(Mode.PLANNED_ISLANDING, Mode.GRID_CONNECTED, leaving.keys_stay_unseen, Reason.KEYS_UNSEEN),
    Transition(Mode.PLANNED_ISLANDING, Mode.GRID_CONNECTED, leaving.former_gone, Reason.ISLAND_NO_FORMER),
    Transition(Mode.PLANNED_ISLANDING, Mode.GRID_CONNECTED, leaving.former_low, Reason.LOW_SOC),
    Transition(Mode.PLANNED_ISLANDING, Mode.GRID_CONNECTED, leaving.not_prepared, Reason.ISLAND_NOT_PREPARED),
    Transition(Mode.PLANNED_ISLANDING, Mode.GRID_CONNECTED, leaving.did_not_open, Reason.POI_DID_NOT_OPEN),
    Transition(Mode.PLANNED_ISLANDING, Mode.LOCKED_OUT, leaving.leaving_not_proven, Reason.POI_UNPROVEN),
    Transition(Mode.PLANNED_ISLANDING, Mode.DARK, not_formed, Reason.ISLAND_NOT_FORMED),
    # T2
    Transition(Mode.UNPLANNED_ISLANDING, Mode.LOCKED_OUT, forming_reaches_the_grid, Reason.POI_STUCK),
    Transition(Mode.UNPLANNED_ISLANDING, Mode.LOCKED_OUT, formed_unseen, Reason.POI_STUCK),
    Transition(Mode.UNPLANNED_ISLANDING, Mode.ISLANDED, island_formed, Reason.ISLAND_FORMED),
    Transition(Mode.UNPLANNED_ISLANDING, Mode.LOCKED_OUT, poi_stuck, Reason.POI_STUCK),
    Transition(Mode.UNPLANNED_ISLANDING, Mode.LOCKED_OUT, open_not_proven, Reason.POI_UNPROVEN),
    Transition(Mode.UNPLANNED_ISLANDING, Mode.BLACK_START, only_genset_can_start, Reason.BLACK_START_GENSET),
    Transition(Mode.UNPLANNED_ISLANDING, Mode.DARK, not_formed, Reason.ISLAND_NOT_FORMED),
    Transition(Mode.UNPLANNED_ISLANDING, Mode.UNKNOWN, nobody_follows, Reason.OBSERVE_ONLY),
    # SS2
    Transition(Mode.ISLANDED, Mode.GRID_CONNECTED, joined_a_good_grid, Reason.POI_CLOSED_UNASKED),
    Transition(Mode.ISLANDED, Mode.LOCKED_OUT, contact_lies, Reason.POI_STUCK),
    Transition(Mode.ISLANDED, Mode.LOCKED_OUT, formed_in_step, Reason.POI_STUCK),
    Transition(Mode.ISLANDED, Mode.UNPLANNED_ISLANDING, closed_onto_bad_grid, Reason.POI_CLOSED_UNASKED),
    Transition(Mode.ISLANDED, Mode.GRID_CONNECTED, closed_unasked, Reason.POI_CLOSED_UNASKED),
    Transition(Mode.ISLANDED, Mode.UNPLANNED_ISLANDING, collapsed, Reason.ISLAND_COLLAPSED),
    Transition(Mode.ISLANDED, Mode.DARK, supply_ends, Reason.LAST_ACT),
    Transition(Mode.ISLANDED, Mode.RECONNECTION, may_make_a_break, Reason.DEAD_BUS_RETURN),
    Transition(Mode.ISLANDED, Mode.RECONNECTION, may_reconnect, Reason.GRID_RETURNED),
    # T3
    Transition(Mode.RECONNECTION, Mode.GRID_CONNECTED, closed_unasked, Reason.RECONNECTED),
    Transition(Mode.RECONNECTION, Mode.DARK, grid_unseen_over_dead_bus, Reason.GRID_UNSEEN),
    Transition(Mode.RECONNECTION, Mode.DARK, grid_lost_over_dead_bus, Reason.GRID_LOST_AGAIN),
    Transition(Mode.RECONNECTION, Mode.DARK, will_not_close_over_dead_bus, Reason.POI_WILL_NOT_CLOSE),
    Transition(Mode.RECONNECTION, Mode.DARK, gave_up_over_dead_bus, Reason.RECONNECTION_TIMEOUT),
    Transition(Mode.RECONNECTION, Mode.ISLANDED, taken_over, Reason.OPERATOR),
    Transition(Mode.RECONNECTION, Mode.ISLANDED, grid_unseen, Reason.GRID_UNSEEN),
    Transition(Mode.RECONNECTION, Mode.ISLANDED, grid_lost_again, Reason.GRID_LOST_AGAIN),
    Transition(Mode.RECONNECTION, Mode.UNPLANNED_ISLANDING, collapsed_on_the_way, Reason.ISLAND_COLLAPSED),
    Transition(Mode.RECONNECTION, Mode.ISLANDED, will_not_close, Reason.POI_WILL_NOT_CLOSE),
    Transition(Mode.RECONNECTION, Mode.ISLANDED, gave_up, Reason.RECONNECTION_TIMEOUT),
    # dark is not the end: back to a good grid, else by a source of our own
    Transition(Mode.DARK, Mode.UNKNOWN, brought_back, Reason.FOUND_MOVED),
    Transition(Mode.DARK, Mode.LOCKED_OUT, forming_reaches_the_grid, Reason.POI_STUCK),
    Transition(Mode.DARK, Mode.RECONNECTION, may_close_in_the_dark, Reason.DEAD_BUS_RETURN),
    Transition(Mode.DARK, Mode.BLACK_START, battery_can_start, Reason.BLACK_START_BATTERY),
    Transition(Mode.DARK, Mode.BLACK_START, genset_can_start, Reason.BLACK_START_GENSET),
    Transition(Mode.DARK, Mode.BLACK_START, sun_can_start, Reason.BLACK_START_SUN),
    # T4
    Transition(Mode.BLACK_START, Mode.LOCKED_OUT, forming_reaches_the_grid, Reason.POI_STUCK),
    Transition(Mode.BLACK_START, Mode.LOCKED_OUT, formed_unseen, Reason.POI_STUCK),
    Transition(Mode.BLACK_START, Mode.GRID_CONNECTED, closed_unasked_and_good, Reason.POI_CLOSED_UNASKED),
    Transition(Mode.BLACK_START, Mode.ISLANDED, started, Reason.BLACK_STARTED),
    Transition(Mode.BLACK_START, Mode.DARK, start_failed, Reason.BLACK_START_FAILED),
    # locked out: each reason with its own clear condition
    Transition(Mode.LOCKED_OUT, Mode.LOCKED_OUT, emergency_on_top, Reason.EMERGENCY_OFF),
    Transition(Mode.LOCKED_OUT, Mode.UNKNOWN, start_clear, Reason.STARTED),
    Transition(Mode.LOCKED_OUT, Mode.UNKNOWN, emergency_released, Reason.RELEASED_BY_PERSON),
    Transition(Mode.LOCKED_OUT, Mode.UNPLANNED_ISLANDING, proven_open_at_last, Reason.POI_PROVEN_OPEN),
    Transition(Mode.LOCKED_OUT, Mode.GRID_CONNECTED, grid_is_back, Reason.GRID_RETURNED),
    Transition(Mode.LOCKED_OUT, Mode.GRID_CONNECTED, lockout_released, Reason.RELEASED_BY_PERSON),
)


LIES = (forming_reaches_the_grid, formed_in_step, contact_lies, leaving.left_by_a_lying_contact)
"""Conditions that have caught the POI's contact: its word alone counts no more."""

ROWS_OF: Mapping[Mode, tuple[Transition, ...]] = {
    mode: tuple(row for row in TRANSITIONS if row.source is mode) for mode in Mode
}


def catches_a_lie(row: Transition) -> bool:
    """By this row the POI's contact has been caught, or a start has found what its word has led to."""
    return row.when in LIES or (row.source is Mode.UNKNOWN and row.reason is Reason.POI_STUCK)


def next_row(memory: CoreMemory, situation: Situation) -> Transition | None:
    """The first row that applies, if any."""
    return next((row for row in ROWS_OF[memory.mode] if row.when(memory, situation)), None)
