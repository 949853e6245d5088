"""A disk at which the power goes: of what was not synced, each part may be there, or not, or half.

As POSIX has it: a file's bytes are safe once the file was synced, its name once the folder was. Until then every
sector of every write is on the medium or is not, in any order, and so is every change of a name, in order.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

from hil_tests.disk.recording import ACKNOWLEDGED, Operation

SECTOR_BYTES = 512
MODES = ("lost", "kept", "torn", "reordered")
"""Nothing of what was not synced; all; the first ones, the last of them half; any sector of any write."""


@dataclass(slots=True, eq=False)
class _File:
    safe: bytearray = field(default_factory=bytearray)
    pending: list[Operation] = field(default_factory=list)

    def sync(self) -> None:
        for operation in self.pending:
            _apply(self.safe, operation, None)
        self.pending.clear()


@dataclass(slots=True)
class CutDisk:
    """Fed with a recording; asked at any time what would be left."""

    acknowledged: tuple[int, int] = (0, 0)  # last event, and count of the durable memory
    _names: dict[str, _File] = field(default_factory=dict)
    _safe_names: dict[str, _File] = field(default_factory=dict)
    _pending_names: list[tuple[str, _File | None]] = field(default_factory=list)

    def take(self, operation: Operation) -> None:
        """One operation further."""
        if operation.name == ACKNOWLEDGED:
            if operation.op == "W":
                last, kept = operation.data.split()
                self.acknowledged = (int(last), int(kept))
        elif operation.op in {"W", "T"}:
            self._names[operation.name].pending.append(operation)
        elif operation.op == "S":
            self._names[operation.name].sync()
        else:
            self._take_name(operation)

    def _take_name(self, operation: Operation) -> None:
        match operation.op:
            case "C":
                self._name(operation.name, _File())
            case "D":
                self._sync_names()
            case "U":
                self._name(operation.name, None)
            case "R":
                before, after = operation.name.split("\n")
                self._name(after, self._names[before])
                self._name(before, None)

    def left(self, mode: str, rng: random.Random) -> dict[str, bytes]:
        """What the next start finds: names and bytes."""
        names = dict(self._safe_names)
        count = {"lost": 0, "kept": len(self._pending_names)}.get(mode, rng.randint(0, len(self._pending_names)))
        for name, file in self._pending_names[:count]:
            _put(names, name, file)
        return {name: _left_of(file, mode, rng) for name, file in names.items() if not name.endswith("-shm")}

    def _name(self, name: str, file: _File | None) -> None:
        _put(self._names, name, file)
        self._pending_names.append((name, file))

    def _sync_names(self) -> None:
        for name, file in self._pending_names:
            _put(self._safe_names, name, file)
        self._pending_names.clear()


def lay_out(left: dict[str, bytes], folder: Path) -> None:
    """Into an empty folder."""
    for name, content in left.items():
        (folder / name).write_bytes(content)


def _put(names: dict[str, _File], name: str, file: _File | None) -> None:
    if file is None:
        names.pop(name, None)
    else:
        names[name] = file


def _left_of(file: _File, mode: str, rng: random.Random) -> bytes:
    content = bytearray(file.safe)
    pending = [] if mode == "lost" else file.pending
    if mode == "torn":
        count = rng.randint(0, len(pending))
        whole, half = pending[:count], pending[count : count + 1]
    else:
        whole, half = (pending, []) if mode == "kept" else ([], pending)
    for operation in whole:
        _apply(content, operation, None)
    for operation in half:
        _apply(content, operation, rng)
    return bytes(content)


def _apply(content: bytearray, operation: Operation, rng: random.Random | None) -> None:
    """All of it, or each sector of it by chance."""
    if operation.op == "T":
        if rng is None or rng.random() < 0.5:
            _resize(content, operation.offset)
        return
    end = operation.offset + len(operation.data)
    at = operation.offset
    while at < end:
        until = end if rng is None else min(end, (at // SECTOR_BYTES + 1) * SECTOR_BYTES)
        if rng is None or rng.random() < 0.5:
            if len(content) < until:
                _resize(content, until)
            content[at:until] = operation.data[at - operation.offset : until - operation.offset]
        at = until


def _resize(content: bytearray, size: int) -> None:
    if len(content) > size:
        del content[size:]
    else:
        content.extend(bytes(size - len(content)))
