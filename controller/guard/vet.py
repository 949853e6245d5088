"""Vet one cycle's commands: every forbidden thing is taken out, and its output takes its safe level.

Openings, sheds and stops pass, whatever wears, waits or is stale. Two openings are not sheds and have a rule each: a
feeder that carries control stays closed on a live bus, and the earth of a living island stays.

The safe levels: the POI is not closed; a feeder or relay seen open is held open, any other left alone; a battery that
may not form is stopped if it can do nothing else, goes back to following if it had been let to form, and is left alone
otherwise; a genset whose start was under way is stopped; a set-point takes its nearest bound; a locked-out source
is told nothing but to leave the street; under emergency-off every source that is spoken to is told to stop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from controller.guard import tables
from controller.guard.bounds import Bounds
from controller.guard.levels import battery_levels, genset_levels, pv_levels
from controller.guard.memory import GuardMemory
from controller.guard.proof import Case, earthing_id, is_bus_dead, is_on_grid, loaded_gensets, may_follow
from controller.guard.rules import Ask, Often, is_emergency
from controller.guard.watch import remember, watch
from controller.model.commands import BatteryCommand, Commands, GensetCommand, Order, PoiCommand, SwitchCommand
from controller.model.decision import Veto
from controller.model.frozen import dataclass, replace
from controller.model.hub import AssetId, Battery, Feeder, Genset
from controller.model.image import BatterySeen, FeederSeen, GensetSeen, ProcessImage
from controller.model.reasons import Reason
from controller.model.words import (
    Authority,
    BreakerPosition,
    GensetConnection,
    GensetState,
    InverterMode,
    IslandEarthing,
    SettingsGroup,
)

POI_GAP_S = 5.0  # a motor-driven breaker winds its spring in less
SWITCH_GAP_S = 1.0  # contactors are rated for far fewer closings an hour, and for short bursts at this pace
CRANK_GAP_S = 30.0  # a starter rests at least as long as it may turn
LET_GO_S = 0.1875  # three samples that show both sides as one: what the decision takes to find out, and a cycle
UNPROVEN_S = 0.25  # a spoilt sample, the one after it and the one that proves anew
FEEDS_S = 1.25  # a dead street draws half a hub at most: 40 kJ, and the decision has let go long before
FORMING = InverterMode.GRID_FORMING
Asset = TypeVar("Asset")
Command = TypeVar("Command")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may be written, what was forbidden and why, and what the guard remembers."""

    memory: GuardMemory
    allowed: Commands
    vetoes: tuple[Veto, ...]


def vet(memory: GuardMemory, commands: Commands, seen: ProcessImage, bounds: Bounds, now_s: float) -> Verdict:
    """Let pass what is lawful. Pure: the same arguments give the same Verdict; it never raises."""
    hub, case = bounds.hub, Case(watch(memory, seen, bounds, now_s), commands, seen, bounds, now_s)
    if bounds.authority is Authority.OBSERVE:
        vetoes = () if commands == Commands() else (Veto("hub", Reason.VETO_OBSERVE),)
        return Verdict(remember(case.memory, Commands(), hub, now_s), Commands(), vetoes)
    allowed = Commands(
        poi=_vet_poi(case, commands.poi),
        batteries=_vet_each(case, _unasked(case) | dict(commands.batteries), hub.batteries, _vet_battery),
        pv=_vet_each(case, commands.pv, hub.pv, pv_levels),
        gensets=_vet_each(case, _feeding(case) | dict(commands.gensets), hub.gensets, _vet_genset),
        feeders=_vet_each(case, commands.feeders, hub.feeders, _vet_feeder),
        earthing=_vet_earthing(case, commands.earthing),
    )
    return Verdict(remember(case.memory, allowed, hub, now_s), allowed, tuple(case.vetoes))


def _vet_each(
    case: Case,
    commands: Mapping[AssetId, Command],
    assets: Mapping[AssetId, Asset],
    vet_one: Callable[[Case, Asset, Command], Command | None],
) -> dict[AssetId, Command]:
    """What is left of the commands to this kind of asset. What the hub does not have is not ours to command."""
    allowed = {}
    for name, command in commands.items():
        if name not in assets:
            _note(case, name, Reason.VETO_NOT_OURS)
        elif (passed := vet_one(case, assets[name], command)) is not None:
            allowed[name] = passed
    return allowed


def _vet_poi(case: Case, command: PoiCommand) -> PoiCommand:
    poi, limits = case.bounds.hub.poi, case.bounds.envelope
    if command.settings_group is SettingsGroup.ISLAND and not case.memory.is_proven_open:
        _note(case, poi.id, Reason.VETO_NOT_PROVEN_OPEN)  # on grid they would switch loss-of-mains protection off
        command = replace(command, settings_group=None)
    if command.close is None:
        return command
    often = Often(limits.poi_closings_max, limits.poi_closings_window_s, POI_GAP_S)
    ask = Ask(poi.id, command.close, case.seen.poi.position, often=often)
    is_refused = command.open or _refusal(case, ask, tables.poi_close_table(case)) is not None
    return replace(command, close=None) if is_refused else command


def _unasked(case: Case) -> dict[AssetId, BatteryCommand]:
    """Who must stop or let go is judged in any case: silence would be a way past the guard."""
    batteries = case.bounds.hub.batteries.values()
    forming = (b for b in batteries if (case.seen.batteries.get(b.id) or BatterySeen()).mode is FORMING)
    return {b.id: BatteryCommand() for b in forming if case.memory.is_stuck or _must_let_go(case, b)}


def _must_let_go(case: Case, battery: Battery) -> bool:
    """It forms although the POI joins us to the street; who may take the bus over has the time of opening."""
    since_s, takes_over = case.memory.beside_since_s, battery.capabilities.forms_in_parallel and case.commands.poi.open
    patience_s = LET_GO_S + (case.bounds.hub.poi.breaker_opening_s if takes_over else 0.0)
    return since_s is not None and may_follow(battery, case.seen) and case.now_s - since_s >= patience_s


def _feeding(case: Case) -> dict[AssetId, GensetCommand]:
    """Who carries load while power leaves through the POI: a dead street would live on it, and nothing else shows."""
    since_s = case.memory.feeds_since_s
    if since_s is None or case.now_s - since_s < FEEDS_S:
        return {}
    return {genset.id: GensetCommand() for genset in loaded_gensets(case.seen, case.bounds.hub)}


def _vet_battery(case: Case, battery: Battery, command: BatteryCommand) -> BatteryCommand | None:
    mode = (case.seen.batteries.get(battery.id) or BatterySeen()).mode
    if command.stop:
        return BatteryCommand(stop=True, cause=command.cause)
    ban = _ban(case, battery.id, is_forming=mode is FORMING)
    lets_go = _must_let_go(case, battery)
    if ban is not None:
        is_left_alone = ban is Reason.VETO_LOCKED_OUT and not lets_go
        return None if is_left_alone else BatteryCommand(stop=True, cause=ban)
    if lets_go:
        if not command.follow or command.form is not None:
            _note(case, battery.id, Reason.VETO_NOT_PROVEN_OPEN)
        command = replace(command, form=None, follow=True)
    if command.form is None:
        return battery_levels(case, battery, command)
    return _vet_former(case, battery, command, command.form)


def _vet_former(case: Case, battery: Battery, command: BatteryCommand, order: Order) -> BatteryCommand:
    mode, can = (case.seen.batteries.get(battery.id) or BatterySeen()).mode, battery.capabilities
    ask = Ask(battery.id, order, mode, battery.bus, can.can_form, may_join=can.always_forms or can.forms_in_parallel)
    reason = _refusal(case, ask, tables.FORM)
    if reason is None:
        return battery_levels(case, battery, command)
    if can.always_forms:
        return BatteryCommand(stop=True, cause=reason)
    takes_back = _is_taken_back(case, ask, reason) and mode is not FORMING
    return battery_levels(case, battery, replace(command, form=None, follow=command.follow or takes_back))


def _vet_genset(case: Case, genset: Genset, command: GensetCommand) -> GensetCommand | None:
    if command.stop:
        return GensetCommand(stop=True, cause=command.cause)
    if genset.id in _feeding(case):
        return GensetCommand(stop=True, cause=_note(case, genset.id, Reason.VETO_FEEDS_STREET))
    ban = _ban(case, genset.id, is_forming=False)
    if ban is not None:
        return None if ban is Reason.VETO_LOCKED_OUT else GensetCommand(stop=True, cause=ban)
    if command.crank is None:
        return genset_levels(case, genset, command)
    state, limits = (case.seen.gensets.get(genset.id) or GensetSeen()).state, case.bounds.envelope
    often = Often(limits.cranks_max, limits.cranks_window_s, CRANK_GAP_S)
    ask = Ask(genset.id, command.crank, state, genset.bus, genset.connection is GensetConnection.BUS, often)
    reason = _refusal(case, ask, tables.CRANK if is_bus_dead(case) is False else tables.CRANK_ONTO_DEAD_BUS)
    if reason is None:
        return genset_levels(case, genset, command)
    is_stopped = _is_taken_back(case, ask, reason) and not _is_merely_unproven(case, ask, reason)
    return genset_levels(case, genset, replace(command, crank=None, stop=is_stopped))


def _vet_feeder(case: Case, feeder: Feeder, command: SwitchCommand) -> SwitchCommand:
    position, limits = (case.seen.feeders.get(feeder.id) or FeederSeen()).position, case.bounds.envelope
    if command.open:
        is_kept = feeder.carries_control and position is not BreakerPosition.OPEN and is_bus_dead(case) is False
        if is_kept and not is_emergency(case):
            _note(case, feeder.id, Reason.VETO_CARRIES_CONTROL)
            return SwitchCommand()
        return SwitchCommand(open=True, cause=command.cause)
    if command.close is None:
        return command
    often = Often(limits.feeder_closings_max, limits.feeder_closings_window_s, SWITCH_GAP_S)
    ask = Ask(feeder.id, command.close, position, feeder.bus, often=often)
    return _held(command, position) if _refusal(case, ask, tables.FEEDER_CLOSE) else command


def _vet_earthing(case: Case, command: SwitchCommand) -> SwitchCommand:
    hub, limits, position = case.bounds.hub, case.bounds.envelope, case.seen.earthing.position
    if command.open:
        if is_on_grid(case) or is_bus_dead(case) is True:
            return SwitchCommand(open=True, cause=command.cause)
        _note(case, earthing_id(hub), Reason.VETO_NO_EARTHING)
        return SwitchCommand()
    if command.close is None:
        return command
    often = Often(limits.feeder_closings_max, limits.feeder_closings_window_s, SWITCH_GAP_S)
    is_ours = hub.earthing.kind is IslandEarthing.SWITCHED_BY_US
    ask = Ask(earthing_id(hub), command.close, position, can=is_ours, often=often)
    return _held(command, position) if _refusal(case, ask, tables.EARTHING_CLOSE) else command


def _held(command: SwitchCommand, position: BreakerPosition | None) -> SwitchCommand:
    """What is seen open is held open, which also takes back a closing already written; else it is left alone."""
    return SwitchCommand(open=position is BreakerPosition.OPEN, cause=command.cause)


def _ban(case: Case, source: AssetId, *, is_forming: bool) -> Reason | None:
    """Why a source is told nothing but, at most, to stop."""
    if is_emergency(case):
        return _note(case, source, Reason.VETO_EMERGENCY_OFF)
    if is_forming and case.memory.is_stuck:
        return _note(case, source, Reason.VETO_NOT_PROVEN_OPEN)
    return _note(case, source, Reason.VETO_LOCKED_OUT) if source in case.bounds.latched else None


def _is_taken_back(case: Case, ask: Ask, reason: Reason) -> bool:
    """It had passed before and must not go on. A short blindness takes nothing back."""
    return reason is not Reason.VETO_STALE and case.track(ask.asset).knows(ask.order)


def _is_merely_unproven(case: Case, ask: Ask, reason: Reason) -> bool:
    """A start that is not on the bus yet, and for a moment nothing proves the POI open: one flipped bit is enough."""
    is_brief = case.track(ask.asset).has_passed_since(case.now_s - UNPROVEN_S)
    says_open = reason is Reason.VETO_NOT_PROVEN_OPEN and case.seen.poi.position is BreakerPosition.OPEN
    return says_open and is_brief and ask.state is GensetState.STARTING


def _refusal(case: Case, ask: Ask, table: tuple[tables.Rule, ...]) -> Reason | None:
    reason = tables.first_veto(case, ask, table)
    return None if reason is None else _note(case, ask.asset, reason)


def _note(case: Case, subject: AssetId, reason: Reason) -> Reason:
    case.vetoes.append(Veto(subject, reason))
    return reason
