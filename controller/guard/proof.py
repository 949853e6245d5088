"""What the image proves about the POI, the bus and the earthing, in the guard's own words. Nothing is remembered here.

A question that cannot be answered is answered in the direction that moves less.
"""

from __future__ import annotations

import math

from controller.guard.bounds import Bounds
from controller.guard.memory import ClosedContact, Closing, GuardMemory, Track
from controller.model.commands import Commands
from controller.model.decision import Veto
from controller.model.frozen import dataclass, field
from controller.model.hub import AssetId, Battery, Genset, Hub
from controller.model.image import BatterySeen, GensetSeen, PoiSeen, ProcessImage
from controller.model.phases import PhaseValues
from controller.model.words import (
    BreakerPosition,
    BusSide,
    GensetConnection,
    GensetState,
    GridSource,
    InverterMode,
    IslandEarthing,
    Switcher,
)

APART_RATIO = 0.1  # of nominal: the two sides of a closed breaker never differ by as much
APART_PHASES_MIN = 2
APART_DEG = 20.0  # nor do their angles; ten times the error of a class 1 instrument pair
IDLE_A = 1.0  # below the noise of a class 1 transformer of 100 A
FLOWS_A = 3.0  # well above it


@dataclass(frozen=True, slots=True)
class Case:
    """One cycle before the guard. `vetoes` collects; everything else stays as it is."""

    memory: GuardMemory
    commands: Commands
    seen: ProcessImage
    bounds: Bounds
    now_s: float
    vetoes: list[Veto] = field(default_factory=list)

    def track(self, asset: AssetId) -> Track:
        """What the guard knows of this asset's past."""
        return self.memory.tracks.get(asset, Track())


def earthing_id(hub: Hub) -> AssetId:
    """The N-PE relay's name in vetoes and tracks."""
    return hub.earthing.relay or "earthing"


def is_fresh(poi: PoiSeen, bounds: Bounds, now_s: float) -> bool:
    """The electrical sample is young enough to act on. One from the future is as bad as an old one."""
    return poi.measured_at_s is not None and abs(now_s - poi.measured_at_s) <= bounds.envelope.sample_age_max_s


def sides_differ(poi: PoiSeen, bounds: Bounds) -> bool:
    """Voltages on two phases, or the angle, are such as no closed breaker has between its two sides.

    Two phases, because one blown fuse of a voltage transformer looks like one dead phase; and not all three, because
    where one conductor of the grid has broken, a dead bus beside it differs on the other two only. An angle to a side
    that is seen dead is noise.
    """
    grid_v, bus_v, angle_deg = poi.grid_voltage_v, poi.bus_voltage_v, poi.angle_difference_deg
    if angle_deg is not None and abs(angle_deg) > APART_DEG and not (is_dead(grid_v, bounds) or is_dead(bus_v, bounds)):
        return True
    if grid_v is None or bus_v is None:
        return False
    apart_v = APART_RATIO * bounds.hub.nominal_voltage_v
    return sum(abs(grid - bus) > apart_v for grid, bus in zip(grid_v, bus_v, strict=True)) >= APART_PHASES_MIN


def shows_open(
    poi: PoiSeen,
    bounds: Bounds,
    now_s: float,
    closed: ClosedContact | None,
    *,
    contact_lies: bool,
    has_differed: bool,
) -> bool:
    """Two of three facts in this one sample: contact open; sides differ; no current although they differ.

    Sides that have differed since the contact says open were not joined then, and nothing has closed since: an island
    that comes into step with a live grid beside it stays proven while the contact says open and no current flows. A
    contact that says closed between sides that differ without any current is refuted, and the same holds then.

    With both sides dead nothing can differ, and then contact and zero current stand for two. They are weaker than
    they look: on a dead grid no current flows through a closed breaker either, so zero current only says that nobody
    feeds yet, and the contact is the one witness of the breaker. A contact stuck at "open", or one whose linkage moved
    while the main contacts stayed welded, would have us energise a line that people may be working on. Therefore
    (1) a contact once caught lying while there was voltage to catch it by does not count until it is seen closed,
    (2) `watch` asks for the same answer from two samples, (3) the first sample in which both sides then move as
    one stops the forming and convicts the contact, so that no later order tries the line again, and (4) what remains,
    that one sample, belongs into the safety documentation: a visible isolating gap is the installer's. An honest
    contact in a dark hub must not keep a village dark for ever.
    """
    if not is_fresh(poi, bounds, now_s):
        return False
    contact = poi.position is BreakerPosition.OPEN and not contact_lies
    if sides_differ(poi, bounds):
        return contact or is_idle(poi)
    is_refuted = closed is not None and closed.shows_open
    return is_idle(poi) and (is_refuted or (contact and (has_differed or are_both_dead(poi, bounds))))


def is_idle(poi: PoiSeen) -> bool:
    """No current on any phase. Not seen is not none."""
    return poi.current_a is not None and all(abs(current_a) < IDLE_A for current_a in poi.current_a)


def contradicts_closed(poi: PoiSeen, bounds: Bounds, now_s: float) -> bool:
    """Sides apart, and no current: no closed breaker looks like that."""
    return is_fresh(poi, bounds, now_s) and sides_differ(poi, bounds) and is_idle(poi)


def are_both_dead(poi: PoiSeen, bounds: Bounds) -> bool:
    """Neither side has any voltage: nothing can differ."""
    return is_dead(poi.grid_voltage_v, bounds) and is_dead(poi.bus_voltage_v, bounds)


def mean_v(voltage_v: PhaseValues) -> float:
    """Over the three phases."""
    return voltage_v.total / 3.0


def is_flowing_as_one(poi: PoiSeen, bounds: Bounds, now_s: float) -> bool:
    """Current between two live sides that do not differ: joined, whatever the contact says. Blind is not joined."""
    flows = poi.current_a is not None and any(abs(current_a) > FLOWS_A for current_a in poi.current_a)
    return flows and _live_as_one(poi, bounds, now_s)


def shows_joined(poi: PoiSeen, bounds: Bounds, now_s: float, closed: ClosedContact | None) -> bool:
    """Both sides live as one, and current flows or a contact that counts says closed."""
    says_closed = closed is not None and closed.counts
    return is_flowing_as_one(poi, bounds, now_s) or (says_closed and _live_as_one(poi, bounds, now_s))


def _live_as_one(poi: PoiSeen, bounds: Bounds, now_s: float) -> bool:
    if not is_fresh(poi, bounds, now_s) or poi.grid_voltage_v is None or poi.bus_voltage_v is None:
        return False
    return not is_dead(poi.bus_voltage_v, bounds) and not sides_differ(poi, bounds)


def leaves_w(poi: PoiSeen, bounds: Bounds, now_s: float, closed: ClosedContact | None) -> float:
    """Power that may leave through the POI. Not seen it may be any, unless the contact is not closed, or may lie."""
    if poi.power_w is None or not is_fresh(poi, bounds, now_s) or not -poi.power_w.total <= bounds.hub.most_out_w:
        return math.inf if closed is not None and not closed.may_lie else -math.inf
    return -poi.power_w.total


def loaded_gensets(seen: ProcessImage, hub: Hub, *, counts_unseen: bool = False) -> list[Genset]:
    """Who carries load on the island's own bus. Behind an inverter or a switch of its own it reaches no street."""
    states = (None, GensetState.LOADED) if counts_unseen else (GensetState.LOADED,)
    ours = (g for g in hub.gensets.values() if g.bus is BusSide.ISLAND and g.connection is GensetConnection.BUS)
    return [g for g in ours if (seen.gensets.get(g.id) or GensetSeen()).state in states]


def may_follow(battery: Battery, seen: ProcessImage) -> bool:
    """It is seen to form, and can do something else."""
    state = seen.batteries.get(battery.id) or BatterySeen()
    return state.mode is InverterMode.GRID_FORMING and not battery.capabilities.always_forms


def is_on_grid(case: Case) -> bool:
    """The POI is seen closed by a contact that counts, and no voltage says otherwise."""
    closed = case.memory.closed
    return closed is not None and closed.counts and not sides_differ(case.seen.poi, case.bounds)


def is_grid_healthy(case: Case) -> bool:
    """A fresh sample of the public grid, all three phases and the frequency inside the envelope. Never a genset."""
    poi, limits, nominal_v = case.seen.poi, case.bounds.envelope, case.bounds.hub.nominal_voltage_v
    if poi.grid_voltage_v is None or poi.grid_frequency_hz is None or poi.source is not GridSource.PUBLIC:
        return False
    low_v, high_v = limits.grid_voltage_min_ratio * nominal_v, limits.grid_voltage_max_ratio * nominal_v
    return (
        is_fresh(poi, case.bounds, case.now_s)
        and limits.grid_frequency_min_hz <= poi.grid_frequency_hz <= limits.grid_frequency_max_hz
        and all(low_v <= voltage_v <= high_v for voltage_v in poi.grid_voltage_v)
    )


def contact_to_come(case: Case) -> Closing | None:
    """A contact that may come at any instant: one that we time, or a relay's whose window is near or not seen.

    Ordering the POI open calls it back.
    """
    poi = case.bounds.hub.poi
    if case.commands.poi.open:
        return None
    if poi.switching.closed_by is not Switcher.SYNC_RELAY or case.seen.poi.angle_difference_deg is None:
        return case.memory.closing
    latest_s = poi.breaker_closing_s + poi.breaker_closing_uncertainty_s
    return case.memory.closing if is_near_step(case, latest_s) else None


def is_near_step(case: Case, within_s: float) -> bool:
    """By what is seen, the angle may be inside the envelope's limit in so many seconds, or was so long ago."""
    poi, limits = case.seen.poi, case.bounds.envelope
    if poi.angle_difference_deg is None:
        return False
    age_s = math.inf if poi.measured_at_s is None else abs(case.now_s - poi.measured_at_s)
    error_deg = max(limits.sync_angle_error_deg, case.bounds.hub.poi.angle_error_deg)
    moves_deg = 360.0 * limits.sync_slip_max_hz * (within_s + age_s)
    return abs(poi.angle_difference_deg) <= limits.sync_angle_max_deg + error_deg + moves_deg


def is_bus_dead(case: Case) -> bool | None:
    """Every phase of the hub bus below the dead limit, by the instrument that also sees the grid; None: not seen."""
    voltage_v = case.seen.poi.bus_voltage_v
    return None if voltage_v is None else is_dead(voltage_v, case.bounds)


def shows_live_grid(poi: PoiSeen, bounds: Bounds) -> bool:
    """The grid side has voltage, for the guard's memory: not seen is not live."""
    return poi.grid_voltage_v is not None and not is_dead(poi.grid_voltage_v, bounds)


def is_grid_dead(case: Case) -> bool:
    """Every phase of the grid side below the dead limit. How old that is the closing's own rule asks."""
    return is_dead(case.seen.poi.grid_voltage_v, case.bounds)


def is_earthed(case: Case) -> bool:
    """The island's neutral is earthed for good, or the N-PE relay is seen closed and nobody opens it now."""
    if case.bounds.hub.earthing.kind is IslandEarthing.PERMANENT:
        return True
    return case.seen.earthing.position is BreakerPosition.CLOSED and not case.commands.earthing.open


def is_dead(voltage_v: PhaseValues | None, bounds: Bounds) -> bool:
    """Every phase below the dead limit. Not seen is not dead."""
    dead_v = bounds.envelope.dead_voltage_ratio * bounds.hub.nominal_voltage_v
    return voltage_v is not None and all(abs(phase_v) < dead_v for phase_v in voltage_v)
