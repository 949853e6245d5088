"""What forbids an order: one small function for each forbidden thing. `tables` says which of them guard which output.

Each rule answers for itself, also for what a row before it would have caught: a row may be moved without harm.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from controller.guard import proof
from controller.guard.proof import Case
from controller.model.commands import Order
from controller.model.frozen import dataclass
from controller.model.hub import AssetId, Feeder, Genset
from controller.model.image import FeederSeen, GensetSeen
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, BusSide, GensetState, InverterMode, SettingsGroup

DEAD_PROOF_S = 0.5
RUNS = (GensetState.STARTING, GensetState.READY, GensetState.LOADED)  # one that comes is on the bus before it says so
ORDER_MAX_S = 600.0  # no cause lasts longer than this; the slowest is a permission to a synchronising relay
WIRE_S = 0.3125  # the slowest write to an inverter and the poll after it
ANSWER_MAX_S = 2.0  # of an inverter that takes its time, however short the order stands
# whose command names one of these has no turn
KEPT = (Reason.OPERATOR, Reason.MAINTENANCE_LOCK, Reason.PICKUP_COLLAPSE, Reason.NOT_FOLLOWED, Reason.FEEDER_OVERDRAWN)


class Often(NamedTuple):
    """How often a thing may be tried."""

    count_max: int
    window_s: float
    gap_s: float


NEVER = Often(0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Ask:
    """One order that wants to pass."""

    asset: AssetId
    order: Order
    state: Enum | None  # its position, mode or state as seen
    bus: BusSide = BusSide.ISLAND
    can: bool = True  # it is of a kind that we may order this
    often: Often = NEVER
    may_join: bool = True  # a source that may run in parallel with a healthy grid


def is_emergency(case: Case) -> bool:
    """Emergency-off is pressed, latched by the shell, or latched by the guard itself."""
    return case.memory.emergency_off.is_set or "emergency_off" in case.bounds.latched


def is_stopped(case: Case, _ask: Ask) -> bool:
    """As a rule."""
    return is_emergency(case)


def are_keys_unseen(case: Case, _ask: Ask) -> bool:
    """A hub that has an emergency-off or a local/remote key starts nothing while it cannot read them."""
    hub, seen = case.bounds.hub, case.seen
    no_button = hub.has_emergency_off and seen.emergency_off is None
    return no_button or (hub.has_local_remote and seen.local_control is None)


def is_locked_out(case: Case, ask: Ask) -> bool:
    """A human must look first, at the hub or at this asset."""
    return not case.bounds.latched.isdisjoint(("lockout", ask.asset)) or ask.asset in case.bounds.held_open


def is_local(case: Case, _ask: Ask) -> bool:
    """Whoever turned the key works at the hub by hand: nothing comes on under their fingers."""
    return case.seen.local_control is True


def is_void(case: Case, ask: Ask) -> bool:
    """Not yet, not any more, or for longer than any cause lasts."""
    issued_at_s, expires_at_s = ask.order.issued_at_s, ask.order.expires_at_s
    return not issued_at_s <= case.now_s <= expires_at_s <= issued_at_s + ORDER_MAX_S


def is_answered(case: Case, ask: Ask) -> bool:
    """One order, one move: it came on by this order and is off again."""
    track = case.track(ask.asset)
    return track.knows(ask.order) and track.is_answered and track.is_on is not True


def is_unseen(_case: Case, ask: Ask) -> bool:
    """What we cannot see we do not switch on."""
    return ask.state in (None, BreakerPosition.BAD)


def is_not_for_us(_case: Case, ask: Ask) -> bool:
    """Of a kind that cannot do it, or that somebody else does it with."""
    return not ask.can


def is_used_up(case: Case, ask: Ask) -> bool:
    """Too often in its window."""
    return _tries_count(case, ask, ask.often.window_s) >= ask.often.count_max


def is_too_soon(case: Case, ask: Ask) -> bool:
    """Too short after the last time."""
    return _tries_count(case, ask, ask.often.gap_s) > 0


def is_poi_locked(case: Case, _ask: Ask) -> bool:
    """Locked by the network operator or after our own failures, or the lock's contact has gone silent."""
    lock = case.memory.dso_lock
    went_silent = lock.is_wired and case.seen.poi.dso_lock is None
    return lock.is_set or went_silent or not case.bounds.latched.isdisjoint(("dso_lock", "poi_close"))


def is_poi_sample_old(case: Case, _ask: Ask) -> bool:
    """Voltages, angle and frequencies of the past say nothing of the instant of contact."""
    return not proof.is_fresh(case.seen.poi, case.bounds, case.now_s)


def is_grid_unfit(case: Case, _ask: Ask) -> bool:
    """Not measured, a genset, or outside the envelope."""
    return not proof.is_grid_healthy(case)


def has_island_settings(case: Case, _ask: Ask) -> bool:
    """Seen, or asked for in the same breath. A relay with settings groups must be seen on the grid's."""
    seen, has_groups = case.seen.poi.settings_group, case.bounds.hub.poi.has_settings_groups
    is_grid = seen is SettingsGroup.GRID or (seen is None and not has_groups)
    return not is_grid or case.commands.poi.settings_group is SettingsGroup.ISLAND


def is_contact_refuted(case: Case, _ask: Ask) -> bool:
    """It says closed, its sides say open: nobody would see it close."""
    return case.memory.closed is not None and case.memory.closed.is_refuted


def is_bus_not_live(case: Case, _ask: Ask) -> bool:
    """Live onto live: a relay that would also close onto a dead bus is not permitted to."""
    return proof.is_bus_dead(case) is not False


def is_rotation_wrong(case: Case, _ask: Ask) -> bool:
    """After repairs phases come back swapped, and many a synchro-check looks at one phase only."""
    return case.seen.poi.rotation_equal is False


def is_bus_not_proven_dead(case: Case, _ask: Ask) -> bool:
    """Dead in every sample for half a second, and at no source's terminals is anything else."""
    since_s = case.memory.dead_since_s
    if since_s is None or case.now_s - since_s < DEAD_PROOF_S:
        return True
    at_sources = [seen.voltage_v for seen in case.seen.batteries.values()]
    return any(voltage_v is not None and not proof.is_dead(voltage_v, case.bounds) for voltage_v in at_sources)


def is_source_on(case: Case, _ask: Ask) -> bool:
    """Who can form is told to stop in this very cycle, and nobody forms, runs or may be coming."""
    commands, hub = case.commands, case.bounds.hub
    formers = [battery.id for battery in hub.batteries.values() if battery.capabilities.can_form]
    is_left_on = not all(b in commands.batteries and commands.batteries[b].stop for b in formers)
    forms = any(seen.mode is InverterMode.GRID_FORMING for seen in case.seen.batteries.values())
    runs = any(seen.state in RUNS and not _starts_in_vain(case, name) for name, seen in case.seen.gensets.items())
    comes = any(_may_come(case, genset) for genset in hub.gensets.values())
    cranks = any(command.crank is not None for command in commands.gensets.values())
    return is_left_on or forms or runs or comes or cranks


def is_not_left_closed(case: Case, _ask: Ask) -> bool:
    """The site leaves its POI open when nobody can supply the hub."""
    return not case.bounds.hub.poi.is_closed_unattended


def has_no_row(_case: Case, _ask: Ask) -> bool:
    """A way of closing that this guard cannot judge yet is not lawful."""
    return True


def is_not_ours(case: Case, ask: Ask) -> bool:
    """It opened by itself or by hand, and no person has released it; or its own protection has operated."""
    track = case.track(ask.asset)
    return (track.is_on is not True and not track.is_ours) or _feeder(case, ask.asset).has_fault is True


def is_unearthed(case: Case, ask: Ask) -> bool:
    """In the island, with no earth to blow a fuse against."""
    return ask.bus is BusSide.ISLAND and not proof.is_earthed(case) and not proof.is_on_grid(case)


def is_out_of_turn(case: Case, ask: Ask) -> bool:
    """A feeder that matters more still stands open by our doing. What an operator asks for by name has no turn."""
    feeders = case.bounds.hub.feeders
    more_important = [other for other in feeders.values() if other.tier < feeders[ask.asset].tier]
    return ask.order.cause is not Reason.OPERATOR and any(_waits(case, ask, other) for other in more_important)


def is_not_proven_open(case: Case, _ask: Ask) -> bool:
    """The bond between neutral and earth belongs to the island alone."""
    return not case.memory.is_proven_open


def is_on_grid_side(_case: Case, ask: Ask) -> bool:
    """A source before the POI breaker feeds the public line, whatever the breaker does: it never comes first."""
    return ask.bus is BusSide.GRID_SIDE


def is_not_separated(case: Case, ask: Ask) -> bool:
    """Neither proven open, nor in parallel with a healthy public grid that nobody wants to leave."""
    return not (case.memory.is_proven_open or (ask.may_join and _is_in_parallel(case)))


def is_poi_closing(case: Case, _ask: Ask) -> bool:
    """A contact may come at any instant, onto whatever the bus is by then."""
    return proof.contact_to_come(case) is not None


def is_second_former(case: Case, ask: Ask) -> bool:
    """The dead-bus token has one holder: who forms, who has been let to and has not answered, who asked first."""
    forming = [b for b, seen in case.seen.batteries.items() if seen.mode is InverterMode.GRID_FORMING]
    loaded = [g for g, seen in case.seen.gensets.items() if seen.state is GensetState.LOADED]
    let_to = [b for b in case.bounds.hub.batteries if _is_awaited(case, b)]
    asking = [b for b, command in case.commands.batteries.items() if command.form is not None]
    return any(holder != ask.asset for holder in (*forming, *loaded, *let_to, *asking[:1]))


def is_bus_taken(case: Case, ask: Ask) -> bool:
    """Forming onto a live bus would be a closing without sync, unless the life in it is its own."""
    own = case.track(ask.asset).knows(ask.order) or ask.state is InverterMode.GRID_FORMING
    return proof.is_bus_dead(case) is not True and not own and not _is_in_parallel(case)


def _is_in_parallel(case: Case) -> bool:
    return proof.is_on_grid(case) and proof.is_grid_healthy(case) and not case.commands.poi.open


def _may_come(case: Case, genset: Genset) -> bool:
    """Cranked so lately that its panel may not know yet; or last seen coming, or cranked, and not seen since.

    Unseen, it is waited for as long as an order may stand and a start take after that: then its start has failed, or
    the bus is not dead any more. A panel that stays silent must not keep the hub dark beside a good grid.
    """
    state = (case.seen.gensets.get(genset.id) or GensetSeen()).state
    track, coming_at_s = case.track(genset.id), case.memory.coming_at_s.get(genset.id)
    if state is not None:
        return track.passed_at_s is not None and case.now_s - track.passed_at_s < ANSWER_MAX_S
    begun_s = track.tries_at_s if coming_at_s is None else (coming_at_s,)
    return any(case.now_s - at_s <= 2.0 * genset.start_time_s for at_s in begun_s)


def _starts_in_vain(case: Case, name: AssetId) -> bool:
    """It has said STARTING, and nothing else, for two starts over a bus that was dead throughout; a crank begins anew.

    A panel that is stuck there must not keep the hub dark beside a good grid either; a dead street it might still feed.
    """
    genset, said_since_s = case.bounds.hub.gensets.get(name), case.memory.starting_since_s.get(name)
    dead_since_s = case.memory.dead_since_s
    if genset is None or said_since_s is None or dead_since_s is None or proof.is_grid_dead(case):
        return False
    return case.now_s - max(said_since_s, dead_since_s, *case.track(name).tries_at_s) > 2.0 * genset.start_time_s


def _is_awaited(case: Case, battery: AssetId) -> bool:
    """An order is on the wire, or its answer on the way back; what is seen meanwhile may be older than it."""
    track = case.track(battery)
    if track.order is None:
        return False
    assert track.passed_at_s is not None  # it is set with the order
    waits_s = case.now_s - track.passed_at_s
    is_awaited = waits_s <= ANSWER_MAX_S or case.now_s <= track.order.expires_at_s
    return waits_s <= WIRE_S or (is_awaited and not track.is_answered)


def _waits(case: Case, ask: Ask, feeder: Feeder) -> bool:
    """Open by our doing on the same bus, reachable, and nothing of its own keeps it open."""
    seen, command, bounds = _feeder(case, feeder.id), case.commands.feeders.get(feeder.id), case.bounds
    is_kept = feeder.id in bounds.held_open | bounds.latched or (command is not None and command.cause in KEPT)
    is_open = seen.position is BreakerPosition.OPEN and case.track(feeder.id).is_ours
    return is_open and feeder.bus is ask.bus and not is_kept and seen.has_fault is not True


def _tries_count(case: Case, ask: Ask, window_s: float) -> int:
    """How often within this time. An order that has passed before is not a new try."""
    track = case.track(ask.asset)
    return 0 if track.knows(ask.order) else sum(case.now_s - at_s < window_s for at_s in track.tries_at_s)


def _feeder(case: Case, feeder: AssetId) -> FeederSeen:
    return case.seen.feeders.get(feeder) or FeederSeen()
