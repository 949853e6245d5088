"""Faults in T0: on the plant, on the points, and on the links without a wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from controller.model.words import BreakerPosition
from hil_tests.simulation.bench import Bench

Heal = Callable[[], None]


class DirectDesk:
    """Puts faults into a hub in virtual time."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def inject(self, unit: str, kind: str, parameters: Mapping[str, object]) -> Heal:
        """Begin a fault; the answer ends it. Raises ValueError where this tier cannot."""
        match kind:
            case "silent":
                self._bench.cut(unit)
                return lambda: self._bench.restore(unit)
            case "stuck":
                return self._bench.links[unit].lie(str(parameters.get("point", "")), _stuck)
            case "map_drift":
                return self._bench.links[unit].lie("", lambda _: _ten_times)
            case "bms_trip":
                return self._trip(unit)
            case "disk_full":
                return _set(self._bench.journal, "is_full", value=True)
            case _:
                return self._break(unit, kind, parameters)

    def _break(self, unit: str, kind: str, parameters: Mapping[str, object]) -> Heal:
        plant = self._bench.plant
        match unit, kind:
            case "poi", "fails_to_open" | "fails_to_close":
                return _set(plant.poi, kind, value=True)
            case "poi", "false_feedback":
                return _set(plant.poi, "stuck_feedback", value=BreakerPosition(parameters["shows"]))
            case "earthing", "fails_to_close":
                return _set(plant.earthing, kind, value=True)
            case "earthing", "welded":
                return _set(plant.earthing, "is_welded", value=True)
            case name, "welded" if name in plant.feeders:
                return _set(plant.feeders[name], "stuck", value=True)
            case name, "fails_to_crank" if name in plant.gensets:
                return _set(plant.gensets[name], kind, value=True)
        raise ValueError(f"no fault {kind!r} for {unit!r} here")

    def _trip(self, battery: str) -> Heal:
        inverter = self._bench.plant.batteries[battery]
        inverter.trip_bms()
        return _set(inverter.pack, "tripped", value=True)


def _set(part: Any, name: str, *, value: object) -> Heal:
    before = getattr(part, name)
    setattr(part, name, value)
    return lambda: setattr(part, name, before)


def _stuck(value: Any) -> Callable[[Any], Any]:
    """As it is now."""
    return lambda _: value


def _ten_times(value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value * 10 if is_number else value
