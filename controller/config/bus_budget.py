"""What a wire can carry: the time that polling takes of a serial line, and how long an order takes to its contactor.

Nothing here is measured. A serial line's time is arithmetic: 11 bits a character, and a silence of 3.5 characters
before and behind each telegram (Modbus over Serial Line V1.02, 2.5.1). Paced lines measured within a tenth of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from controller.config.types import (
    AssetBinding,
    Device,
    ModbusWhere,
    Point,
    PointRef,
    PollGroup,
    Protocol,
    SunSpecWhere,
)

CHARACTER_BITS = 11  # Modbus over Serial Line V1.02, 2.5.1: start, eight data, parity or stop, stop
QUESTION_CHARACTERS = 8
ANSWER_CHARACTERS = 5  # unit, function, byte count, check sum; and two for each register
WRITE_CHARACTERS = 19  # function 16 with one register: 11 there, 8 back
GAP_MIN_S = 0.00175  # above 19200 baud the silence is fixed
GAP_CHARACTERS = 3.5
REGISTERS_MAX = 125
REGISTER_CHARACTERS = 2
TURNAROUND_S = 0.02  # own choice: until a device answers; its time-out is the limit, this the habit
ROUND_TRIP_S = 0.01  # own choice: a question and its answer on a hub's own network
TCP_SHARE_MAX_RATIO = 0.8  # of a device's time, as on a serial line: the rest is for writes and repeats


def worth_reading(baudrate: int, turnaround_s: float) -> int:
    """Registers that cost a serial line as much as another question and answer do: a hole that is as wide is read."""
    another_s = telegram_s(baudrate, QUESTION_CHARACTERS + ANSWER_CHARACTERS) + turnaround_s
    return int(another_s * baudrate / (REGISTER_CHARACTERS * CHARACTER_BITS) + 1e-9)


@dataclass(frozen=True, slots=True)
class SerialRead:
    """One question that is asked again and again."""

    device: str
    register_count: int
    time_s: float
    period_s: float

    @property
    def share_ratio(self) -> float:
        """Of the line's time."""
        return self.time_s / self.period_s


@dataclass(frozen=True, slots=True)
class WriteLatency:
    """The parts of the time that an order takes to its device."""

    cycle_s: float
    busy_s: float  # the wire: the telegram under way
    order_count: int  # switching orders of the same wire, ours the last
    orders_s: float
    read_back_s: float

    @property
    def total_s(self) -> float:
        """All of them."""
        return self.cycle_s + self.busy_s + self.orders_s + self.read_back_s

    def __str__(self) -> str:
        orders = f"{self.order_count} order{'s' * (self.order_count != 1)} {self.orders_s:.3f}"
        return f"cycle {self.cycle_s:.3f} + wire busy {self.busy_s:.3f} + {orders} + read-back {self.read_back_s:.3f}"


def serial_lines(devices: Mapping[str, Device]) -> dict[str, list[Device]]:
    """The devices on each serial port."""
    lines: dict[str, list[Device]] = defaultdict(list)
    for device in devices.values():
        if device.table.protocol is Protocol.MODBUS_RTU and device.serial_port:
            lines[device.serial_port].append(device)
    return dict(lines)


def _wire(device: Device, devices: Mapping[str, Device]) -> list[Device]:
    """Those on the same wire, a serial line or a connection to a gateway; alone while nobody has said where it is."""
    if device.table.protocol is Protocol.MODBUS_RTU:
        return serial_lines(devices).get(device.serial_port, [device])
    if device.table.protocol is not Protocol.MODBUS_TCP or not device.host:
        return [device]
    place = (device.host, device.port)
    others = (each for each in devices.values() if each.table.protocol is Protocol.MODBUS_TCP)
    return [each for each in others if (each.host, each.port) == place] or [device]


def gap_s(baudrate: int) -> float:
    """The silence of 3.5 characters between telegrams."""
    return max(GAP_CHARACTERS * CHARACTER_BITS / baudrate, GAP_MIN_S)


def telegram_s(baudrate: int, characters: int) -> float:
    """Line time of a question and its answer with both silences."""
    return characters * CHARACTER_BITS / baudrate + 2 * gap_s(baudrate)


HOLE_MAX_RTU = worth_reading(9600, 0.0)  # the same at every speed up to 19200; above, the fixed silence makes it more
HOLE_MAX_TCP = worth_reading(9600, TURNAROUND_S)  # our side would read hundreds; a gateway has such a line behind it


def serial_reads(device: Device) -> Iterator[SerialRead]:
    """What polling this device asks, block by block."""
    for group, period_s in periods_s(device).items():
        points = (point for point in device.table.points.values() if point.group is group)
        for count in _blocks(points, HOLE_MAX_RTU):
            characters = QUESTION_CHARACTERS + ANSWER_CHARACTERS + REGISTER_CHARACTERS * count
            time_s = telegram_s(device.baudrate, characters) + device.table.min_gap_s
            yield SerialRead(device.name, count, time_s, period_s)


def asked_share_ratio(device: Device) -> float:
    """Of a device's own time that polling it over TCP takes, the pauses that it wants included."""
    return sum(
        (ROUND_TRIP_S + device.table.min_gap_s) / period_s
        for group, period_s in periods_s(device).items()
        for _ in _blocks((point for point in device.table.points.values() if point.group is group), HOLE_MAX_TCP)
    )


def periods_s(device: Device) -> dict[PollGroup, float]:
    """How often each group that the device has points of is polled, fast ones first."""
    used = {point.group for point in device.table.points.values() if point.readable}
    every = {PollGroup.FAST: device.fast_s, PollGroup.NORMAL: device.normal_s, PollGroup.SLOW: device.slow_s}
    return {group: period_s for group, period_s in every.items() if group in used}


def arithmetic(read: SerialRead, baudrate: int) -> str:
    """The sum behind a read's line time, for people to check."""
    return (
        f"{read.device}: ({QUESTION_CHARACTERS} + {ANSWER_CHARACTERS} + 2 x {read.register_count}) characters"
        f" x {CHARACTER_BITS} bits / {baudrate} baud + 2 x {gap_s(baudrate) * 1000:.2f} ms"
        f" = {read.time_s * 1000:.1f} ms every {read.period_s:g} s, {read.share_ratio:.0%}"
    )


def write_latency(
    ref: PointRef, devices: Mapping[str, Device], bindings: Iterable[AssetBinding], cycle_s: float
) -> WriteLatency:
    """Worst time from the decision to the device's answer, for a switching order.

    Our cycle; then what is under way on the wire, at worst a question to a dead device: behind the same gateway with
    its time-out, on the same line with the quiet time after it, too. Then every switching order of the same wire, in
    case ours comes last; and the read that comes before an order of which nobody knows whether it arrived.
    """
    device = devices[ref.device]
    is_read = _is_read(device.table.points[ref.point], device)
    count = _switch_count(bindings, {each.name for each in _wire(device, devices)}, devices)
    if device.table.protocol is not Protocol.MODBUS_RTU:
        each_s = _round_trip_s(device)
        return WriteLatency(cycle_s, busy_s(device, devices), count, each_s * count, each_s * is_read)
    write_s = telegram_s(device.baudrate, WRITE_CHARACTERS) + TURNAROUND_S
    read_s = telegram_s(device.baudrate, QUESTION_CHARACTERS + ANSWER_CHARACTERS + 2) + TURNAROUND_S
    return WriteLatency(cycle_s, busy_s(device, devices), count, write_s * count, read_s * is_read)


def busy_s(device: Device, devices: Mapping[str, Device]) -> float:
    """How long an order waits at worst for the telegram before it: a dead neighbour's time-out, and on a serial line
    the quiet time after it. A device that has its wire for itself is not waited for when it is dead.
    """
    wire = _wire(device, devices)
    if device.table.protocol is not Protocol.MODBUS_RTU:
        return max(_round_trip_s(device), *(each.timeout_s for each in wire if each.name != device.name), 0.0)
    return max(2 * each.timeout_s + _longest_s(each) for each in wire)


def poll_wait_s(device: Device, devices: Mapping[str, Device]) -> float:
    """How much later than its period a healthy device is read: one block of every unit of its wire, then its own."""
    wire = _wire(device, devices)
    if device.table.protocol is not Protocol.MODBUS_RTU:
        return sum(_round_trip_s(each) for each in wire)
    return sum(_longest_s(each) + TURNAROUND_S for each in wire)


def _round_trip_s(device: Device) -> float:
    return ROUND_TRIP_S + device.table.min_gap_s


def _is_read(point: Point, device: Device) -> bool:
    return any(each.readable and each.where == point.where for each in device.table.points.values())


def _longest_s(device: Device) -> float:
    return max((read.time_s for read in serial_reads(device)), default=telegram_s(device.baudrate, WRITE_CHARACTERS))


def _switch_count(bindings: Iterable[AssetBinding], names: set[str], devices: Mapping[str, Device]) -> int:
    orders = [ref for binding in bindings for ref in binding.writes.values() if ref.device in names]
    return sum(devices[ref.device].table.points[ref.point].type == "bool" for ref in orders)


def _blocks(points: Iterable[Point], hole_max: int) -> Iterator[int]:
    """Registers of each block that reads these points across small holes."""
    spans = sorted(span for point in points if point.readable and (span := _span(point)) is not None)
    start = end = 0
    space = ""
    for each_space, first, last in spans:
        joins = each_space == space and first - end <= hole_max and last - start <= REGISTERS_MAX
        if not joins:
            if space:
                yield end - start
            space, start, end = each_space, first, first
        end = max(end, last)
    if space:
        yield end - start


def _span(point: Point) -> tuple[str, int, int] | None:
    where = point.where
    if isinstance(where, ModbusWhere):
        return where.space, where.address, where.address + point.register_count
    if isinstance(where, SunSpecWhere):
        return f"model {where.model}", where.offset, where.offset + point.register_count
    return None
