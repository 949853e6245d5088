"""The hub on one screen of 80 columns and 24 lines, for a person at a terminal. Plain text; the watcher colours it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from controller.commands.situation import Look
from controller.commands.speech import number
from controller.durable_copy import NAME as COPY_NAME
from controller.model.phases import PhaseValues
from controller.model.words import BreakerPosition
from controller.status import FeederStatus
from supervisor.headline import hours, planned_sentences
from supervisor.instants import ago, since, since_when, to_the_second
from supervisor.labels import Labels
from supervisor.public_words import known, of_enum
from supervisor.rows import whole_pct
from supervisor.words import Words

COLUMNS = 80
LINES = 24
MARKS = {BreakerPosition.CLOSED: "■", BreakerPosition.OPEN: "□", BreakerPosition.BAD: "!"}
CLEARED_BY = ("emergency_off", "dso_lock", "poi_close", "lockout")
Row = tuple[str, str]


def screen(look: Look, say: Words) -> list[str]:
    """At most 24 lines of at most 80 columns."""
    rows = list(_rows(look, say))
    width = max(len(label) for label, _ in rows) + 2
    wrapped = [_wrapped(row, width) for row in rows]
    head = [_cut(line) for line in _head(look, say)]
    room = LINES - len(head)
    if sum(map(len, wrapped)) > room:
        wrapped = [[_cut(f"{label:<{width}}{text}")] for label, text in rows]
    lines = [line for row in wrapped for line in row]
    if len(lines) > room:
        lines = [*lines[: room - 2], "…", lines[-1]]
    return [*head, *lines]


def _head(look: Look, say: Words) -> Iterator[str]:
    status, label = look.status, look.status.label.get(say.language) or look.status.hub
    yield f"{label} ({status.hub})"
    word = of_enum(say, "mode", status.mode).upper()
    if not look.has_contact:
        yield _no_contact(look, say)
        yield f"{say('screen.last_known')}: {word}"
        return
    left = f"{word} {since(say, look.now, status.mode_since_s, is_at_least=status.is_since_at_least)}"
    lasts = hours(look.reading, status, look.now, say)
    right = "" if lasts is None else lasts.value
    if len(left) + 2 + len(right) > COLUMNS:  # how long it lasts is never cut
        yield left
        left = ""
    yield f"{left}{right:>{COLUMNS - len(left)}}"


def _no_contact(look: Look, say: Words) -> str:
    if look.reading.age_s is None:
        return say("page.no_contact_boot")
    return say("page.no_contact", since=since(say, look.now, look.status.written_at_s))


def _rows(look: Look, say: Words) -> Iterator[Row]:
    yield from _electrical(look, say)
    yield from _sources(look, say)
    for tier in look.status.tiers:
        yield f"{say('screen.tier')} {tier.number}", "  ".join(_feeder(feeder) for feeder in tier.feeders)
    yield from _house(look, say)


def _electrical(look: Look, say: Words) -> Iterator[Row]:
    status, grid = look.status, look.status.grid
    reason = known(say, "reason", grid.reason.value, grid.reason.value)
    when = since_when(say, look.now, grid.since_s, is_at_least=grid.is_since_at_least)
    verdict = f"{of_enum(say, 'grid', grid.verdict)}: {reason}, {when}"
    yield say("screen.grid"), verdict
    poi, measured = of_enum(say, "position", grid.poi_position), _electric(say, grid.voltage_v, grid.frequency_hz)
    yield say("screen.poi"), f"{poi}, {measured}, {_kw(say, grid.power_w)}"
    angle = "" if status.angle_difference_deg is None else f", {number(say, status.angle_difference_deg, 1)}°"
    yield say("screen.bus"), _electric(say, status.bus_voltage_v, status.bus_frequency_hz) + angle


def _sources(look: Look, say: Words) -> Iterator[Row]:
    status = look.status
    if status.batteries:
        rows = (f"{b.id} {_pct(b.soc_pct)} {_kw(say, b.power_w)}" for b in status.batteries)
        yield say("screen.batteries"), "; ".join(rows)
    if status.pv:
        yield say("screen.pv"), "; ".join(f"{plant.id} {_kw(say, plant.power_w)}" for plant in status.pv)
    if status.gensets:
        gensets = (f"{g.id} {of_enum(say, 'genset', g.state)} {_kw(say, g.power_w)}" for g in status.gensets)
        yield say("screen.gensets"), "; ".join(gensets)
    powers = [feeder.power_w for tier in status.tiers for feeder in tier.feeders if feeder.power_w is not None]
    yield say("screen.load"), _kw(say, sum(powers) if powers else None)


def _house(look: Look, say: Words) -> Iterator[Row]:
    status, cycle = look.status, look.status.cycle
    if status.radios:
        yield say("screen.radio"), "; ".join(f"{r.id} {_radio(say, r.is_alive)}" for r in status.radios)
    p99 = number(say, cycle.lateness_p99_s * 1000.0, 1)
    counts = {"overruns": cycle.overruns_count, "vetoes": cycle.vetoes_count, "n": cycle.count}
    yield say("screen.cycle"), say("screen.cycle_text", p99=p99, **counts)
    silent = ", ".join(look.silent_devices) or say("screen.none")
    devices = say("screen.devices_text", n=len(status.devices), silent=silent)
    if look.disbelieved_devices:
        devices += "; " + say("screen.disbelieved", names=", ".join(look.disbelieved_devices))
    yield say("screen.devices"), devices
    for latch in _latches(look, say) or [say("screen.none")]:
        yield say("screen.latches"), latch
    if not status.journal.is_ok:
        yield say("screen.journal"), f"{say('page.journal_title')}: {status.journal.reason}"
    elif status.journal.broken_files:
        yield say("screen.journal"), f"{say('page.journal_broken')}: {', '.join(status.journal.broken_files)}"
    if status.journal.copy_reason:
        yield say("screen.journal"), f"{COPY_NAME}: {status.journal.copy_reason}"
    if status.planned is not None:
        asked, since_s = status.planned.who, status.planned.since_s
        told = planned_sentences(status, look.now, say)[-1]
        text = say("screen.planned_text", who=asked, since=since_when(say, look.now, since_s), until=told)
        yield say("screen.planned"), text
    yield say("screen.authority"), say(f"authority.{status.authority.value}")
    yield say("screen.as_of"), _age(look, say)


def _latches(look: Look, say: Words) -> list[str]:
    labels = Labels(look.status, say)
    return [
        known(say, "latch", latch.subject, say("latch.other", subject=labels.of(latch.subject)))
        + f", {since_when(say, look.now, latch.since_s)}. "
        + say(f"clear.{latch.subject if latch.subject in CLEARED_BY else 'other'}")
        + f" 'hallig ask release {latch.subject} --at-the-hub'"
        for latch in look.status.latches
    ]


def _age(look: Look, say: Words) -> str:
    if look.reading.age_s is None:
        return say("page.age_unknown")
    told = ago(say, look.reading.age_s)
    if not look.now.has_clock:
        return told
    return f"{to_the_second(say, look.now.unix_at(look.status.written_at_s))}, {told}"


def _electric(say: Words, voltage_v: PhaseValues | None, frequency_hz: float | None) -> str:
    volts = "-" if voltage_v is None else "/".join(f"{value:.0f}" for value in voltage_v)
    hertz = "-" if frequency_hz is None else number(say, frequency_hz, 2)
    return f"{volts} V {hertz} Hz"


def _kw(say: Words, power_w: float | None) -> str:
    return "- kW" if power_w is None else f"{number(say, power_w / 1000.0, 1)} kW"


def _pct(value_pct: float | None) -> str:
    return "- %" if value_pct is None else f"{whole_pct(value_pct)} %"


def _radio(say: Words, is_alive: bool | None) -> str:
    return say("radio.none") if is_alive is None else say("radio.alive" if is_alive else "radio.dead")


def _feeder(feeder: FeederStatus) -> str:
    return f"{'?' if feeder.position is None else MARKS.get(feeder.position, '~')} {feeder.id}"


def _wrapped(row: Row, width: int) -> list[str]:
    label, text = row
    lines = textwrap.wrap(text, COLUMNS - width, break_on_hyphens=False) or [""]
    return [_cut(f"{label if i == 0 else '':<{width}}{line}") for i, line in enumerate(lines)]


def _cut(line: str) -> str:
    line = "".join(letter if letter.isprintable() else " " for letter in line)
    return line if len(line) <= COLUMNS else f"{line[: COLUMNS - 1]}…"
