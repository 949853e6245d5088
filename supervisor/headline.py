"""The first screen: what is going on, what it means, what must not be overlooked, and how long supply lasts."""

from __future__ import annotations

import math

from controller.model.words import Authority, GridVerdict, Mode
from controller.status import LatchStatus, Status
from supervisor.instants import HOUR_S, MINUTE_S, Now, duration, moment, since, until
from supervisor.labels import Labels
from supervisor.parts import Banner, Headline, HoursView, Tone
from supervisor.public_words import known
from supervisor.reading import Reading
from supervisor.telemetry.recorder import TelemetryState
from supervisor.words import Words

HOURS_MAX = 72  # the horizon that hubs are built for: nobody here promises more
MINUTES_STEP = 5
COUNTDOWN_STEP_S = 5
TONES = {
    Mode.UNKNOWN: Tone.GREY,
    Mode.GRID_CONNECTED: Tone.CALM,
    Mode.DARK: Tone.BAD,
    Mode.LOCKED_OUT: Tone.BAD,
}  # all others: on the own supply, or on the way
ISLAND_MODES = frozenset({Mode.ISLANDED, Mode.RECONNECTION, Mode.PLANNED_ISLANDING, Mode.UNPLANNED_ISLANDING})
SAY_WHY = frozenset({Mode.DARK, Mode.LOCKED_OUT})
DEAD_BELOW_V = 50.0  # the touch-voltage limit of IEC 60364-4-41: below, nothing runs


def headline(reading: Reading, status: Status, now: Now, say: Words) -> Headline:
    """What is going on. A stale status is told as the last known one, without any promise."""
    is_known = not reading.unreadable & {"mode", "mode_since_s"}
    code = status.mode.value if is_known else "none"
    if reading.is_stale:
        word = say(f"mode.{code}")
        return Headline(word, "", (say("meaning.stale"),), Tone.GREY, say("do.none"), is_last_known=True)
    if not is_known:
        return Headline(say("mode.none"), "", (say("meaning.none"),), Tone.GREY, say("do.none"))
    since_when = since(say, now, status.mode_since_s, is_at_least=status.is_since_at_least)
    is_blind = status.mode is Mode.GRID_CONNECTED and status.grid.verdict is GridVerdict.UNKNOWN
    tone, todo = (Tone.GREY, "do.none") if is_blind else (TONES.get(status.mode, Tone.ISLAND), f"do.{code}")
    return Headline(say(f"mode.{code}"), since_when, _meaning(status, now, say), tone, say(todo))


def _meaning(status: Status, now: Now, say: Words) -> tuple[str, ...]:
    key = f"meaning.{status.mode.value}"
    if status.mode is Mode.GRID_CONNECTED:
        key += "" if status.is_ready else ".not_ready"
        if status.grid.verdict is not GridVerdict.OK:
            unseen = status.grid.verdict is GridVerdict.UNKNOWN
            key = "meaning.grid_connected.unseen" if unseen else "meaning.grid_connected.shaky"
    elif status.mode is Mode.ISLANDED and status.grid.verdict is not GridVerdict.LOST:
        is_planned = status.planned is not None and status.grid.verdict is GridVerdict.OK
        key += ".planned" if is_planned else f".{status.grid.verdict.value}"
    why = (_sentence(say(f"reason.{status.reason.value}")),) if status.mode in SAY_WHY else ()
    dimmed = "" if status.import_limit_w is None else say("page.dimmed")
    told = (*why, say(key), *planned_sentences(status, now, say), dimmed, _return(status, now, say))
    return tuple(sentence for sentence in told if sentence)


def planned_sentences(status: Status, now: Now, say: Words) -> tuple[str, ...]:
    """Of a planned island: what asked for it, and until when. Who it was is nobody's business here."""
    planned = status.planned
    if planned is None:
        return ()
    asked = say("page.planned_automatic" if planned.is_automatic else "page.planned_by_person")
    if planned.until_s is None:
        return asked, say("page.planned_open")
    if not now.has_clock:
        return asked, say("page.planned_left", duration=duration(say, planned.until_s - now.mono_s))
    return asked, say("page.planned_until", time=moment(say, now, now.unix_at(planned.until_s)))


def _return(status: Status, now: Now, say: Words) -> str:
    """When we reconnect; in steps, so that nobody watches seconds."""
    if status.grid.reconnect_at_s is None or status.mode is not Mode.ISLANDED:
        return ""
    seconds = status.grid.reconnect_at_s - now.mono_s
    if seconds <= COUNTDOWN_STEP_S:
        return say("page.reconnect_soon")
    if seconds <= 2 * MINUTE_S:
        return say.count("page.reconnect_seconds", math.ceil(seconds / COUNTDOWN_STEP_S) * COUNTDOWN_STEP_S)
    return say.count("page.reconnect_minutes", math.ceil(seconds / MINUTE_S))


def _sentence(phrase: str) -> str:
    return f"{phrase[:1].upper()}{phrase[1:]}."


def has_power(status: Status) -> bool | None:
    """Whether the hub's own wires carry power; None when it is not measured and the mode does not say."""
    if status.mode is Mode.DARK:
        return False
    if status.bus_voltage_v is None:
        return None
    return status.bus_voltage_v.maximum > DEAD_BELOW_V


def hours(reading: Reading, status: Status, now: Now, say: Words) -> HoursView | None:
    """How long supply lasts; None where it would say nothing or promise too much."""
    on_grid = status.mode is Mode.GRID_CONNECTED
    if on_grid and not status.is_ready:
        return None
    if not on_grid and (status.mode not in ISLAND_MODES or has_power(status) is False):
        return None
    title = say("hours.title_grid" if on_grid else "hours.title_island")
    assumption = known(say, "assumption", status.hours_left.assumption, say("assumption.other"))
    seconds = status.hours_left.at_least_s
    if seconds is None or reading.age_s is None:
        is_coming = status.hours_left.assumption == "load_not_measured"  # within seconds
        return HoursView(title, say("hours.not_yet" if is_coming else "hours.unknown"), "", assumption)
    if not on_grid:
        seconds -= reading.age_s  # used up since the controller was last heard
    lasts = _at_least(seconds, say)
    tells_time = now.has_clock and not on_grid and 5 * MINUTE_S <= seconds < HOURS_MAX * HOUR_S
    ends = say("hours.until", time=until(say, now, seconds)) if tells_time else ""
    return HoursView(title, say("hours.ready", duration=lasts) if on_grid else lasts, ends, assumption)


def _at_least(seconds: float, say: Words) -> str:
    """Rounded down: whole hours, below two of them steps of five minutes."""
    if seconds >= 2 * HOUR_S:
        return say.count("hours.at_least", min(HOURS_MAX, int(seconds // HOUR_S)))
    minutes = int(seconds // MINUTE_S) // MINUTES_STEP * MINUTES_STEP
    return say.count("hours.minutes", minutes) if minutes > 0 else say("hours.short")


def banners(reading: Reading, status: Status, now: Now, say: Words) -> tuple[Banner, ...]:
    """What must be read before anything else."""
    lines = [_latch(latch, Labels(status, say), say) for latch in status.latches]
    if reading.is_stale:
        lines.insert(0, Banner(say("page.stale"), _no_contact(reading, status, now, say)))
    if status.authority is not Authority.AUTO:
        lines.append(Banner(say(f"authority.{status.authority.value}"), "", is_bad=False))
    return tuple(lines)


def notes(reading: Reading, status: Status, say: Words) -> tuple[Banner, ...]:
    """What is not well and changes nothing for the people here. Not told of a status that is stale anyway."""
    if reading.is_stale:
        return ()
    lines = []
    if not status.journal.is_ok:
        why = "page.journal_held" if status.journal.is_held else "page.journal"
        lines.append(Banner(say("page.journal_title"), say(why), is_bad=False))
    if status.journal.broken_files:
        text = say("page.journal_broken_text", files=", ".join(status.journal.broken_files))
        lines.append(Banner(say("page.journal_broken"), text, is_bad=False))
    if status.journal.copy_reason:
        lines.append(Banner(say("page.copy_title"), say("page.copy"), is_bad=False))
    if lost := [device.name for device in status.devices if not device.is_up]:
        names = say("page.lost_devices_text", names=", ".join(lost))
        lines.append(Banner(say.count("page.lost_devices", len(lost)), names, is_bad=False))
    if reading.is_other_version:
        lines.append(Banner(say("page.newer_title"), say("page.newer"), is_bad=False))
    return tuple(lines)


def telemetry_notes(telemetry: TelemetryState, say: Words) -> tuple[Banner, ...]:
    """What is wrong with the record of measured values: it is this web's own, so also told of a stale status."""
    lines = []
    if telemetry.reason:
        lines.append(Banner(say("page.telemetry_title"), say("page.telemetry"), is_bad=False))
    if telemetry.broken_files:
        text = say("page.telemetry_broken_text", files=", ".join(telemetry.broken_files))
        lines.append(Banner(say("page.telemetry_broken"), text, is_bad=False))
    return tuple(lines)


def _no_contact(reading: Reading, status: Status, now: Now, say: Words) -> str:
    if reading.age_s is None:
        return say("page.no_contact_boot")
    return say("page.no_contact", since=since(say, now, status.written_at_s))


def _latch(latch: LatchStatus, labels: Labels, say: Words) -> Banner:
    other = say("latch.other", subject=labels.of(latch.subject))
    return Banner(known(say, "latch", latch.subject, other), say("latch.release"))
