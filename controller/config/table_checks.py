"""What must hold within a device table beyond its shape. One small generator for each kind of mistake."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from controller.config.errors import Problem, nearest
from controller.config.table_schema import DeviceTableFile, PointEntry, RoleEntry
from controller.config.toml_file import TomlFile
from controller.config.toml_places import KeyPath
from controller.config.vocabulary import ROLE_POINTS, PointKind, PointMeaning, meaning

LAST_ADDRESS = 65535
BIT_SPACES = ("coil", "discrete")
READ_ONLY_SPACES = ("input", "discrete")
TRUTH_WORDS = ("true", "false")  # of an enum that turns a contact around
RAW_RANGES = {
    "bool": (0, 1),
    "int16": (-0x8000, 0x7FFF),
    "uint16": (0, 0xFFFF),
    "int32": (-0x8000_0000, 0x7FFF_FFFF),
    "uint32": (0, 0xFFFF_FFFF),
}


@dataclass(frozen=True, slots=True)
class Written:
    """One point as its table has it."""

    file: TomlFile
    protocol: str | None  # None: the table does not say so in a way we can read
    role: str
    entry: RoleEntry
    name: str
    point: PointEntry
    meaning: PointMeaning

    @property
    def loc(self) -> KeyPath:
        """Where it stands."""
        return ("roles", self.role, "points", self.name)

    def problem(self, key: str, found: str, wanted: str, hint: str = "") -> Problem:
        """A mistake at one of its keys."""
        return self.file.problem((*self.loc, key), found, wanted, hint)

    @property
    def words(self) -> tuple[str, ...]:
        """Words that its enum may use."""
        return TRUTH_WORDS if self.meaning.kind is PointKind.TRUTH else self.meaning.words

    @property
    def register_count(self) -> int:
        """Registers, or bits, that one channel of it takes."""
        return 2 if "32" in self.point.type else 1


def check_table(file: TomlFile, table: DeviceTableFile, troubled: frozenset[str]) -> Iterator[Problem]:
    """What is wrong beyond its shape. Points with one of the `troubled` keys have been complained of."""
    points: list[Written] = []
    for role, entry in table.roles.items():
        if role not in ROLE_POINTS:
            wanted = f"one of {', '.join(ROLE_POINTS)}"
            yield file.problem(("roles", role), f"the unknown role '{role}'", wanted, nearest(role, ROLE_POINTS))
            continue
        yield from _unknown_points(file, role, entry)
        yield from _channels_differ(file, role, entry)
        protocol = table.device.protocol if table.device else None
        points += [
            Written(file, protocol, role, entry, name, point, means)
            for name, point in entry.points.items()
            if (means := meaning(role, name)) is not None
            and not any(key.startswith(f"roles.{role}.points.{name}.") for key in troubled)
        ]
    for written in points:
        for check in POINT_CHECKS:
            yield from check(written)
    yield from _overlaps(points)
    yield from _heartbeat(file, table)
    yield from _curve_falls(file, table)
    yield from _wire_has_such_a_habit(file, table)


def _unknown_points(file: TomlFile, role: str, entry: RoleEntry) -> Iterator[Problem]:
    for name in entry.points:
        if meaning(role, name) is None:
            hint = nearest(name, ROLE_POINTS[role])
            yield file.problem(
                ("roles", role, "points", name), f"the unknown point '{name}'", f"a point of a {role}", hint
            )


def _channels_differ(file: TomlFile, role: str, entry: RoleEntry) -> Iterator[Problem]:
    same = [name for name, point in entry.points.items() if point.node is not None and "{n}" not in point.node]
    if entry.channels and same:
        found = f"{entry.channels} channels with one node for {', '.join(same)}"
        yield file.problem(("roles", role, "channels"), found, "nodes with {n} where the channel's number goes")


def _has_one_place(written: Written) -> Iterator[Problem]:
    point = written.point
    ways = [key for key in ("address", "model", "node") if getattr(point, key) is not None]
    if len(ways) != 1:
        found = " and ".join(ways) or "no place"
        yield written.file.problem(written.loc, found, "one of address, model with offset, or node")
    elif (point.model is None) != (point.offset is None):
        there = "model" if point.model is not None else "offset"
        yield written.problem(there, f"{there} alone", "model and offset together")


def _speaks_its_protocol(written: Written) -> Iterator[Problem]:
    point = written.point
    if written.protocol == "opcua" and (point.address is not None or point.model is not None):
        key = "address" if point.address is not None else "model"
        yield written.problem(key, f"a place on Modbus ({key})", "node, since the protocol is opcua")
    if written.protocol in ("modbus_tcp", "modbus_rtu") and point.node is not None:
        yield written.problem("node", "a place in OPC UA (node)", f"address, since the protocol is {written.protocol}")
    if written.protocol in ("modbus_tcp", "modbus_rtu") and point.type == "string":
        yield written.problem("type", '"string"', "a type with a length on Modbus")


def _lies_within_modbus(written: Written) -> Iterator[Problem]:
    point, entry = written.point, written.entry
    if point.address is None:
        return
    end = point.address + (entry.stride * (entry.channels - 1) if entry.channels else 0) + written.register_count - 1
    if end > LAST_ADDRESS:
        yield written.problem("address", f"{point.address}, which ends at {end}", f"addresses up to {LAST_ADDRESS}")


def _goes_the_right_way(written: Written) -> Iterator[Problem]:
    access, means = written.point.access, written.meaning
    if "w" in access and not means.is_written:
        yield written.problem("access", f'"{access}"', f"a point that is only read: '{written.name}' is measured", "r")
    if access == "r" and not means.is_read:
        yield written.problem("access", '"r"', f"a point that is written: '{written.name}' is an order", "w")


def _is_read_back_for_a_reason(written: Written) -> Iterator[Problem]:
    if written.point.read_back and written.point.access != "w":
        found = f'read_back beside access = "{written.point.access}"'
        yield written.problem("read_back", found, "only at what is written and not polled: what is polled is known")


def _can_be_written(written: Written) -> Iterator[Problem]:
    point = written.point
    if "w" not in point.access:
        return
    if point.space in READ_ONLY_SPACES and point.address is not None:
        hint = "coil" if point.space == "discrete" else "holding"
        yield written.problem("space", f'"{point.space}"', "a space that Modbus can write", hint)
    if point.bit is not None:
        yield written.problem("bit", f"bit {point.bit} of a register", "a coil or a register of its own to write")


def _has_a_fitting_type(written: Written) -> Iterator[Problem]:
    point, kind = written.point, written.meaning.kind
    if kind is PointKind.TRUTH and point.enum is None and point.type != "bool":
        yield written.problem("type", f'"{point.type}"', f"'{written.name}' is true or false", "bool")
    if kind is not PointKind.TRUTH and (point.type == "bool" or point.bit is not None):
        key = "type" if point.type == "bool" else "bit"
        yield written.problem(key, f"{key} = {getattr(point, key)}", f"'{written.name}' is {kind.value}")
    if kind is PointKind.NUMBER and point.type == "string":
        yield written.problem("type", '"string"', f"'{written.name}' is a number")
    if point.space in BIT_SPACES and point.type != "bool":
        yield written.problem("type", f'"{point.type}" in a {point.space}', "one bit", "bool")


def _has_words(written: Written) -> Iterator[Problem]:
    enum, words = written.point.enum, written.words
    if enum is None:
        if written.meaning.kind is PointKind.WORD and written.point.type != "string":
            yield written.problem("enum", "no enum", f"which number means {', '.join(words)}")
        return
    if written.meaning.kind is PointKind.NUMBER:
        yield written.problem("enum", "an enum", f"'{written.name}' is a number")
        return
    for word in enum:
        if word not in words:
            wanted = f"one of {', '.join(words)}"
            yield written.file.problem((*written.loc, "enum", word), f"'{word}'", wanted, nearest(word, words))
    for word, raw in enum.items():
        first = next(other for other, number in enum.items() if number == raw)
        if first != word:
            yield written.file.problem((*written.loc, "enum", word), f"{raw}, as for '{first}'", "its own number")


def _fits_its_type(written: Written) -> Iterator[Problem]:
    low, high = RAW_RANGES.get(written.point.type.removesuffix("_le"), (None, None))
    if low is None or high is None or written.point.bit is not None:
        return
    wanted = f"a raw number of {written.point.type}, {low} to {high}"
    sentinel = written.point.sentinel
    if sentinel is not None and not low <= sentinel <= high:
        yield written.problem("sentinel", f"{sentinel}", wanted)
    for word, raw in (written.point.enum or {}).items():
        if not low <= raw <= high:
            yield written.file.problem((*written.loc, "enum", word), f"{raw}", wanted)


def _has_possible_numbers(written: Written) -> Iterator[Problem]:
    point = written.point
    if point.scale == 0:
        yield written.problem("scale", "0", "what one raw count is worth, in the unit that ends the point's name")
    if point.minimum is not None and point.maximum is not None and point.minimum >= point.maximum:
        yield written.problem("minimum", f"{point.minimum:g}", f"less than the maximum of {point.maximum:g}")


POINT_CHECKS: tuple[Callable[[Written], Iterator[Problem]], ...] = (
    _has_one_place,
    _speaks_its_protocol,
    _lies_within_modbus,
    _goes_the_right_way,
    _is_read_back_for_a_reason,
    _can_be_written,
    _has_a_fitting_type,
    _has_words,
    _fits_its_type,
    _has_possible_numbers,
)


def _overlaps(points: list[Written]) -> Iterator[Problem]:
    """Two points share a register only as different bits of it. Each point is complained of once."""
    taken: dict[tuple[object, ...], tuple[Written, int]] = {}
    for written in points:
        for channel in range(written.entry.channels or 1):
            other = _taken_by_another(taken, written, channel)
            if other is not None:
                yield _overlap(written, channel, *other)
                break


def _taken_by_another(
    taken: dict[tuple[object, ...], tuple[Written, int]], written: Written, channel: int
) -> tuple[Written, int] | None:
    point, shift = written.point, channel * written.entry.stride
    start = point.offset if point.model is not None else point.address
    if start is None:
        return None
    for register in range(start + shift, start + shift + written.register_count):
        for bit in range(16) if point.bit is None else (point.bit,):
            for way in point.access if point.model is not None else "*":  # SunSpec reads and writes in one place
                place = (point.model or point.space, register, bit, way)
                other = taken.setdefault(place, (written, channel))
                if other != (written, channel):
                    return other
    return None


def _overlap(written: Written, channel: int, other: Written, other_channel: int) -> Problem:
    if written.entry is other.entry and channel != other_channel:
        found = f"a stride of {written.entry.stride}, so that channel {channel + 1} lies on {other.name} of another"
        return written.file.problem(("roles", written.role, "stride"), found, "channels that lie apart")
    key = "offset" if written.point.model is not None else "address"
    found = f"{getattr(written.point, key)}, which '{other.role}.{other.name}' already uses"
    return written.problem(key, found, "a register of its own")


def _heartbeat(file: TomlFile, table: DeviceTableFile) -> Iterator[Problem]:
    name = table.device.heartbeat if table.device else None
    if name is None:
        return
    ids = {f"{role}.{point}": entry for role, roles in table.roles.items() for point, entry in roles.points.items()}
    if name not in ids:
        beats = [each for each in ids if each.endswith(".heartbeat")]
        hint = nearest(name, ids) or (beats[0] if len(beats) == 1 else "")
        yield file.problem(("device", "heartbeat"), f'"{name}"', "the id of a point of this table", hint)
    elif "w" not in ids[name].access:
        yield file.problem(("device", "heartbeat"), f'"{name}", which cannot be written', "a point that we count up")


def _curve_falls(file: TomlFile, table: DeviceTableFile) -> Iterator[Problem]:
    curve = table.device.short_time if table.device else []
    if curve and "battery" not in table.roles:
        yield file.problem(("device", "short_time"), "a short-time curve", "only in a table that serves a battery")
    for index, (before, after) in enumerate(pairwise(curve), start=1):
        if after.load_ratio <= before.load_ratio or after.hold_s >= before.hold_s:
            found = f"{after.load_ratio:g} for {after.hold_s:g} s after {before.load_ratio:g} for {before.hold_s:g} s"
            yield file.problem(("device", "short_time", index), found, "more load for less time")


HABITS = {
    "min_gap_s": ("modbus_tcp", "modbus_rtu"),
    "connect_delay_s": ("modbus_tcp",),
    "single_client": ("modbus_tcp",),
}


def _wire_has_such_a_habit(file: TomlFile, table: DeviceTableFile) -> Iterator[Problem]:
    """A serial line has one master anyway, and on OPC UA nobody looks at these keys."""
    for key, protocols in HABITS.items():
        head = table.device
        if head is not None and getattr(head, key) and head.protocol not in protocols:
            found = f"{key}, and the protocol is {head.protocol}"
            yield file.problem(("device", key), found, f"only with {' or '.join(protocols)}")
