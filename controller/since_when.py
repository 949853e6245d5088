"""Since when it has been so, told to people over restarts. The judgement's own times begin anew with each start.

The controller before this one has left its last status in the run folder. What it saw last and we see first has gone on
in between, if nobody had to look away for long; of anything else that we found at our start we know only that it has
been so at least since then.

A grid that is not measured for a moment has not been anything else in it: the blackout does not begin anew. After a
longer time without a measurement it has been so at least since it was seen again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

import orjson

from controller.grid_news import TOLD_AFTER_S
from controller.model.reasons import Reason
from controller.model.words import GridVerdict, Mode
from controller.snapshot import NAME
from controller.status import GridStatus, Status

GAP_MAX_S = 60.0  # a restart takes three seconds; in a minute of nobody looking it may have ended and begun again


@dataclass(frozen=True, slots=True)
class Span:
    """A state, as it is told: since when, and whether it may have been so for longer."""

    state: Enum
    since_s: float
    is_at_least: bool


@dataclass(frozen=True, slots=True)
class Before:
    """What was published last before this start, in this boot and of this hub."""

    mode: Span
    grid: Span


def published_before(run_dir: Path, hub: str, boot: str, now_s: float) -> Before | None:
    """None where nothing is there, or nothing that can be read and is young enough."""
    try:
        left = orjson.loads((run_dir / NAME).read_bytes())
        is_ours = left["hub"] == hub and left["boot_id"] == boot
        if not is_ours or not 0.0 <= now_s - left["written_at_s"] <= GAP_MAX_S:
            return None
        mode = Span(Mode(left["mode"]), *_since(left, "mode_since_s"))
        return Before(mode, Span(GridVerdict(left["grid"]["verdict"]), *_since(left["grid"], "since_s")))
    except (OSError, ValueError, TypeError, KeyError):  # torn, or of another version
        return None


def _since(left: dict[str, Any], name: str) -> tuple[float, bool]:
    return float(left[name]), bool(left["is_since_at_least"])


class SinceWhen:
    """Corrects a status before it is published."""

    def __init__(self, before: Before | None) -> None:
        self._mode = _Found(before.mode if before else None, Mode.UNKNOWN)
        self._grid = _Found(before.grid if before else None, GridVerdict.UNKNOWN)
        self._steadied = _Steadied()

    def told(self, status: Status) -> Status:
        """With the times of mode and grid as people would tell them."""
        is_unclear = status.reason is Reason.START_UNCLEAR  # locked out until the plant shows its mode
        mode = self._mode.told(Mode.UNKNOWN if is_unclear else status.mode, status.mode_since_s)
        since_s, was_unseen = self._steadied.since_s(status.grid, status.written_at_s)
        verdict = self._grid.told(status.grid.verdict, since_s)
        grid = replace(status.grid, since_s=verdict.since_s, is_since_at_least=verdict.is_at_least or was_unseen)
        return replace(status, mode_since_s=mode.since_s, is_since_at_least=mode.is_at_least, grid=grid)


class _Found:
    """The state that was found at the start, until it changes."""

    def __init__(self, before: Span | None, unknown: Enum) -> None:
        self._before, self._unknown = before, unknown
        self._found: tuple[Enum, float] | None = None

    def told(self, state: Enum, since_s: float) -> Span:
        if self._found is None and state is not self._unknown:
            self._found = state, since_s
        if self._found != (state, since_s):
            return Span(state, since_s, is_at_least=False)  # not known, or we saw it begin
        if self._before is not None and self._before.state is state:
            return self._before
        return Span(state, since_s, is_at_least=True)


class _Steadied:
    """The last verdict that was measured, and how long it has stood, moments of blindness included.

    What is seen after a longer one has been so at least since then: when it began, nobody saw.
    """

    def __init__(self) -> None:
        self._verdict = GridVerdict.UNKNOWN
        self._since_s = self._seen_at_s = 0.0
        self._was_unseen = False

    def since_s(self, grid: GridStatus, now_s: float) -> tuple[float, bool]:
        if grid.verdict is GridVerdict.UNKNOWN:
            return grid.since_s, False
        is_blink = grid.since_s - self._seen_at_s <= TOLD_AFTER_S
        if not (is_blink and grid.verdict is self._verdict):
            self._was_unseen = not is_blink and self._verdict is not GridVerdict.UNKNOWN
            self._verdict, self._since_s = grid.verdict, grid.since_s
        self._seen_at_s = now_s
        return self._since_s, self._was_unseen
