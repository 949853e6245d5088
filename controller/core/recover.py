"""After a start the mode is read off the plant, never assumed: nothing moves because software restarted."""

from __future__ import annotations

from controller.core.attempts import recent_attempts
from controller.core.borne_out import has_lied
from controller.core.contact import FOUND_CONFIRM_S, needs_proof, turned_unasked
from controller.core.memory import CoreMemory
from controller.core.situation import Situation
from controller.model.reasons import Reason
from controller.model.words import GridVerdict, Mode

TRANSFER = "transfer"  # the kind of attempt that marks the beginning of one
TRANSFER_MEMORY_S = 30.0  # one younger than this, or a forming order, was cut in two by the restart


def recover(memory: CoreMemory, situation: Situation) -> tuple[Mode, Reason] | None:
    """The mode that the plant is in, with the reason why we think so; None while too little is seen."""
    if situation.poi_is_closed is None or situation.bus_is_live is None or turned_unasked(memory, situation):
        return None
    if (has_lied(memory) and _may_feed_the_street(situation)) or _does_not_come_apart(memory, situation):
        return Mode.LOCKED_OUT, Reason.POI_STUCK  # its word begins nothing, and what forms may feed the street still
    if situation.poi_is_closed and not situation.poi_is_proven_open:  # its contact alone proves no closed breaker
        return _recover_closed(memory, situation)
    if not situation.poi_is_proven_open:
        return None
    if situation.bus_is_live:
        is_held = situation.former is not None or (situation.holder is not None and situation.earthing_is_ready)
        return (Mode.ISLANDED, Reason.RECOVERED_ISLANDED) if is_held else None
    is_cut = _was_in_transfer(memory, situation.now_s)
    return (Mode.UNPLANNED_ISLANDING, Reason.RECOVERED_TRANSFER) if is_cut else (Mode.DARK, Reason.RECOVERED_DARK)


def _may_feed_the_street(situation: Situation) -> bool:
    """Or begin to. Where the grid alone keeps the bus alive nothing has to end because a contact says nonsense."""
    is_on_grid = situation.holder is None and situation.bus_is_live is True
    return not situation.contact_is_closed and not is_on_grid


def _does_not_come_apart(memory: CoreMemory, situation: Situation) -> bool:
    """It was told to form just before this start, and told to move out of step since: the street moves with it."""
    former = situation.former
    if memory.mode is not Mode.UNKNOWN or former is None or not needs_proof(memory, situation):
        return False
    is_led = not situation.hub.batteries[former].capabilities.always_forms
    has_had_time = situation.now_s - memory.started_at_s >= FOUND_CONFIRM_S
    return is_led and has_had_time and recent_attempts(memory, former, "form", situation.now_s - TRANSFER_MEMORY_S) > 0


def _recover_closed(memory: CoreMemory, situation: Situation) -> tuple[Mode, Reason] | None:
    """POI closed: on grid. A lost grid is then found lost by the next cycle's ordinary row."""
    if memory.grid.verdict is GridVerdict.OK and situation.former is not None:
        return Mode.GRID_CONNECTED, Reason.RECOVERED_RECONNECTED
    if memory.grid.verdict is GridVerdict.UNKNOWN:
        return None
    if memory.grid.verdict is GridVerdict.LOST and situation.bus_is_dead and situation.candidate is None:
        return Mode.DARK, Reason.RECOVERED_DARK  # as the last act left it: there is nothing to open it for
    return Mode.GRID_CONNECTED, Reason.RECOVERED_ON_GRID


def _was_in_transfer(memory: CoreMemory, now_s: float) -> bool:
    begun = (a for a in memory.durable.attempts if a.kind in (TRANSFER, "form") and a.is_of_this_boot)
    return any(now_s - a.at_s < TRANSFER_MEMORY_S for a in begun)
