"""Values -> raw numbers and registers, and back: written from the device tables alone, apart from the drivers' codec.

Two codecs that never saw each other must agree; a mistake in one shows up as a wrong value on the bench.
"""

from __future__ import annotations

import struct
from functools import cache

from controller.config.types import Point
from controller.drivers.link import Value

Raw = int | float

BITS = {"bool": 16, "uint16": 16, "int16": 16, "uint32": 32, "int32": 32, "float32": 32}
WORDS = {"true": True, "false": False}  # an enum may turn a contact around


def raw_of(point: Point, value: Value | None, factor: float = 1.0) -> Raw:
    """What the device holds for a value; it saturates where its number type ends. None: its sentinel, or 0.

    `factor` comes on top of the table's scale (SunSpec scale factors).
    """
    if value is None:
        return point.sentinel or 0
    if point.enum is not None:
        word = str(value).lower()
        return next(raw for raw, name in point.enum.items() if name == word)
    if isinstance(value, bool):
        return int(value)
    number = float(value) / (point.scale * factor)
    return number if _is_float(point) else _saturated(round(number), point)


def value_of(point: Point, raw: Raw, factor: float = 1.0) -> Value | None:
    """The order in a raw number; None when the table has no such word."""
    if point.enum is not None:
        name = point.enum.get(int(raw))
        return None if name is None else WORDS.get(name, name)
    if point.type == "bool":
        return raw != 0
    return raw * point.scale * factor


def words_of(point: Point, raw: Raw) -> list[int]:
    """The registers of a raw number, in the order of their addresses."""
    if _is_float(point):
        number = int.from_bytes(struct.pack(">f", raw), "big")
    else:
        number = int(raw) % (1 << BITS[_plain(point)])  # two's complement
    if BITS[_plain(point)] == 16:
        return [number]
    words = [number >> 16, number & 0xFFFF]
    return words[::-1] if point.type.endswith("_le") else words


def raw_in(point: Point, words: list[int]) -> Raw:
    """The raw number in registers."""
    ordered = words[::-1] if point.type.endswith("_le") else words
    number = 0
    for word in ordered:
        number = number << 16 | word
    if _is_float(point):
        return float(struct.unpack(">f", number.to_bytes(4, "big"))[0])
    bits = BITS[_plain(point)]
    is_negative = _plain(point).startswith("int") and number >> (bits - 1)
    return number - (1 << bits) if is_negative else number


def _saturated(number: int, point: Point) -> int:
    low, high = _range(point.type)
    return low if number < low else min(number, high)


@cache
def _range(name: str) -> tuple[int, int]:
    plain = _without_order(name)
    bits = BITS[plain]
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if plain.startswith("int") else (0, (1 << bits) - 1)


def _plain(point: Point) -> str:
    return _without_order(point.type)


@cache
def _without_order(name: str) -> str:
    return name.removesuffix("_le")


def _is_float(point: Point) -> bool:
    return _without_order(point.type) == "float32"
