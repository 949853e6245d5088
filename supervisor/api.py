"""The API for other programs: read only, the same for everybody, nothing that a thief would like to know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from controller import __version__
from controller.status import SCHEMA, JournalStatus, Status
from supervisor.mirror import EventMirror, LoggedEvent
from supervisor.problems import Fault, Problem, Refusal
from supervisor.reading import Reading, StatusReader
from supervisor.telemetry.recorder import TelemetryState

EVENTS_MAX = 1000


class StatusAnswer(BaseModel):
    """The last known status, and how far it can be trusted."""

    age_s: float | None = Field(description="Since the controller wrote it; null: before the last boot")
    is_stale: bool = Field(description="Too old to be taken for the present: more than eight seconds")
    unreadable: list[str] = Field(description="Fields that a controller of another version wrote otherwise")
    status: Status


class EventsAnswer(BaseModel):
    """Events, oldest first."""

    events: list[LoggedEvent]
    cursor: int = Field(description="Give it as `after` to go on from here")


class TelemetryHealth(BaseModel):
    """Whether measured values are kept."""

    state: str = Field(description="kept; waiting: the disk does not take them now; off: no folder was given")
    waiting_count: int = Field(description="Minutes that are only in memory")
    lost_count: int = Field(description="Samples that found no room there, since the start of this web")
    broken_files: list[str] = Field(description="Damaged files that were set aside and are still there")


class JournalHealth(BaseModel):
    """Whether what happens is kept, as the controller said last, and by what."""

    is_ok: bool
    pending_count: int = Field(description="Events that are only in memory")
    lost_count: int = Field(description="Events that found no room there")
    sqlite: str | None = Field(description="Version of SQLite; null: the file is not open yet")
    journal_mode: str | None = Field(description="wal, unless the file system cannot")
    synchronous: str | None = Field(description="full: on disk before it is acknowledged")


class Health(BaseModel):
    """How this web is."""

    version: str
    controller: str = Field(description="fresh, stale, never or newer: of a version that this web cannot read")
    controller_age_s: float | None
    history: str = Field(description="disk, or memory: gone with the next start")
    telemetry: TelemetryHealth
    journal: JournalHealth | None = Field(description="null: the controller was never heard")


def api_routes(reader: StatusReader, mirror: EventMirror) -> APIRouter:
    """Status and events under /api/v1."""
    router = APIRouter(prefix="/api/v1")
    silent: dict[int | str, dict[str, Any]] = {
        503: {"model": Problem, "description": "The controller was never heard, or is newer than this web"}
    }
    wrong: dict[int | str, dict[str, Any]] = {422: {"model": Problem, "description": "A parameter has a wrong value"}}

    @router.get("/status", responses=silent)
    def status() -> StatusAnswer:
        """The last known status with its age. Fuel is left out: it would tell thieves where to go; so are people."""
        reading = reader.read()
        if reading.status is None:
            raise Refusal(Fault.NO_CONTACT, "No contact with the controller yet.")
        if reading.is_too_new:
            detail = f"The controller speaks schema {reading.status.schema}, this web only {SCHEMA}."
            raise Refusal(Fault.NEWER, detail)
        unreadable = sorted(reading.unreadable)
        public = _for_everybody(reading.status)
        return StatusAnswer(age_s=reading.age_s, is_stale=reading.is_stale, unreadable=unreadable, status=public)

    @router.get("/events", responses=wrong)
    def events(
        after: Annotated[int | None, Query(ge=0, description="A cursor; without it the newest are given")] = None,
        limit: Annotated[int, Query(ge=1, le=EVENTS_MAX)] = 100,
    ) -> EventsAnswer:
        """What happened, oldest first. Readable also while the controller is down."""
        found = mirror.newest(limit) if after is None else mirror.after(after, limit)
        return EventsAnswer(events=found, cursor=found[-1].cursor if found else after or 0)

    return router


def health_route(reader: StatusReader, mirror: EventMirror, telemetry: Callable[[], TelemetryState]) -> APIRouter:
    """For whoever watches the service."""
    router = APIRouter()

    @router.get("/healthz")
    def health() -> Health:
        """Whether this web lives, and whether the controller is heard."""
        reading = reader.read()
        history = "disk" if mirror.is_on_disk else "memory"
        return Health(
            version=__version__,
            controller=_heard(reading),
            controller_age_s=reading.age_s,
            history=history,
            telemetry=_telemetry(telemetry()),
            journal=None if reading.status is None else _journal(reading.status.journal),
        )

    return router


def _telemetry(now: TelemetryState) -> TelemetryHealth:
    is_kept = now.is_open and not now.reason
    state = "off" if not now.is_wanted else "kept" if is_kept else "waiting"
    counts = {"waiting_count": now.waiting_count, "lost_count": now.lost_count}
    return TelemetryHealth(state=state, broken_files=list(now.broken_files), **counts)


def _journal(now: JournalStatus) -> JournalHealth:
    file = {"sqlite": None, "journal_mode": None, "synchronous": None} if now.file is None else asdict(now.file)
    return JournalHealth(is_ok=now.is_ok, pending_count=now.pending_count, lost_count=now.lost_count, **file)


def _heard(reading: Reading) -> str:
    if reading.status is None:
        return "never"
    if reading.is_too_new:
        return "newer"
    return "stale" if reading.is_stale else "fresh"


def _for_everybody(status: Status) -> Status:
    gensets = tuple(replace(genset, fuel_l=None) for genset in status.gensets)
    planned = None if status.planned is None else replace(status.planned, who="")
    return replace(status, gensets=gensets, planned=planned)
