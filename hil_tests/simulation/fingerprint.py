"""The fingerprint of a run: the same seed gives the same run, to the bit."""

from __future__ import annotations

import hashlib
import math
import struct
from dataclasses import dataclass, field

from controller.loop import Loop
from controller.model.decision import Veto
from hil_tests.plant.plant import Plant

CYCLE = struct.Struct("<dddd")


@dataclass(slots=True)
class Fingerprint:
    """Grows with every cycle; with what else a tier has to say, too."""

    _hash: hashlib._Hash = field(default_factory=hashlib.sha256)

    def cycle(self, plant: Plant, loop: Loop, vetoes: tuple[Veto, ...], now_s: float) -> None:
        """What the plant was and what the controller made of it."""
        bus, angle_deg = plant.bus, plant.angle_difference_deg
        numbers = CYCLE.pack(now_s, bus.real, bus.imag, math.nan if angle_deg is None else angle_deg)
        self._hash.update(numbers + f"{loop.memory.mode.value} {plant.poi.position.value} {vetoes or ''}".encode())

    def add(self, data: bytes) -> None:
        """Bytes on a wire."""
        self._hash.update(data)

    def __str__(self) -> str:
        """In hexadecimal digits."""
        return self._hash.hexdigest()
