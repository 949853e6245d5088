"""The live state for others: one file on tmpfs, replaced atomically. Readable even when we hang."""

from __future__ import annotations

import os
from pathlib import Path

import orjson

from controller.status import Status

NAME = "status.json"


class Snapshot:
    """Writes `status.json`. A disk that does not take it costs the page its freshness and nothing else."""

    def __init__(self, run_dir: Path) -> None:
        self._path = run_dir / NAME
        self._temporary = run_dir / f".{NAME}.new"

    def write(self, status: Status) -> bool:
        """False when it could not be written."""
        try:
            self._temporary.write_bytes(orjson.dumps(status))
            os.replace(self._temporary, self._path)  # noqa: PTH105  (atomic, and the point of this class)
        except OSError:
            return False
        return True
