"""One cycle of judgement: from what is remembered and seen to what is wanted. Pure: no clock, no I/O, no log.

Read from the top: people first, then facts, then the mode, then what the mode wants, then the words for it.
"""

from __future__ import annotations

from controller.core.attempts import HUB, count_attempt
from controller.core.black_start import begin, remember_unbegun, take_step
from controller.core.bond import note_bond, watch_bond
from controller.core.borne_out import note_lie, watch_word
from controller.core.calm import watch_sheds, watch_slips, watch_told
from controller.core.carrying import found_genset_commands
from controller.core.charge_fall import watch_charge, watch_fleet_charge
from controller.core.charge_unseen import watch_charge_unseen
from controller.core.closing_error import remember_apart
from controller.core.contact import judge_contact, observe_poi
from controller.core.dead_bus import droppable, is_over_dead_bus
from controller.core.dimming import dim_feeders, watch_dimming
from controller.core.feeder_unseen import watch_feeders_unseen
from controller.core.feeders import feeder_commands, observe_feeders, shed
from controller.core.fuses import watch_fuses
from controller.core.genset import genset_commands, plan_gensets
from controller.core.grid_verdict import is_blink, judge_grid
from controller.core.inverter_settings import watch_inverter_settings
from controller.core.keys import watch_keys
from controller.core.known_ages import say_ages
from controller.core.last_act import is_running_dry, leave_closed
from controller.core.last_alive import believe, glimpse
from controller.core.leaving import begin_leaving, plan_leaving
from controller.core.memory import CoreMemory, GridMemory, since
from controller.core.narrate import narrate
from controller.core.own_window import fits_the_hub
from controller.core.people import latch, take_latches, take_requests
from controller.core.planned import cut_by_start, end_wish, kept_in
from controller.core.poi import earthing_command, permit, plan_island, plan_poi, poi_command
from controller.core.ramp import follow_ramp
from controller.core.recover import TRANSFER, is_still_in_step
from controller.core.restoring import forget_room, is_restorable, restore, serves_tier_0
from controller.core.settings_group import watch_settings
from controller.core.shedding import carries, shed_in_island, sheds
from controller.core.situation import Situation, assess
from controller.core.sources import (
    battery_commands,
    found_commands,
    pv_commands,
    remember_steering,
    who_forms,
)
from controller.core.start_rest import remember_served
from controller.core.starters import is_sunny
from controller.core.stays_on import watch_stays_on
from controller.core.steady import remember_told, steadied
from controller.core.transitions import Transition, catches_a_lie, next_row
from controller.core.wear import watch_wear
from controller.core.withdrawal import without_overthrown, without_refused
from controller.model.advice import Advice
from controller.model.commands import Commands
from controller.model.decision import Event
from controller.model.frozen import dataclass, replace
from controller.model.hub import AssetId, Hub
from controller.model.image import ProcessImage
from controller.model.memory import DurableMemory
from controller.model.reasons import Reason
from controller.model.words import Authority, Mode

FAILED_RETURNS_MAX = 16
LEAVING_MODES = (Mode.GRID_CONNECTED, Mode.PLANNED_ISLANDING)


@dataclass(frozen=True, slots=True)
class Decision:
    """What to remember, what to want, what to write down."""

    memory: CoreMemory
    commands: Commands
    events: tuple[Event, ...]


def fresh_memory(durable: DurableMemory, now_s: float) -> CoreMemory:
    """The memory of a controller that has just started: it knows its latches and nothing of the plant."""
    return CoreMemory(
        mode=Mode.UNKNOWN,
        mode_since_s=now_s,
        reason=Reason.STARTED,
        started_at_s=now_s,
        grid=GridMemory(since_s=now_s),
        observing_since_s=now_s if durable.authority is Authority.OBSERVE else None,
        durable=durable,
        last_pickup_at_s=now_s,
    )


def decide(memory: CoreMemory, seen: ProcessImage, advice: Advice, hub: Hub, now_s: float) -> Decision:
    """Decide what to do now. The same arguments give the same Decision on every machine."""
    before = memory
    situation = assess(seen, hub, now_s, memory.poi)
    memory, answers = _take_note(memory, situation, advice)
    memory = _move(memory, situation)
    memory = _plan(memory, situation)
    memory = say_ages(before, _keep_durable(memory), now_s)
    commands = steadied(memory, _commands(memory, situation), hub)
    return Decision(
        memory=watch_told(remember_told(memory, commands), commands.batteries, now_s),
        commands=commands,
        events=(*answers, *narrate(before, memory, situation), *cut_by_start(before, memory, situation)),
    )


def _take_note(memory: CoreMemory, situation: Situation, advice: Advice) -> tuple[CoreMemory, tuple[Event, ...]]:
    """Everything that happened to us since the last cycle, before anything is decided."""
    seen, hub, now_s = situation.seen, situation.hub, situation.now_s
    grid = judge_grid(memory.grid, seen.poi, hub, now_s)
    fits = fits_the_hub(situation) or (is_blink(grid, now_s) and memory.fits_since_s is not None)
    memory = replace(
        believe(memory, situation),
        feeders=observe_feeders(memory, situation),
        grid=grid,
        fits_since_s=since(memory.fits_since_s, fits, now_s),
        poi=remember_apart(memory, judge_contact(observe_poi(memory, situation), situation), situation),
        slips=watch_slips(memory.slips, seen.poi),
        former=who_forms(memory, situation),
        in_step_since_s=since(memory.in_step_since_s, is_still_in_step(memory, situation), now_s),
        bus_dead_since_s=since(memory.bus_dead_since_s, situation.bus_is_dead is True, now_s),
        bus_live_since_s=since(memory.bus_live_since_s, situation.bus_is_live is True, now_s),
        no_former_since_s=since(memory.no_former_since_s, not situation.candidates, now_s),
        carries_since_s=since(memory.carries_since_s, carries(situation), now_s),
        empty_since_s=since(memory.empty_since_s, is_running_dry(memory, situation), now_s),
        charge=watch_charge(memory, situation),
        fleet_charge=watch_fleet_charge(memory, situation),
        sun_since_s=since(memory.sun_since_s, is_sunny(situation) is True, now_s),
    )
    if memory.poi.unasked_at_s == now_s:
        memory = count_attempt(memory, hub.poi.id, "close", now_s)  # it wears all the same, and the guard counts it too
    memory = watch_keys(watch_dimming(watch_bond(watch_fuses(memory, situation), situation), situation), situation)
    memory = watch_wear(without_refused(memory, situation, advice), situation)
    memory = watch_word(remember_served(memory, situation), situation)
    memory = take_latches(memory, seen, now_s)
    memory, answers = take_requests(memory, situation, advice)
    memory, ends = end_wish(memory, situation)
    return memory, (*answers, *ends)


def _move(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """At most one row of the transition table a cycle, and what belongs to the moment of entering."""
    row = next_row(memory, situation)
    if row is None:
        return memory
    reason = row.reason if row.reason is not None else memory.grid.reason
    entered = replace(memory, mode=row.target, mode_since_s=situation.now_s, reason=reason, rule=row.rule)
    if row.source in LEAVING_MODES and row.target is Mode.UNPLANNED_ISLANDING:
        entered = replace(entered, grid=_note_flap(memory, situation), parted_at_s=situation.now_s)
    entered = _enter(row, note_lie(entered, situation) if catches_a_lie(row) else entered, situation)
    entered = replace(entered, released_start=False, released_lockout=False)  # asked of one darkness, not of the next
    return kept_in(row.target, entered)


def _enter(row: Transition, memory: CoreMemory, situation: Situation) -> CoreMemory:
    match row.target:
        case Mode.PLANNED_ISLANDING:
            return begin_leaving(memory, situation.now_s)
        case Mode.UNPLANNED_ISLANDING:
            memory = _enter_transfer(row, memory, situation)
        case Mode.BLACK_START:
            memory = begin(memory, situation)
        case Mode.RECONNECTION:
            poi = replace(memory.poi, close=None, close_attempts=0)
            memory = replace(memory, poi=poi, return_is_released=memory.released_return)
            memory = _drop_loads(memory, situation) if is_over_dead_bus(memory) else memory
        case Mode.DARK:
            memory = _enter_dark(row, memory, situation)
        case Mode.GRID_CONNECTED:
            poi = replace(memory.poi, open_since_s=None, close=None, close_attempts=0)
            memory = replace(memory, poi=poi, released_return=False, overload_since_s=None)
        case Mode.ISLANDED if row.source is Mode.RECONNECTION:
            memory = _failed_return(row, memory, situation)
        case _:
            pass
    return memory


def _enter_transfer(row: Transition, memory: CoreMemory, situation: Situation) -> CoreMemory:
    """T2: the prepared answer in the same cycle. A collapsed island starts again with what nobody can do without.

    It is written down as an attempt: a restart that cuts the transfer in two must go on with it.
    """
    memory = count_attempt(memory, HUB, TRANSFER, situation.now_s)
    if row.source in LEAVING_MODES:
        if memory.prepared.former is None:  # no healthy cycle since the start: nothing is known of the loads
            return shed(memory, _luxuries(situation), Reason.PREPARED_SHED, situation.now_s)
        return shed(memory, memory.prepared.shed, Reason.PREPARED_SHED, situation.now_s)
    if row.source is Mode.ISLANDED or row.source is Mode.RECONNECTION:
        return shed(memory, _luxuries(situation), Reason.ISLAND_COLLAPSED, situation.now_s)
    return memory


def _enter_dark(row: Transition, memory: CoreMemory, situation: Situation) -> CoreMemory:
    """A return that failed is counted; at the end of our supply only what nobody can do without waits for the grid."""
    if row.source is Mode.RECONNECTION:
        memory = _failed_return(row, memory, situation)
    elif row.source is Mode.BLACK_START:
        memory = remember_unbegun(memory, situation)
    memory = replace(memory, poi=replace(memory.poi, open_since_s=None, close=None, close_attempts=0))
    if memory.reason is Reason.LAST_ACT:
        return shed(memory, _luxuries(situation), Reason.LAST_ACT, situation.now_s)
    return memory


def _drop_loads(memory: CoreMemory, situation: Situation) -> CoreMemory:
    return shed(memory, droppable(situation), memory.reason, situation.now_s)


def _luxuries(situation: Situation) -> list[AssetId]:
    """All that can wait until the island has shown what it carries."""
    return [f.id for f in situation.hub.feeders.values() if f.tier > 0 and not f.carries_control]


def _note_flap(before: CoreMemory, situation: Situation) -> GridMemory:
    """A grid that goes again soon after it came back earns growing patience. `before`: as we were while on it."""
    is_recent = situation.now_s - before.mode_since_s <= situation.hub.timing.flap_memory_s
    if before.reason is not Reason.RECONNECTED or not is_recent:
        return before.grid
    return _with_failed_return(before.grid, situation.now_s)


def _failed_return(row: Transition, memory: CoreMemory, situation: Situation) -> CoreMemory:
    if row.reason is Reason.OPERATOR:
        return memory
    memory = replace(memory, grid=_with_failed_return(memory.grid, situation.now_s))
    if row.reason is Reason.POI_WILL_NOT_CLOSE:
        return latch(memory, "poi_close", Reason.POI_WILL_NOT_CLOSE, situation.now_s)
    return memory


def _with_failed_return(grid: GridMemory, now_s: float) -> GridMemory:
    failed = (*grid.failed_returns_at_s, now_s)[-FAILED_RETURNS_MAX:]
    return replace(grid, failed_returns_at_s=failed)


def _plan(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """What the mode wants, in the order of urgency."""
    memory = plan_leaving(take_step(memory, situation), situation)
    memory = leave_closed(plan_poi(memory, situation), situation)
    memory = plan_island(memory, situation)
    if sheds(memory, situation.now_s) and not is_over_dead_bus(memory):
        memory = shed_in_island(memory, situation)
    memory = without_overthrown(watch_sheds(memory, situation.now_s), situation)
    if is_restorable(memory, situation):
        memory = restore(dim_feeders(memory, situation) if _may_dispatch(memory) else memory, situation)
    else:
        memory = forget_room(memory)
    idle_since_s = since(memory.tier_0_idle_since_s, not serves_tier_0(memory, situation), situation.now_s)
    if idle_since_s != memory.tier_0_idle_since_s:
        memory = replace(memory, tier_0_idle_since_s=idle_since_s)
    memory = follow_ramp(plan_gensets(memory, situation), situation)
    memory = watch_settings(permit(memory, situation), situation)
    memory = watch_inverter_settings(watch_charge_unseen(memory, situation), situation)
    memory = watch_feeders_unseen(watch_stays_on(memory, situation), situation)
    return glimpse(remember_steering(note_bond(memory, situation), situation), situation)


def _may_dispatch(memory: CoreMemory) -> bool:
    """In MANUAL, dispatch waits for people, and a feeder until a person asks for it."""
    return memory.durable.authority is not Authority.MANUAL


def _keep_durable(memory: CoreMemory) -> CoreMemory:
    """What a restart must know of feeders and POI. While observing nothing is opened by us, whatever we imagine."""
    durable = memory.durable
    if durable.authority is Authority.OBSERVE:
        return memory
    feeders = memory.feeders.items()
    ours = frozenset(f for f, state in feeders if state.shed_since_s is not None or state.close is not None)
    given_up = frozenset(feeder for feeder, state in feeders if state.quarantined)
    tried = {feeder: state.close_attempts for feeder, state in feeders if state.close_attempts > 0}
    is_unknown = memory.mode is Mode.UNKNOWN  # what we want is not settled: what we wanted before stands
    is_held = durable.poi_held_open if is_unknown else memory.poi.open_since_s is not None
    known = (durable.shed_by_us, durable.quarantined, durable.tried, durable.poi_held_open)
    if (ours, given_up, tried, is_held) == known:
        return memory
    durable = replace(durable, shed_by_us=ours, quarantined=given_up, tried=tried, poi_held_open=is_held)
    return replace(memory, durable=durable)


def _commands(memory: CoreMemory, situation: Situation) -> Commands:
    """The whole wish of this cycle. UNKNOWN moves no contactor."""
    if memory.mode is Mode.UNKNOWN:
        return Commands(batteries=found_commands(memory, situation), gensets=found_genset_commands(memory, situation))
    return Commands(
        poi=poi_command(memory, situation),
        batteries=battery_commands(memory, situation),
        pv=pv_commands(memory, situation),
        gensets=genset_commands(memory, situation),
        feeders=feeder_commands(memory, situation),
        earthing=earthing_command(memory, situation),
    )
