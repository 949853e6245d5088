"""What is kept in the battery: a tier is served down to its own charge and no further."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from controller.model.words import InverterMode
from hil_tests.bench.scene import Scene
from hil_tests.checkers.base import About, Attends, Spell, is_deaf
from hil_tests.plant.breaker import CLOSED

RESERVE_GRACE_S = 30.0
RESERVE_HYSTERESIS_PCT = 2.0


def charge_pct(scene: Scene) -> float:
    """Of the fullest that forms, or of all that are well, by capacity: they share the load.

    A hub without one that forms is not short of charge.
    """
    forming = [each.soc_pct for each in scene.plant.batteries.values() if each.is_forming]
    if not forming:
        return 100.0
    well = [each for each in scene.plant.batteries.values() if each.mode is not InverterMode.FAULT]
    held_wh = sum(each.battery.capacity_wh for each in well)
    return max(*forming, sum(each.soc_pct * each.battery.capacity_wh for each in well) / held_wh)


def has_genset(scene: Scene) -> bool:
    """An engine holds the bus: what the battery has left is not what the island lives on."""
    return any(genset.is_forming for genset in scene.plant.gensets.values())


def is_island(scene: Scene) -> bool:
    """The POI's poles are apart, in plant truth, and the bus lives."""
    return scene.plant.poi.position is not CLOSED and abs(scene.plant.bus) > 0.5


@dataclass(slots=True)
class Reserve:
    """I7: a tier is not served below the charge at which it is to be shed."""

    about: About = About(
        "I7",
        "In the island no tier is served while the charge is below that tier's shedding level",
        "30 s and 2 %",
        "the site file's `shed_below_soc_pct`",
    )
    attends: int = Attends.PLANT
    _highest_pct: float = math.inf  # above it no tier is short
    _spell: Spell = field(default_factory=lambda: Spell(RESERVE_GRACE_S))

    @property
    def is_waiting(self) -> bool:
        """Its grace is running."""
        return self._spell.is_running

    def look(self, scene: Scene) -> Iterable[str]:
        """Once per spell."""
        wrong = self._wrong(scene)
        return (wrong,) if self._spell.ends(bool(wrong), scene.now_s) else ()

    def _wrong(self, scene: Scene) -> str:
        plant, soc_pct = scene.plant, charge_pct(scene)
        if soc_pct >= self._highest_pct:
            return ""  # in nearly every step
        self._highest_pct = max(t.shed_below_soc_pct for t in scene.site.hub.tiers) - RESERVE_HYSTERESIS_PCT
        short = [t for t in scene.site.hub.tiers if soc_pct < t.shed_below_soc_pct - RESERVE_HYSTERESIS_PCT]
        if not short or not is_island(scene) or not scene.controller.is_running or has_genset(scene):
            return ""
        for tier in short:
            served = [
                feeder.id
                for feeder in scene.site.hub.feeders.values()
                if feeder.tier == tier.number
                and plant.feeders[feeder.id].is_energised
                and not feeder.carries_control
                and not (is_deaf(scene, feeder.id) or plant.feeders[feeder.id].stuck)
            ]
            if served:
                return f"{served[0]} (tier {tier.number}) served at {soc_pct:.0f} %"
        return ""

    def finish(self, scene: Scene) -> Iterator[str]:
        """Nothing more."""
        del scene
        yield from ()
