"""An inverter with its own transfer relay at the POI: opens, forms, waits for the grid, matches it and goes back.

No maker publishes this sequence; it is our own, of the grid code's outer limits and its times of return.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from controller.model.words import InverterMode
from hil_tests.plant.breaker import CLOSED, OPEN, PoiBreaker
from hil_tests.plant.grid import PublicGrid
from hil_tests.plant.rest import CLOCK_S, SLOW_S, Rest, Setting
from hil_tests.plant.small import EarthingRelay

if TYPE_CHECKING:
    from hil_tests.plant.inverter import BatteryInverter

LOSS_RATIO, HIGH_RATIO = 0.80, 1.25  # VDE-AR-N 4105:2018 outer limits, from memory
LOSS_HZ, HIGH_HZ = 47.5, 51.5
CONFIRM_S = 0.02  # one period of the grid
RETURN_RATIOS, RETURN_HZ = (0.85, 1.10), (47.5, 50.1)
RETURN_S = 60.0
STEER_ABOVE_HZ = 0.05  # so that the angles pass each other, slowly


class TransferStage(Enum):
    """Where it is between grid and island."""

    WATCHING = "watching"
    OPENING = "opening"
    ISLANDED = "islanded"
    RETURNING = "returning"


class TransferRelay:
    """Belongs to one inverter whose behaviour says `transfers_by_itself`. It forms only behind an open POI.

    With `earthing` it switches the island's bond between neutral and earth as well: closed before it forms, open
    before it follows again, as units with a built-in relay do.
    """

    __slots__ = (
        "_earthing",
        "_grid",
        "_inverter",
        "_outside_s",
        "_permitted",
        "_poi",
        "_well_s",
        "rest",
        "stage",
        "transfers_count",
    )

    permitted = Setting[bool]("permitted")

    def __init__(
        self,
        inverter: BatteryInverter,
        poi: PoiBreaker,
        grid: PublicGrid,
        rest: Rest,
        earthing: EarthingRelay | None = None,
    ) -> None:
        self._inverter, self._poi, self._grid, self.rest, self._earthing = inverter, poi, grid, rest, earthing
        self.stage = TransferStage.WATCHING
        self.transfers_count = 0
        self._permitted = True
        self._outside_s = self._well_s = 0.0

    @property
    def is_still(self) -> bool:
        """Watches a healthy grid, or waits for one with some time to go."""
        if self.stage is TransferStage.WATCHING:
            return self._outside_s == 0.0 and self._poi.position is CLOSED
        return self.stage is TransferStage.ISLANDED and self._well_s < RETURN_S - 2 * SLOW_S

    def step(self, volts: float, frequency_hz: float, dt_s: float) -> None:
        """Once per whole step, after the breaker has moved. `volts` is the bus, as a ratio."""
        match self.stage:
            case TransferStage.WATCHING:
                self._watch(volts, frequency_hz, dt_s)
            case TransferStage.OPENING if self._poi.position is OPEN:
                self._go(TransferStage.ISLANDED)
                self.transfers_count += 1
                self._inverter.order(InverterMode.GRID_FORMING)
            case TransferStage.ISLANDED:
                self._wait(dt_s)
            case TransferStage.RETURNING:
                self._return()
            case _:
                pass

    def make_up(self, rested_s: float) -> None:
        """Time that passed at rest: it goes on waiting."""
        if self.stage is TransferStage.ISLANDED and self._well_s > 0.0:
            self._well_s += rested_s

    def _watch(self, volts: float, frequency_hz: float, dt_s: float) -> None:
        if self._inverter.mode is not InverterMode.GRID_FOLLOWING or not self._permitted:
            self._outside_s = 0.0
            return
        inside = LOSS_RATIO <= volts <= HIGH_RATIO and LOSS_HZ <= frequency_hz <= HIGH_HZ
        self._outside_s = 0.0 if inside else self._outside_s + dt_s
        if self._outside_s >= CONFIRM_S - CLOCK_S or self._poi.position is OPEN:
            self._poi.trip()
            self._go(TransferStage.OPENING)

    def _wait(self, dt_s: float) -> None:
        if self._inverter.ordered_mode is InverterMode.GRID_FOLLOWING or self._poi.position is CLOSED:
            self._inverter.order(InverterMode.GRID_FOLLOWING)
            self._go(TransferStage.WATCHING)
            return
        self._well_s = self._well_s + dt_s if self._grid_is_well() else 0.0
        if self._well_s >= RETURN_S - CLOCK_S:
            self._go(TransferStage.RETURNING)

    def _return(self) -> None:
        """Above the grid's frequency and at its voltage, until the ANSI 25 finds its window."""
        if self._poi.position is CLOSED:
            self._poi.set_close_permit(False)
            self._inverter.order(InverterMode.GRID_FOLLOWING)
            self._go(TransferStage.WATCHING)
        elif not self._grid_is_well() or not self._inverter.is_forming:
            self._poi.set_close_permit(False)
            self._go(TransferStage.ISLANDED)
        else:
            self._inverter.steer(self._grid.frequency_hz + STEER_ABOVE_HZ, self._grid.ratio)
            self._poi.set_close_permit(True)

    def _grid_is_well(self) -> bool:
        low, high = RETURN_RATIOS
        slow, fast = RETURN_HZ
        return low <= self._grid.ratio <= high and slow <= self._grid.frequency_hz <= fast and not self._grid.missing

    def _go(self, stage: TransferStage) -> None:
        self.stage, self._outside_s, self._well_s = stage, 0.0, 0.0
        if self._earthing is not None and stage in {TransferStage.ISLANDED, TransferStage.WATCHING}:
            self._earthing.set_closed(stage is TransferStage.ISLANDED)
        self.rest.disturb()
