"""Logging with a limit: a device that fails twenty times a second is worth one line a minute."""

from __future__ import annotations

import logging
from collections.abc import Callable

PERIOD_S = 60.0
KEYS_MAX = 256  # device names times a few kinds of trouble


class QuietLog:
    """A logger that says each thing at most once a minute, with the number of times it was not said."""

    def __init__(self, logger: logging.Logger, clock: Callable[[], float]) -> None:
        self._logger = logger
        self._clock = clock
        self._said: dict[str, tuple[float, int]] = {}

    def warn(self, key: str, text: str) -> None:
        """Say `text` unless something was said for `key` within the last minute."""
        now_s = self._clock()
        said_at_s, unsaid = self._said.get(key, (None, 0))
        if said_at_s is not None and now_s - said_at_s < PERIOD_S:
            self._said[key] = (said_at_s, unsaid + 1)
            return
        if len(self._said) >= KEYS_MAX:
            self._said.clear()
        self._said[key] = (now_s, 0)
        self._logger.warning("%s: %s%s", key, text, f" (and {unsaid} times more)" if unsaid else "")
