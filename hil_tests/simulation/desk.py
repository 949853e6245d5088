"""Faults in T0: on the plant, on the points, and on the links without a wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hil_tests.simulation.bench import Bench


class DirectDesk:
    """Puts faults into a hub in virtual time."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def inject(self, unit: str, kind: str, parameters: Mapping[str, object]) -> Callable[[], None]:
        """Begin a fault; the answer ends it. Raises ValueError where this tier cannot."""
        del parameters
        match kind:
            case "silent":
                self._bench.cut(unit)
                return lambda: self._bench.restore(unit)
            case "fails_to_open":
                self._bench.plant.poi.fails_to_open = True
                return lambda: setattr(self._bench.plant.poi, "fails_to_open", False)
            case "fails_to_close":
                self._bench.plant.poi.fails_to_close = True
                return lambda: setattr(self._bench.plant.poi, "fails_to_close", False)
        raise ValueError(f"no fault {kind!r} here")
