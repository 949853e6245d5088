"""Instants as people type them: `14:03`, `14:03:07`, `2026-11-23T14:03:07`, `-10m`, `24h`, `#1234`."""

from __future__ import annotations

import datetime as dt
import re

from controller.commands.frame import USAGE, CommandError

UNITS_S = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
SPAN = re.compile(r"-?(\d+(?:\.\d+)?)\s*([smhd])")
CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
DAY_S = 86_400.0
KNOWN = "Times are 14:03, 14:03:07, 2026-11-23T14:03:07, -10m (s m h d) or #EVENT_ID."


def span_s(text: str) -> float | None:
    """`24h` in seconds; None when it is no span."""
    found = SPAN.fullmatch(text.strip())
    return None if found is None else float(found[1]) * UNITS_S[found[2]]


def moment_unix_s(text: str, now_unix_s: float) -> tuple[float, float]:
    """An instant of the wall clock and how long it lasts: a minute for `14:03`. A time of day is the last one past.

    Raises:
        CommandError: it is no time.
    """
    span = span_s(text)
    if span is not None:
        return now_unix_s - span, 0.0
    clock = CLOCK.fullmatch(text.strip())
    try:
        if clock is not None:
            return _today(clock, now_unix_s)
        when = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise CommandError("usage", USAGE, f"'{text}' is no time", KNOWN) from None
    lasts_s = DAY_S if len(text.strip()) == 10 else 60.0 if text.count(":") == 1 and "+" not in text else 1.0
    return when.astimezone().timestamp(), lasts_s


def event_id(text: str) -> int | None:
    """`#1234` or `1234` as a number; None when it is neither."""
    digits = text.strip().removeprefix("#")
    return int(digits) if digits.isdecimal() else None


def _today(clock: re.Match[str], now_unix_s: float) -> tuple[float, float]:
    now = dt.datetime.fromtimestamp(now_unix_s).astimezone()
    second = int(clock[3] or 0)
    then = now.replace(hour=int(clock[1]), minute=int(clock[2]), second=second, microsecond=0)
    if then > now:
        then -= dt.timedelta(days=1)
    return then.timestamp(), 1.0 if clock[3] else 60.0


def looks_like_time(text: str) -> bool:
    """Whether somebody who typed this meant a time: no hub is called so."""
    return bool(SPAN.fullmatch(text) or event_id(text) is not None or re.match(r"\d{1,4}[:-]", text))
