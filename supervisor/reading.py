"""What the controller publishes, read with patience: a missing, torn, older or newer snapshot is a state, not a crash.

A status of another version is read as far as it goes: what cannot be read becomes "not known", and is named.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from controller import clock
from controller.snapshot import NAME
from controller.status import SCHEMA, Status

STALE_AFTER_S = 8.0  # so that every open page is grey ten seconds after the controller died
SIZE_MAX_BYTES = 1_000_000
_ADAPTER: TypeAdapter[Status] = TypeAdapter(Status)

NOTHING_KNOWN: dict[str, Any] = {
    "schema": 0,
    "version": "",
    "hub": "",
    "label": {},
    "boot_id": "",
    "pid": 0,
    "sequence": 0,
    "unix_s": 0.0,
    "clock": "unset",
    "mode": "unknown",
    "mode_since_s": 0.0,
    "reason": "started",
    "authority": "auto",
    "grid": {
        "verdict": "unknown",
        "reason": "grid_not_measured",
        "since_s": 0.0,
        "voltage_v": None,
        "frequency_hz": None,
        "power_w": None,
        "poi_position": None,
        "reconnect_at_s": None,
        "is_since_at_least": False,
    },
    "hours_left": {"at_least_s": None, "assumption": "soc_unknown"},
    "bus_voltage_v": None,
    "bus_frequency_hz": None,
    "tiers": [],
    "batteries": [],
    "pv": [],
    "gensets": [],
    "radios": [],
    "latches": [],
    "devices": [],
    "cycle": {"count": 0, "lateness_p99_s": 0.0, "lateness_max_s": 0.0, "overruns_count": 0, "vetoes_count": 0},
    "journal": {"is_ok": True, "pending_count": 0, "lost_count": 0, "reason": ""},
    "is_since_at_least": False,
    "keys_are_seen": True,
    "planned": None,
    "import_limit_w": None,
    "prepared_shed": [],
    "offers": [],
    "envelope": None,
    "extra": {},
}
"""A status that claims nothing. `written_at_s` is missing: without it nothing else can be believed."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The last known status and how far it can be trusted."""

    status: Status | None
    age_s: float | None  # None: never seen, or written before the last boot
    unreadable: frozenset[str] = frozenset()  # fields of the status that another version wrote otherwise

    @property
    def is_stale(self) -> bool:
        """Too old to be shown as the present."""
        return self.age_s is None or self.age_s > STALE_AFTER_S

    @property
    def is_other_version(self) -> bool:
        """Written by a controller of another version than this page."""
        return bool(self.unreadable) or self.is_too_new

    @property
    def is_too_new(self) -> bool:
        """Written in a form that this page would read wrongly: nothing of it is believed but its date."""
        return self.status is not None and self.status.schema > SCHEMA


@dataclass(frozen=True, slots=True)
class Parsed:
    """A status as far as it could be read."""

    status: Status
    unreadable: frozenset[str]


class StatusReader:
    """Reads the snapshot; remembers the last one that could be read."""

    def __init__(self, run_dir: Path) -> None:
        self._path = run_dir / NAME
        self._signature: tuple[int, int, int] | None = None
        self._last: Parsed | None = None

    def read(self) -> Reading:
        """The newest status. Never raises; a file that is not readable now leaves the last one to grow old."""
        try:
            self._look()
        except (OSError, ValueError):
            self._signature = None
        if self._last is None:
            return Reading(None, None)
        status = self._last.status
        is_this_boot = status.boot_id in {clock.boot_id(), ""}
        age_s = max(0.0, clock.now_s() - status.written_at_s) if is_this_boot else None
        return Reading(status, age_s, self._last.unreadable)

    def _look(self) -> None:
        found = self._path.stat()
        signature = (found.st_ino, found.st_mtime_ns, found.st_size)
        if signature == self._signature:
            return
        with self._path.open("rb") as file:
            self._last = parse(file.read(SIZE_MAX_BYTES))
        self._signature = signature


def parse(text: bytes) -> Parsed:
    """A status from its bytes. Raises ValueError when there is no dated status in them."""
    raw = orjson.loads(text)
    if isinstance(raw, dict) and isinstance(raw.get("schema"), int) and raw["schema"] > SCHEMA:
        return _parse_newer(raw)
    if not isinstance(raw, dict) or not isinstance(raw.get("written_at_s"), float | int):
        raise ValueError("no dated status")
    try:
        return Parsed(_ADAPTER.validate_python(raw, strict=False), frozenset())
    except ValidationError as error:
        return _parse_what_is_there(raw, error)


def _parse_newer(raw: dict[str, Any]) -> Parsed:
    """Only who wrote it and when; without a date, it is of no boot that we know and so of no age."""
    undated = {**NOTHING_KNOWN, "written_at_s": 0.0, "boot_id": "unknown to this page", "schema": raw["schema"]}
    dated = {name: raw[name] for name in ("hub", "label", "version", "boot_id", "written_at_s") if name in raw}
    try:
        return Parsed(_ADAPTER.validate_python(undated | dated, strict=False), frozenset())
    except ValidationError:
        return Parsed(_ADAPTER.validate_python(undated, strict=False), frozenset())


def _parse_what_is_there(raw: dict[str, Any], error: ValidationError) -> Parsed:
    """First what cannot be read becomes None where it stands; if that will not do, its whole field is not known."""
    places = [place["loc"] for place in error.errors(include_url=False, include_input=False)]
    patched = {**copy.deepcopy(NOTHING_KNOWN), **raw}
    for place in places:
        _forget(patched, place)
    unreadable = {str(place[0]) for place in places}
    try:
        return Parsed(_ADAPTER.validate_python(patched, strict=False), frozenset(unreadable))
    except ValidationError as second:
        names = {str(place["loc"][0]) for place in second.errors(include_url=False, include_input=False)}
        patched |= {name: NOTHING_KNOWN.get(name) for name in names}
        return Parsed(_ADAPTER.validate_python(patched, strict=False), frozenset(unreadable | names))


def _forget(patched: dict[str, Any], place: tuple[int | str, ...]) -> None:
    """Set None at a place inside a field; a place that is not there, or a whole field, becomes what claims nothing."""
    field = str(place[0])
    try:
        node: Any = patched
        for step in place[:-1]:
            node = node[step]
        node[place[-1]] = None if len(place) > 1 else copy.deepcopy(NOTHING_KNOWN.get(field))
    except (KeyError, IndexError, TypeError):
        patched[field] = copy.deepcopy(NOTHING_KNOWN.get(field))
