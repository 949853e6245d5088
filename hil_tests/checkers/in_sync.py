"""The instant of the POI's contact: in sync, or onto a side that is dead. On plant truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from controller.model.phases import Phase
from hil_tests.bench.scene import Scene
from hil_tests.checkers.base import About, Attends
from hil_tests.plant.breaker import Closing

SURPRISE_S = 0.25  # order latency, breaker and two cycles: what the grid does within is nobody's fault
HARD_LIMITS = (20.0, 0.3, 0.1)  # deg, Hz, ratio: beyond, a closing strains what it closes (study I2)
STEP_RATIO = 0.02  # a grid voltage that moves more than this in one step is a surprise
BY_ORDER_S = 2.0  # a contact within this of a close order is its doing


@dataclass(slots=True)
class SyncClosing:
    """Every contact of the POI is one of the four lawful ones."""

    about: About = About(
        "I2",
        "The POI closes in sync (10 deg, 0.1 Hz, 5 %, rotation equal), from a live grid of three phases onto a "
        "dead bus, or dead onto dead with every source off",
        "0.25 s after a step of the grid; 20 deg, 0.3 Hz, 10 % where a load was shed while the contact was on its way",
        "design envelope; ComAp and DEIF static synchronising defaults; study I2: the hard limits",
    )
    attends: int = Attends.PLANT
    is_waiting: bool = False
    _seen_at_s: float = -1.0
    _grid_ratio: float = 1.0
    _missing: frozenset[Phase] = frozenset()
    _surprised_at_s: float = -1.0

    def look(self, scene: Scene) -> Iterator[str]:
        """Each new contact once."""
        grid, now_s = scene.plant.grid, scene.plant.now_s
        if abs(grid.ratio - self._grid_ratio) > STEP_RATIO or grid.missing != self._missing:
            self._surprised_at_s = now_s
        self._grid_ratio, self._missing = grid.ratio, grid.missing
        closings = scene.plant.poi.closings
        if not closings or closings[-1].at_s <= self._seen_at_s:
            return
        for closing in closings:
            fault = _fault_of(scene, closing)
            is_new = closing.at_s > self._seen_at_s
            if is_new and fault and closing.at_s - self._surprised_at_s > SURPRISE_S and was_ordered(scene, closing):
                yield f"{fault}: {closing.angle_deg:.1f} deg, {closing.slip_hz:.3f} Hz"
        self._seen_at_s = closings[-1].at_s

    def finish(self, scene: Scene) -> Iterator[str]:
        """Nothing more."""
        del scene
        yield from ()


def was_ordered(scene: Scene, closing: Closing) -> bool:
    """By the controller; what a hand closes is on the hand."""
    return any(
        order.asset == scene.site.hub.poi.id
        and order.field in {"close", "close_permit"}
        and order.value
        and closing.at_s - BY_ORDER_S <= order.at_s <= closing.at_s
        for order in reversed(scene.orders)
    )


def _was_shed_under_way(scene: Scene, closing: Closing) -> bool:
    """A shed waits for nothing, and a contact on its way cannot be called back without opening under load."""
    return any(
        order.asset in scene.plant.feeders and order.field == "closed" and order.value is False
        for order in reversed(scene.orders)
        if closing.at_s - SURPRISE_S <= order.at_s <= closing.at_s
    )


def _fault_of(scene: Scene, closing: Closing) -> str:
    sync = scene.site.hub.grid_code.sync
    limits = (sync.angle_max_deg, sync.slip_max_hz, sync.voltage_difference_max_ratio)
    angle_max_deg, slip_max_hz, apart_max_ratio = HARD_LIMITS if _was_shed_under_way(scene, closing) else limits
    if closing.kind == "dead_grid":
        return "closed a live bus onto a dead grid"
    if closing.lacks_a_phase:
        return "closed onto a grid that lacks a phase"
    if closing.kind == "dead_dead" and scene.plant.forming:
        return "closed dead onto dead with a source on"
    inside = (
        abs(closing.angle_deg) <= angle_max_deg
        and abs(closing.slip_hz) <= slip_max_hz
        and closing.voltage_difference_ratio <= apart_max_ratio
    )
    if not closing.rotation_equal:
        return "closed with the phases turning the other way"
    return "" if inside else "closed out of sync"
