"""One value: raw numbers of a device <-> our units, our signs, our words. Pure; prepared once per point.

What means "not available" is `None`: sentinels, NaN and infinity, and the raw number that devices use for it whether
their table says so or not. What is said and cannot be is `IMPOSSIBLE`: numbers without a name in the enum, truths other
than 0 and 1, values outside the point's minimum and maximum. What does not fit into the device's number is
refused, never wrapped.
"""

from __future__ import annotations

import math
import struct
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from controller.config.types import Point
from controller.drivers.errors import UnfitValueError, UnusableTableError
from controller.drivers.link import IMPOSSIBLE, Said, Value

Raw = int | float
FLOAT_MAX = sys.float_info.max
Decode = Callable[[Raw], Said]

NOT_AVAILABLE: Mapping[str, int] = {  # SunSpec 1.1, and the habit of many others
    "uint16": 0xFFFF,
    "int16": -0x8000,
    "uint32": 0xFFFF_FFFF,
    "int32": -0x8000_0000,
    "bool": 0xFFFF,
}

TRUTHS: Mapping[str, bool] = {"true": True, "false": False}  # an enum may invert a contact: {0 = "true", 1 = "false"}


@dataclass(frozen=True, slots=True)
class NumberType:
    """A register type: its `struct` letter, its registers and what it can hold."""

    letter: str
    register_count: int
    minimum: float
    maximum: float
    is_float: bool = False


NUMBER_TYPES: Mapping[str, NumberType] = {
    "bool": NumberType("H", 1, 0, 1),
    "uint16": NumberType("H", 1, 0, 0xFFFF),
    "int16": NumberType("h", 1, -0x8000, 0x7FFF),
    "uint32": NumberType("I", 2, 0, 0xFFFF_FFFF),
    "int32": NumberType("i", 2, -0x8000_0000, 0x7FFF_FFFF),
    "float32": NumberType("f", 2, -3.4028235e38, 3.4028235e38, is_float=True),
}


def number_type(point: Point) -> NumberType:
    """The register type of a point, word order aside.

    Raises:
        UnusableTableError: the type has no length on Modbus (`string`) or is none of ours.
    """
    found = NUMBER_TYPES.get(point.type.removesuffix("_le"))
    if found is None:
        raise UnusableTableError(f"{point.id}: type {point.type!r} cannot be read from registers")
    return found


def decoder(point: Point, scale: float = 1.0) -> Decode:
    """A function from the raw number to our value; `scale` multiplies the table's own (scale factors, ratings)."""
    missing = _missing_raw(point)
    if point.enum is not None:
        return _Words(point, {raw: TRUTHS.get(name, name) for raw, name in point.enum.items()}).__getitem__
    if point.type == "bool":
        # a device that means something else by true says so with an enum: one bit that flips must not make a truth
        return _Words(point, {0: False, 1: True}).__getitem__
    return _scaled(point, point.scale * scale, missing)


class _Words(dict[Raw, Said]):
    """The raw numbers that mean something."""

    def __init__(self, point: Point, words: Mapping[int, Value]) -> None:
        missing = _missing_raw(point)
        super().__init__({raw: word for raw, word in words.items() if raw != missing})
        self._point, self._missing = point, missing

    def __missing__(self, raw: Raw) -> Said:
        return _nothing(self._point, raw, self._missing)


def _nothing(point: Point, raw: Raw, missing: Raw | None) -> Said:
    """Why a raw number is no value: the device has none, or it says what cannot be."""
    is_absent = raw in {missing, NOT_AVAILABLE.get(point.type.removesuffix("_le"))} or not math.isfinite(raw)
    return None if is_absent else IMPOSSIBLE


def _scaled(point: Point, scale: float, missing: Raw | None) -> Decode:
    low = -FLOAT_MAX if point.minimum is None else point.minimum
    high = FLOAT_MAX if point.maximum is None else point.maximum

    def number(raw: Raw) -> Said:
        # NaN and infinity fail the comparison: they are "not a measurement"
        return value if raw != missing and low <= (value := raw * scale) <= high else _nothing(point, raw, missing)

    return number


def _missing_raw(point: Point) -> Raw | None:
    """The sentinel as the point's own type shows it: tables write 0x8000 where an int16 reads -32768."""
    if point.sentinel is None:
        return None
    name = point.type.removesuffix("_le")
    bits = {"int16": 16, "int32": 32}.get(name)
    if bits is not None and point.sentinel >= 1 << (bits - 1):
        return point.sentinel - (1 << bits)
    return point.sentinel


def raw_number(point: Point, value: Value, scale: float = 1.0) -> Raw:
    """What to send for a value: an integer for enums, truths and integer types, a float for float types.

    Raises:
        UnfitValueError: the value has no raw number within the point's limits and type.
    """
    if point.enum is not None:
        return _raw_name(point, point.enum, value)
    if isinstance(value, str):
        raise UnfitValueError(f"{point.id}: {value!r} is a word, and the point has no enum")
    if point.type == "bool":
        return _raw_truth(point, value)
    return _raw_scaled(point, value, point.scale * scale)


def _raw_name(point: Point, names: Mapping[int, str], value: Value) -> int:
    for raw, name in names.items():
        if TRUTHS.get(name, name) == value:
            return raw
    raise UnfitValueError(f"{point.id}: {value!r} is none of {', '.join(names.values())}")


def _raw_truth(point: Point, value: float | bool) -> int:
    if value not in (0, 1):
        raise UnfitValueError(f"{point.id}: {value!r} is neither true nor false")
    return int(value)


def _raw_scaled(point: Point, value: float, scale: float) -> Raw:
    low = -math.inf if point.minimum is None else point.minimum
    high = math.inf if point.maximum is None else point.maximum
    if not low <= value <= high or not math.isfinite(value):
        raise UnfitValueError(f"{point.id}: {value!r} is outside {low} to {high}")
    kind = NUMBER_TYPES.get(point.type.removesuffix("_le"))
    raw: Raw = value / scale
    if kind is None:
        return raw  # an OPC UA type that the server names
    if not kind.is_float and math.isfinite(raw):
        raw = round(raw)
    if not kind.minimum <= raw <= kind.maximum or raw == _missing_raw(point):
        raise UnfitValueError(f"{point.id}: {value!r} is {raw} in the device, which {point.type} cannot hold")
    return raw


def registers(point: Point, value: Value, scale: float = 1.0) -> tuple[int, ...]:
    """The registers to write for a value, in the order of their addresses.

    Raises:
        UnfitValueError: the value does not fit; nothing must be written.
    """
    kind = number_type(point)
    raw = raw_number(point, value, scale)
    try:
        packed = struct.pack(">" + kind.letter, raw)
    except (struct.error, OverflowError) as error:
        raise UnfitValueError(f"{point.id}: {value!r} is {raw} in the device: {error}") from None
    words: tuple[int, ...] = struct.unpack(f">{kind.register_count}H", packed)
    return words[::-1] if point.type.endswith("_le") else words
