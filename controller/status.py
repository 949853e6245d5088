"""The published status: what the controller writes to its snapshot file and the web reads. Codes, no words.

Instants are boot time (CLOCK_BOOTTIME), comparable across processes of one boot; `unix_s` only labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.model.hub import Label
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import (
    Authority,
    BreakerPosition,
    ClockQuality,
    GensetState,
    GridVerdict,
    InverterMode,
    Mode,
)

SCHEMA = 1
"""Goes up when a reader of the old form would be wrong about the new; a field more does not."""


@dataclass(frozen=True, slots=True)
class GridStatus:
    """The public grid."""

    verdict: GridVerdict
    reason: Reason
    since_s: float
    voltage_v: PhaseValues | None
    frequency_hz: float | None
    power_w: float | None
    poi_position: BreakerPosition | None
    reconnect_at_s: float | None  # earliest, when the grid is back and we wait
    is_since_at_least: bool = False  # found so at a start: it may have been so for longer


@dataclass(frozen=True, slots=True)
class HoursLeft:
    """How long supply lasts if the grid is (or went) away now; `assumption` says on what ground."""

    at_least_s: float | None
    assumption: str  # code for the catalogue: "no_sun_no_genset_present_load", "load_not_measured" ...


@dataclass(frozen=True, slots=True)
class FeederStatus:
    """One feeder."""

    id: str
    label: Label
    position: BreakerPosition | None
    power_w: float | None
    reason: Reason | None  # why it is open
    since_s: float | None


@dataclass(frozen=True, slots=True)
class TierStatus:
    """One tier with its feeders."""

    number: int
    label: Label
    feeders: tuple[FeederStatus, ...]
    restore_above_soc_pct: float | None = None  # None: written by an older controller


@dataclass(frozen=True, slots=True)
class BatteryStatus:
    """One battery."""

    id: str
    label: Label
    mode: InverterMode | None
    soc_pct: float | None
    power_w: float | None


@dataclass(frozen=True, slots=True)
class PvStatus:
    """One PV plant."""

    id: str
    label: Label
    power_w: float | None
    limit_w: float | None


@dataclass(frozen=True, slots=True)
class GensetStatus:
    """One genset."""

    id: str
    label: Label
    state: GensetState | None
    power_w: float | None
    fuel_l: float | None


@dataclass(frozen=True, slots=True)
class RadioStatus:
    """One radio node."""

    id: str
    label: Label
    is_alive: bool | None
    is_supplied: bool | None
    reserve_pct: float | None


@dataclass(frozen=True, slots=True)
class OfferStatus:
    """Something people come for, and what it hangs on. Whether it is there follows from feeders and radios."""

    id: str
    label: Label
    feeders: tuple[str, ...]
    radios: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LatchStatus:
    """Something that waits for a person."""

    subject: str
    reason: Reason
    since_s: float


@dataclass(frozen=True, slots=True)
class PlannedStatus:
    """The wish to be off the grid although it is there."""

    who: str  # not for the public
    since_s: float
    until_s: float | None  # None: until a person asks for the return
    is_automatic: bool = False  # of a timetable or a warning


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """One connection."""

    name: str
    is_up: bool
    refuted_count: int = 0  # samples that were not believed, since the start
    is_quarantined: bool = False  # not what its table describes: neither believed nor written to
    quarantined_since_s: float | None = None
    last_good_at_s: float | None = None  # when it held the newest value that was believed; None: none, or not known


@dataclass(frozen=True, slots=True)
class CycleStatus:
    """How well the loop keeps time, over the last 1000 cycles."""

    count: int
    lateness_p99_s: float
    lateness_max_s: float
    overruns_count: int
    vetoes_count: int


@dataclass(frozen=True, slots=True)
class JournalFileStatus:
    """What writes the journal, and how, as SQLite itself says of the open file."""

    sqlite: str  # its version
    journal_mode: str  # wal
    synchronous: str  # full: on disk before it is acknowledged


@dataclass(frozen=True, slots=True)
class JournalStatus:
    """Whether events are durable. Control goes on without."""

    is_ok: bool
    pending_count: int
    lost_count: int
    reason: str  # "" or the error, for engineers
    broken_files: tuple[str, ...] = ()  # damaged journals that were set aside and are still there
    copy_reason: str = ""  # "" or why the copy of the durable memory beside it cannot be written
    is_held: bool = False  # another controller writes into the folder, and this one does not
    file: JournalFileStatus | None = None  # None: not opened yet


@dataclass(frozen=True, slots=True)
class EnvelopeStatus:
    """The file of hard limits that the guard holds, as it was when the controller started."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Status:
    """One snapshot of the whole hub."""

    schema: int
    version: str
    hub: str
    label: Label
    boot_id: str
    pid: int
    sequence: int
    written_at_s: float
    unix_s: float
    clock: ClockQuality
    mode: Mode
    mode_since_s: float
    reason: Reason
    authority: Authority
    grid: GridStatus
    hours_left: HoursLeft
    bus_voltage_v: PhaseValues | None
    bus_frequency_hz: float | None
    tiers: tuple[TierStatus, ...]
    batteries: tuple[BatteryStatus, ...]
    pv: tuple[PvStatus, ...]
    gensets: tuple[GensetStatus, ...]
    radios: tuple[RadioStatus, ...]
    latches: tuple[LatchStatus, ...]
    devices: tuple[DeviceStatus, ...]
    cycle: CycleStatus
    journal: JournalStatus
    angle_difference_deg: float | None = None  # across the POI, bus minus grid
    irradiance_w_per_m2: float | None = None
    temperature_c: float | None = None
    is_since_at_least: bool = False  # the mode was found so at a start
    keys_are_seen: bool = True  # the emergency-off and the key-switch; unseen for long, nothing is switched on
    planned: PlannedStatus | None = None
    import_limit_w: float | None = None  # the network operator's order of the moment
    prepared_shed: tuple[str, ...] = ()  # what would be shed if the island had to be carried from now on
    offers: tuple[OfferStatus, ...] = ()  # none: the page tells the feeders instead
    envelope: EnvelopeStatus | None = None
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_ready(self) -> bool:
        """Whether this hub would supply itself if the grid failed now: it acts, and sees what it acts on."""
        acts = self.authority is not Authority.OBSERVE and not self.latches and self.keys_are_seen
        return acts and self.grid.verdict is not GridVerdict.UNKNOWN and self.grid.poi_position is not None
