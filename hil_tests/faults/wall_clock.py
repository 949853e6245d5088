"""Faults of the wall clock in the bench's own process: what it says labels lines, and must decide nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

from controller import clock
from hil_tests.faults.stage import Inject, Injection
from hil_tests.faults.types import Heal

END_OF_32_BITS_UNIX_S = 2.0**31  # 2038-01-19 03:14:08 UTC
STANDARD_OFFSET_S = 3600.0  # Central European Time


def _shift(injection: Injection, by_s: float) -> Heal:
    """The clock of this process goes on from another instant."""
    before = clock.unix_s
    return injection.stage.held.hold("clock", before, lambda: before() + by_s, _set_clock)


def _set_clock(unix_s: Callable[[], float]) -> None:
    clock.unix_s = unix_s


def clock_jump(injection: Injection) -> Heal:
    """Somebody, or NTP, sets it."""
    return _shift(injection, injection.values["by_s"])


def year_2038(injection: Injection) -> Heal:
    """A moment before the count of seconds needs its 32nd bit."""
    return _shift(injection, END_OF_32_BITS_UNIX_S - injection.values["before_s"] - clock.unix_s())


def zone(by_s: float) -> str:
    """A POSIX time zone whose local time is so far ahead of Central European Time."""
    total_s = round(STANDARD_OFFSET_S + by_s)
    sign, rest_s = ("-", total_s) if total_s >= 0 else ("", -total_s)
    return f"BENCH{sign}{rest_s // 3600}:{rest_s % 3600 // 60:02}"


def dst(injection: Injection) -> Heal:
    """Local time moves; the count of seconds does not."""
    return injection.stage.held.hold("zone", os.environ.get("TZ"), zone(injection.values["by_s"]), _set_zone)


def _set_zone(name: str | None) -> None:
    if name is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = name
    time.tzset()


WALL_CLOCK_FAULTS: Mapping[str, Inject] = {
    "clock_jump": clock_jump,
    "dst": dst,
    "year_2038": year_2038,
}
