"""The wish to leave the grid in good order (IEEE 2030.7 T1): who may have it, what forbids it, and when it is over.

A planned island lies beside a healthy grid, so it must never cost the village what it keeps for a blackout: it is
refused, and ends by itself, when the battery has little left. How the grid is left is in `leaving.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

from controller.core.earthing import could_be_earthed
from controller.core.fuses import why_no_sync
from controller.core.keys import why_nothing_comes_on
from controller.core.memory import CoreMemory
from controller.core.resync import is_former_silent, must_not_close
from controller.core.situation import Situation
from controller.model.advice import OperatorRequest, RequestKind
from controller.model.decision import Event, Input
from controller.model.frozen import replace
from controller.model.hub import Hub
from controller.model.image import GensetSeen
from controller.model.memory import PlannedIsland
from controller.model.reasons import EventKind, Reason
from controller.model.words import Authority, GensetState, GridVerdict, Mode, Switcher

CLOSED_WHEN_WE_WANT = frozenset({Switcher.CONTROLLER, Switcher.SYNC_RELAY})
ABOVE_EMPTY_PCT = 15.0  # own choice: two hours of tier 0 on the smallest of our hubs
ABOVE_GENSET_PCT = 5.0  # a genset that starts beside a healthy grid burns fuel for nothing
WANTED_IN = (Mode.PLANNED_ISLANDING, Mode.ISLANDED)  # in every other mode the wish is over
RUNNING = (GensetState.STARTING, GensetState.READY, GensetState.LOADED)


def ask_about_island(memory: CoreMemory, request: OperatorRequest, situation: Situation) -> CoreMemory | Reason:
    """The memory after a request to leave the grid, or to go back to it; or why it is refused."""
    if request.kind is RequestKind.ISLAND_ON:
        return _ask_for_island(memory, request, situation)
    if request.kind is RequestKind.ISLAND_OFF and memory.durable.planned is None:
        return Reason.ISLAND_NOT_ASKED
    refusal = _why_no_return(memory, situation) if request.kind is RequestKind.RECONNECT else None
    if refusal is not None:
        return refusal
    # what a person asks is a release as well, where the return waits for people
    return replace(without_wish(memory), released_return=memory.released_return or not request.is_automatic)


def _why_no_return(memory: CoreMemory, situation: Situation) -> Reason | None:
    """What makes a request to go back to the grid an idle one."""
    if memory.mode is Mode.GRID_CONNECTED:
        return Reason.ON_GRID_ALREADY  # a release kept for the next blackout would be nobody's word
    if memory.poi.closed_is_refuted:
        return Reason.CONTACT_REFUTED
    return Reason.FORMER_SILENT if is_former_silent(memory, situation) else why_no_sync(memory, situation)


def _ask_for_island(memory: CoreMemory, request: OperatorRequest, situation: Situation) -> CoreMemory | Reason:
    """The memory with the wish, or why it is refused. A second wish takes the place of the first."""
    reason = why_no_island(memory, situation, is_automatic=request.is_automatic)
    if reason is not None:
        return reason
    now_s = situation.now_s
    until_s = None if request.for_s is None else now_s + request.for_s
    planned = PlannedIsland(request.who, now_s, until_s, request.is_automatic)
    return replace(memory, durable=replace(memory.durable, planned=planned))


def without_wish(memory: CoreMemory) -> CoreMemory:
    """Nobody wants to be off the grid any more."""
    if memory.durable.planned is None:
        return memory
    return replace(memory, durable=replace(memory.durable, planned=None))


def why_no_island(memory: CoreMemory, situation: Situation, *, is_automatic: bool) -> Reason | None:
    """What forbids to leave the grid now, or to stay off it; None: nothing does."""
    authority = memory.durable.authority
    if authority is Authority.OBSERVE:
        return Reason.OBSERVE_ONLY
    if authority is Authority.MANUAL and is_automatic:
        return Reason.WAITS_FOR_PERSON
    is_on_grid = memory.mode is Mode.GRID_CONNECTED and memory.grid.verdict is GridVerdict.OK
    if not is_on_grid and memory.mode not in WANTED_IN:
        return Reason.ISLAND_NOT_NOW
    if is_on_grid and memory.poi.contact_lies:
        return Reason.CONTACT_DOUBTED  # in step with a grid that lives, nothing else would prove the POI open
    if is_on_grid and not could_be_earthed(memory, situation):
        return Reason.EARTHING_NOT_ABLE
    return _why_no_way_back(memory, situation) or _why_sources_say_no(situation, is_on_grid=is_on_grid)


def _why_no_way_back(memory: CoreMemory, situation: Situation) -> Reason | None:
    switching = situation.hub.poi.switching
    if switching.opened_by is Switcher.DEVICE or switching.closed_by not in CLOSED_WHEN_WE_WANT:
        return Reason.ISLAND_NOT_ABLE
    if must_not_close(memory, situation):
        return _why_locked(memory, situation)
    return why_no_sync(memory, situation)


def _why_sources_say_no(situation: Situation, *, is_on_grid: bool) -> Reason | None:
    runs = any(
        (situation.seen.gensets.get(genset) or GensetSeen()).state in RUNNING for genset in situation.hub.gensets
    )
    return Reason.GENSET_RUNS if runs and is_on_grid else why_nobody_forms(situation)


def why_nobody_forms(situation: Situation) -> Reason | None:
    """Nobody can, nobody knows how much he has left, or it is little."""
    charge_pct = charge_of_former_pct(situation)
    if charge_pct is None:
        return Reason.ISLAND_NO_FORMER
    return Reason.LOW_SOC if charge_pct < charge_floor_pct(situation.hub) else None


def charge_of_former_pct(situation: Situation) -> float | None:
    """State of charge of who forms, or would; None: nobody, or not known."""
    former = situation.former or situation.candidate
    return None if former is None else situation.seen.batteries[former].soc_pct


def charge_floor_pct(hub: Hub) -> float:
    """Below this nobody leaves a healthy grid, and who has left it goes back."""
    empty = [hub.batteries[former].empty_soc_pct + ABOVE_EMPTY_PCT for former in hub.forming_order]
    gensets = [genset.start_below_soc_pct + ABOVE_GENSET_PCT for genset in hub.gensets.values()]
    return max([*empty, *gensets], default=100.0)


def end_wish(memory: CoreMemory, situation: Situation) -> tuple[CoreMemory, tuple[Event, ...]]:
    """In the island: its time is over, or the battery has little left. Not known is not over."""
    planned = memory.durable.planned
    if planned is None or memory.mode is not Mode.ISLANDED:
        return memory, ()
    charge_pct, floor_pct = charge_of_former_pct(situation), charge_floor_pct(situation.hub)
    if planned.until_s is not None and situation.now_s >= planned.until_s:
        reason, rule = Reason.ISLAND_TIME_OVER, "island: island_time_over"
    elif charge_pct is not None and charge_pct < floor_pct:
        reason, rule = Reason.LOW_SOC, "island: island_low_soc"
    else:
        return memory, ()
    inputs: dict[str, Input] = {
        "who": planned.who,
        "held_s": round(situation.now_s - planned.since_s, 3),
        "soc_pct": None if charge_pct is None else round(charge_pct, 1),
        "soc_below_pct": floor_pct,
    }
    return without_wish(memory), (Event(EventKind.PLANNED_OVER, reason, "hub", {}, rule, inputs),)


def cut_by_start(before: CoreMemory, memory: CoreMemory, situation: Situation) -> Iterator[Event]:
    """The start found the hub where a wish is over: whoever asked was told yes, and must hear that nothing comes of it.

    It is not taken up again. What made the process end may have been the leaving itself, and nobody knows whether
    whoever asked still wants it, least of all after another boot.
    """
    planned = before.durable.planned
    is_start = before.mode is Mode.UNKNOWN and memory.mode is not Mode.UNKNOWN
    if not is_start or planned is None or memory.durable.planned is not None:
        return
    inputs: dict[str, Input] = {"who": planned.who, "held_s": round(situation.now_s - planned.since_s, 3)}
    yield Event(EventKind.PLANNED_OVER, memory.reason, "hub", {}, "island: island_cut_by_start", inputs)


def kept_in(mode: Mode, memory: CoreMemory) -> CoreMemory:
    """A wish that a transition has overtaken is over: after a blackout or a lock-out nothing begins unasked."""
    return memory if mode in WANTED_IN else without_wish(memory)


def _why_locked(memory: CoreMemory, situation: Situation) -> Reason:
    if not situation.may_switch_on:
        return why_nothing_comes_on(situation)
    is_stubborn = memory.durable.latch("poi_close") is not None
    return Reason.POI_WILL_NOT_CLOSE if is_stubborn else Reason.DSO_LOCK
