"""What goes wrong on a link without a wire, frame by frame, and how a lie of the device would look to a driver."""

from __future__ import annotations

import math
import random
import struct
from dataclasses import dataclass

from controller.config.types import Point, Protocol, SunSpecWhere
from controller.drivers.codec import decoder
from controller.drivers.link import Said
from hil_tests.servers.encoding import raw_of
from hil_tests.servers.points import PlantDevice

FLOAT = struct.Struct(">f")


@dataclass(slots=True)
class Trouble:
    """One fault of one link. Each has a random stream of its own."""

    rng: random.Random
    steady_s: float = 0.0
    jitter_s: float = 0.0
    drop_ratio: float = 0.0
    refused: str = ""  # "all", "reads", "writes"

    def delay_s(self) -> float:
        """How much longer this frame takes; inf when it is lost."""
        if self.drop_ratio > 0.0 and self.rng.random() < self.drop_ratio:
            return math.inf
        return self.steady_s + (self.rng.uniform(0.0, self.jitter_s) if self.jitter_s else 0.0)

    def refuses(self, *, is_write: bool) -> bool:
        """The device answers with an exception."""
        return self.refused in {"all", "writes" if is_write else "reads"}


def as_decoded(point: Point, device: PlantDevice) -> Said:
    """What a driver makes of what the device says: through the register's own number, and with its limits."""
    value = device.read(point.id)
    if point.id not in device.lies or (isinstance(value, str) and point.enum is None):
        return value
    has_a_way_to_say_so = device.device.table.protocol is Protocol.OPCUA or isinstance(point.where, SunSpecWhere)
    if value is None and has_a_way_to_say_so:
        return None  # a bad status; "not implemented"
    raw = raw_of(point, value)
    if isinstance(raw, float) and point.type.startswith("float32"):
        raw = FLOAT.unpack(FLOAT.pack(raw))[0]
    return decoder(point)(raw)
