"""The registers and bits of one Modbus device, made of its table and answered from the plant at the instant of asking.

Holes of a few registers between points read as 0, as in most devices; what lies outside is an illegal address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from controller.config.types import ModbusWhere, Point
from controller.drivers.link import Value
from hil_tests.servers.encoding import Raw, raw_in, raw_of, value_of, words_of

HOLE_MAX = 8
ILLEGAL_ADDRESS = 2  # exception codes, Modbus Application Protocol V1.1b3, 7
ILLEGAL_VALUE = 3
BIT_SPACES = frozenset({"coil", "discrete"})

Place = tuple[str, int]  # space and address


class ModbusRefusal(Exception):  # noqa: N818 - an answer, not an error
    """An exception reply, with its code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Cell:
    """One point and where it lies. `factor` comes on top of the table's scale."""

    point: Point
    space: str
    address: int
    bit: int | None = None
    factor: float = 1.0

    @property
    def count(self) -> int:
        """Registers, or bits, that it covers."""
        return 1 if self.space in BIT_SPACES or self.bit is not None else self.point.register_count


def table_cells(points: Iterable[Point]) -> list[Cell]:
    """The cells of a plain table; points that are not on Modbus have none."""
    return [
        Cell(point, point.where.space, point.where.address, point.where.bit)
        for point in points
        if isinstance(point.where, ModbusWhere)
    ]


class Answers(Protocol):
    """A device, as its registers need it."""

    def read_all(self, points: tuple[str, ...]) -> list[Value | None]:
        """What it says now; None where the device would answer its sentinel."""
        ...

    def write(self, point: str, value: Value) -> None:
        """Take an order."""
        ...

    def is_live(self, point: str) -> bool:
        """It is read of the plant, not of the device's own memory."""
        ...

    def standing(self) -> object:
        """The same as long as all that is live is the same; None: nobody knows."""
        ...


class RegisterMap:
    """What a client sees of one unit. `fixed` are registers that never change (SunSpec headers)."""

    def __init__(self, device: Answers, cells: Iterable[Cell], fixed: Mapping[Place, int] | None = None) -> None:
        self._device = device
        self._cells = sorted(cells, key=lambda cell: (cell.space, cell.address))
        self._raw: dict[Place, int] = dict(fixed or {})  # fixed registers, and what was last written
        self._mapped = _mapped({*self._raw, *_places(self._cells)})
        self._blocks: dict[tuple[str, int, int], _Block] = {}  # what was asked for since it was last written

    def read(self, space: str, address: int, count: int) -> list[int]:
        """Registers (or bits as 0 and 1) as they are now. Raises ModbusRefusal."""
        block = self._blocks.get((space, address, count))
        if block is None:
            block = self._blocks[space, address, count] = self._block(space, address, count)
        state = self._device.standing() if block.is_live else None
        if state is None or state != block.state:
            block.refresh(self._device)
            block.state = state
        return block.words

    def _block(self, space: str, address: int, count: int) -> _Block:
        """Cells that lie within; a 32-bit value that is cut in two reads as what was last written, or 0."""
        places = [(space, address + offset) for offset in range(count)]
        if not self._mapped.issuperset(places):
            raise ModbusRefusal(ILLEGAL_ADDRESS)
        cells = [
            cell
            for cell in self._cells
            if (cell.point.readable or cell.point.read_back)
            and cell.space == space
            and address <= cell.address
            and cell.address + cell.count <= address + count
        ]
        is_live = all(self._device.is_live(cell.point.id) for cell in cells)
        return _Block(address, cells, [self._raw.get(place, 0) for place in places], is_live)

    def write(self, space: str, address: int, values: list[int]) -> None:
        """All or nothing: every address must be writable, every word known. Raises ModbusRefusal."""
        places = {(space, address + offset): value for offset, value in enumerate(values)}
        touched = [cell for cell in self._cells if cell.point.writable and not _places([cell]).isdisjoint(places)]
        if not places.keys() <= _places(touched):
            raise ModbusRefusal(ILLEGAL_ADDRESS)
        after = {**self._raw, **places}
        orders = [(cell.point.id, self._value(cell, after)) for cell in touched]
        if any(value is None for _, value in orders):
            raise ModbusRefusal(ILLEGAL_VALUE)
        self._raw = after
        self._look_anew(space, address, len(values))
        for point, value in orders:
            assert value is not None
            self._device.write(point, value)

    def _look_anew(self, space: str, address: int, count: int) -> None:
        """What was written stands in the blocks that hold it, and may have moved what stands in others."""
        self._blocks = {
            key: block
            for key, block in self._blocks.items()
            if key[0] != space or key[1] + key[2] <= address or address + count <= key[1]
        }
        for block in self._blocks.values():
            block.state = None

    @staticmethod
    def _value(cell: Cell, raw: Mapping[Place, int]) -> Value | None:
        words = [raw.get((cell.space, cell.address + offset), 0) for offset in range(cell.count)]
        if cell.bit is not None:
            return value_of(cell.point, words[0] >> cell.bit & 1)
        if cell.space in BIT_SPACES:
            return value_of(cell.point, words[0])
        return value_of(cell.point, raw_in(cell.point, words), cell.factor)


_NEVER = object()


class _Block:
    """What somebody reads at one go. Only what has another value than before is encoded again."""

    __slots__ = ("_address", "_before", "_cells", "_points", "is_live", "state", "words")

    def __init__(self, address: int, cells: list[Cell], words: list[int], is_live: bool) -> None:
        """`is_live`: all of it is read of the plant, nothing is remembered by the device alone."""
        self._points = tuple(cell.point.id for cell in cells)
        self._address, self._cells, self.words, self.is_live = address, cells, words, is_live
        self._before: list[object] = [_NEVER] * len(cells)
        self.state: object = None  # of the device, when it was last looked at

    def refresh(self, device: Answers) -> None:
        """Look at every point."""
        before = self._before
        for number, value in enumerate(device.read_all(self._points)):
            if value != before[number] or type(value) is not type(before[number]):
                before[number], cell = value, self._cells[number]
                self._fill(cell, raw_of(cell.point, value, cell.factor))

    def _fill(self, cell: Cell, raw: Raw) -> None:
        words, at = self.words, cell.address - self._address
        if cell.space in BIT_SPACES:
            words[at] = int(raw != 0)
        elif cell.bit is not None:
            words[at] = words[at] & ~(1 << cell.bit) | (int(raw != 0) << cell.bit)
        else:
            words[at : at + cell.count] = words_of(cell.point, raw)


def _places(cells: Iterable[Cell]) -> set[Place]:
    return {(cell.space, cell.address + offset) for cell in cells for offset in range(cell.count)}


def _mapped(places: set[Place]) -> frozenset[Place]:
    """All addresses that answer: the points and the small holes between them."""
    mapped = set(places)
    ordered = sorted(places)
    for (space, address), (next_space, next_address) in pairwise(ordered):
        if space == next_space and next_address - address - 1 <= HOLE_MAX:
            mapped |= {(space, hole) for hole in range(address, next_address)}
    return frozenset(mapped)
