"""One deadline after another, nearly all of which are met: one timer of the event loop watches over many of them.

Setting and clearing a timer for each question costs as much as putting its bytes together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Alarm:
    """Rings when the newest deadline is over. One that was met is for the listener to know."""

    def __init__(self, listener: Callable[[], None]) -> None:
        self._listener = listener
        self._deadline_s = self._rings_at_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def set(self, loop: asyncio.AbstractEventLoop, in_s: float) -> None:
        """The next deadline takes the place of the one before."""
        self._deadline_s = loop.time() + in_s
        if self._timer is not None and self._rings_at_s > self._deadline_s:
            self.cancel()
        if self._timer is None:
            self._start(loop)

    def cancel(self) -> None:
        """Ring no more, until it is set anew."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._rings_at_s = self._deadline_s
        self._timer = loop.call_at(self._rings_at_s, self._ring, loop)

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        if self._rings_at_s < self._deadline_s:
            self._start(loop)  # it was set for one that has been met since
        else:
            self._listener()
