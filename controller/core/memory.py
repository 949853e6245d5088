"""What the decision remembers from cycle to cycle: instants, not counters."""

from __future__ import annotations

import math
from collections.abc import Mapping

from controller.model.commands import Order, PvCommand
from controller.model.decision import PreparedAnswer
from controller.model.frozen import dataclass, field
from controller.model.hub import AssetId
from controller.model.image import PoiSeen
from controller.model.memory import DurableMemory
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, Difference, GridVerdict, Mode


def since(before_s: float | None, holds: bool, now_s: float) -> float | None:
    """The instant from which something has held without a break; None while it does not."""
    if not holds:
        return None
    return now_s if before_s is None else before_s


@dataclass(frozen=True, slots=True)
class GridMemory:
    """The verdict on the public grid and how it came about."""

    verdict: GridVerdict = GridVerdict.UNKNOWN
    reason: Reason = Reason.GRID_NOT_MEASURED
    since_s: float = 0.0
    genset_since_s: float | None = None  # the POI's relay says that what feeds it is one
    dead_since_s: float | None = None
    bands_since_s: tuple[float | None, ...] = ()  # one per loss band of the grid code
    inside_since_s: float | None = None  # every loss band, without a break; None: outside one now
    good_since_s: float | None = None  # inside the return window whenever it was seen; each blink makes it later
    unseen_since_s: float | None = None  # not measured since
    seen_verdict: GridVerdict = GridVerdict.UNKNOWN  # the last one that was measured: blindness makes no grid good
    seen_reason: Reason = Reason.GRID_NOT_MEASURED
    failed_returns_at_s: tuple[float, ...] = ()  # a flapping grid earns growing patience


@dataclass(frozen=True, slots=True)
class SidesMemory:
    """What the voltages on the POI's two sides have shown; the first two of them since its contact has said open."""

    have_differed: bool = False  # beyond doubt: it is no lie
    seemed_to_differ: bool = False  # if only for as long as two meters may be apart
    difference: Difference | None = None
    differ_since_s: float | None = None  # sample after sample, and in the same way
    differed_at_s: float | None = None  # when they were seen to last
    alike_for_s: float = 0.0  # seen to live as one for so long in all, since they have seemed to differ
    alike_at_s: float | None = None  # when they were seen to last
    slip_since_s: float | None = None  # they live at two frequencies
    grid_from_s: float | None = None  # the grid's side lives, sample after sample
    grid_alone_at_s: float | None = None  # and was seen beside a dead bus then, and lives on


@dataclass(frozen=True, slots=True)
class PoiMemory:
    """The POI breaker and our own doing with it."""

    open_since_s: float | None = None  # we have wanted it open since
    proven_open_since_s: float | None = None  # holds while nothing is seen that could contradict it
    unproven_since_s: float | None = None  # nothing has proven it since
    doubted_since_s: float | None = None  # and what is seen speaks against it
    proven_sample_s: float | None = None  # instant of the first sample that proved it
    close: Order | None = None
    close_attempts: int = 0  # since the last success
    close_is_out: bool = False  # it has passed the guard once, and may have reached the coil
    close_is_held: bool = False  # it has passed, and the shell has held it back ever since
    is_permitted: bool = False  # it is a permission, and is given now
    sides: SidesMemory = field(default_factory=SidesMemory)
    was_blind: bool = False  # and it has been unseen since they did: that it is open is remembered, no longer proven
    joins_since_s: float | None = None  # current flows although the contact says open
    contact_lies: bool = False  # it said open while current flowed, and has not been seen closed since
    tripped_since_s: float | None = None  # its protection says that it has tripped it
    closed_since_s: float | None = None  # the contact has said closed, or nothing since
    was_asked: bool = False  # and it turned there while an order of ours stood, or its contact was on its way
    unasked_at_s: float | None = None  # it turned there without one: the guard counts that as a closing
    was_found: bool = False  # and has never been seen to say anything else
    grid_live_since_s: float | None = None
    closed_is_refuted: bool = False  # and since then its voltages have shown it open: it counts no more
    apart: PoiSeen | None = None  # on the way back: the last sample before the contact
    is_joined: bool = False  # and the sides have not been seen to differ since: it is closed
    position: BreakerPosition | None = None  # last known
    retry_after_s: float = 0.0
    has_dso_lock: bool = False  # its contact was seen at least once: silent, it is a lock


@dataclass(frozen=True, slots=True)
class FeederMemory:
    """One feeder and why it stands as it does."""

    position: BreakerPosition | None = None
    shed_since_s: float | None = None  # we hold it open since
    reason: Reason | None = None  # why it is open: ours, tripped, by hand
    close: Order | None = None
    close_attempts: int = 0
    picked_up_at_s: float | None = None  # the last time it came on by our order
    quarantined: bool = False
    unseen_since_s: float | None = None  # its contact does not say where it is


@dataclass(frozen=True, slots=True)
class Trim:
    """What a former runs beside what is asked of it, learnt from how far the angle at the POI should have moved."""

    offset_hz: float = 0.0  # added to its set-point
    angle_deg: float | None = None  # in the last sample of the instrument
    measured_at_s: float = 0.0
    slip_hz: float = 0.0  # wanted since
    turned_at_s: float = -math.inf  # when something else was wanted all at once


@dataclass(frozen=True, slots=True)
class SlipSeen:
    """How much faster the bus ran than the grid, in one sample."""

    measured_at_s: float
    slip_hz: float


@dataclass(frozen=True, slots=True)
class LoadReference:
    """What a genset that carries the island alone is told to give, as of a sample of the POI's instrument."""

    power_w: float
    measured_at_s: float


@dataclass(frozen=True, slots=True)
class ToldSince:
    """No-load set-points, and since when a battery has been told these."""

    since_s: float
    frequency_set_hz: float | None
    voltage_set_v: float | None


@dataclass(frozen=True, slots=True)
class SourceMemory:
    """A battery or genset and our order to it."""

    order: Order | None = None  # form or crank
    attempts: int = 0
    wanted_since_s: float | None = None  # genset: why it runs, since when
    reason: Reason | None = None
    coming_since_s: float | None = None  # genset: it says that it starts, or is ready, since
    starting_since_s: float | None = None  # genset: its panel says so since
    coming_at_s: float | None = None  # genset: last sight of it coming or running; None: it was seen off since
    feeds_since_s: float | None = None  # genset: it carries load while power leaves through the POI, or may
    failed_at_s: float | None = None  # genset: it went to fault while we wanted it, or came and took no load
    voltage_set_v: float | None = None  # the last no-load voltage we asked for while steering
    trim: Trim | None = None  # while steering
    told: tuple[ToldSince, ...] = ()  # a battery: what it was told for as long as a bus takes to show it, newest last
    reference: LoadReference | None = None  # a genset, while it carries the island alone


@dataclass(frozen=True, slots=True)
class ChargeMemory:
    """A charge, seconds ago, and when it fell by more than can have been given; `battery` says whose it is."""

    battery: AssetId
    soc_pct: float
    at_s: float
    fell_at_s: float | None = None


FORM = "form"  # the step of a black start in which a source makes the bus live
FIRST_TIER = "first_tier"  # the one in which the first loads come on


@dataclass(frozen=True, slots=True)
class BlackStart:
    """One attempt to start from nothing: who is to hold the bus, and which step it is in."""

    source: AssetId | None  # a battery or a genset
    step: str
    step_since_s: float
    on_sun: bool = False  # the battery is all but empty: the sun is to carry what it forms

    @property
    def is_forming(self) -> bool:
        """All that comes before has been seen done."""
        return self.step == FORM


@dataclass(frozen=True, slots=True)
class LeavingMemory:
    """How far a planned islanding has come."""

    ready_since_s: float | None = None  # exchange and loads have been small enough since
    opening_since_s: float | None = None  # from here on there is no way back but over the island
    says_open_since_s: float | None = None  # the contact, since our order


@dataclass(frozen=True, slots=True)
class ReturnRamp:
    """The way from a return to all sun: since when, and how much each plant may give now. All None: still away."""

    begun_s: float | None = None
    at_s: float | None = None  # of the limits
    limits_w: Mapping[AssetId, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What a bus that seemed alive has shown, and no later sample has borne out yet."""

    at_s: float
    drawn_w: Mapping[AssetId, float]  # of the feeders that are seen closed
    prepared: PreparedAnswer | None = None  # None: no answer was wanted
    imported_w: PhaseValues | None = None


@dataclass(frozen=True, slots=True)
class CoreMemory:
    """Everything that `decide` carries to its next cycle."""

    mode: Mode = Mode.UNKNOWN
    mode_since_s: float = 0.0
    reason: Reason = Reason.STARTED
    rule: str = ""  # that brought us into this mode
    in_step_since_s: float | None = None  # found so by a start, beside a POI that says open
    observing_since_s: float | None = None  # None: we act
    started_at_s: float = 0.0
    durable: DurableMemory = field(default_factory=DurableMemory)
    grid: GridMemory = field(default_factory=GridMemory)
    fits_since_s: float | None = None  # inside the hub's own return window whenever it was seen
    parted_at_s: float = 0.0  # the last time that the grid was left, or left us, unplanned
    poi: PoiMemory = field(default_factory=PoiMemory)
    told_open: frozenset[AssetId] = frozenset()  # the feeders that were told to open, or held so, in the cycle before
    shed_at_s: float | None = None  # when one was newly told to
    slips: tuple[SlipSeen, ...] = ()  # the last unbroken samples of it, newest last
    feeders: Mapping[AssetId, FeederMemory] = field(default_factory=dict)
    drawn_w: Mapping[AssetId, float] = field(default_factory=dict)  # each feeder's last power on a live bus
    batteries: Mapping[AssetId, SourceMemory] = field(default_factory=dict)
    gensets: Mapping[AssetId, SourceMemory] = field(default_factory=dict)
    former: AssetId | None = None  # which battery forms the island's bus; not seen, the last one that did
    pv_told: Mapping[AssetId, PvCommand] = field(default_factory=dict)  # in the cycle before
    told_w: Mapping[AssetId, float] = field(default_factory=dict)  # to give, to take or not to give more, as well
    ramp: ReturnRamp | None = None  # None: on grid for long
    earthing: Order | None = None
    earthed_at_s: tuple[float, ...] = ()  # when the N-PE relay was ordered closed, of late
    earthed_in_vain_at_s: tuple[float, ...] = ()  # the same, since it was last seen closed
    leaving: LeavingMemory = field(default_factory=LeavingMemory)  # of T1
    bus_dead_since_s: float | None = None
    bus_live_since_s: float | None = None
    carries_since_s: float | None = None  # a battery forms behind a proven open POI
    empty_since_s: float | None = None  # the former gives, is empty, and nothing else comes
    charge: ChargeMemory | None = None  # of whoever forms
    fleet_charge: ChargeMemory | None = None  # of all batteries together
    sun_since_s: float | None = None  # enough of it to start by
    no_former_since_s: float | None = None  # no battery that could form answers, with something to give
    black_start: BlackStart | None = None  # the last one begun; its steps count in BLACK_START alone
    dimmed_since_s: float | None = None  # the network operator's order stands, on grid
    dimmed_w: float | None = None  # what the batteries give for it, together
    over_limit_since_s: float | None = None  # and more is taken all the same
    prepared: PreparedAnswer = field(default_factory=PreparedAnswer)
    imported_w: PhaseValues | None = None  # from the grid, when the prepared answer was made
    glimpse: Glimpse | None = None  # what comes after these, if the bus lives on
    last_pickup_at_s: float = 0.0
    tier_0_idle_since_s: float | None = None  # nobody of tier 0 is coming on, or could
    room_since_s: tuple[AssetId, float] | None = None  # the next feeder, and since when its pick-up fits
    released_return: bool = False  # a person has released reconnection
    return_is_released: bool = False  # the one that goes on
    released_lockout: bool = False  # a person at the hub has looked at a POI that did not open
    released_start: bool = False  # a person has asked for a black start
    overload_since_s: float | None = None
    keys_unseen_since_s: float | None = None  # the emergency-off or the key-switch
    settings_wrong_since_s: float | None = None  # the POI relay is not on those of the mode
    settings_left_since_s: Mapping[AssetId, float] = field(default_factory=dict)  # inverters on those of another mode
    stays_on_since_s: Mapping[AssetId, float] = field(default_factory=dict)  # feeders that are told to be open
    charge_unseen_since_s: float | None = None  # a battery answers, and none says how full it is
    bus_fuse_since_s: float | None = None  # the POI's instrument lacks a phase of the bus that terminals show
    grid_fuse_since_s: float | None = None  # or one of the grid that the bus shows, through a closed breaker
    bond_opens: bool = False  # the N-PE relay is told to open, and not seen open yet
    two_bonds_since_s: float | None = None  # on grid, and the N-PE relay is closed as well
    done_requests: tuple[str, ...] = ()  # ids already acted on, newest 32
    alarms: frozenset[tuple[str, Reason]] = field(default_factory=frozenset)
