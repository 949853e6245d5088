"""From what was read to what the page says: sentences, not codes."""

from __future__ import annotations

from collections.abc import Sequence

from controller import clock
from controller.status import Status
from supervisor.events import event_lines
from supervisor.headline import banners, headline, hours, notes
from supervisor.instants import Now, ago, to_the_second
from supervisor.labels import Labels
from supervisor.mirror import LoggedEvent
from supervisor.parts import Headline, Tone, View
from supervisor.reading import Reading
from supervisor.rows import radios, services, sources
from supervisor.words import Words


def read_clocks() -> Now:
    """The present on this machine."""
    return Now(clock.now_s(), clock.unix_s(), clock.quality())


def build_view(reading: Reading, events: Sequence[LoggedEvent], now: Now, say: Words) -> View:
    """The page for this reading, in these words. `events` newest first."""
    status = reading.status
    lines = event_lines(events, Labels(status, say), now, say)
    if status is None:
        silence = Headline(say("mode.none"), "", (say("page.never_contact"), say("meaning.never")), Tone.GREY)
        return View(say("page.place"), silence, events=lines, has_details=False)
    return View(
        place=_place(status, say),
        headline=headline(reading, status, now, say),
        banners=banners(reading, status, now, say),
        notes=notes(reading, status, say),
        hours=hours(reading, status, now, say),
        services=services(status, now, say),
        radios=radios(status, say),
        sources=sources(status, now, say),
        events=lines,
    )


def _place(status: Status, say: Words) -> str:
    return status.label.get(say.language) or status.hub or say("page.place")


def age(reading: Reading, now: Now, say: Words) -> str:
    """How old the data are."""
    if reading.age_s is None or reading.status is None:
        return say("page.age_unknown")
    past = ago(say, reading.age_s)
    if not now.has_clock:
        return say("page.age_no_clock", ago=past)
    return say("page.age", time=to_the_second(say, now.unix_s - reading.age_s), ago=past)
