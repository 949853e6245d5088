"""Which rules guard which order: the first row that forbids gives the reason. Openings and stops need no table."""

from __future__ import annotations

from collections.abc import Callable

from controller.guard import rules, sync
from controller.guard.proof import Case, is_bus_dead, is_grid_dead
from controller.guard.rules import Ask
from controller.model.reasons import Reason
from controller.model.words import Switcher

Rule = tuple[Callable[[Case, Ask], bool], Reason]

START: tuple[Rule, ...] = (
    (rules.is_stopped, Reason.VETO_EMERGENCY_OFF),
    (rules.are_keys_unseen, Reason.VETO_STALE),
    (rules.is_locked_out, Reason.VETO_LOCKED_OUT),
    (rules.is_not_for_us, Reason.VETO_NOT_OURS),
    (rules.is_unseen, Reason.VETO_STALE),
    (rules.is_void, Reason.VETO_STALE),
    (rules.is_answered, Reason.VETO_HAMMERING),
)
CLOSE: tuple[Rule, ...] = (*START, (rules.is_local, Reason.VETO_LOCKED_OUT))
WEAR: tuple[Rule, ...] = ((rules.is_too_soon, Reason.VETO_HAMMERING), (rules.is_used_up, Reason.VETO_HAMMERING))
POI_ANY: tuple[Rule, ...] = (
    *CLOSE,
    (rules.is_poi_locked, Reason.VETO_LOCKED_OUT),
    (rules.is_poi_sample_old, Reason.VETO_STALE),
    (rules.is_contact_refuted, Reason.VETO_NOT_PROVEN_OPEN),
)
POI_PERMIT: tuple[Rule, ...] = (
    *POI_ANY,
    (rules.is_grid_unfit, Reason.VETO_GRID_NOT_OK),
    (rules.has_island_settings, Reason.VETO_ISLAND_SETTINGS),
    (rules.is_bus_not_live, Reason.VETO_OUT_OF_SYNC),
    (rules.is_rotation_wrong, Reason.VETO_OUT_OF_SYNC),
    *WEAR,
)
POI_CLOSE: dict[Switcher, tuple[Rule, ...]] = {
    Switcher.CONTROLLER: (  # live onto live, timed by us
        *POI_PERMIT,
        (sync.is_out_of_sync, Reason.VETO_OUT_OF_SYNC),
        (sync.is_shedding, Reason.VETO_OUT_OF_SYNC),
    ),
    Switcher.SYNC_RELAY: (  # an ANSI 25 finds the instant
        *POI_PERMIT,
        (sync.is_unwatched, Reason.VETO_OUT_OF_SYNC),
        (sync.is_given_out_of_step, Reason.VETO_OUT_OF_SYNC),
    ),
    Switcher.OPEN_TRANSITION: ((rules.has_no_row, Reason.VETO_OUT_OF_SYNC),),  # it cannot be closed in sync
    Switcher.DEVICE: ((rules.has_no_row, Reason.VETO_NOT_OURS),),  # it closes by itself
}
POI_CLOSE_DEAD: tuple[Rule, ...] = (
    *POI_ANY,
    (rules.has_island_settings, Reason.VETO_ISLAND_SETTINGS),
    (rules.is_bus_not_proven_dead, Reason.VETO_OUT_OF_SYNC),
    (rules.is_source_on, Reason.VETO_SECOND_FORMER),
)
POI_CLOSE_LIVE_ONTO_DEAD: tuple[Rule, ...] = (*POI_CLOSE_DEAD, (rules.is_grid_unfit, Reason.VETO_GRID_NOT_OK), *WEAR)
POI_CLOSE_DEAD_ONTO_DEAD: tuple[Rule, ...] = (*POI_CLOSE_DEAD, (rules.is_not_left_closed, Reason.VETO_NOT_OURS), *WEAR)
DEAD_BUS_CLOSERS = (Switcher.CONTROLLER, Switcher.OPEN_TRANSITION)
FEEDER_CLOSE: tuple[Rule, ...] = (
    *CLOSE,
    (rules.is_not_ours, Reason.VETO_NOT_OURS),
    (rules.is_unearthed, Reason.VETO_NO_EARTHING),
    (rules.is_out_of_turn, Reason.VETO_TIER_ORDER),
    (rules.is_poi_closing, Reason.VETO_OUT_OF_SYNC),
    *WEAR,
)
EARTHING_CLOSE: tuple[Rule, ...] = (*CLOSE, (rules.is_not_proven_open, Reason.VETO_NOT_PROVEN_OPEN), *WEAR)
FORM: tuple[Rule, ...] = (
    *START,
    (rules.is_on_grid_side, Reason.VETO_NOT_PROVEN_OPEN),
    (rules.is_not_separated, Reason.VETO_NOT_PROVEN_OPEN),
    (rules.is_poi_closing, Reason.VETO_OUT_OF_SYNC),
    (rules.is_second_former, Reason.VETO_SECOND_FORMER),
    (rules.is_bus_taken, Reason.VETO_SECOND_FORMER),
    (rules.is_unearthed, Reason.VETO_NO_EARTHING),
)
CRANK: tuple[Rule, ...] = (  # onto a live bus: it finds the bus's phase itself, long after any contact under way
    *CLOSE,
    (rules.is_on_grid_side, Reason.VETO_NOT_PROVEN_OPEN),
    (rules.is_used_up, Reason.VETO_ATTEMPTS_USED),
    (rules.is_too_soon, Reason.VETO_HAMMERING),
)
CRANK_ONTO_DEAD_BUS: tuple[Rule, ...] = (  # whoever comes first onto a dead bus forms it
    *CRANK,
    (rules.is_not_separated, Reason.VETO_NOT_PROVEN_OPEN),
    (rules.is_poi_closing, Reason.VETO_OUT_OF_SYNC),
    (rules.is_second_former, Reason.VETO_SECOND_FORMER),
    (rules.is_unearthed, Reason.VETO_NO_EARTHING),
)


def poi_close_table(case: Case) -> tuple[Rule, ...]:
    """Which of the four lawful closings it would be: by what is seen, not by what the order says it is for."""
    closed_by = case.bounds.hub.poi.switching.closed_by
    if closed_by not in DEAD_BUS_CLOSERS or is_bus_dead(case) is not True:
        return POI_CLOSE[closed_by]
    return POI_CLOSE_DEAD_ONTO_DEAD if is_grid_dead(case) else POI_CLOSE_LIVE_ONTO_DEAD


def first_veto(case: Case, ask: Ask, table: tuple[Rule, ...]) -> Reason | None:
    """The reason of the first row that forbids it; None when it may pass."""
    return next((reason for is_forbidden, reason in table if is_forbidden(case, ask)), None)
