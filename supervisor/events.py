"""The last events in plain words. What happened to several things at once, for one reason, is one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from controller import clock
from controller.model.reasons import EventKind
from controller.model.words import ClockQuality
from supervisor.instants import Now, event_time
from supervisor.labels import Labels
from supervisor.mirror import LoggedEvent
from supervisor.parts import EventLine
from supervisor.public_words import known, reason_of
from supervisor.words import Words

TOLD = frozenset(
    {
        EventKind.STARTED,
        EventKind.RECOVERED,
        EventKind.MODE_CHANGED,
        EventKind.GRID_VERDICT,
        EventKind.ORDERED_CRANK,
        EventKind.SHED,
        EventKind.RESTORED,
        EventKind.LATCHED,
        EventKind.RELEASED,
        EventKind.REQUESTED,
        EventKind.PLANNED_OVER,
        EventKind.DIMMED,
        EventKind.DIMMING_OVER,
        EventKind.ALARM,
        EventKind.ALARM_CLEARED,
        EventKind.FALLBACK,
    }
)
"""What the public is told. Orders, vetoes and devices are for engineers: the API has them all."""
TOLD_KINDS = frozenset(kind.value for kind in TOLD)
TOGETHER = frozenset({EventKind.SHED.value, EventKind.RESTORED.value})
TOGETHER_WITHIN_S = 60.0
LINES_MAX = 8


def event_lines(events: Sequence[LoggedEvent], labels: Labels, now: Now, say: Words) -> tuple[EventLine, ...]:
    """Lines for events given newest first, newest first."""
    lines = [_line(group, labels, now, say) for group in _together(_without_repeats(events))]
    return tuple(lines[:LINES_MAX])


def _without_repeats(events: Sequence[LoggedEvent]) -> list[LoggedEvent]:
    """A controller that has started anew finds the grid as it was: nobody wants to read of a second failure."""
    told: list[LoggedEvent] = []
    last: tuple[object, str] | None = None
    for event in reversed(events):
        if event.kind == EventKind.GRID_VERDICT.value:
            says = (event.values.get("verdict"), event.reason)
            if says == last:
                continue
            last = says
        told.append(event)
    return told[::-1]


def _together(events: Sequence[LoggedEvent]) -> Iterator[list[LoggedEvent]]:
    """Neighbours of one kind, reason and minute: shedding is one act, however many contactors it takes."""
    group: list[LoggedEvent] = []
    for event in events:
        if group and not _belongs(group[0], event):
            yield group
            group = []
        group.append(event)
    if group:
        yield group


def _belongs(first: LoggedEvent, event: LoggedEvent) -> bool:
    is_same = (first.kind, first.reason, first.boot) == (event.kind, event.reason, event.boot)
    return is_same and event.kind in TOGETHER and abs(first.mono_s - event.mono_s) <= TOGETHER_WITHIN_S


def _line(group: list[LoggedEvent], labels: Labels, now: Now, say: Words) -> EventLine:
    newest = group[0]
    subjects = dict.fromkeys(labels.of(event.subject) for event in reversed(group))
    text = say(
        f"kind.{newest.kind}",
        subject=", ".join(subjects),
        reason=reason_of(say, newest.reason, newest.values),
        mode=_word(newest, "to", "mode", say),
        verdict=_word(newest, "verdict", "grid", say),
        what=_word(newest, "what", "request", say),
    )
    is_dated = newest.clock != ClockQuality.UNSET.value
    mono_s = newest.mono_s if newest.boot == clock.boot_id() else None
    time = event_time(say, now, newest.unix_s, mono_s) if is_dated or not now.has_clock else say("ago.long")
    return EventLine(time, text[:1].upper() + text[1:])


def _word(event: LoggedEvent, name: str, family: str, say: Words) -> str:
    code = str(event.values.get(name, ""))
    return known(say, family, code, code)
