"""From what was read to what the page says: sentences, not codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from controller import clock
from controller.model.words import ClockQuality
from controller.status import Status
from supervisor.devices import devices
from supervisor.events import event_lines
from supervisor.headline import banners, headline, hours, notes, telemetry_notes
from supervisor.instants import Now, ago, to_the_second
from supervisor.labels import Labels
from supervisor.mirror import LoggedEvent
from supervisor.offers import offers
from supervisor.parts import Headline, Tone, View, unsure_if
from supervisor.reading import Reading
from supervisor.rows import feeders, radios, sources
from supervisor.telemetry.recorder import NO_TELEMETRY, TelemetryState
from supervisor.words import Words


def read_clocks() -> Now:
    """The present on this machine."""
    return Now(clock.now_s(), clock.unix_s(), clock.quality())


def build_view(
    reading: Reading, events: Sequence[LoggedEvent], now: Now, say: Words, telemetry: TelemetryState = NO_TELEMETRY
) -> View:
    """The page for this reading, in these words. `events` newest first."""
    status = reading.status
    lines = event_lines(events, Labels(status, say), now, say)
    if status is None or reading.is_too_new:
        return View(_place(status, say), _silence(reading, say), events=lines, has_details=False)
    return View(
        place=_place(status, say),
        headline=headline(reading, status, now, say),
        banners=banners(reading, status, now, say),
        notes=(*notes(reading, status, say), *telemetry_notes(telemetry, say)),
        hours=hours(reading, status, now, say),
        offers=offers(reading, status, say),
        feeders=() if status.offers else feeders(status, now, say),
        radios=unsure_if(reading.is_stale, radios(status, say)),
        sources=unsure_if(reading.is_stale, sources(status, now, say)),
        events=lines,
        devices=devices(reading, status, now, say),
    )


def _silence(reading: Reading, say: Words) -> Headline:
    """Nothing is known: nobody was heard yet, or speaks a form of which this page would tell wrong numbers."""
    why = (say("meaning.newer"),) if reading.is_too_new else (say("page.never_contact"), say("meaning.never"))
    return Headline(say("mode.none"), "", why, Tone.GREY, say("do.none"))


def careful(now: Now, reading: Reading) -> Now:
    """Without a time of day when the controller does not believe its clock, even if this process would."""
    is_unset = reading.status is not None and reading.status.clock is ClockQuality.UNSET
    return replace(now, clock=ClockQuality.UNSET) if is_unset and not reading.is_too_new else now


def _place(status: Status | None, say: Words) -> str:
    if status is None:
        return say("page.place")
    return status.label.get(say.language) or status.hub or say("page.place")


def age(reading: Reading, now: Now, say: Words) -> str:
    """How old the data are."""
    if reading.age_s is None or reading.status is None:
        return say("page.age_unknown")
    past = ago(say, reading.age_s)
    if not now.has_clock:
        return say("page.age_no_clock", ago=past)
    return say("page.age", time=to_the_second(say, now.unix_s - reading.age_s), ago=past)
