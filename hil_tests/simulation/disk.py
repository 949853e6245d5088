"""The simulated disk under the journal's twin: at a power cut it keeps what was synced, and of the rest a torn tail.

One file that only grows. A record has its length and a checksum before it, so that a start finds the last whole one.
"""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

HEAD = struct.Struct("<II")
SECTOR_BYTES = 512


@dataclass(slots=True)
class SimulatedDisk:
    """Bytes that are safe, and bytes that are on their way."""

    _safe: bytearray = field(default_factory=bytearray)
    _on_its_way: bytearray = field(default_factory=bytearray)

    def append(self, record: bytes) -> int:
        """Give it a record; how many bytes that is on the disk."""
        whole = HEAD.pack(len(record), zlib.crc32(record)) + record
        self._on_its_way += whole
        return len(whole)

    def sync(self, count: int) -> None:
        """The oldest of what is on its way is safe now."""
        self._safe += self._on_its_way[:count]
        del self._on_its_way[:count]

    def cut(self, rng: random.Random) -> None:
        """The power goes. Of what was on its way some of the first bytes stay, and their last sector may be garbage."""
        tail = self._on_its_way[: rng.randint(0, len(self._on_its_way))]
        torn = rng.randint(0, min(SECTOR_BYTES, len(tail)))
        if torn:
            tail[-torn:] = rng.randbytes(torn)
        self._safe += tail
        self._on_its_way.clear()
        del self._safe[sum(HEAD.size + len(record) for record in self.records()) :]  # as a start would cut it off

    def drop_from(self, record: bytes) -> None:
        """A page that was safe is garbage now, from the last such record on."""
        at = self._safe.rfind(record)
        if at >= HEAD.size:
            del self._safe[at - HEAD.size :]

    def records(self) -> Iterator[bytes]:
        """What a start reads: up to the first record that is not whole."""
        at = 0
        while at + HEAD.size <= len(self._safe):
            length, checksum = HEAD.unpack_from(self._safe, at)
            record = bytes(self._safe[at + HEAD.size : at + HEAD.size + length])
            if len(record) < length or zlib.crc32(record) != checksum:
                return
            yield record
            at += HEAD.size + length
