"""Vet one cycle's commands: every forbidden thing is taken out and its output put to its safe level.

Openings, sheds and stops always pass, with one exception: a feeder that carries control is not opened on a live bus.
Silent by default: in `observe`, and for what nobody asked, nothing is allowed at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from controller.guard import limits
from controller.guard.bounds import Bounds
from controller.guard.closing import forbids_closing
from controller.guard.memory import GuardMemory
from controller.guard.proof import HOLD_CYCLES_RATIO, feeds_through, looks_open
from controller.guard.switches import forbids_feeder, vet_earthing
from controller.model.commands import (
    BatteryCommand,
    Commands,
    GensetCommand,
    Order,
    PoiCommand,
    SwitchCommand,
)
from controller.model.decision import Veto
from controller.model.hub import AssetId
from controller.model.image import ProcessImage
from controller.model.reasons import Reason
from controller.model.words import Authority, BreakerPosition, InverterMode, IslandEarthing

CLOSINGS_REMEMBERED_COUNT = 16


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may be written, what was taken out, and what the guard remembers."""

    memory: GuardMemory
    allowed: Commands
    vetoes: tuple[Veto, ...]


@dataclass(frozen=True, slots=True)
class _View:
    """This cycle as the guard sees it."""

    memory: GuardMemory
    seen: ProcessImage
    bounds: Bounds
    now_s: float

    def lasts(self, since_s: float | None) -> bool:
        return since_s is not None and self.now_s - since_s >= HOLD_CYCLES_RATIO * self.bounds.hub.timing.cycle_s

    @property
    def is_proven_open(self) -> bool:
        return self.lasts(self.memory.open_proof_since_s)

    @property
    def is_earthed(self) -> bool:
        if self.bounds.hub.earthing.kind is IslandEarthing.PERMANENT:
            return True
        return self.seen.earthing.position is BreakerPosition.CLOSED

    @property
    def is_stopped_by_people(self) -> Reason | None:
        if self.memory.emergency_off or self.bounds.latched & {"emergency_off"}:
            return Reason.VETO_EMERGENCY_OFF
        if "lockout" in self.bounds.latched or self.seen.local_control:
            return Reason.VETO_LOCKED_OUT
        return None


def vet(memory: GuardMemory, commands: Commands, seen: ProcessImage, bounds: Bounds, now_s: float) -> Verdict:
    """Allow what is lawful. The same arguments give the same Verdict."""
    view = _View(_observe(memory, seen, bounds, now_s), seen, bounds, now_s)
    if bounds.authority is Authority.OBSERVE:
        return Verdict(view.memory, Commands(), ())
    vetoes: list[Veto] = []
    allowed = Commands(
        poi=_poi(commands.poi, view, vetoes),
        batteries={name: _battery(name, command, view, vetoes) for name, command in commands.batteries.items()},
        pv={name: limits.pv(name, command, bounds, vetoes) for name, command in commands.pv.items()},
        gensets={name: _genset(name, command, view, vetoes) for name, command in commands.gensets.items()},
        feeders={name: _feeder(name, command, view, vetoes) for name, command in commands.feeders.items()},
        earthing=_earthing(commands.earthing, view, vetoes),
    )
    return Verdict(_remember(view, allowed), allowed, tuple(vetoes))


def _observe(memory: GuardMemory, seen: ProcessImage, bounds: Bounds, now_s: float) -> GuardMemory:
    """Feedback in: the button, the proof, the token, and which feeders stand open."""
    held = memory.emergency_off and "emergency_off" in bounds.latched
    is_open = looks_open(seen.poi, bounds.hub, bounds.envelope)
    feeds = seen.poi.position is BreakerPosition.OPEN and feeds_through(seen.poi, bounds.hub)
    closed = {name for name, f in seen.feeders.items() if f.position is BreakerPosition.CLOSED}
    forming = next((n for n, b in seen.batteries.items() if b.mode is InverterMode.GRID_FORMING), None)
    token = forming or (memory.token if now_s <= memory.token_until_s else None)
    return replace(
        memory,
        began_at_s=min(memory.began_at_s, now_s),
        emergency_off=seen.emergency_off is True or held,
        open_proof_since_s=_since(memory.open_proof_since_s, is_open, now_s),
        feeds_through_since_s=_since(memory.feeds_through_since_s, feeds, now_s),
        opened_by_us=(memory.opened_by_us | bounds.shed_by_us) - closed,
        token=token,
    )


def _since(before_s: float | None, holds: bool, now_s: float) -> float | None:
    if not holds:
        return None
    return now_s if before_s is None else before_s


def _poi(command: PoiCommand, view: _View, vetoes: list[Veto]) -> PoiCommand:
    order = command.close
    if order is None or command.open:
        return replace(command, close=None) if order is not None else command
    poi = view.bounds.hub.poi.id
    reason = view.is_stopped_by_people or forbids_closing(view.seen.poi, view.bounds, view.now_s)
    is_new = order.issued_at_s not in view.memory.closings_at_s.get(poi, ())
    if not is_new and reason is Reason.VETO_OUT_OF_SYNC and view.seen.poi.position is not BreakerPosition.OPEN:
        reason = None  # the contact is under way: nothing is gained by taking the order back
    if (
        reason is None
        and is_new
        and _count(view, poi, view.bounds.envelope.poi_closings_window_s) >= (view.bounds.envelope.poi_closings_max)
    ):
        reason = Reason.VETO_HAMMERING
    if reason is None:
        return command
    vetoes.append(Veto(poi, reason))
    return replace(command, close=None)


def _battery(name: AssetId, command: BatteryCommand, view: _View, vetoes: list[Veto]) -> BatteryCommand:
    if command.stop:
        return command
    if command.form is not None:
        reason = _forbids_forming(name, view)
        if reason is not None:
            vetoes.append(Veto(name, reason))
            always = view.bounds.hub.batteries[name].capabilities.always_forms
            command = replace(command, form=None, stop=always)
    if _feeds_a_lying_breaker(name, view):
        vetoes.append(Veto(name, Reason.VETO_NOT_PROVEN_OPEN))
        return BatteryCommand(stop=True, cause=command.cause)
    return limits.battery(name, command, view.seen, view.bounds, vetoes, may_charge=view.is_stopped_by_people is None)


def _feeds_a_lying_breaker(name: AssetId, view: _View) -> bool:
    """It forms, and for two samples current has flowed through a POI that is said to be open."""
    state = view.seen.batteries.get(name)
    return (
        state is not None and state.mode is InverterMode.GRID_FORMING and view.lasts(view.memory.feeds_through_since_s)
    )


def _forbids_forming(name: AssetId, view: _View) -> Reason | None:
    if view.is_stopped_by_people is not None:
        return view.is_stopped_by_people
    if not view.is_proven_open:
        return Reason.VETO_NOT_PROVEN_OPEN
    if view.memory.token not in {None, name}:
        return Reason.VETO_SECOND_FORMER
    if not view.is_earthed:
        return Reason.VETO_NO_EARTHING
    return None if view.bounds.hub.batteries[name].capabilities.can_form else Reason.VETO_OUT_OF_RANGE


def _genset(name: AssetId, command: GensetCommand, view: _View, vetoes: list[Veto]) -> GensetCommand:
    if command.stop or command.crank is None:
        return limits.genset(name, command, view.bounds, vetoes)
    envelope = view.bounds.envelope
    reason = view.is_stopped_by_people
    is_new = command.crank.issued_at_s not in view.memory.closings_at_s.get(name, ())
    if reason is None and is_new and _count(view, name, envelope.cranks_window_s) >= envelope.cranks_max:
        reason = Reason.VETO_ATTEMPTS_USED
    if reason is not None:
        vetoes.append(Veto(name, reason))
        command = replace(command, crank=None)
    return limits.genset(name, command, view.bounds, vetoes)


def _feeder(name: AssetId, command: SwitchCommand, view: _View, vetoes: list[Veto]) -> SwitchCommand:
    reason: Reason | None = None
    if command.open:
        carries = view.bounds.hub.feeders[name].carries_control
        voltage = view.seen.poi.bus_voltage_v
        dead_v = view.bounds.envelope.dead_voltage_ratio * view.bounds.hub.nominal_voltage_v
        if carries and (voltage is None or voltage.maximum > dead_v):
            reason = Reason.VETO_CARRIES_CONTROL
    elif command.close is not None:
        reason = _forbids_closing_feeder(name, command.close, view)
    if reason is None:
        return command
    vetoes.append(Veto(name, reason))
    return SwitchCommand()


def _forbids_closing_feeder(name: AssetId, order: Order, view: _View) -> Reason | None:
    if view.is_stopped_by_people is not None:
        return view.is_stopped_by_people
    reason = forbids_feeder(name, view.seen, view.bounds, view.memory.opened_by_us)
    if reason is not None:
        return reason
    if view.seen.poi.position is not BreakerPosition.CLOSED and not view.is_earthed:
        return Reason.VETO_NO_EARTHING
    envelope = view.bounds.envelope
    is_new = order.issued_at_s not in view.memory.closings_at_s.get(name, ())
    too_often = _count(view, name, envelope.feeder_closings_window_s) >= envelope.feeder_closings_max
    return Reason.VETO_HAMMERING if is_new and too_often else None


def _earthing(command: SwitchCommand, view: _View, vetoes: list[Veto]) -> SwitchCommand:
    allowed, reason = vet_earthing(command, view.seen, view.bounds, is_proven_open=view.is_proven_open)
    if reason is not None:
        vetoes.append(Veto(view.bounds.hub.earthing.relay or "earthing", reason))
    return allowed


def _count(view: _View, subject: AssetId, window_s: float) -> int:
    """Within the window: what this process let pass, or what is on disk from those before it."""
    own = sum(view.now_s - at_s < window_s for at_s in view.memory.closings_at_s.get(subject, ()))
    kept = sum(
        a.subject == subject and a.kind != "form" and view.now_s - a.at_s < window_s and a.at_s < view.memory.began_at_s
        for a in view.bounds.attempts
    )
    return own + kept


def _remember(view: _View, allowed: Commands) -> GuardMemory:
    """What was let pass counts from now on."""
    passed: dict[AssetId, float] = {}
    if allowed.poi.close is not None:
        passed[view.bounds.hub.poi.id] = allowed.poi.close.issued_at_s
    passed |= {name: c.close.issued_at_s for name, c in allowed.feeders.items() if c.close is not None}
    passed |= {name: c.crank.issued_at_s for name, c in allowed.gensets.items() if c.crank is not None}
    closings = dict(view.memory.closings_at_s)
    for name, at_s in passed.items():
        if at_s not in closings.get(name, ()):
            closings[name] = (*closings.get(name, ()), at_s)[-CLOSINGS_REMEMBERED_COUNT:]
    former = next(((n, c.form) for n, c in allowed.batteries.items() if c.form is not None), None)
    opened = {name for name, c in allowed.feeders.items() if c.open}
    return replace(
        view.memory,
        closings_at_s=closings,
        opened_by_us=view.memory.opened_by_us | opened,
        token=former[0] if former is not None else view.memory.token,
        token_until_s=former[1].expires_at_s if former is not None else view.memory.token_until_s,
    )
