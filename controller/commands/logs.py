"""The log of the long-running commands: lines for people, or JSON lines for programs."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from collections.abc import Iterator
from typing import IO


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "unix_s": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def start_logging(*, as_json: bool, sink: IO[str] | None = None) -> None:
    """To the error stream, or where else it shall go, from level INFO on."""
    handler = logging.StreamHandler(sink or sys.stderr)
    handler.setFormatter(_JsonLines() if as_json else logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("asyncua").setLevel(logging.ERROR)  # it tells every request at level INFO


@contextlib.contextmanager
def hushed() -> Iterator[None]:
    """Nothing of ours is logged meanwhile: whoever asks says in a line of its own what has become of it."""
    log = logging.getLogger("hallig")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)
