"""A device's registers, encoded from its table by hand: a second opinion on the drivers' codec, not a use of it."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from controller.config.types import ModbusWhere, Point
from controller.drivers.link import Value
from hil_tests.servers.points import PlantDevice

ILLEGAL_FUNCTION = 1
ILLEGAL_ADDRESS = 2
ILLEGAL_VALUE = 3
SPACES = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
COUNT_MAX = 125


class ModbusRefusal(Exception):  # noqa: N818  (an answer, not an error)
    """An exception reply, with its code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code


@dataclass(slots=True)
class RegisterMap:
    """All registers of one device, by space."""

    device: PlantDevice
    _points: dict[tuple[str, int], list[tuple[Point, int]]] = field(default_factory=dict)
    _ends: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for point in self.device.device.table.points.values():
            if isinstance(point.where, ModbusWhere):
                for word in range(point.register_count):
                    key = (point.where.space, point.where.address + word)
                    self._points.setdefault(key, []).append((point, word))
                    self._ends[point.where.space] = max(self._ends.get(point.where.space, 0), key[1] + 1)

    def read(self, space: str, address: int, count: int) -> list[int]:
        """Words or bits; holes read 0, beyond the end is refused."""
        if not 1 <= count <= (2000 if space in {"coil", "discrete"} else COUNT_MAX):
            raise ModbusRefusal(ILLEGAL_VALUE)
        if address + count > self._ends.get(space, 0):
            raise ModbusRefusal(ILLEGAL_ADDRESS)
        return [self._word(space, address + offset) for offset in range(count)]

    def write(self, space: str, address: int, words: list[int]) -> None:
        """Orders to the plant; a register that nobody may write is refused before anything is written."""
        points = []
        for offset in range(len(words)):
            found = [p for p, w in self._points.get((space, address + offset), ()) if p.writable and w == 0]
            if not found and not self._is_tail(space, address + offset):
                raise ModbusRefusal(ILLEGAL_ADDRESS)
            points += [(point, offset) for point in found]
        for point, offset in points:
            raw = words[offset : offset + point.register_count]
            self.device.write(point.id, decode(point, raw))

    def _is_tail(self, space: str, address: int) -> bool:
        return any(word > 0 and point.writable for point, word in self._points.get((space, address), ()))

    def _word(self, space: str, address: int) -> int:
        total = 0
        for point, word in self._points.get((space, address), ()):
            where = point.where
            value = self.device.read(point.id)
            if isinstance(where, ModbusWhere) and where.bit is not None:
                total |= int(bool(value)) << where.bit
            else:
                total = encode(point, value)[word]
        return total


def encode(point: Point, value: Value | None) -> list[int]:
    """A value of ours as the device's registers; unknown becomes the sentinel, or 0 without one."""
    if value is None:
        return _words(point, point.sentinel if point.sentinel is not None else 0)
    if point.enum is not None:
        return _words(point, next(raw for raw, word in point.enum.items() if word == value))
    if point.type == "bool":
        return [int(bool(value))]
    if point.type.startswith("float32"):
        high, low = struct.unpack(">2H", struct.pack(">f", float(value) / point.scale))
        return [low, high] if point.type.endswith("_le") else [high, low]
    return _words(point, round(float(value) / point.scale))


def decode(point: Point, words: list[int]) -> Value:
    """The device's registers as a value of ours."""
    if point.type == "bool":
        return bool(words[0])
    raw = _raw(point, words)
    return point.enum[int(raw)] if point.enum is not None else raw * point.scale


def _raw(point: Point, words: list[int]) -> float:
    ordered = words[::-1] if point.type.endswith("_le") else words
    data = struct.pack(f">{len(ordered)}H", *ordered)
    code = {"int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "float32": ">f"}
    return float(struct.unpack(code[point.type.removesuffix("_le")], data)[0])


def _words(point: Point, raw: int) -> list[int]:
    """Clamped to the register's range, as a real device clamps."""
    bits = 32 if "32" in point.type else 16
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if point.type.startswith("int") else (0, (1 << bits) - 1)
    clamped = max(low, min(high, raw)) & ((1 << bits) - 1)
    if bits == 16:
        return [clamped]
    words = [clamped >> 16, clamped & 0xFFFF]
    return words[::-1] if point.type.endswith("_le") else words
