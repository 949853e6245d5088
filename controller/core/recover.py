"""After a start the mode is read off the plant, never assumed: nothing moves because software restarted."""

from __future__ import annotations

from controller.core.attempts import recent_attempts
from controller.core.borne_out import has_lied
from controller.core.contact import FOUND_CONFIRM_S, turned_unasked
from controller.core.genset_panel import STARTS_S
from controller.core.memory import CoreMemory
from controller.core.situation import Situation
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, GridVerdict, Mode

TRANSFER = "transfer"  # the kind of attempt that marks the beginning of one
SLIPS_S = 5.0  # from judgement: a slip of 11 mHz is 20 degrees then; who passes through step may take twice as long
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
    is_on_grid = situation.bus_is_live is True and (situation.holder is None or _is_fed(situation))
    return not situation.contact_is_closed and not is_on_grid


def is_found_in_step(memory: CoreMemory, situation: Situation) -> bool:
    """Right after a start somebody holds a bus that lives as one with the other side of a POI that says open."""
    is_open = situation.seen.poi.position is BreakerPosition.OPEN and not situation.poi_is_proven_open
    is_one = situation.poi_sides_are_one or situation.poi_joins_both
    return memory.mode is Mode.UNKNOWN and situation.holder is not None and is_open and is_one


def is_still_in_step(memory: CoreMemory, situation: Situation) -> bool:
    """Found so, and now, or since then only not seen."""
    poi = situation.seen.poi
    is_unseen = None in (poi.position, poi.grid_voltage_v, poi.bus_voltage_v)
    was_found = memory.in_step_since_s is not None and memory.mode is Mode.UNKNOWN
    return is_found_in_step(memory, situation) or (was_found and is_unseen)


def _does_not_come_apart(memory: CoreMemory, situation: Situation) -> bool:
    """Told to come just before this start, and in step ever since: the street moves with it.

    A battery that can be led is told to move out of step; who cannot be led would slip by itself.
    """
    since_s, now_s, former = memory.in_step_since_s, situation.now_s, situation.former
    if since_s is None or not is_found_in_step(memory, situation) or _is_fed(situation):
        return False
    if former is None:
        genset = situation.hub.gensets[situation.loaded_genset or ""]
        begun_s = memory.started_at_s - STARTS_S * genset.start_time_s
        is_ours = recent_attempts(memory, genset.id, "crank", begun_s) > 0
        return is_ours and now_s - since_s >= SLIPS_S
    able = situation.hub.batteries[former].capabilities
    is_ours = recent_attempts(memory, former, "form", memory.started_at_s - TRANSFER_MEMORY_S) > 0
    is_led = able.can_set_frequency and not able.always_forms
    return is_ours and now_s - since_s >= (FOUND_CONFIRM_S if is_led else SLIPS_S)


def _is_fed(situation: Situation) -> bool:
    """By the grid: who takes power through the POI feeds no street."""
    power_w = situation.seen.poi.power_w
    return power_w is not None and situation.poi_flows and power_w.total > 0.0


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
