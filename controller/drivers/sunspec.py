"""SunSpec devices say themselves where their points are: a marker, then a chain of models, each with its length.

Source: SunSpec Device Information Model Specification 1.1. After discovery the points are read in blocks like those of
any other device. Scale factors are read once per connection: the specification keeps them constant while it runs.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Protocol

from controller.config.types import Device, ModbusWhere, Point, SunSpecWhere
from controller.drivers.blocks import Located
from controller.drivers.errors import ILLEGAL_ADDRESS, RefusedError, WrongDeviceError
from controller.drivers.transport import Question

BASES = (40000, 50000, 0)  # specification 1.1, section 6.2
MARKER = b"SunS"
CHAIN_END = 0xFFFF
MODELS_MAX = 64  # a chain that is longer than this runs in a circle

ADDRESS_MAX = 0xFFFF
ASKED_MAX = 10  # with a bit flipped in every fifth answer, one register in five hundred is not found out

# a truth is an enum16 there
NOT_IMPLEMENTED = {"int16": 0x8000, "uint16": 0xFFFF, "int32": 0x8000_0000, "uint32": 0xFFFF_FFFF, "bool": 0xFFFF}
SCALE_NOT_IMPLEMENTED = -0x8000
SCALE_MAX = 10  # specification: -10 to 10


class Wire(Protocol):
    """What discovery needs of a transport."""

    async def read(self, device: Device, question: Question) -> bytes:
        """The data bytes of an answer."""
        ...


async def discover(wire: Wire, device: Device) -> tuple[Located, ...]:
    """Where the points of a SunSpec device lie, with their scale factors.

    The table's own scale comes on top: a limit in percent of a 30 kW inverter, in watts here, has scale 300.

    Raises:
        WrongDeviceError: no marker, a broken chain, a model that the table needs is missing, or no two answers agree.
    """
    wire = _Asking(wire)
    wanted = {each.where.model for each in device.table.points.values() if isinstance(each.where, SunSpecWhere)}
    models = await _chain(wire, device, await _base(wire, device), wanted)
    scales: dict[int, float] = {}
    return tuple([await _locate(wire, device, point, models, scales) for point in device.table.points.values()])


@dataclass(frozen=True, slots=True)
class _Asking:
    """Asks until two answers in a row agree: what is found holds as long as the connection, and on Modbus TCP no
    checksum of Modbus sees a flipped bit. A scale factor with one wrote ten times the limit that was meant.
    """

    wire: Wire

    async def read(self, device: Device, question: Question) -> bytes:
        """The data bytes of two answers."""
        before = await self.wire.read(device, question)
        for _ in range(ASKED_MAX - 1):
            answer = await self.wire.read(device, question)
            if answer == before:
                return answer
            before = answer
        raise WrongDeviceError(
            f"SunSpec register {question.address} says something else in each of {ASKED_MAX} answers"
        )


async def _base(wire: Wire, device: Device) -> int:
    for base in BASES:
        try:
            if await wire.read(device, Question("holding", base, 2)) == MARKER:
                return base + 2
        except RefusedError as refusal:
            if refusal.code != ILLEGAL_ADDRESS:
                raise
    raise WrongDeviceError("no SunSpec marker at 40000, 50000 or 0")


@dataclass(frozen=True, slots=True)
class _Model:
    header: int
    end: int  # the first register behind it


async def _chain(wire: Wire, device: Device, address: int, wanted: AbstractSet[int]) -> dict[int, _Model]:
    """The models by number, the first of several equal ones; walked no further than the last that is wanted.

    Behind it may lie a vendor's mistakes: no end marker, or a length that leads nowhere.
    """
    models: dict[int, _Model] = {}
    for _ in range(MODELS_MAX):
        if wanted <= models.keys():
            return models
        model, length = await _header(wire, device, address)
        if model == CHAIN_END:
            return models
        end = address + 2 + length
        models.setdefault(model, _Model(address, end))
        address = end
    raise WrongDeviceError(f"SunSpec chain of more than {MODELS_MAX} models")


async def _header(wire: Wire, device: Device, address: int) -> tuple[int, int]:
    """Model and length; the end of the chain where there is nothing to be read."""
    if address >= ADDRESS_MAX:
        return CHAIN_END, 0
    try:
        model, length = struct.unpack(">HH", await wire.read(device, Question("holding", address, 2)))
    except RefusedError as refusal:
        if refusal.code != ILLEGAL_ADDRESS:
            raise
        return CHAIN_END, 0
    return model, length


async def _locate(
    wire: Wire, device: Device, point: Point, models: Mapping[int, _Model], scales: dict[int, float]
) -> Located:
    where = point.where
    assert isinstance(where, SunSpecWhere), f"{point.id}: a table is either SunSpec or not"
    model = models.get(where.model)
    if model is None:
        raise WrongDeviceError(f"SunSpec model {where.model} for {point.id} is missing")
    last = max(where.offset + point.register_count, 1 + (where.scale_offset or 0))
    if model.header + last > min(model.end, ADDRESS_MAX + 1):
        raise WrongDeviceError(f"SunSpec model {where.model} ends before {point.id}: it is another version")
    scale = 1.0
    if where.scale_offset is not None:
        scale = await _scale(wire, device, model.header + where.scale_offset, scales)
    return Located(_with_sentinel(point), ModbusWhere("holding", model.header + where.offset), scale)


async def _scale(wire: Wire, device: Device, address: int, scales: dict[int, float]) -> float:
    if address not in scales:
        (exponent,) = struct.unpack(">h", await wire.read(device, Question("holding", address, 1)))
        if exponent == SCALE_NOT_IMPLEMENTED:
            exponent = 0
        if abs(exponent) > SCALE_MAX:
            raise WrongDeviceError(f"SunSpec scale factor 10^{exponent} at {address}")
        scales[address] = 10.0**exponent
    return scales[address]


def _with_sentinel(point: Point) -> Point:
    if point.sentinel is not None:
        return point
    return replace(point, sentinel=NOT_IMPLEMENTED.get(point.type))
