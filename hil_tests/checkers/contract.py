"""What the hub may take from the public grid and give to it: contract, operator's limit, and the pace of a return."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from controller.model.words import Authority
from hil_tests.bench.scene import Scene
from hil_tests.checkers.base import About, Attends, Lasting, is_deaf
from hil_tests.plant.breaker import CLOSED

TOLERANCE_RATIO = 0.05
LIMIT_GRACE_S = 60.0
RAMP_WINDOW_S = 60.0
SAMPLE_S = 1.0
RAMP_ROOM_RATIO = 0.05  # of all PV: clouds and the plant's own steps


def inside_the_contract() -> Lasting:
    """I19: neither more from the grid nor more into it than was agreed."""
    about = About(
        "I19",
        "On the public grid the hub takes and gives no more than its contract, nor takes more than the grid operator's "
        "limit of the moment, by 5 %, as long as there is charge above the reserve or somebody to be dimmed",
        "60 s",
        "site file `import_max_w`, `export_max_w`; EnWG section 14a; study I19",
    )

    looked: list[tuple[float, str]] = [(-SAMPLE_S, "")]

    def asks(scene: Scene) -> str:
        if scene.plant.now_s - looked[0][0] >= SAMPLE_S:  # a minute's grace needs no look in every step
            looked[0] = scene.plant.now_s, _beyond_the_contract(scene)
        return looked[0][1]

    return Lasting(about, LIMIT_GRACE_S, asks)


def _beyond_the_contract(scene: Scene) -> str:
    plant, controller = scene.plant, scene.controller
    may_act = controller.is_running and controller.authority is Authority.AUTO
    if plant.poi.position is not CLOSED or not plant.grid.is_fed or not may_act:
        return ""
    poi, power_w = scene.site.hub.poi, plant.poi_power_w.total
    allowed_w = poi.import_max_w
    if plant.dso.import_limit_w is not None and not _gives_all_it_owes(scene):
        allowed_w = min(allowed_w, _limit_w(scene))
    if power_w > allowed_w * (1.0 + TOLERANCE_RATIO):
        return f"takes {power_w:.0f} W, allowed {allowed_w:.0f}"
    is_deafened = any(is_deaf(scene, name) for name in (*plant.pv, *plant.batteries))
    if -power_w > poi.export_max_w * (1.0 + TOLERANCE_RATIO) and not is_deafened:
        return f"gives {-power_w:.0f} W, allowed {poi.export_max_w:.0f}"
    return ""


def _limit_w(scene: Scene) -> float:
    """A relay's contact says that, not how far: that stands in the site file. A hub without one is not asked."""
    dimming = scene.site.hub.dimming
    return math.inf if dimming is None else dimming.limit_w


def _gives_all_it_owes(scene: Scene) -> bool:
    """Who may be dimmed is off, and the batteries are down at what is kept for a blackout: the law asks no more."""
    plant, hub = scene.plant, scene.site.hub
    is_off = all(not plant.feeders[name].is_energised for name in (hub.dimming.feeders if hub.dimming else ()))
    return is_off and all(plant.batteries[b.id].soc_pct <= b.reserve_soc_pct for b in hub.batteries.values())


@dataclass(slots=True)
class SlowReturn:
    """I18b: hubs that return together must not throw all their sun onto the grid at once."""

    about: About = About(
        "I18b",
        "After the POI has closed onto the public grid its PV gives more only at the pace that the grid code allows",
        "5 % of all PV",
        "VDE-AR-N 4105 after reconnection, `ramp_max_pct_per_min` of the grid code's file; study I18",
    )
    attends: int = Attends.PLANT
    is_waiting: bool = False
    _closings_count: int = 0
    _closed_s: float | None = None
    _given_w: deque[tuple[float, float]] = field(default_factory=deque)

    def look(self, scene: Scene) -> Iterator[str]:
        """Once a return."""
        plant = scene.plant
        closings = plant.poi.closings
        if self._closed_s is None and len(closings) == self._closings_count:
            return
        rated_w = sum(pv.rating_w for pv in scene.site.hub.pv.values())
        if len(closings) != self._closings_count:
            self._closings_count = len(closings)
            self._closed_s = plant.now_s if closings[-1].kind in {"live_live", "dead_bus"} and rated_w else None
            self._given_w.clear()
        if self._closed_s is None:
            return
        pace = scene.site.hub.grid_code.ramp_max_pct_per_min / 100.0
        if plant.now_s - self._closed_s > 60.0 / pace or plant.poi.position is not CLOSED or not plant.grid.is_fed:
            self._closed_s = None  # as much as there is may have come by now
            return
        recent = self._given_w
        if recent and plant.now_s - recent[-1][0] < SAMPLE_S:
            return
        given_w = sum(pv.power_w.total for pv in plant.pv.values())
        recent.append((plant.now_s, given_w))
        while recent[0][0] < plant.now_s - RAMP_WINDOW_S:
            recent.popleft()
        rise_w = given_w - min(each[1] for each in recent)
        if rise_w > (pace * RAMP_WINDOW_S / 60.0 + RAMP_ROOM_RATIO) * rated_w:
            self._closed_s = None
            yield f"PV gives {rise_w:.0f} W more within a minute, of {rated_w:.0f} W in all"

    def finish(self, scene: Scene) -> Iterator[str]:
        """Nothing more."""
        del scene
        yield from ()
