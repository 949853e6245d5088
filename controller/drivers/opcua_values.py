"""OPC UA nodes and their values <-> points in our units. A value with a bad status is no value."""

from __future__ import annotations

import math
from dataclasses import dataclass

from asyncua import ua
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError

from controller.config.types import NodeWhere, Point
from controller.drivers.board import Board
from controller.drivers.codec import Decode, decoder, raw_number
from controller.drivers.errors import UnfitValueError, UnusableTableError
from controller.drivers.link import IMPOSSIBLE, Said, Value

FLOATS = (ua.VariantType.Float, ua.VariantType.Double)
SIGNED_BITS = {
    ua.VariantType.SByte: 8,
    ua.VariantType.Int16: 16,
    ua.VariantType.Int32: 32,
    ua.VariantType.Int64: 64,
}
UNSIGNED_BITS = {
    ua.VariantType.Byte: 8,
    ua.VariantType.UInt16: 16,
    ua.VariantType.UInt32: 32,
    ua.VariantType.UInt64: 64,
}
NOT_BEGUN = frozenset(  # of the results of Write (OPC 10000-4, 5.11.4.4); with all others it may have been done
    {
        StatusCodes.BadAttributeIdInvalid,
        StatusCodes.BadDataEncodingUnsupported,
        StatusCodes.BadIndexRangeInvalid,
        StatusCodes.BadIndexRangeNoData,
        StatusCodes.BadNodeIdInvalid,
        StatusCodes.BadNodeIdUnknown,
        StatusCodes.BadNotWritable,
        StatusCodes.BadOutOfRange,
        StatusCodes.BadTypeMismatch,
        StatusCodes.BadUserAccessDenied,
        StatusCodes.BadWriteNotSupported,
    }
)
SAME_RATIO = 1e-6  # a Float keeps seven digits of our numbers


@dataclass(frozen=True, slots=True)
class Item:
    """One point on the server."""

    board: Board
    point: Point
    node: ua.NodeId
    decode: Decode


def items_of(board: Board) -> tuple[Item, ...]:
    """All points of one device.

    Raises:
        UnusableTableError: a point without a node, or with one that is none.
    """
    return tuple(_item(board, point) for point in board.device.table.points.values())


def _item(board: Board, point: Point) -> Item:
    if not isinstance(point.where, NodeWhere):
        raise UnusableTableError(f"{point.id}: no OPC UA node")
    try:
        node = ua.NodeId.from_string(point.where.node)
    except (UaError, ValueError) as error:
        raise UnusableTableError(f"{point.id}: {point.where.node!r} is no node id: {error}") from None
    return Item(board, point, node, decoder(point))


def value_of(item: Item, answer: ua.DataValue) -> Said:
    """Our value of a node; None when its status is not good, impossible when it is of another kind."""
    status = answer.StatusCode
    if (status is not None and not status.is_good()) or answer.Value is None:
        return None
    raw = answer.Value.Value
    if isinstance(raw, str):
        return raw if item.point.type == "string" else IMPOSSIBLE
    if isinstance(raw, (bool, int, float)) and item.point.type != "string":
        return item.decode(raw)
    return None if raw is None else IMPOSSIBLE


def is_same(wanted: Value, found: Said) -> bool:
    """The device holds what was wanted, as far as its number type can."""
    if isinstance(wanted, float) and isinstance(found, (int, float)):
        return math.isclose(wanted, found, rel_tol=SAME_RATIO, abs_tol=SAME_RATIO)
    return wanted == found


def variant_type(answer: ua.DataValue) -> ua.VariantType | None:
    """The built-in type of a node, from its DataType attribute; None when it has none that we can write."""
    node = None if answer.Value is None else answer.Value.Value
    if not isinstance(node, ua.NodeId) or node.NamespaceIndex != 0 or not isinstance(node.Identifier, int):
        return None
    try:
        return ua.VariantType(node.Identifier)
    except ValueError:
        return None


def data_value(item: Item, value: Value, kind: ua.VariantType | None) -> ua.DataValue:
    """What to write for a value, in the server's own type.

    Raises:
        UnfitValueError: the server's type cannot hold it.
    """
    if kind is None:
        raise UnfitValueError(f"{item.point.id}: the server does not say of what type it is")
    return ua.DataValue(ua.Variant(_python_value(item.point, value, kind), kind))


def _python_value(point: Point, value: Value, kind: ua.VariantType) -> Value:
    if kind is ua.VariantType.String and isinstance(value, str):
        return value
    raw = raw_number(point, value)
    if kind in FLOATS:
        return float(raw)
    if kind is ua.VariantType.Boolean and raw in (0, 1):
        return bool(raw)
    if not _holds(kind, round(raw)):
        raise UnfitValueError(f"{point.id}: {value!r} is {raw} on the server, which {kind.name} cannot hold")
    return round(raw)


def _holds(kind: ua.VariantType, raw: int) -> bool:
    if kind in SIGNED_BITS:
        limit: int = 1 << (SIGNED_BITS[kind] - 1)
        return -limit <= raw < limit
    return kind in UNSIGNED_BITS and 0 <= raw < 1 << UNSIGNED_BITS[kind]
