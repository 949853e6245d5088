"""Measured values for other programs: read only, bounded, one question at a time."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from supervisor.problems import Fault, Problem, Refusal
from supervisor.telemetry.channels import Channel
from supervisor.telemetry.recorder import Recorder
from supervisor.telemetry.series import Question, Series, read_series
from supervisor.telemetry.store import BusyError, Row, Span, TelemetryStore

POINTS_MAX = 1500
PATTERNS_MAX = 50
PATIENCE_S = 5.0


class Step(IntEnum):
    """Seconds for each point: 1 gives samples as they were taken; from 600 on they come from ten-minute means."""

    SAMPLES = 1
    TEN_SECONDS = 10
    MINUTE = 60
    TEN_MINUTES = 600
    HOUR = 3600
    DAY = 86_400


class ChannelAnswer(BaseModel):
    """One series of values. The unit is the end of its name."""

    name: str
    resolution: float = Field(description="Smallest difference that is kept, in the channel's unit")
    words: list[str] = Field(description="What its values are, if they are words; else empty: they are numbers")


class PointAnswer(BaseModel):
    """One sample, or `count` of them as one: means of numbers, of words the one that held the longest."""

    boot: int = Field(description="The n-th boot of the controller's machine that was recorded; with boot_s the order")
    boot_s: float = Field(description="Since that boot, of the first sample")
    unix_s: float = Field(description="What the wall clock showed then: a label, it may jump")
    clock: str | None = Field(description="How far that may be believed: unset, holdover, synced")
    count: int
    values: list[float | str | None] = Field(description="In the order of `channels`; null: was not known")


class TelemetryAnswer(BaseModel):
    """Points, oldest first. Where nothing was recorded there is none."""

    step_s: int
    channels: list[ChannelAnswer]
    points: list[PointAnswer]
    cursor: int | None = Field(description="Give it as `after` to go on from here; null: that was all")
    unreadable_count: int = Field(description="Minutes that can no longer be read; their points are missing")


class KeptAnswer(BaseModel):
    """From when to when something is kept."""

    first_unix_s: float
    last_unix_s: float
    kept_count: int = Field(description="How many minutes, or means of ten")


class ChannelsAnswer(BaseModel):
    """What can be asked for."""

    channels: list[ChannelAnswer]
    samples: KeptAnswer | None
    means: KeptAnswer | None


def telemetry_routes(recorder: Recorder) -> APIRouter:
    """What was measured, under /api/v1/telemetry."""
    router, turn = APIRouter(prefix="/api/v1/telemetry"), threading.Lock()
    errors: dict[int | str, dict[str, Any]] = {
        422: {"model": Problem, "description": "A parameter has a wrong value"},
        503: {"model": Problem, "description": "This web keeps no telemetry, or its disk does not answer now"},
    }

    @router.get("", responses=errors, response_model=TelemetryAnswer)
    def telemetry(
        from_unix_s: Annotated[float | None, Query(description="By the label; without it from the oldest on")] = None,
        to_unix_s: Annotated[float | None, Query(description="By the label; without it to the newest")] = None,
        step_s: Annotated[Step, Query(description="Seconds for each point")] = Step.TEN_MINUTES,
        channel: Annotated[
            list[Annotated[str, Query(max_length=100)]] | None,
            Query(max_length=PATTERNS_MAX, description="A name, or a pattern as battery.*; without it all"),
        ] = None,
        after: Annotated[int, Query(ge=0, description="The cursor of an answer to the same question")] = 0,
        limit: Annotated[int, Query(ge=60, le=POINTS_MAX, description="Points at most")] = 1000,
    ) -> Response:
        """What was measured. Fuel is left out: it would tell thieves where to go."""
        span = Span(
            float("-inf") if from_unix_s is None else from_unix_s, float("inf") if to_unix_s is None else to_unix_s
        )
        with _reading(recorder, turn) as store:
            series = read_series(store, Question(span, int(step_s), channel or (), after, limit))
        return Response(_dump(series, int(step_s)), media_type="application/json")

    @router.get("/channels", responses={503: errors[503]})
    def channels() -> ChannelsAnswer:
        """The channels there are, and from when to when values are kept."""
        with _reading(recorder, turn) as store:
            found = read_series(store, Question(Span(to_unix_s=float("-inf"))))
            kept = {table: _kept(store.ends(table)) for table in ("minute", "mean")}
        told = [_channel(channel) for channel in found.channels]
        return ChannelsAnswer(channels=told, samples=kept["minute"], means=kept["mean"])

    return router


@contextmanager
def _reading(recorder: Recorder, turn: threading.Lock) -> Iterator[TelemetryStore]:
    """One at a time: whoever asks for months must not take all threads from those who ask for the page."""
    store = recorder.store
    if store is None:
        detail = "The disk does not take or give it now." if recorder.state.is_wanted else "This web has no --data-dir."
        raise Refusal(Fault.NO_TELEMETRY, detail)
    if not turn.acquire(timeout=PATIENCE_S):
        raise Refusal(Fault.NO_TELEMETRY, "Somebody else is reading it. Ask again.")
    try:
        yield store
    except BusyError:
        raise Refusal(Fault.NO_TELEMETRY, "The disk does not answer. Ask again.") from None
    except (sqlite3.Error, ValueError) as error:
        recorder.doubt(error)
        raise Refusal(Fault.NO_TELEMETRY, "The file cannot be read. The reason is in the web's log.") from None
    finally:
        turn.release()


def _dump(series: Series, step_s: int) -> bytes:
    """Not through pydantic: sixty thousand values would take it longer than all the rest."""
    return orjson.dumps(
        {
            "step_s": step_s,
            "channels": [_channel(channel).model_dump() for channel in series.channels],
            "points": series.points,
            "cursor": series.cursor,
            "unreadable_count": series.unreadable_count,
        }
    )


def _channel(channel: Channel) -> ChannelAnswer:
    return ChannelAnswer(name=channel.name, resolution=1 / channel.scale, words=list(channel.words))


def _kept(ends: tuple[Row, Row] | None) -> KeptAnswer | None:
    if ends is None:
        return None
    first, last = ends
    return KeptAnswer(first_unix_s=first.unix_min_s, last_unix_s=last.unix_max_s, kept_count=last.id - first.id + 1)
