"""What comes from outside the plant. Each part may be missing and carries its own expiry in monotonic time."""

from __future__ import annotations

from enum import Enum

from controller.model.frozen import dataclass
from controller.model.hub import AssetId
from controller.model.words import ClockQuality


class RequestKind(Enum):
    """What a person may ask for. Requests are advice: decided and vetted like everything else."""

    RELEASE_LATCH = "release_latch"  # subject: emergency_off, lockout, dso_lock, or a feeder in quarantine
    OBSERVE_ON = "observe_on"
    OBSERVE_OFF = "observe_off"
    MANUAL_ON = "manual_on"
    MANUAL_OFF = "manual_off"
    OPEN_FEEDER = "open_feeder"  # held open until CLOSE_FEEDER
    CLOSE_FEEDER = "close_feeder"
    START_GENSET = "start_genset"
    STOP_GENSET = "stop_genset"
    BLACK_START = "black_start"  # begin now: in MANUAL a dark hub waits for it, else an attempt rests before the next
    RECONNECT = "reconnect"  # release where the grid code or MANUAL waits for a person; ends a planned island
    ISLAND_ON = "island_on"  # leave the grid in good order and stay off it (T1); lasts `for_s`
    ISLAND_OFF = "island_off"  # back to the grid


@dataclass(frozen=True, slots=True)
class OperatorRequest:
    """One wish of one person, once. Never stored and forwarded: after `expires_at_s` it never was."""

    id: str
    kind: RequestKind
    subject: AssetId | None
    who: str
    at_the_hub: bool  # physical presence: releases of latches need it
    expires_at_s: float
    for_s: float | None = None  # of ISLAND_ON: how long the island is wanted; None: until somebody asks for the return
    is_automatic: bool = False  # of a timetable or a warning, not of a person: waits for people in MANUAL


@dataclass(frozen=True, slots=True)
class PlanStep:
    """What the 72 h plan wants in one step; the rules clamp it."""

    starts_at_s: float
    tiers_allowed: int
    reserve_soc_pct: float
    genset_wanted: bool
    pv_limit_w: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """Foresight. With no plan the rules alone keep the hub alive."""

    made_at_s: float
    valid_until_s: float
    steps: tuple[PlanStep, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """An official warning or announced outage."""

    id: str
    outage_expected_at_s: float | None
    expires_at_s: float


@dataclass(frozen=True, slots=True)
class CalendarTime:
    """Time of day for dispatch. Transition and guard never use it."""

    unix_s: float
    quality: ClockQuality
    expires_at_s: float


@dataclass(frozen=True, slots=True)
class Advice:
    """Everything that neither the plant nor the decision says. A part past its expiry is as good as missing."""

    plan: Plan | None = None
    requests: tuple[OperatorRequest, ...] = ()
    notices: tuple[Notice, ...] = ()
    calendar: CalendarTime | None = None
    refused: frozenset[AssetId] = frozenset()  # whose commands the guard has changed in the cycle before
    closing_held_back: bool = False  # that of the POI passed the guard in the cycle before, and was not written
