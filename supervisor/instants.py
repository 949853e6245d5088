"""Instants and durations in words. A time of day is shown only when the clock can be believed."""

from __future__ import annotations

import time
from dataclasses import dataclass

from controller.model.words import ClockQuality
from supervisor.words import Words

MINUTE_S = 60.0
HOUR_S = 3600.0
DAY_S = 86_400.0
STEP_DOWN_S = 900.0  # "until" is told by the quarter of an hour, and never later than it is


@dataclass(frozen=True, slots=True)
class Now:
    """The present on both clocks: boot time for durations, wall-clock time for labels."""

    mono_s: float
    unix_s: float
    clock: ClockQuality

    @property
    def has_clock(self) -> bool:
        """Whether a time of day may be shown."""
        return self.clock is not ClockQuality.UNSET

    def unix_at(self, mono_s: float) -> float:
        """Wall-clock time of an instant of this boot."""
        return self.unix_s - (self.mono_s - mono_s)


def since(say: Words, now: Now, mono_s: float, *, is_at_least: bool = False) -> str:
    """`since 14:02 (6 h 12 min)`, or only `for 6 h 12 min` without a clock; "at least" where it may be longer."""
    lasted = duration(say, now.mono_s - mono_s)
    if not now.has_clock:
        return say("time.at_least_since" if is_at_least else "time.since", duration=lasted)
    key = "time.at_least_since_clock" if is_at_least else "time.since_clock"
    return say(key, time=moment(say, now, now.unix_at(mono_s)), duration=lasted)


def since_when(say: Words, now: Now, mono_s: float, *, is_at_least: bool = False) -> str:
    """`since 14:02`, or `for 6 h 12 min` without a clock."""
    if not now.has_clock:
        return since(say, now, mono_s, is_at_least=is_at_least)
    key = "time.at_least_since_moment" if is_at_least else "time.since_moment"
    return say(key, time=moment(say, now, now.unix_at(mono_s)))


def until(say: Words, now: Now, seconds: float) -> str:
    """The time of day so many seconds from now, rounded down. Only with a clock."""
    unix_s = (now.unix_s + seconds) // STEP_DOWN_S * STEP_DOWN_S
    return moment(say, now, unix_s)


def moment(say: Words, now: Now, unix_s: float) -> str:
    """Local time of this machine, with the day when it is not today."""
    then = time.localtime(unix_s)
    clock = say("time.clock", hour=f"{then.tm_hour:02}", minute=f"{then.tm_min:02}")
    if then[:3] == time.localtime(now.unix_s)[:3]:
        return clock
    weekday = say(f"weekday.{then.tm_wday}")
    return say("time.day", weekday=weekday, day=then.tm_mday, month=then.tm_mon, clock=clock)


def to_the_second(say: Words, unix_s: float) -> str:
    """Local time with seconds."""
    then = time.localtime(unix_s)
    parts = {"hour": f"{then.tm_hour:02}", "minute": f"{then.tm_min:02}", "second": f"{then.tm_sec:02}"}
    return say("time.clock_seconds", **parts)


def duration(say: Words, seconds: float) -> str:
    """How long, to the minute; from two days on, in days."""
    minutes = int(max(0.0, seconds) // MINUTE_S)
    if minutes < 1:
        return say("duration.moment")
    if minutes < 60:
        return say("duration.minutes", minutes=minutes)
    if seconds < 2 * DAY_S:
        return say("duration.hours", hours=minutes // 60, minutes=minutes % 60)
    return say.count("duration.days", int(seconds // DAY_S))


def ago(say: Words, seconds: float) -> str:
    """How long ago, as one number."""
    if seconds < 2 * MINUTE_S:
        return say.count("ago.seconds", max(1, int(seconds)))
    if seconds < 2 * HOUR_S:
        return say.count("ago.minutes", int(seconds // MINUTE_S))
    return say.count("ago.hours", int(seconds // HOUR_S))


def event_time(say: Words, now: Now, event_unix_s: float, event_mono_s: float | None) -> str:
    """When something happened: time of day, else how long ago in this boot (`event_mono_s` None: another boot)."""
    if now.has_clock:
        return moment(say, now, event_unix_s)
    return say("ago.long") if event_mono_s is None else ago(say, now.mono_s - event_mono_s)
