"""Device tables, grid codes and envelopes: files -> frozen objects, or located problems."""

from __future__ import annotations

from pathlib import Path

from controller.config.errors import ConfigError, Problem, nearest
from controller.config.schema import DeviceTableFile, EnvelopeFile, GridCodeFile, PointEntry, RoleEntry
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
from controller.model.envelope import Envelope
from controller.model.grid_code import GridCode, LossBand, ReturnWindow, SyncWindow
from controller.model.reasons import Reason

RETURN_KEYS = (
    "return_voltage_min_ratio",
    "return_voltage_max_ratio",
    "return_frequency_min_hz",
    "return_frequency_max_hz",
    "observation_s",
)
SYNC_KEYS = ("sync_angle_max_deg", "sync_slip_max_hz", "sync_voltage_difference_max_ratio")
OTHER_KEYS = ("dead_voltage_ratio", "dead_confirm_s", "live_voltage_ratio", "ramp_max_pct_per_min")


def load_table(path: Path, name: str) -> tuple[DeviceTable | None, list[Problem]]:
    """One device table."""
    file = _read(path)
    if isinstance(file, list):
        return None, file
    model, problems = validate(file, DeviceTableFile)
    if model is None:
        return None, problems
    points: dict[str, Point] = {}
    for role, entry in model.roles.items():
        for channel in range(1, entry.channels + 1) if entry.channels else (None,):
            for field_name, point in entry.points.items():
                made = _point(file, role, field_name, entry, point, channel)
                if isinstance(made, Problem):
                    problems.append(made)
                else:
                    points[made.id] = made
    problems += _overlaps(file, points)
    head = model.device
    if head.heartbeat is not None and head.heartbeat not in points:
        hint = nearest(head.heartbeat, points)
        problems.append(file.problem(("device", "heartbeat"), f"'{head.heartbeat}'", "the id of a point", hint))
    table = DeviceTable(
        name=name,
        path=path,
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
    )
    return (None if problems else table), problems


def load_grid_code(path: Path) -> tuple[GridCode | None, list[Problem]]:
    """One grid code; each number carries its source."""
    file = _read(path)
    if isinstance(file, list):
        return None, file
    model, problems = validate(file, GridCodeFile)
    if model is None:
        return None, problems
    problems += _wrong_values(file, frozenset(RETURN_KEYS + SYNC_KEYS + OTHER_KEYS), model.values)
    bands = []
    for index, band in enumerate(model.loss_bands):
        loc = ("loss_bands", index)
        if (band.below is None) == (band.above is None):
            problems.append(file.problem(loc, "both or neither of below and above", "exactly one of them"))
        elif band.reason not in {reason.value for reason in Reason}:
            hint = nearest(band.reason, [reason.value for reason in Reason])
            problems.append(file.problem((*loc, "reason"), f"'{band.reason}'", "a reason of the glossary", hint))
        else:
            bands.append(LossBand(Reason(band.reason), band.quantity, band.below, band.above, band.hold_s))
    if problems:
        return None, problems
    value = {key: sourced.value for key, sourced in model.values.items()}
    code = GridCode(
        name=model.name,
        dead_voltage_ratio=value["dead_voltage_ratio"],
        dead_confirm_s=value["dead_confirm_s"],
        live_voltage_ratio=value["live_voltage_ratio"],
        loss_bands=tuple(bands),
        return_window=ReturnWindow(*(value[key] for key in RETURN_KEYS)),
        sync=SyncWindow(*(value[key] for key in SYNC_KEYS)),
        automatic_reconnection=model.automatic_reconnection,
        ramp_max_pct_per_min=value["ramp_max_pct_per_min"],
    )
    return code, []


def load_envelope(path: Path) -> tuple[Envelope | None, list[Problem]]:
    """The guard's limits."""
    file = _read(path)
    if isinstance(file, list):
        return None, file
    model, problems = validate(file, EnvelopeFile)
    if model is None:
        return None, problems
    problems += _wrong_values(file, frozenset(Envelope.__dataclass_fields__), model.values)
    if problems:
        return None, problems
    counts = {"poi_closings_max", "feeder_closings_max", "cranks_max"}
    numbers = {key: int(v.value) if key in counts else v.value for key, v in model.values.items()}
    return Envelope(**numbers), []  # type: ignore[arg-type]


def _read(path: Path) -> TomlFile | list[Problem]:
    try:
        return read_toml(path)
    except ConfigError as error:
        return list(error.problems)


def _wrong_values(file: TomlFile, wanted: frozenset[str], values: object) -> list[Problem]:
    written = set(values) if isinstance(values, dict) else set()
    unknown = [
        file.problem(("values", key), f"unknown key '{key}'", "a known key", nearest(key, wanted))
        for key in sorted(written - wanted)
    ]
    missing = [
        file.problem(("values",), "nothing", f"a value for '{key}'", nearest(key, written - wanted))
        for key in sorted(wanted - written)
    ]
    return unknown + missing


def _point(
    file: TomlFile, role: str, name: str, entry: RoleEntry, point: PointEntry, channel: int | None
) -> Point | Problem:
    loc = ("roles", role, "points", name)
    shift = 0 if channel is None else (channel - 1) * entry.stride
    where: ModbusWhere | SunSpecWhere | NodeWhere
    if point.node is not None:
        where = NodeWhere(point.node if channel is None else point.node.replace("{n}", str(channel)))
    elif point.model is not None and point.offset is not None:
        where = SunSpecWhere(point.model, point.offset, point.scale_offset)
    elif point.address is not None:
        where = ModbusWhere(point.space, point.address + shift, point.bit)
    else:
        return file.problem(loc, "no place", "address, or model and offset, or node")
    if point.minimum is not None and point.maximum is not None and point.minimum >= point.maximum:
        return file.problem((*loc, "minimum"), f"{point.minimum}", f"less than the maximum {point.maximum}")
    return Point(
        id=f"{role}.{name}" if channel is None else f"{role}.{channel}.{name}",
        where=where,
        type=point.type,
        readable="r" in point.access,
        writable="w" in point.access,
        group=PollGroup(point.group),
        scale=point.scale,
        enum=None if point.enum is None else {raw: word for word, raw in point.enum.items()},
        sentinel=point.sentinel,
        minimum=point.minimum,
        maximum=point.maximum,
        resolution=point.resolution,
        refresh_s=point.refresh_s,
    )


def _overlaps(file: TomlFile, points: dict[str, Point]) -> list[Problem]:
    """Two points may share a register only as bits of it, or as the same read and write register."""
    taken: dict[tuple[str, int], Point] = {}
    problems = []
    for point in points.values():
        if not isinstance(point.where, ModbusWhere):
            continue
        for register in range(point.where.address, point.where.address + point.register_count):
            other = taken.setdefault((point.where.space, register), point)
            if other is not point and not _may_share(point, other):
                role, name = point.id.split(".")[0], point.id.split(".")[-1]
                found = f"register {register}, which '{other.id}' already uses"
                problems.append(file.problem(("roles", role, "points", name), found, "a register of its own"))
                break
    return problems


def _may_share(one: Point, other: Point) -> bool:
    bits = [p.where.bit for p in (one, other) if isinstance(p.where, ModbusWhere)]
    return None not in bits and bits[0] != bits[1]
