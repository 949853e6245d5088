"""Faults of the register map: another firmware, or another device at the same address. Exact to the register."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence

from controller.config.types import ModbusWhere, Point
from controller.drivers.link import Value
from hil_tests.faults.data import put_in
from hil_tests.faults.points import fits
from hil_tests.faults.stage import Inject, Injection, all_of
from hil_tests.faults.types import CannotInjectError, Heal
from hil_tests.servers.encoding import raw_in, raw_of, value_of, words_of
from hil_tests.servers.points import Lie, PlantDevice
from hil_tests.servers.registers import BIT_SPACES, ModbusRefusal, RegisterMap, table_cells


class _TrueDevice:
    """A device as it would be without its lies, for looking into its registers."""

    def __init__(self, device: PlantDevice) -> None:
        self._device = device
        points = device.device.table.points.values()
        self.registers = RegisterMap(self, table_cells(points))

    def read_all(self, points: Sequence[str]) -> list[Value | None]:
        """Without a lie."""
        return [self._device.truth(point) for point in points]

    def write(self, point: str, value: Value) -> None:
        """As it was meant."""
        self._device.obey(point, value)

    def is_live(self, _: str) -> bool:
        """Looked at anew each time."""
        return False

    def standing(self) -> object:
        """Nobody knows."""
        return None


def _map_drift(injection: Injection) -> Heal:
    device, true = injection.device, _TrueDevice(injection.device)
    wanted, drift = injection.values["point"], str(injection.values["drift"])
    points = [
        point
        for point in device.device.table.points.values()
        if fits("map_drift", point, drift) and wanted in {"", point.id} and point.id != device.device.table.heartbeat
    ]
    if not points:
        raise CannotInjectError(f"{injection.unit} has no point {wanted}".rstrip() + f" that {drift} would change")
    return all_of(list(_drifted(drift, device, true, points)))


def _drifted(drift: str, device: PlantDevice, true: _TrueDevice, points: list[Point]) -> Iterator[Heal]:
    for point in points:
        said, heard = _lies(drift, point, true)
        if point.readable:
            yield put_in(device.lies, point.id, said)
        if point.writable:
            yield put_in(device.mishearings, point.id, heard)


def _lies(drift: str, point: Point, true: _TrueDevice) -> tuple[Lie, Lie]:
    """What is said, and what is understood."""
    match drift:
        case "address_plus_one":
            return _neighbour(point, true), _to_neighbour(point, true)
        case "scale_x10":
            return _scaled(10.0), _scaled(0.1)
        case "sign":
            return _scaled(-1.0), _scaled(-1.0)
        case _:
            return _swapped(point), _within_range(point, _swapped(point))


def _scaled(factor: float) -> Lie:
    return lambda value: None if value is None else float(value) * factor


def _swapped(point: Point) -> Lie:
    """The words of a 32-bit number in the other order."""
    return lambda value: value_of(point, raw_in(point, words_of(point, raw_of(point, value))[::-1]))


def _within_range(point: Point, lie: Lie) -> Lie:
    """What is no number, or beyond what the device can do, it leaves."""
    low = -math.inf if point.minimum is None else point.minimum
    high = math.inf if point.maximum is None else point.maximum

    def heard(value: Value | None) -> Value | None:
        number = lie(value)
        return number if isinstance(number, int | float) and math.isfinite(number) and low <= number <= high else None

    return heard


def _neighbour(point: Point, true: _TrueDevice) -> Lie:
    """What stands one register further."""
    where = point.where
    assert isinstance(where, ModbusWhere)

    def lie(_: Value | None) -> Value | None:
        try:
            words = true.registers.read(where.space, where.address + 1, point.register_count)
        except ModbusRefusal:
            return None
        if where.bit is not None:
            return value_of(point, words[0] >> where.bit & 1)
        return value_of(point, words[0] if where.space in BIT_SPACES else raw_in(point, words))

    return lie


def _to_neighbour(point: Point, true: _TrueDevice) -> Lie:
    """An order reaches the register behind, if that takes orders at all."""
    where = point.where
    assert isinstance(where, ModbusWhere)

    def lie(value: Value | None) -> Value | None:
        raw = raw_of(point, value)
        words = [int(raw != 0)] if where.space in BIT_SPACES else words_of(point, raw)
        with contextlib.suppress(ModbusRefusal):
            true.registers.write(where.space, where.address + 1, words)
        return None

    return lie


def _unit_swap(injection: Injection) -> Heal:
    """Two devices with one table change their places."""
    mine, other = injection.device, injection.stage.devices.device(injection.values["with_device"])
    if mine.device.table.name != other.device.table.name or mine is other:
        raise CannotInjectError(f"{other.device.name} has another table than {injection.unit}")
    return all_of([*_in_place_of(mine, other), *_in_place_of(other, mine)])


def _in_place_of(mine: PlantDevice, other: PlantDevice) -> Iterator[Heal]:
    for point in mine.device.table.points.values():
        if point.readable:
            yield put_in(mine.lies, point.id, lambda _, name=point.id: other.truth(name))  # type: ignore[misc]
        if point.writable:
            yield put_in(mine.mishearings, point.id, _obeyed_by(other, point.id))


def _obeyed_by(other: PlantDevice, point: str) -> Lie:
    def lie(value: Value | None) -> Value | None:
        if value is not None:
            other.obey(point, value)
        return None

    return lie


DRIFT_FAULTS: Mapping[str, Inject] = {"map_drift": _map_drift, "unit_swap": _unit_swap}
