"""Device tables: a file -> frozen points, or located problems."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from controller.config.errors import ConfigError, Problem
from controller.config.table_checks import check_table
from controller.config.table_schema import DeviceHead, DeviceTableFile, PointEntry, RoleEntry
from controller.config.toml_file import TomlFile, read_toml
from controller.config.types import (
    DeviceTable,
    Evidence,
    ModbusWhere,
    NodeWhere,
    OnLoss,
    Point,
    PollGroup,
    Protocol,
    SunSpecWhere,
)
from controller.config.validate import validate
from controller.model.hub import ShortTimePoint


def load_table(path: Path, name: str) -> tuple[DeviceTable | None, list[Problem]]:
    """One device table. None when anything is wrong with it."""
    try:
        file = read_toml(path)
    except ConfigError as error:
        return None, list(error.problems)
    table, problems = validate(file, DeviceTableFile)
    if table is not None:
        problems += check_table(file, table, frozenset(problem.key for problem in problems))
    if problems or table is None or table.device is None:
        return None, problems
    return _device_table(file, name, table.device, {point.id: point for point in _points(table)}), []


def _device_table(file: TomlFile, name: str, head: DeviceHead, points: dict[str, Point]) -> DeviceTable:
    return DeviceTable(
        name=name,
        path=file.path,
        brand=head.brand,
        model=head.model,
        protocol=Protocol(head.protocol),
        evidence=Evidence(head.evidence),
        source=head.source,
        caveats=tuple(head.caveats),
        on_loss=OnLoss(head.on_loss),
        on_loss_island=OnLoss(head.on_loss_island),
        reversion_s=head.reversion_s,
        heartbeat=head.heartbeat,
        points=points,
        min_gap_s=head.min_gap_s,
        connect_delay_s=head.connect_delay_s,
        is_single_client=head.single_client,
        short_time=tuple(ShortTimePoint(each.load_ratio, each.hold_s) for each in head.short_time),
    )


def _points(table: DeviceTableFile) -> Iterator[Point]:
    for role, entry in table.roles.items():
        for channel in range(1, entry.channels + 1) if entry.channels else (None,):
            for name, point in entry.points.items():
                yield _point(role, name, entry, point, channel)


def _point(role: str, name: str, entry: RoleEntry, point: PointEntry, channel: int | None) -> Point:
    return Point(
        id=f"{role}.{name}" if channel is None else f"{role}.{channel}.{name}",
        where=_where(entry, point, channel),
        type=point.type,
        readable="r" in point.access,
        writable="w" in point.access,
        group=PollGroup(point.group),
        scale=point.scale,
        enum=None if point.enum is None else {raw: word for word, raw in point.enum.items()},
        sentinel=point.sentinel,
        minimum=point.minimum,
        maximum=point.maximum,
        resolution=_resolution(point),
        read_back=point.read_back,
        refresh_s=point.refresh_s,
    )


def _resolution(point: PointEntry) -> float | None:
    """The worst of what the table says; a whole number is no finer than its scale, whatever the table says."""
    step = None if point.type.startswith("float") else abs(point.scale)
    return max((each for each in (point.resolution, point.accuracy, step) if each is not None), default=None)


def _where(entry: RoleEntry, point: PointEntry, channel: int | None) -> ModbusWhere | SunSpecWhere | NodeWhere:
    if point.node is not None:
        return NodeWhere(point.node if channel is None else point.node.replace("{n}", str(channel)))
    shift = 0 if channel is None else (channel - 1) * entry.stride
    if point.model is not None:
        assert point.offset is not None, "checked before: every point has exactly one place"
        return SunSpecWhere(point.model, point.offset + shift, point.scale_offset)
    assert point.address is not None, "checked before: every point has exactly one place"
    return ModbusWhere(point.space, point.address + shift, point.bit)
