"""What all links of a hub share: the clock, the patience with absent devices, the log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from controller.drivers.backoff import Patience
from controller.drivers.quiet_log import QuietLog


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Handed to everything that waits or speaks."""

    clock: Callable[[], float]  # boot time in seconds
    patience: Patience
    log: QuietLog
    open_serial: Callable[..., Any]  # as serial.Serial
