"""What goes on around the hands: the grid comes and goes, contacts stick, devices fall silent, people press buttons.

Only what a guard can be asked to stand. A breaker slower than its site file says, a grid that leaps in frequency, or an
instrument that lies in step with the truth break invariants whatever a guard does, and stay out.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from controller.model.words import BreakerPosition, GridSource
from hil_tests.hostile.rig import Rig

PAUSES_S = (0.3, 1.0, 2.0, 5.0)
SILENCE_MAX_S = 4.0
OPEN, CLOSED = BreakerPosition.OPEN, BreakerPosition.CLOSED


class World:
    """Does one thing after the other, from a random stream of its own."""

    def __init__(self, rig: Rig, rng: random.Random) -> None:
        self.rig, self.rng = rig, rng
        self._next_s = rig.plant.now_s + rng.uniform(0.5, 4.0)
        self._heals: list[tuple[float, Callable[[], None]]] = []
        self._deeds = (
            *(self._turn_grid,) * 6,
            self._sag,
            self._stick_poi,
            self._stick_poi,
            self._stick_small,
            self._touch_sources,
            self._touch_feeder,
            self._press,
            self._silence,
            self._genset_for_grid,
            self._restart,
        )

    def step(self) -> None:
        """What is due now."""
        now_s = self.rig.plant.now_s
        for heal in [heal for at_s, heal in self._heals if at_s <= now_s]:
            heal()
        self._heals = [each for each in self._heals if each[0] > now_s]
        if now_s >= self._next_s:
            self._next_s = now_s + self.rng.choice(PAUSES_S) * self.rng.uniform(0.5, 2.0)
            self.rng.choice(self._deeds)()

    def _later(self, heal: Callable[[], None], longest_s: float = 8.0) -> None:
        self._heals.append((self.rig.plant.now_s + self.rng.uniform(0.1, longest_s), heal))

    def _turn_grid(self) -> None:
        grid, rng = self.rig.plant.grid, self.rng
        if grid.is_fed:
            grid.blackout(rng.choice((0.005, 0.02, 0.3)))
            return
        grid.rotation_is_swapped = rng.random() < 0.1
        grid.returns(rng.uniform(0.9, 1.08), rng.uniform(49.85, 50.15))

    def _sag(self) -> None:
        self.rig.plant.grid.sag(self.rng.uniform(0.1, 0.9), self.rng.uniform(0.03, 1.0))

    def _stick_poi(self) -> None:
        """Its contact hangs, its poles weld, it does not move, or the network operator locks it."""
        poi = self.rig.plant.poi
        name, value = self.rng.choice(
            (
                ("stuck_feedback", OPEN),
                ("stuck_feedback", CLOSED),
                ("stuck_feedback", BreakerPosition.BAD),
                ("fails_to_open", True),
                ("fails_to_close", True),
                ("is_welded", True),
                ("dso_lock", True),
            )
        )
        setattr(poi, name, value)
        self._later(lambda: setattr(poi, name, None if name == "stuck_feedback" else False))

    def _stick_small(self) -> None:
        plant, rng = self.rig.plant, self.rng
        feeder = plant.feeders[rng.choice(list(plant.feeders))]
        part, name = rng.choice(((feeder, "stuck"), (plant.earthing, "fails_to_close"), (plant.earthing, "is_welded")))
        setattr(part, name, True)
        self._later(lambda: setattr(part, name, False))

    def _touch_sources(self) -> None:
        plant, rng = self.rig.plant, self.rng
        battery = plant.batteries[rng.choice(list(plant.batteries))]
        deed = rng.randrange(4)
        if deed == 0:
            battery.trip()
            self._later(battery.reset)
        elif deed == 1:
            battery.soc_pct = rng.choice((3.0, 30.0, 60.0, 99.0))
        elif deed == 2:
            plant.weather.irradiance_w_per_m2 = rng.uniform(0.0, 1000.0)
        else:
            for genset in plant.gensets.values():
                genset.reset()

    def _touch_feeder(self) -> None:
        feeders = self.rig.plant.feeders
        feeder = feeders[self.rng.choice(list(feeders))]
        deed = self.rng.randrange(3)
        if deed == 0:
            feeder.trip()
        elif deed == 1:
            feeder.switch_by_hand(self.rng.random() < 0.5)
            self._later(lambda: feeder.switch_by_hand(None))
        else:
            feeder.demand_ratio = self.rng.uniform(0.0, 1.2)

    def _press(self) -> None:
        safety, name = self.rig.plant.safety, self.rng.choice(("emergency_off", "local_control"))
        setattr(safety, name, True)
        self._later(lambda: setattr(safety, name, False), 3.0)

    def _silence(self) -> None:
        """One device answers nobody; what it does meanwhile is on the device."""
        name = self.rng.choice(list(self.rig.links))
        link, faults = self.rig.links[name], self.rig.scene.active_faults
        fault = (name, "silent")
        link.is_cut = True
        faults.append(fault)

        def heal() -> None:
            link.is_cut = False
            faults[:] = [each for each in faults if each != fault]

        self._later(heal, SILENCE_MAX_S)

    def _genset_for_grid(self) -> None:
        plant = self.rig.plant
        plant.grid_source = GridSource.GENSET
        self._later(lambda: setattr(plant, "grid_source", GridSource.PUBLIC))

    def _restart(self) -> None:
        self.rig.pause(self.rng.choice((0.3, 1.0, 3.0)))
        self.rig.restart()
