"""Faults of data: a device says something else than what is so. In every tier they lie between plant and device."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping

from controller.config.types import Point
from controller.drivers.link import Value
from hil_tests.faults.points import fits
from hil_tests.faults.stage import Inject, Injection, all_of
from hil_tests.faults.types import CannotInjectError, Heal
from hil_tests.servers.encoding import Raw, raw_in, raw_of, value_of, words_of
from hil_tests.servers.points import Lie, PlantDevice

LieOf = Callable[[Injection, Point], Lie]
FLOAT_MAX = 3.4e38
KEPT_COUNT = 100_000  # readings that a stale device remembers


def put_in(lies: dict[str, list[Lie]], point: str, lie: Lie) -> Heal:
    """One more lie about one point, and how it ends."""
    lies.setdefault(point, []).append(lie)

    def heal() -> None:
        lies[point].remove(lie)
        if not lies[point]:
            del lies[point]

    return heal


def lied_about(injection: Injection) -> list[Point]:
    """The point that the fault names, or all that it fits. Raises CannotInjectError when there is none."""
    device, wanted = injection.device, injection.values.get("point", "")
    points = [
        point
        for point in device.device.table.points.values()
        if point.readable and fits(injection.name, point) and wanted in {"", point.id}
    ]
    if not points:
        raise CannotInjectError(f"{injection.unit} has no point for {injection.name} {wanted}".rstrip())
    return points


def _lying(make: LieOf) -> Inject:
    def begin(injection: Injection) -> Heal:
        lies = injection.device.lies
        return all_of([put_in(lies, point.id, make(injection, point)) for point in lied_about(injection)])

    return begin


def _number(value: Value | None, change: Callable[[float], float]) -> Value | None:
    """A quantity changed, within what a float32 holds; what is no quantity stays."""
    if value is None or isinstance(value, str | bool):
        return value
    return max(-FLOAT_MAX, min(FLOAT_MAX, change(float(value))))


def _stuck(injection: Injection, point: Point) -> Lie:
    now = injection.device.read(point.id)
    return lambda _: now


def _no_number(_: Injection, point: Point) -> Lie:
    """What devices answer when they have no measurement, whether the table knows about it or not."""
    if point.enum is not None or point.type in {"bool", "string"} or point.sentinel is not None:
        return lambda _: None
    if point.type.startswith("float32"):
        return lambda _: math.nan
    unusual: Raw = {"int16": -0x8000, "int32": -0x8000_0000, "uint16": 0xFFFF, "uint32": 0xFFFF_FFFF}[
        point.type.removesuffix("_le")
    ]
    return lambda _: value_of(point, unusual)


def _miscalibrated(injection: Injection, _: Point) -> Lie:
    gain, offset = float(injection.values["gain_ratio"]), float(injection.values["offset"])
    return lambda value: _number(value, lambda number: number * gain + offset)


def _disagree(injection: Injection, _: Point) -> Lie:
    by = 1.0 + float(injection.values["by_ratio"])
    return lambda value: _number(value, lambda number: number * by)


def _spikes(injection: Injection, _: Point) -> Lie:
    ratio, factor, rng = injection.values["ratio"], float(injection.values["factor"]), injection.rng
    return lambda value: _number(value, lambda number: number * factor) if rng.random() < ratio else value


def _counter_reset(injection: Injection, point: Point) -> Lie:
    modulus = float(injection.values["modulus"])
    if modulus > 0.0:
        return lambda value: _number(value, lambda number: number % modulus)
    start = injection.device.read(point.id)
    begun = 0.0 if start is None or isinstance(start, str) else float(start)
    return lambda value: _number(value, lambda number: number - begun)


def _stale(injection: Injection, point: Point) -> Lie:
    """What it said so long ago; before there is anything so old, what it said when this began."""
    age_s, stage = float(injection.values["age_s"]), injection.stage
    said: deque[tuple[float, Value | None]] = deque(maxlen=KEPT_COUNT)
    said.append((stage.plant.now_s, injection.device.read(point.id)))

    def lie(value: Value | None) -> Value | None:
        now_s = stage.plant.now_s
        said.append((now_s, value))
        while len(said) > 1 and said[1][0] <= now_s - age_s:
            said.popleft()
        return said[0][1]

    return lie


def _soc_jump(injection: Injection, _: Point) -> Lie:
    by_pct = float(injection.values["jump_pct"])
    return lambda value: _number(value, lambda pct: max(0.0, min(100.0, pct + by_pct)))


def _torn(injection: Injection, point: Point) -> Lie:
    """The high word is that of the reading before, the low word that of now."""
    ratio, rng = injection.values["ratio"], injection.rng
    before = words_of(point, raw_of(point, injection.device.read(point.id)))

    def lie(value: Value | None) -> Value | None:
        nonlocal before
        now = words_of(point, raw_of(point, value))
        high = 1 if point.type.endswith("_le") else 0
        torn = [before[at] if at == high else now[at] for at in range(2)]
        before = now
        return value_of(point, raw_in(point, torn)) if rng.random() < ratio else value

    return lie


DATA_FAULTS: Mapping[str, Inject] = {
    "stuck": _lying(_stuck),
    "no_number": _lying(_no_number),
    "miscalibrated": _lying(_miscalibrated),
    "spikes": _lying(_spikes),
    "counter_reset": _lying(_counter_reset),
    "stale": _lying(_stale),
    "soc_jump": _lying(_soc_jump),
    "disagree": _lying(_disagree),
    "torn": _lying(_torn),
}


def empty(device: PlantDevice) -> Heal:
    """Every register reads zero, as after a restart."""
    points = [point for point in device.device.table.points.values() if point.readable]
    return all_of([put_in(device.lies, point.id, _zero(point)) for point in points])


def _zero(point: Point) -> Lie:
    return lambda _: None if point.type == "string" else value_of(point, 0)
