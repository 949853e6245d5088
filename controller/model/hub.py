"""What a hub is made of: the checked site file as frozen objects.

Assets, not devices: an asset is assembled from points.
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.model.frozen import dataclass, field
from controller.model.grid_code import GridCode
from controller.model.phases import Phase
from controller.model.words import BusSide, GensetConnection, IslandEarthing, Switcher

AssetId = str
"""The key of an asset in the process image, as written in the site file (`warm_room`, `battery_main`)."""

Label = Mapping[str, str]
"""The name that people read, by language: de, da, en."""


OVERLOAD_RATIO_MAX = 2.0  # of its rating, for a moment: no inverter or engine of a village gives more


@dataclass(frozen=True, slots=True)
class PoiSwitching:
    """Who moves the POI breaker."""

    opened_by: Switcher
    closed_by: Switcher

    @property
    def is_closed_by_us(self) -> bool:
        """Our own output closes it: in sync, or onto a dead side. Else a relay or a device does, with our leave."""
        return self.closed_by in (Switcher.CONTROLLER, Switcher.OPEN_TRANSITION)


@dataclass(frozen=True, slots=True)
class Poi:
    """Point of interconnection with the public grid (IEC 61850 XCBR + MMXU + RSYN)."""

    id: AssetId
    label: Label
    switching: PoiSwitching
    breaker_opening_s: float  # longest time from order to open contacts
    breaker_closing_s: float  # mean time from order to contact, order latency included
    breaker_closing_uncertainty_s: float  # half width of that time
    angle_error_deg: float  # of the instrument that sees both sides
    import_max_w: float
    export_max_w: float
    has_settings_groups: bool
    is_closed_unattended: bool = False  # when our own supply ends: closed, so that the returning grid finds the hub
    return_voltage_min_ratio: float = 0.917  # the hub's own window for coming back, IEEE 1547-2018 enter service
    return_voltage_max_ratio: float = 1.05


@dataclass(frozen=True, slots=True)
class SourceCapabilities:
    """What a source can do; `hallig check` says which transitions a hub cannot do without."""

    can_form: bool
    always_forms: bool  # cannot follow: must be stopped when the POI is not proven open
    can_set_frequency: bool
    can_set_voltage: bool
    forms_in_parallel: bool = False  # may form beside a healthy grid: it takes the bus over without a break


CARRIES_MAX = 2.0  # of its rating: an inverter whose curve ends below, or that nobody knows the curve of


@dataclass(frozen=True, slots=True)
class ShortTimePoint:
    """What an inverter carries for a while: `load_ratio` of rating for `hold_s` (math.inf: for ever)."""

    load_ratio: float
    hold_s: float


@dataclass(frozen=True, slots=True)
class Battery:
    """A battery with its inverter (IEC 61850 ZBAT + DINV). Power is positive when it discharges into the bus."""

    id: AssetId
    label: Label
    bus: BusSide
    phases: tuple[Phase, ...]
    rating_va: float
    capacity_wh: float
    capabilities: SourceCapabilities
    short_time: tuple[ShortTimePoint, ...]
    droop_hz_per_w: float  # frequency drop per watt delivered while forming; 0: isochronous
    reserve_soc_pct: float  # kept for the island while on grid
    empty_soc_pct: float  # forming ends below
    full_soc_pct: float
    gives_up_soc_pct: float | None = None  # forming, it trips when charged to this; None: nobody has said

    @property
    def most_w(self) -> float:
        """More than it ever carries for a second: the peak of its curve, and twice its rating, from judgement."""
        return self.rating_va * max((CARRIES_MAX, *(point.load_ratio for point in self.short_time)))


@dataclass(frozen=True, slots=True)
class PvPlant:
    """A photovoltaic inverter."""

    id: AssetId
    label: Label
    bus: BusSide
    phases: tuple[Phase, ...]
    rating_w: float


@dataclass(frozen=True, slots=True)
class Genset:
    """A generator set (IEC 61850 DGEN)."""

    id: AssetId
    label: Label
    bus: BusSide
    connection: GensetConnection
    phases: tuple[Phase, ...]
    rating_va: float
    capabilities: SourceCapabilities
    start_below_soc_pct: float
    stop_above_soc_pct: float
    min_load_w: float
    min_run_s: float
    start_time_s: float  # longest time from crank order to ready
    start_attempts_max: int
    fuel_capacity_l: float
    fuel_l_per_h_at_rating: float

    @property
    def load_ceiling_w(self) -> float:
        """As much as it is given to carry for long: four fifths of its rating, efficient, and room for a step."""
        return 0.8 * self.rating_va


@dataclass(frozen=True, slots=True)
class Feeder:
    """A group of loads behind one contactor (IEC 61850 XCBR). Power is positive when it consumes."""

    id: AssetId
    label: Label
    tier: int  # 0 is shed last
    bus: BusSide
    phases: tuple[Phase, ...]
    rated_w: float
    carries_control: bool  # supplies controller, switch, router or relay: never opened while the bus is live
    write_latency_s: float  # worst time from order to open contact, as computed by `hallig check`
    pickup_ratio: float  # cold-load pick-up, times the power before


@dataclass(frozen=True, slots=True)
class Tier:
    """A rank of loads, in the site's own words."""

    number: int
    label: Label
    shed_below_soc_pct: float
    restore_above_soc_pct: float


@dataclass(frozen=True, slots=True)
class Radio:
    """An emergency radio node."""

    id: AssetId
    label: Label
    feeder: AssetId | None  # which feeder charges it
    own_reserve_wh: float


@dataclass(frozen=True, slots=True)
class Offer:
    """Something people come here for, in the region's words: there while all its feeders are on and a radio answers."""

    id: AssetId
    label: Label
    feeders: tuple[AssetId, ...]  # all of them must be on; empty: what it needs has its own battery
    radios: tuple[AssetId, ...]  # one of them must answer; empty: needs no radio


@dataclass(frozen=True, slots=True)
class Earthing:
    """The N-PE relay of the island; `relay` is None when the earthing is permanent."""

    kind: IslandEarthing
    relay: AssetId | None


@dataclass(frozen=True, slots=True)
class Dimming:
    """What the network operator may ask for by its control box, on grid (EnWG section 14a)."""

    limit_w: float  # import, while its contact asks for it
    feeders: tuple[AssetId, ...]  # who may be shed for it; never tier 0


@dataclass(frozen=True, slots=True)
class Timing:
    """Times of the transition function that belong to the hub."""

    cycle_s: float = 0.05
    unknown_max_s: float = 10.0  # UNKNOWN ends after this by the least-moving row
    order_hold_s: float = 2.0  # an order is restated for this long unless it says otherwise
    forming_max_s: float = 5.0  # from proof to a live bus
    restore_settle_s: float = 5.0  # at least this between two pick-ups
    resync_max_s: float = 120.0  # give up steering after this, and wait again
    flap_patience_s: float = 30.0  # added to the observation time per recent failed return, doubling
    flap_memory_s: float = 1800.0
    return_offset_s: float = 0.0  # per hub: a thousand hubs do not restore load in the same second


@dataclass(frozen=True, slots=True)
class Hub:
    """One village energy hub, checked to the last number."""

    name: str
    label: Label
    nominal_voltage_v: float  # phase to neutral
    nominal_frequency_hz: float
    poi: Poi
    batteries: Mapping[AssetId, Battery]
    pv: Mapping[AssetId, PvPlant]
    gensets: Mapping[AssetId, Genset]
    feeders: Mapping[AssetId, Feeder]
    radios: Mapping[AssetId, Radio]
    tiers: tuple[Tier, ...]  # by number
    earthing: Earthing
    grid_code: GridCode
    timing: Timing = field(default_factory=Timing)
    has_emergency_off: bool = False
    has_local_remote: bool = False
    offers: tuple[Offer, ...] = ()  # in the order of the public page
    dimming: Dimming | None = None
    forming_order: tuple[AssetId, ...] = field(init=False)  # who can form; the first one available takes the island
    shed_order: tuple[Feeder, ...] = field(init=False)  # who may be shed; highest tier first, within it the quickest

    @property
    def most_out_w(self) -> float:
        """More than all sources together can give, overload included: a reading beyond it is none."""
        inverters = sum(battery.rating_va for battery in self.batteries.values())
        engines = sum(genset.rating_va for genset in self.gensets.values())
        return OVERLOAD_RATIO_MAX * (inverters + engines + sum(plant.rating_w for plant in self.pv.values()))

    def __post_init__(self) -> None:
        forming = tuple(b.id for b in self.batteries.values() if b.capabilities.can_form)
        ours = [f for f in self.feeders.values() if f.bus is BusSide.ISLAND and not f.carries_control]
        object.__setattr__(self, "forming_order", forming)
        object.__setattr__(self, "shed_order", tuple(sorted(ours, key=lambda f: (-f.tier, f.write_latency_s))))
