"""The only clock of the controller: boot time, which no NTP step and no suspend can bend."""

from __future__ import annotations

import time
from pathlib import Path

from controller.model.words import ClockQuality

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
PLAUSIBLE_AFTER_UNIX_S = 1_767_225_600.0  # 2026-01-01: before, nobody can have set the clock


def now_s() -> float:
    """Seconds since boot, suspend included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def unix_s() -> float:
    """Wall-clock time, for labels only."""
    return time.time()


def boot_id() -> str:
    """Changes with every boot: instants of another boot mean nothing."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return "unknown"


def quality() -> ClockQuality:
    """Whether the wall clock may be shown as a time of day. Synchronisation itself is not known here."""
    return ClockQuality.HOLDOVER if unix_s() > PLAUSIBLE_AFTER_UNIX_S else ClockQuality.UNSET
