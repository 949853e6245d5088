"""What the controller publishes, read with patience: a missing, torn or newer snapshot is a state, not a crash."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from controller.snapshot import NAME
from controller.status import SCHEMA, Status

STALE_AFTER_S = 10.0
_ADAPTER: TypeAdapter[Status] = TypeAdapter(Status)


@dataclass(frozen=True, slots=True)
class Reading:
    """The last known status and how far it can be trusted."""

    status: Status | None
    age_s: float | None  # None: never seen
    is_newer: bool = False  # written by a controller that knows more than this page

    @property
    def is_stale(self) -> bool:
        """Too old to be shown as the present."""
        return self.age_s is None or self.age_s > STALE_AFTER_S


class StatusReader:
    """Reads the snapshot; remembers the last whole one."""

    def __init__(self, run_dir: Path) -> None:
        self._path = run_dir / NAME
        self._last: Status | None = None
        self._is_newer = False

    def read(self) -> Reading:
        """The newest whole status. Never raises."""
        try:
            raw: dict[str, Any] = orjson.loads(self._path.read_bytes())
            self._is_newer = raw.get("schema", 0) > SCHEMA
            known = {key: value for key, value in raw.items() if key in Status.__dataclass_fields__}
            self._last = _ADAPTER.validate_python(known, strict=False)
        except (OSError, orjson.JSONDecodeError, ValidationError, AttributeError):
            pass  # the last whole one stands, and grows old
        if self._last is None:
            return Reading(None, None)
        age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - self._last.written_at_s
        return Reading(self._last, max(0.0, age_s), self._is_newer)
