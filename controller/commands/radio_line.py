"""The state of a hub as one line that can be spoken over radio: ASCII, at most 140 bytes.

NAME TIME STATE HOURS RADIO TIERS [NOTES]        docs/commands.md has the grammar
"""

from __future__ import annotations

import time
import unicodedata

from controller.commands.situation import Look
from controller.model.words import Authority, BreakerPosition, ClockQuality, GridVerdict, Mode
from controller.status import TierStatus
from supervisor.words import Words

BYTES_MAX = 140
NAME_MAX = 24
HOURS_MAX = 72
HOUR_S = 3600.0
LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa"})
ON_GRID = (Mode.GRID_CONNECTED,)
SUPPLIED = (Mode.ISLANDED, Mode.RECONNECTION, Mode.UNPLANNED_ISLANDING, Mode.PLANNED_ISLANDING)
WITHOUT_POWER = (Mode.DARK, Mode.BLACK_START)


def radio_line(look: Look, say: Words) -> str:
    """The line; without contact it says since when, and claims nothing else."""
    name = ascii_upper(look.status.hub)[:NAME_MAX].rstrip()
    if not look.has_contact:
        parts = [name, say("line.no_contact"), _time(look, look.status.written_at_s, say)]
    else:
        parts = [name, _time(look, look.now.mono_s, say), *_state(look, say), _radio(look, say), _tiers(look, say)]
        parts += _notes(look, say)
    return _fit([part for part in parts if part])


def ascii_upper(text: str) -> str:
    """Capital ASCII letters, digits and spaces: what every radio and every ear takes."""
    plain = unicodedata.normalize("NFKD", text.lower().translate(LETTERS)).encode("ascii", "ignore").decode()
    return " ".join("".join(letter if letter.isalnum() else " " for letter in plain).split()).upper()


def _fit(parts: list[str]) -> str:
    """Whole words only; what is last matters least."""
    line = " ".join(parts)
    while len(line.encode()) > BYTES_MAX:
        line = line.rpartition(" ")[0]
    return line


def _time(look: Look, mono_s: float, say: Words) -> str:
    """Day, hour and minute as a date-time group; words when no clock can be believed."""
    if look.status.clock is ClockQuality.UNSET:
        return say("line.no_time")
    then = time.localtime(look.now.unix_at(mono_s))
    return f"{then.tm_mday:02}{then.tm_hour:02}{then.tm_min:02}"


def _state(look: Look, say: Words) -> list[str]:
    status = look.status
    words = [say(f"line.{status.mode.value}")]
    if status.mode in ON_GRID:
        if status.grid.verdict is GridVerdict.UNKNOWN:
            return [*words, say("line.not_measured")]
        words.append(say("line.ready" if status.is_ready else "line.not_ready"))
        return [*words, _hours(look, say)] if status.is_ready else words
    return [*words, _hours(look, say)] if status.mode in SUPPLIED else words


def _hours(look: Look, say: Words) -> str:
    """Rounded down, never more than the horizon that hubs are built for."""
    seconds = look.status.hours_left.at_least_s
    if seconds is None:
        return say("line.hours_unknown")
    hours = int(min(HOURS_MAX, seconds // HOUR_S))
    return say("line.hours", n=hours) if hours >= 1 else say("line.below_an_hour")


def _radio(look: Look, say: Words) -> str:
    known = [radio.is_alive for radio in look.status.radios if radio.is_alive is not None]
    if not known:
        return say("line.radio_unknown") if look.status.radios else ""
    alive = sum(known)
    if alive == len(look.status.radios):
        return say("line.radio_ok")
    return say("line.radio_some", n=alive, all=len(look.status.radios)) if alive else say("line.radio_off")


def _tiers(look: Look, say: Words) -> str:
    """Tiers that are off as a whole, in part, or nobody knows. Without power a closed contact supplies nobody."""
    if look.status.mode in WITHOUT_POWER:
        return ""
    off = [tier.number for tier in look.status.tiers if _open_count(tier) == len(tier.feeders) > 0]
    part = [tier.number for tier in look.status.tiers if 0 < _open_count(tier) < len(tier.feeders)]
    rest = [tier for tier in look.status.tiers if tier.number not in {*off, *part}]
    unknown = [tier.number for tier in rest if not _is_on(tier)]
    told = (("line.off", off), ("line.part_off", part), ("line.tiers_unknown", unknown))
    return " ".join(say(word, tiers=ranges(tiers)) for word, tiers in told if tiers) or say("line.all_on")


def _open_count(tier: TierStatus) -> int:
    return sum(feeder.position is BreakerPosition.OPEN for feeder in tier.feeders)


def _is_on(tier: TierStatus) -> bool:
    return all(feeder.position is BreakerPosition.CLOSED for feeder in tier.feeders)


def ranges(numbers: list[int]) -> str:
    """`T3-5`, `T1 T4-5`: neighbours are joined."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return " ".join(f"T{run[0]}" if len(run) == 1 else f"T{run[0]}-{run[-1]}" for run in runs)


def _notes(look: Look, say: Words) -> list[str]:
    status = look.status
    notes = [say("line.emergency_off")] if any(x.subject == "emergency_off" for x in status.latches) else []
    if status.authority is not Authority.AUTO:
        notes.append(say(f"line.{status.authority.value}"))
    return notes
