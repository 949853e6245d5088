"""A true SunSpec device out of a table: marker, model 1, the models that the table names, and the end of the chain.

Lengths and types are the SunSpec Alliance's (models repository, json/model_1.json, model_701.json, model_704.json).
What the bench does not simulate reads as "not implemented" in its own type.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from controller.config.types import Point, SunSpecWhere
from hil_tests.servers.registers import Cell, Place

BASE = 40000
END = (0xFFFF, 0)
SCALE_EXPONENTS = {701: 1, 704: -2}  # tens of watts; hundredths of a percent
COMMON_LENGTH = 66

# Types in their order behind the header of two registers: a letter, and how often.
# u uint16, e enum16, i int16, l uint32, b bitfield32, j int32, q uint64, f scale factor, s string (per register)
LAYOUTS = {
    701: "e4 b2 i5 u2 l1 q4 i6 i5 u2 q4 i5 u2 q4 i5 u2 q4 u1 b1 f10 s32",
    704: "e2 l2 e2 l2 e1 u2 e1 l2 e2 j2 i2 e1 l2 e3 j2 i2 e1 l2 u1 e1 u1 e1 f6 u1 e1 u1 e1 u1 e1 u1 e1",
}
NOT_IMPLEMENTED = {
    "u": (0xFFFF,),
    "e": (0xFFFF,),
    "i": (0x8000,),
    "l": (0xFFFF, 0xFFFF),
    "b": (0xFFFF, 0xFFFF),
    "j": (0x8000, 0),
    "q": (0xFFFF,) * 4,
    "f": (0x8000,),
    "s": (0,),
}


def is_sunspec(points: Iterable[Point]) -> bool:
    """The table names models instead of addresses."""
    return any(isinstance(point.where, SunSpecWhere) for point in points)


def chain(points: Iterable[Point], name: str) -> tuple[list[Cell], dict[Place, int]]:
    """The table's points as cells, and all registers that never change. Raises KeyError for a model unknown here."""
    placed = [(point, point.where) for point in points if isinstance(point.where, SunSpecWhere)]
    headers, registers = _headers(sorted({where.model for _, where in placed}), name)
    cells = []
    for point, where in placed:
        header = headers[where.model]
        exponent = 0
        if where.scale_offset is not None:
            exponent = SCALE_EXPONENTS[where.model]
            registers[header - BASE + where.scale_offset] = exponent % 0x10000
        cells.append(Cell(point, "holding", header + where.offset, None, 10.0**exponent))
    return cells, {("holding", BASE + at): word for at, word in enumerate(registers)}


def _headers(models: list[int], name: str) -> tuple[dict[int, int], list[int]]:
    """Where each model begins, and the image of the whole chain."""
    registers = [*_text("SunS", 2), 1, COMMON_LENGTH, *_common(name)]
    headers = {}
    for model in models:
        headers[model] = BASE + len(registers)
        body = list(_body(LAYOUTS[model]))
        registers += [model, len(body), *body]
    return headers, [*registers, *END]


def _common(name: str) -> list[int]:
    """Model 1: manufacturer, model, options, version, serial number, device address and a pad."""
    return [
        *_text("Hallig bench", 16),
        *_text("PV inverter", 16),
        *_text("", 8),
        *_text("1", 8),
        *_text(name, 16),
        0xFFFF,
        0x8000,
    ]


def _body(layout: str) -> Iterator[int]:
    for entry in layout.split():
        for _ in range(int(entry[1:])):
            yield from NOT_IMPLEMENTED[entry[0]]


def _text(text: str, count: int) -> list[int]:
    padded = text.encode("ascii")[: 2 * count].ljust(2 * count, b"\0")
    return [int.from_bytes(padded[at : at + 2], "big") for at in range(0, 2 * count, 2)]
