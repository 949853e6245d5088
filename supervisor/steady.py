"""One late answer of the grid's meter is no news: for a moment the page goes on showing what it showed.

Everybody's page would turn grey for it, promise nothing, and turn back. What the controller publishes stays as it is.
"""

from __future__ import annotations

from dataclasses import replace

from controller.model.words import GridVerdict, Mode
from supervisor.reading import Reading

BLINK_MAX_S = 2.0  # without a measurement: the controller, too, tells nobody of it for as long


class Steady:
    """Keeps the last reading in which the grid was measured."""

    def __init__(self) -> None:
        self._last: Reading | None = None

    def told(self, reading: Reading) -> Reading:
        """This reading; during a blink with the grid as it was seen before it, and as old as that is."""
        status = reading.status
        if status is None or not _is_blink(reading):
            self._last = reading
            return reading
        last = self._last.status if self._last is not None else None
        if last is None or last.mode is not status.mode or (last.boot_id, last.pid) != (status.boot_id, status.pid):
            return reading
        older_s = status.written_at_s - last.written_at_s
        if not 0.0 <= older_s <= BLINK_MAX_S or reading.age_s is None or self._last is None:
            return reading
        return replace(reading, status=replace(status, grid=last.grid), age_s=reading.age_s + older_s)


def _is_blink(reading: Reading) -> bool:
    status = reading.status
    is_blind = status is not None and status.grid.verdict is GridVerdict.UNKNOWN
    return status is not None and is_blind and status.mode is Mode.GRID_CONNECTED and not reading.is_stale
