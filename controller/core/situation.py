"""The situation of this cycle: the image read once, in the questions that judgement asks. No memory is changed here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from controller.core.fleet_charge import fleet_soc_pct
from controller.core.memory import PoiMemory
from controller.core.poi_sample import ZERO_CURRENT_A, are_dead, are_one, difference_of, flows, sees_both
from controller.model.frozen import dataclass
from controller.model.hub import AssetId, Battery, Feeder, Genset, Hub, ShortTimePoint
from controller.model.image import BatterySeen, FeederSeen, GensetSeen, PoiSeen, ProcessImage
from controller.model.phases import Phase, PhaseValues
from controller.model.words import (
    BreakerPosition,
    BusSide,
    Difference,
    GensetConnection,
    GensetState,
    InverterMode,
    IslandEarthing,
)

LIVE_RATIO = 0.8  # a bus with every phase above is one that loads can use (EN 50160 minus its worst dip depth)
UNKNOWN_PAST = PoiMemory()
UNSEEN_BATTERY = BatterySeen()
UNSEEN_FEEDER = FeederSeen()
UNSEEN_GENSET = GensetSeen()


class Carrier(NamedTuple):
    """Who holds the island's bus, and what it can bear: a battery's inverter or a genset."""

    id: AssetId
    phases: tuple[Phase, ...]
    rating_va: float
    sustained_w: float  # for ever: its rating, or what its battery gives now if that is less
    short_time: tuple[ShortTimePoint, ...]
    power_w: PhaseValues | None = None
    overload_pct: float | None = None
    frequency_hz: float | None = None


class Draw(NamedTuple):
    """What one feeder draws if it is closed; one whose meter is silent counts with its full rating."""

    position: BreakerPosition | None
    power_w: PhaseValues


@dataclass(frozen=True, slots=True)
class Situation:
    """What is so, as far as it can be seen. A `None` among the answers means that it cannot."""

    seen: ProcessImage
    hub: Hub
    now_s: float
    bus_is_live: bool | None
    bus_is_dead: bool | None
    grid_is_live: bool | None
    grid_is_dead: bool | None
    poi_evidence_count: int  # independent signs that the POI is open; two prove it
    poi_joins_both: bool  # current flows between two sides that live as one, whatever the contact says
    poi_flows: bool  # current is seen, and no sides that differ: of what is not seen nobody knows
    poi_difference: Difference | None
    poi_sides_are_one: bool  # both are measured, both live, and they do not differ
    poi_sides_are_dead: bool
    poi_is_closed: bool | None
    former: AssetId | None  # which battery forms the bus now
    candidates: tuple[AssetId, ...]  # which batteries could form it, in the site's order
    loaded_genset: AssetId | None  # on the bus of the island, and able to hold it alone
    earthing_is_ready: bool
    draws: Mapping[AssetId, Draw]  # of every feeder
    load_w: PhaseValues  # of the feeders that are closed
    soc_pct: float | None  # of the batteries that answer, by capacity; less where one is at fault; None: none does

    @property
    def poi_sides_differ(self) -> bool:
        """Seen to, in this sample."""
        return self.poi_difference is not None

    @property
    def contact_is_closed(self) -> bool:
        """The POI's contact itself says closed, and nothing has refuted it."""
        return self.seen.poi.position is BreakerPosition.CLOSED and self.poi_is_closed is True

    @property
    def poi_is_proven_open(self) -> bool:
        """Any two of: contact open; sides differ, or have since it speaks; no current although they differ."""
        return self.poi_evidence_count >= 2 and not self.poi_joins_both

    @property
    def keys_are_seen(self) -> bool:
        """The emergency-off and the key-switch are read, as far as the hub has them: else nobody starts anything."""
        seen, hub = self.seen, self.hub
        has_no_button = hub.has_emergency_off and seen.emergency_off is None
        return not has_no_button and not (hub.has_local_remote and seen.local_control is None)

    @property
    def may_switch_on(self) -> bool:
        """Both are read, and nobody has taken the hub into his own hands."""
        return self.keys_are_seen and self.seen.local_control is not True

    @property
    def candidate(self) -> AssetId | None:
        """Which battery would form the bus."""
        return self.candidates[0] if self.candidates else None

    @property
    def holder(self) -> AssetId | None:
        """Who holds the bus of the island: the battery that forms it, else a genset that carries it alone."""
        return self.former if self.former is not None else self.loaded_genset


def assess(seen: ProcessImage, hub: Hub, now_s: float, past: PoiMemory = UNKNOWN_PAST) -> Situation:
    """Read the image once. `past`: what the POI's contact is worth, and what its sides have shown since it speaks."""
    bus = _bus_voltage(seen, hub)
    grid = seen.poi.grid_voltage_v
    dead_v = hub.grid_code.dead_voltage_ratio * hub.nominal_voltage_v
    live_v = LIVE_RATIO * hub.nominal_voltage_v
    difference, both_dead = difference_of(seen.poi, hub.nominal_voltage_v, dead_v), are_dead(seen.poi, dead_v)
    differ = difference is not None
    former, current_flows = _former(seen, hub), flows(seen.poi) and not differ
    may_join = not both_dead or former is not None  # a street may drag down whoever feeds it
    draws = {feeder.id: _draw(seen.feeders.get(feeder.id), feeder) for feeder in hub.feeders.values()}
    return Situation(
        seen=seen,
        hub=hub,
        now_s=now_s,
        bus_is_live=None if bus is None else bus.minimum > live_v,
        bus_is_dead=None if bus is None else bus.maximum < dead_v,
        grid_is_live=None if grid is None else grid.minimum > live_v,
        grid_is_dead=None if grid is None else grid.maximum < dead_v,
        poi_evidence_count=_open_evidence(seen.poi, past, differ=differ, both_dead=both_dead),
        poi_joins_both=may_join and current_flows and sees_both(seen.poi),
        poi_flows=current_flows,
        poi_difference=difference,
        poi_sides_are_dead=both_dead,
        poi_sides_are_one=are_one(seen.poi, dead_v, differ=differ),
        poi_is_closed=_is_closed(seen.poi, past, differ=differ),
        former=former,
        candidates=_candidates(seen, hub),
        loaded_genset=_loaded_genset(seen, hub),
        earthing_is_ready=_earthing_is_ready(seen, hub),
        draws=draws,
        load_w=PhaseValues.summed([d.power_w for d in draws.values() if d.position is BreakerPosition.CLOSED]),
        soc_pct=fleet_soc_pct(seen, hub),
    )


def battery_carrier(battery: Battery, seen: BatterySeen) -> Carrier:
    """A battery as the one that carries the island."""
    limit = seen.discharge_limit_w
    sustained_w = min(battery.rating_va, battery.rating_va if limit is None else limit)
    return Carrier(
        battery.id,
        battery.phases,
        battery.rating_va,
        sustained_w,
        battery.short_time,
        seen.power_w,
        seen.overload_pct,
        seen.frequency_hz,
    )


def carrier(situation: Situation) -> Carrier | None:
    """Who carries the island now; None when nobody is seen to."""
    seen, hub = situation.seen, situation.hub
    if situation.former is not None:
        return battery_carrier(hub.batteries[situation.former], seen.batteries[situation.former])
    if situation.loaded_genset is None:
        return None
    genset = hub.gensets[situation.loaded_genset]
    power_w = seen.gensets[genset.id].power_w
    return Carrier(genset.id, genset.phases, genset.rating_va, genset.rating_va, (), power_w)


def _battery(seen: ProcessImage, battery: AssetId) -> BatterySeen:
    return seen.batteries.get(battery) or UNSEEN_BATTERY


def _draw(seen: FeederSeen | None, feeder: Feeder) -> Draw:
    seen = seen or UNSEEN_FEEDER
    power_w = seen.power_w if seen.power_w is not None else PhaseValues.shared(feeder.rated_w, feeder.phases)
    return Draw(seen.position, power_w)


def _bus_voltage(seen: ProcessImage, hub: Hub) -> PhaseValues | None:
    """The POI instrument's bus side, else the liveliest terminals of a source: one may be switched off from the bus.

    Its voltage transformers have fuses. A phase that is missing beside two that live, and all of them while a former
    gives power, are there when the terminals show them.
    """
    at_poi, terminals = seen.poi.bus_voltage_v, [_battery(seen, battery).voltage_v for battery in hub.forming_order]
    at_source = max((v for v in terminals if v is not None), key=lambda voltage_v: voltage_v.total, default=None)
    if at_poi is None or at_source is None:
        return at_poi or at_source
    live_v = LIVE_RATIO * hub.nominal_voltage_v
    has_one_phase_less = sum(voltage_v > live_v for voltage_v in at_poi) == len(at_poi) - 1
    if has_one_phase_less or former_gives(seen, hub):
        return PhaseValues(*(max(pair) for pair in zip(at_poi, at_source, strict=True)))
    return at_poi


def former_gives(seen: ProcessImage, hub: Hub) -> bool:
    """Into a bus that is dead it would not; nor does one whose own switch is open."""
    former = _former(seen, hub)
    power_w = None if former is None else _battery(seen, former).power_w
    return power_w is not None and abs(power_w.total) > ZERO_CURRENT_A * hub.nominal_voltage_v


def _is_closed(poi: PoiSeen, past: PoiMemory, *, differ: bool) -> bool | None:
    if poi.position is None:
        return None
    says_closed = poi.position is BreakerPosition.CLOSED and not past.closed_is_refuted
    return says_closed or (past.is_joined and not differ)


def _open_evidence(poi: PoiSeen, past: PoiMemory, *, differ: bool, both_dead: bool) -> int:
    contact = poi.position is BreakerPosition.OPEN and not past.contact_lies
    # An island beside a live grid comes into step with it now and then; its breaker does not close by that.
    is_remembered = contact and past.sides.have_differed
    if poi.position is BreakerPosition.CLOSED:
        is_remembered = past.closed_is_refuted
    differ = differ or is_remembered
    no_current = poi.current_a is not None and poi.current_a.maximum < ZERO_CURRENT_A
    # Both sides dead: nothing can differ. Contact and silence must do, and `poi_joins_both` catches a lying contact
    # in the first cycle after forming (see docs/safety.md).
    return contact + differ + (no_current and (differ or (both_dead and contact)))


def _former(seen: ProcessImage, hub: Hub) -> AssetId | None:
    for battery in hub.forming_order:
        if _battery(seen, battery).mode is InverterMode.GRID_FORMING:
            return battery
    return None


def _candidates(seen: ProcessImage, hub: Hub) -> tuple[AssetId, ...]:
    """The sources that answer, have no fault and have something to give."""
    return tuple(
        battery for battery in hub.forming_order if _could_form(_battery(seen, battery), hub.batteries[battery])
    )


def _could_form(state: BatterySeen, battery: Battery) -> bool:
    has_energy = state.soc_pct is None or state.soc_pct > battery.empty_soc_pct
    may_give = state.discharge_limit_w is None or state.discharge_limit_w > 0
    return state.mode is not None and state.mode is not InverterMode.FAULT and has_energy and may_give


def _loaded_genset(seen: ProcessImage, hub: Hub) -> AssetId | None:
    for genset in hub.gensets.values():
        state = (seen.gensets.get(genset.id) or UNSEEN_GENSET).state
        if state is GensetState.LOADED and is_on_our_bus(genset):
            return genset.id
    return None


def is_on_our_bus(genset: Genset) -> bool:
    """It can hold the island's bus alone: not behind an inverter, nor on the grid's side, nor at a hand's switch."""
    is_wired = genset.connection is GensetConnection.BUS and genset.bus is BusSide.ISLAND
    return is_wired and genset.capabilities.can_form


def _earthing_is_ready(seen: ProcessImage, hub: Hub) -> bool:
    if hub.earthing.kind is IslandEarthing.PERMANENT:
        return True
    return seen.earthing.position is BreakerPosition.CLOSED
