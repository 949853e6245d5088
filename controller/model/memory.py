"""What must survive a restart, and nothing else: latches, locks, attempts and their ages."""

from __future__ import annotations

from collections.abc import Mapping

from controller.model.frozen import dataclass, field
from controller.model.hub import AssetId
from controller.model.reasons import Reason
from controller.model.words import Authority


@dataclass(frozen=True, slots=True)
class Latch:
    """Something that only its own clear condition releases: an emergency-off, a lock, a lock-out."""

    subject: str  # "emergency_off", "lockout", "dso_lock", or an asset id
    reason: Reason
    since_s: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """One closing, forming or crank that was ordered, one transfer that was begun, one leaving or return."""

    subject: AssetId  # "poi", a battery, a genset; "hub" for the last three
    kind: str  # "close", "form", "crank", "transfer", "left", "returned"
    at_s: float
    is_of_this_boot: bool = True  # else it is older than `at_s` says, by the time for which nobody was awake


@dataclass(frozen=True, slots=True)
class PlannedIsland:
    """The wish to be off the grid although it is there, from when it was taken until it is over."""

    who: str
    since_s: float
    until_s: float | None  # None: until a person asks for the return
    is_automatic: bool = False  # of a timetable or a warning


@dataclass(frozen=True, slots=True)
class DurableMemory:
    """Durable facts, in boot time. After another boot no time has passed but the one that was watched."""

    authority: Authority = Authority.AUTO
    latches: tuple[Latch, ...] = ()
    attempts: tuple[Attempt, ...] = ()  # bounded: the newest 16 of each subject and kind
    held_open: frozenset[AssetId] = field(default_factory=frozenset)  # feeders a person holds open
    shed_by_us: frozenset[AssetId] = field(default_factory=frozenset)  # feeders that we may close again
    quarantined: frozenset[AssetId] = field(default_factory=frozenset)  # feeders that only a person lets close again
    tried: Mapping[AssetId, int] = field(default_factory=dict)  # feeders under pick-up, and how often they were tried
    poi_held_open: bool = False  # we want the POI open; explains after a start how it stands, and decides nothing
    known_at_s: float = 0.0  # up to here the ages are known; said again every minute while an attempt is young
    planned: PlannedIsland | None = None  # else an island beside a healthy grid goes back to it

    def latch(self, subject: str) -> Latch | None:
        """The latch on this subject, if there is one."""
        return next((latch for latch in self.latches if latch.subject == subject), None)
