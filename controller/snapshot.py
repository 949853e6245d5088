"""The live state for others: one file on tmpfs, replaced atomically. Readable even when we hang."""

from __future__ import annotations

import os
from pathlib import Path

import orjson

from controller.descriptors import NONE_LEFT, Descriptors
from controller.model.phases import PhaseValues
from controller.status import Status

NAME = "status.json"


def encode(status: Status) -> bytes:
    """The status as JSON, phase values by the names of their phases."""
    return orjson.dumps(status, default=_by_phase)


def _by_phase(value: object) -> dict[str, float]:
    if isinstance(value, PhaseValues):
        return value._asdict()
    raise TypeError(f"not in the vocabulary of the status: {type(value).__name__}")


class Snapshot:
    """Writes `status.json`. A disk that does not take it costs the page its freshness and nothing else."""

    def __init__(self, run_dir: Path, descriptors: Descriptors | None = None) -> None:
        self._descriptors = descriptors
        self._path = run_dir / NAME
        self._temporary = run_dir / f".{NAME}.new"

    def write(self, status: Status) -> bool:
        """False when it could not be written."""
        told = encode(status)
        try:
            self._replace(told)
        except OSError as error:
            return error.errno in NONE_LEFT and self._replace_with_the_one_kept(told)
        return True

    def _replace(self, told: bytes) -> None:
        self._temporary.write_bytes(told)
        os.replace(self._temporary, self._path)  # noqa: PTH105  (atomic, and the point of this class)

    def _replace_with_the_one_kept(self, told: bytes) -> bool:
        if self._descriptors is None:
            return False
        try:
            with self._descriptors.lent():
                self._replace(told)
        except OSError:
            return False
        return True
