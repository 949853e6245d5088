"""Points -> blocks: what to read in one transaction, planned once.

Points merge across holes that cost less to read than another question does: how wide those are is arithmetic on a
serial line (`worth_reading` in `bus_budget.py`), and measured on TCP (`python -m hil_tests.benchmarks polling`). Each
block is one precompiled `struct.Struct` with pads for the holes, so a whole block decodes in one call. Pure.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from controller.config.types import ModbusWhere, Point, PollGroup
from controller.drivers.codec import Decode, Raw, decoder, number_type
from controller.drivers.errors import UnusableTableError
from controller.drivers.link import Said

REGISTERS_MAX = 125  # Modbus Application Protocol V1.1b3, 6.3
BITS_MAX = 2000  # the same, 6.1

BIT_SPACES = ("coil", "discrete")
WORD_SPACES = ("holding", "input")


@dataclass(frozen=True, slots=True)
class Located:
    """A point and where it lies; `scale` multiplies the table's own (SunSpec scale factors, ratings)."""

    point: Point
    where: ModbusWhere
    scale: float = 1.0

    @property
    def is_bit(self) -> bool:
        """Lies among coils or discrete inputs."""
        return self.where.space in BIT_SPACES

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.where.address + (1 if self.is_bit else number_type(self.point).register_count)


@dataclass(frozen=True, slots=True)
class Entry:
    """One point within a block."""

    point: str
    item: int  # which of the unpacked numbers
    decode: Decode
    refresh_s: float


@dataclass(frozen=True)
class Block:
    """One read: `count` registers or bits from `address` of a space, and what is in them."""

    space: str
    address: int
    count: int
    group: PollGroup
    unpack: Callable[[bytes], Sequence[Raw]]
    entries: tuple[Entry, ...]
    pieces: tuple[Block, ...] = ()  # without the holes, for a device that refuses to read them

    @cached_property
    def points(self) -> tuple[str, ...]:
        """The ids of the entries."""
        return tuple(entry.point for entry in self.entries)

    @cached_property
    def names(self) -> frozenset[str]:
        """The same, to be compared with others."""
        return frozenset(self.points)

    @cached_property
    def refresh_s(self) -> Mapping[str, float]:
        """Of the points whose values may be older than the question: by how much."""
        return {entry.point: entry.refresh_s for entry in self.entries if entry.refresh_s}

    @cached_property
    def _decoders(self) -> tuple[tuple[Decode, int], ...]:
        return tuple((entry.decode, entry.item) for entry in self.entries)

    def decode(self, payload: bytes) -> list[Said]:
        """The values of the entries in an answer of exactly as many bytes as the question asks for."""
        raws = self.unpack(payload)
        return [decode(raws[item]) for decode, item in self._decoders]


def plan(points: Iterable[Located], hole_max: int) -> tuple[Block, ...]:
    """The fewest blocks for these points, per poll group, holes of at most `hole_max` registers (or bits)."""
    ordered = sorted(points, key=_place)
    return tuple(_with_pieces(run) for run in _runs(ordered, hole_max))


def single(located: Located) -> Block:
    """The block of one point alone, to read a write back."""
    return _compiled([located])


def _place(located: Located) -> tuple[str, str, int, int]:
    return located.point.group.value, located.where.space, located.where.address, located.end


def _runs(ordered: Sequence[Located], hole_max: int) -> Iterator[list[Located]]:
    run: list[Located] = []
    for located in ordered:
        if run and not _joins(run, located, hole_max):
            yield run
            run = []
        run.append(located)
    if run:
        yield run


def _joins(run: Sequence[Located], located: Located, hole_max: int) -> bool:
    first, last = run[0], run[-1]
    if first.point.group is not located.point.group or first.where.space != located.where.space:
        return False
    if located.where.address == last.where.address:
        return _letter(located) == _letter(last)  # several points in one register: bits, a value and its enum
    limit = BITS_MAX if located.is_bit else REGISTERS_MAX
    gap = located.where.address - last.end
    return 0 <= gap <= hole_max and located.end - first.where.address <= limit


def _letter(located: Located) -> str:
    if located.is_bit:
        return "?"
    if located.where.bit is not None:
        return "H"
    kind = number_type(located.point)
    return "I" if located.point.type.endswith("_le") else kind.letter


def _with_pieces(run: list[Located]) -> Block:
    pieces = list(_runs(run, 0))
    whole = _compiled(run)
    if len(pieces) == 1:
        return whole
    return Block(
        space=whole.space,
        address=whole.address,
        count=whole.count,
        group=whole.group,
        unpack=whole.unpack,
        entries=whole.entries,
        pieces=tuple(_compiled(piece) for piece in pieces),
    )


def _compiled(run: Sequence[Located]) -> Block:
    first, last = run[0], run[-1]
    addresses = sorted({located.where.address for located in run})
    items = {address: item for item, address in enumerate(addresses)}
    return Block(
        space=_known_space(first),
        address=first.where.address,
        count=last.end - first.where.address,
        group=first.point.group,
        unpack=_bits_at(addresses) if first.is_bit else struct.Struct(_layout(run)).unpack,
        entries=tuple(
            Entry(located.point.id, items[located.where.address], _decoder(located), located.point.refresh_s)
            for located in run
        ),
    )


def _known_space(located: Located) -> str:
    if located.where.space not in BIT_SPACES + WORD_SPACES:
        raise UnusableTableError(f"{located.point.id}: space {located.where.space!r} is none of Modbus")
    return located.where.space


def _layout(run: Sequence[Located]) -> str:
    layout, at = ">", run[0].where.address
    for located in run:
        if located.where.address >= at:
            layout += f"{2 * (located.where.address - at)}x{_letter(located)}"
            at = located.end
    return layout


def _bits_at(addresses: Sequence[int]) -> Callable[[bytes], Sequence[Raw]]:
    offsets = [address - addresses[0] for address in addresses]

    def unpack(payload: bytes) -> Sequence[Raw]:
        packed = int.from_bytes(payload, "little")  # first coil in the lowest bit of the first byte
        return [packed >> offset & 1 for offset in offsets]

    return unpack


def _decoder(located: Located) -> Decode:
    inner = decoder(located.point, located.scale)
    if located.is_bit:
        return inner
    if located.where.bit is not None:
        return partial(_decode_bit, inner, located.where.bit)
    if located.point.type.endswith("_le"):
        return partial(_decode_low_word_first, inner, struct.Struct(">" + number_type(located.point).letter))
    return inner


def _decode_bit(inner: Decode, bit: int, raw: Raw) -> Said:
    return inner(int(raw) >> bit & 1)


def _decode_low_word_first(inner: Decode, layout: struct.Struct, raw: Raw) -> Said:
    low_first = int(raw)
    packed = ((low_first & 0xFFFF) << 16 | low_first >> 16).to_bytes(4, "big")
    value: Raw = layout.unpack(packed)[0]
    return inner(value)
