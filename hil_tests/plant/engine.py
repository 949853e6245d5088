"""Starting an engine: pre-crank, tries with rests between them, warming. And how a genset behaves, as data."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import Enum

from hil_tests.plant.base import BASE_VA
from hil_tests.plant.rest import CLOCK_S
from hil_tests.plant.storage import interpolate

CRANKS_KEPT_COUNT = 64


@dataclass(frozen=True, slots=True)
class GensetBehaviour:
    """A diesel of the kind that villages have. Times after NREL's MGCP packet (start within 15 s) and ISO 8528 G2."""

    precrank_s: float = 0.0  # glow plugs, pre-lubrication
    crank_max_s: float = 10.0
    tries_max_count: int = 3
    crank_rest_s: float = 10.0
    fires_from_s: float = 2.0  # an engine that will start does so within these seconds of cranking
    fires_until_s: float = 4.0
    warm_s: float = 10.0
    sync_s: float = 2.0
    cool_s: float = 120.0
    success_by_c: tuple[tuple[float, float], ...] = ((-25.0, 0.1), (-15.0, 0.4), (-5.0, 0.7), (5.0, 0.9))  # from memory
    is_isochronous: bool = False
    low_load_ratio: float = 0.30  # below it a diesel soots: wet stacking (from memory)
    reverse_trip_ratio: float = 0.08  # reverse power, from memory
    reverse_trip_s: float = 5.0
    power_min_ratio: float = -0.10  # what it takes to turn the engine without fuel (from memory)
    power_max_ratio: float = 1.10
    stall_ratio: float = 0.80  # below this speed it dies
    heat_share: float | None = None  # a CHP that follows its heat: beside the grid it gives so much of its rating
    loads_up_s: float = 0.0  # from no load to its rating, beside the grid; 0: as its governor can


BIOGAS_CHP = GensetBehaviour(precrank_s=30.0, warm_s=120.0, heat_share=0.8, loads_up_s=150.0, cool_s=300.0)
"""Heat-led, on biogas: 5 minutes to full load, 2.5 of them its ramp (Banshee packet, section 11); the rest is ours."""


class GensetFault(Enum):
    """Why a genset stands still and will not start before somebody, or a new order, acknowledges it."""

    FAILED_START = "failed_start"
    OUT_OF_FUEL = "out_of_fuel"
    REVERSE_POWER = "reverse_power"
    STALLED = "stalled"


class StartStage(Enum):
    """Within STARTING."""

    PRECRANK = "precrank"
    CRANKING = "cranking"
    RESTING = "resting"
    WARMING = "warming"


@dataclass(frozen=True, slots=True)
class Crank:
    """One try of the starter motor."""

    began_at_s: float
    duration_s: float
    has_fired: bool


class Starter:
    """One start, from the order to an engine that is warm. `cranks` is what an invariant counts."""

    __slots__ = ("_began_at_s", "_behaviour", "_fires_at_s", "_rng", "_timer_s", "cranks", "stage", "tries_count")

    def __init__(self, behaviour: GensetBehaviour, rng: random.Random) -> None:
        self._behaviour, self._rng = behaviour, rng
        self.stage = StartStage.PRECRANK
        self.cranks: tuple[Crank, ...] = ()
        self.tries_count = 0
        self._timer_s = self._began_at_s = 0.0
        self._fires_at_s: float | None = None  # into this try; None: it will not

    def begin(self) -> None:
        """A new start."""
        self.tries_count = 0
        self._enter(StartStage.PRECRANK)

    def abort(self, now_s: float) -> None:
        """The order was withdrawn: a starter motor that turns stops."""
        if self.stage is StartStage.CRANKING:
            self._note(now_s, has_fired=False)
        self._enter(StartStage.PRECRANK)

    def step(self, now_s: float, ambient_c: float, *, can_fire: bool, dt_s: float) -> bool | None:
        """True when the engine is warm, False when it has given up, None while it is at it."""
        self._timer_s += dt_s
        behaviour = self._behaviour
        match self.stage:
            case StartStage.PRECRANK if self._timer_s >= behaviour.precrank_s - CLOCK_S:
                self._crank(now_s, ambient_c, can_fire=can_fire)
            case StartStage.RESTING if self._timer_s >= behaviour.crank_rest_s - CLOCK_S:
                self._crank(now_s, ambient_c, can_fire=can_fire)
            case StartStage.CRANKING:
                return self._turn(now_s, can_fire=can_fire)
            case StartStage.WARMING if self._timer_s >= behaviour.warm_s - CLOCK_S:
                return True
            case _:
                pass
        return None

    def _crank(self, now_s: float, ambient_c: float, *, can_fire: bool) -> None:
        """Both draws are made in every try, so that a fault changes no other draw."""
        behaviour = self._behaviour
        luck, fires_at_s = self._rng.random(), self._rng.uniform(behaviour.fires_from_s, behaviour.fires_until_s)
        temperatures, chances = zip(*behaviour.success_by_c, strict=True)
        will_fire = can_fire and luck <= interpolate(temperatures, chances, ambient_c)
        self._fires_at_s = min(fires_at_s, behaviour.crank_max_s) if will_fire else None
        self._began_at_s = now_s
        self.tries_count += 1
        self._enter(StartStage.CRANKING)

    def _turn(self, now_s: float, *, can_fire: bool) -> bool | None:
        if can_fire and self._fires_at_s is not None and self._timer_s >= self._fires_at_s - CLOCK_S:
            self._note(now_s, has_fired=True)
            self._enter(StartStage.WARMING)
        elif self._timer_s >= self._behaviour.crank_max_s - CLOCK_S:
            self._note(now_s, has_fired=False)
            if self.tries_count >= self._behaviour.tries_max_count:
                return False
            self._enter(StartStage.RESTING)
        return None

    def _note(self, now_s: float, *, has_fired: bool) -> None:
        crank = Crank(self._began_at_s, now_s - self._began_at_s, has_fired)
        self.cranks = (*self.cranks, crank)[-CRANKS_KEPT_COUNT:]

    def _enter(self, stage: StartStage) -> None:
        self.stage, self._timer_s = stage, 0.0


class RunBook:
    """What the panel of a genset counts: fuel, hours, starts, and the time it ran with too little to do."""

    __slots__ = ("_delivered_j", "_loaded_s", "_low_load_pu", "_rating_va", "fuel_used_l", "low_load_s", "run_s",
                 "starts_count")  # fmt: skip

    def __init__(self, rating_va: float, low_load_ratio: float) -> None:
        self._rating_va, self._low_load_pu = rating_va, low_load_ratio * rating_va / BASE_VA
        self.low_load_s = self.run_s = self.fuel_used_l = 0.0
        self.starts_count = 0
        self._delivered_j = self._loaded_s = 0.0  # since the last slow step

    def carry(self, power_pu: float, dt_s: float) -> None:
        """Loaded for this long with this much."""
        self._delivered_j += power_pu * BASE_VA * dt_s
        self._loaded_s += dt_s

    def end_slow_step(self) -> float:
        """Litres used since the last time: L/h = 0.246 P_kW + 0.0845 P_rated_kW.

        Source: the line of Skarstein and Uhlen 1989; its figures from memory.
        """
        if self._loaded_s == 0.0:
            return 0.0
        used_wh = (0.246 * self._delivered_j + 0.0845 * self._rating_va * self._loaded_s) / 3600.0
        if self._delivered_j < self._low_load_pu * BASE_VA * self._loaded_s:
            self.low_load_s += self._loaded_s
        self._delivered_j = self._loaded_s = 0.0
        self.fuel_used_l += used_wh / 1000.0
        return used_wh / 1000.0
