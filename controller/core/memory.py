"""What the decision remembers from cycle to cycle: instants, not counters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.model.commands import Order, PvCommand
from controller.model.decision import PreparedAnswer
from controller.model.hub import AssetId
from controller.model.memory import DurableMemory
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, GridVerdict, Mode


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
    dead_since_s: float | None = None
    bands_since_s: tuple[float | None, ...] = ()  # one per loss band of the grid code
    good_since_s: float | None = None  # inside the return window without a break
    unseen_since_s: float | None = None  # not measured since
    failed_returns_at_s: tuple[float, ...] = ()  # a flapping grid earns growing patience


@dataclass(frozen=True, slots=True)
class PoiMemory:
    """The POI breaker and our own doing with it."""

    open_since_s: float | None = None  # we have wanted it open since
    proven_open_since_s: float | None = None
    proven_sample_s: float | None = None  # instant of the first sample that proved it
    close: Order | None = None
    close_attempts: int = 0  # since the last success
    has_differed: bool = False  # its sides were seen to differ since its contact has said open: it is no lie
    joins_since_s: float | None = None  # current flows although the contact says open
    position: BreakerPosition | None = None  # last known
    retry_after_s: float = 0.0


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


@dataclass(frozen=True, slots=True)
class SourceMemory:
    """A battery or genset and our order to it."""

    order: Order | None = None  # form or crank
    attempts: int = 0
    wanted_since_s: float | None = None  # genset: why it runs, since when
    reason: Reason | None = None
    voltage_set_v: float | None = None  # the last no-load voltage we asked for while steering


@dataclass(frozen=True, slots=True)
class CoreMemory:
    """Everything that `decide` carries to its next cycle."""

    mode: Mode = Mode.UNKNOWN
    mode_since_s: float = 0.0
    reason: Reason = Reason.STARTED
    rule: str = ""  # that brought us into this mode
    observing_since_s: float | None = None  # None: we act
    started_at_s: float = 0.0
    durable: DurableMemory = field(default_factory=DurableMemory)
    grid: GridMemory = field(default_factory=GridMemory)
    poi: PoiMemory = field(default_factory=PoiMemory)
    feeders: Mapping[AssetId, FeederMemory] = field(default_factory=dict)
    drawn_w: Mapping[AssetId, float] = field(default_factory=dict)  # each feeder's last power while it was supplied
    batteries: Mapping[AssetId, SourceMemory] = field(default_factory=dict)
    gensets: Mapping[AssetId, SourceMemory] = field(default_factory=dict)
    pv_told: Mapping[AssetId, PvCommand] = field(default_factory=dict)  # in the cycle before
    earthing: Order | None = None
    bus_dead_since_s: float | None = None
    prepared: PreparedAnswer = field(default_factory=PreparedAnswer)
    imported_w: PhaseValues | None = None  # from the grid, when the prepared answer was made
    last_pickup_at_s: float = 0.0
    released_return: bool = False  # a person has released reconnection
    overload_since_s: float | None = None
    two_bonds_since_s: float | None = None  # on grid, and the N-PE relay is closed as well
    done_requests: tuple[str, ...] = ()  # ids already acted on, newest 32
    alarms: frozenset[tuple[str, Reason]] = field(default_factory=frozenset)
