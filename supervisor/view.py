"""From status to what the page says: sentences, not codes. No litres and no kilowatts for the public."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from controller.model.words import BreakerPosition, ClockQuality, GridVerdict, Mode
from controller.status import FeederStatus, LatchStatus, RadioStatus, Status
from supervisor.reading import Reading
from supervisor.words import Words

HOURS_CAP = 72
SYMBOLS = {
    Mode.GRID_CONNECTED: "●",
    Mode.ISLANDED: "▲",
    Mode.UNPLANNED_ISLANDING: "◆",
    Mode.RECONNECTION: "◆",
    Mode.DARK: "■",
    Mode.LOCKED_OUT: "■",
}
TONES = {
    Mode.GRID_CONNECTED: "calm",
    Mode.ISLANDED: "island",
    Mode.UNPLANNED_ISLANDING: "island",
    Mode.RECONNECTION: "island",
    Mode.DARK: "bad",
    Mode.LOCKED_OUT: "bad",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: what, its state in a word, whether that is on, and why."""

    name: str
    state: str
    is_on: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A tier with its rows."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event in plain words."""

    time: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """Everything the template shows."""

    title: str
    tone: str
    symbol: str
    word: str
    since: str
    meaning: str
    warnings: tuple[str, ...]
    hours_title: str = ""
    hours: str = ""
    hours_until: str = ""
    assumption: str = ""
    grid: str = ""
    grid_note: str = ""
    groups: tuple[Group, ...] = ()
    radios: tuple[Row, ...] = ()
    batteries: tuple[Row, ...] = ()
    gensets: tuple[Row, ...] = ()
    latches: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    events: tuple[EventLine, ...] = ()
    age: str = ""
    is_stale: bool = False


def build_page(reading: Reading, events: Sequence[Mapping[str, Any]], say: Words) -> Page:
    """The page for this reading, in these words."""
    status = reading.status
    if status is None:
        warnings = (say("page.never_contact"),)
        return Page("Hallig", "bad", "?", say("page.stale"), "", say("page.never_contact"), warnings, is_stale=True)
    lost = () if reading.is_stale else tuple(device.name for device in status.devices if not device.is_up)
    return Page(
        title=status.label.get(say.language, status.hub),
        tone="stale" if reading.is_stale else TONES.get(status.mode, "calm"),
        symbol=SYMBOLS.get(status.mode, "?"),
        word=say(f"mode.{status.mode.value}"),
        since=say("page.since", time=_clock_time(status, status.mode_since_s)),
        meaning=say(f"meaning.{status.mode.value}"),
        warnings=_warnings(reading, status, say),
        hours_title=say("hours.title_grid" if status.mode is Mode.GRID_CONNECTED else "hours.title_island"),
        hours=_hours(status, say),
        hours_until=_until(status, say),
        assumption=say(f"assumption.{status.hours_left.assumption}"),
        grid=say(f"grid.{status.grid.verdict.value}"),
        grid_note=_grid_note(status, say),
        groups=_groups(status, say),
        radios=tuple(_radio(radio, say) for radio in status.radios),
        batteries=_batteries(status, say),
        gensets=_gensets(status, say),
        latches=tuple(_latch(latch, say) for latch in status.latches),
        lost=lost,
        events=tuple(event_line(event, status, say) for event in events),
        age=say("page.age", seconds=f"{reading.age_s or 0:.0f}"),
        is_stale=reading.is_stale,
    )


def event_line(event: Mapping[str, Any], status: Status, say: Words) -> EventLine:
    """An event as a sentence; a code that this page does not know is shown as it is."""
    kind, reason, subject = (str(event[key]) for key in ("kind", "reason", "subject"))
    if kind in {"mode_changed", "recovered"} and say.has(f"mode.{event['values'].get('to')}"):
        what = say(f"mode.{event['values']['to']}")
    else:
        what = f"{_known(say, 'kind', kind)}: {_subject(subject, status, say)}"
    return EventLine(_wall(float(event["unix_s"])), f"{what} – {_known(say, 'reason', reason)}")


def _known(say: Words, group: str, code: str) -> str:
    key = f"{group}.{code}"
    return say(key) if say.has(key) else code.replace("_", " ")


def _subject(subject: str, status: Status, say: Words) -> str:
    """The site's own name for an asset, else the catalogue's, else the code."""
    labels = {feeder.id: feeder.label for tier in status.tiers for feeder in tier.feeders}
    labels |= {battery.id: battery.label for battery in status.batteries}
    labels |= {plant.id: plant.label for plant in status.pv}
    labels |= {genset.id: genset.label for genset in status.gensets}
    labels |= {radio.id: radio.label for radio in status.radios}
    return labels[subject].get(say.language, subject) if subject in labels else _known(say, "subject", subject)


def _warnings(reading: Reading, status: Status, say: Words) -> tuple[str, ...]:
    lines = []
    if reading.is_stale:
        lines.append(say("page.no_contact", time=_wall(status.unix_s)))
    if reading.is_newer:
        lines.append(say("page.newer"))
    if not status.journal.is_ok:
        lines.append(say("page.journal"))
    if status.authority.value != "auto":
        lines.append(say(f"authority.{status.authority.value}"))
    return tuple(lines)


def _hours(status: Status, say: Words) -> str:
    seconds = status.hours_left.at_least_s
    if seconds is None:
        return say("hours.unknown")
    hours = int(seconds // 3600)
    if hours >= HOURS_CAP:
        return say("hours.more")
    if hours < 2:
        return say("hours.minutes", minutes=int(seconds // 60))
    return say("hours.at_least", hours=hours)


def _until(status: Status, say: Words) -> str:
    """A clock time only in the island and only when the clock can be believed."""
    seconds = status.hours_left.at_least_s
    believable = status.clock is not ClockQuality.UNSET and status.mode is not Mode.GRID_CONNECTED
    if seconds is None or not believable or seconds > HOURS_CAP * 3600:
        return ""
    return say("hours.until", time=_wall(status.unix_s + seconds, with_day=True))


def _grid_note(status: Status, say: Words) -> str:
    grid = status.grid
    if grid.reconnect_at_s is not None:
        seconds = max(0.0, grid.reconnect_at_s - status.written_at_s)
        return say("page.grid_back", seconds=f"{seconds:.0f}")
    return "" if grid.verdict is GridVerdict.OK else say(f"reason.{grid.reason.value}")


def _groups(status: Status, say: Words) -> tuple[Group, ...]:
    return tuple(
        Group(tier.label.get(say.language, ""), tuple(_feeder(feeder, say) for feeder in tier.feeders))
        for tier in status.tiers
    )


def _feeder(feeder: FeederStatus, say: Words) -> Row:
    position = feeder.position.value if feeder.position is not None else "none"
    is_on = feeder.position is BreakerPosition.CLOSED
    note = "" if is_on or feeder.reason is None else say(f"reason.{feeder.reason.value}")
    return Row(feeder.label.get(say.language, feeder.id), say(f"position.{position}"), is_on, note)


def _radio(radio: RadioStatus, say: Words) -> Row:
    state = "none" if radio.is_alive is None else "alive" if radio.is_alive else "dead"
    note = ""
    if radio.is_supplied:
        note = say("radio.supplied")
    elif radio.reserve_pct is not None:
        note = say("radio.own_battery", pct=f"{radio.reserve_pct:.0f}")
    return Row(radio.label.get(say.language, radio.id), say(f"radio.{state}"), state == "alive", note)


def _batteries(status: Status, say: Words) -> tuple[Row, ...]:
    rows = []
    for battery in status.batteries:
        mode = battery.mode.value if battery.mode is not None else "none"
        charge = "–" if battery.soc_pct is None else f"{battery.soc_pct:.0f} %"
        rows.append(Row(battery.label.get(say.language, battery.id), charge, is_on=True, note=say(f"inverter.{mode}")))
    return tuple(rows)


def _gensets(status: Status, say: Words) -> tuple[Row, ...]:
    rows = []
    for genset in status.gensets:
        state = genset.state.value if genset.state is not None else "none"
        rows.append(Row(genset.label.get(say.language, genset.id), say(f"genset.{state}"), state != "fault"))
    return tuple(rows)


def _latch(latch: LatchStatus, say: Words) -> str:
    return f"{_known(say, 'subject', latch.subject)}: {say(f'reason.{latch.reason.value}')}"


def _clock_time(status: Status, instant_s: float) -> str:
    """An instant of boot time as time of day; as a duration when the clock cannot be believed."""
    age_s = status.written_at_s - instant_s
    if status.clock is ClockQuality.UNSET:
        return f"{int(age_s // 3600)} h {int(age_s % 3600 // 60)} min"
    return _wall(status.unix_s - age_s)


def _wall(unix_s: float, *, with_day: bool = False) -> str:
    """Local time of this place; with the date when it is not today."""
    moment = datetime.fromtimestamp(unix_s).astimezone()
    is_today = moment.date() == datetime.fromtimestamp(time.time()).astimezone().date()
    return moment.strftime("%H:%M") if is_today and not with_day else moment.strftime("%d.%m. %H:%M")
