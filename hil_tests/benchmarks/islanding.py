"""Unplanned islanding in real time, a hundred times: from the criterion at the instrument to the order.

Each blackout has a plant put back as it was and a controller without a past. Before it comes a sag that the grid code
rides through; an opening that the sag causes is counted as false. The clock starts with the plant's own truth, so the
poll period and the breaker's auxiliary contact are inside the figure.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from controller.model.words import BreakerPosition
from hil_tests.benchmarks.row import Row, row_of
from hil_tests.benchmarks.village import Received, Village
from hil_tests.plant.plant import Plant, PlantOptions

MS = 1000.0
UNIT = "ms"
DEMAND_RATIO = 0.95  # more than the battery carries: something must be shed
QUIET_S = (0.3, 0.5)  # on grid before the next blow, so that it falls anywhere between two polls and two cycles
AFTER_S = 0.15  # orders that belong to the blow have come by then
SAGS = ((0.5, 0.2), (0.3, 0.09), (0.85, 0.5), (0.6, 0.25))  # voltage ratio, seconds: the demo's code rides through each


@dataclass(slots=True)
class Tally:
    """What all blackouts of one kind brought."""

    samples_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    sags_count: int = 0
    false_openings_count: int = 0

    def add(self, name: str, from_s: float | None, order: Received | None) -> None:
        """One sample, if both ends were seen."""
        if from_s is not None and order is not None:
            self.samples_s[name].append((order.at_s - from_s) * MS)


@dataclass(frozen=True, slots=True)
class Kind:
    """One way of losing the grid."""

    name: str
    strike: Callable[[Plant], None]
    criterion: Callable[[Plant], bool]
    goal_ms: float | None
    note: str
    balanced: bool = False


def _grid_ratio(plant: Plant) -> float:
    return plant.grid_voltage_v.maximum / plant.hub.nominal_voltage_v


def _trips(plant: Plant) -> None:
    plant.poi.trip()
    plant.grid.blackout()


def _is_open(plant: Plant) -> bool:
    return plant.poi.reported_position is BreakerPosition.OPEN


def _sinks(plant: Plant) -> None:
    plant.grid.sag(0.40, 10.0)


def _races(plant: Plant) -> None:
    plant.grid.frequency_hz = 52.0


KINDS = (
    Kind("POI seen open without our order", _trips, _is_open, 100.0, "from the contact at the instrument"),
    Kind(
        "U < 0.2 Un, confirmed 100 ms",
        lambda plant: plant.grid.blackout(),
        lambda plant: _grid_ratio(plant) < 0.2,
        150.0,
        "confirmation included",
    ),
    Kind("U < 0.45 Un, the code waits 300 ms", _sinks, lambda plant: _grid_ratio(plant) < 0.45, 450.0, "code included"),
    Kind(
        "f > 51.5 Hz, the code waits 100 ms",
        _races,
        lambda plant: (plant.grid_frequency_hz or 50.0) > 51.5,
        250.0,
        "code included",
    ),
    Kind(
        "blackout at zero exchange",
        lambda plant: plant.grid.blackout(),
        lambda plant: not plant.grid.is_fed or _grid_ratio(plant) < 0.2,
        2000.0,
        "the plant's followers hold no bus, so it ends as U < 0.2 Un; no active detection is built in",
        balanced=True,
    ),
)


async def islanding_rows(count: int, seed: int = 1) -> list[Row]:
    """Every kind `count` times."""
    rows = []
    dice = random.Random(seed)
    for kind in KINDS:
        options = PlantOptions(demand_ratio=DEMAND_RATIO, irradiance_w_per_m2=50.0)
        async with Village(options=options) as village:
            tally = await _strike_often(village, kind, count, dice)
        rows += _rows(kind, tally, count)
    return rows


async def _strike_often(village: Village, kind: Kind, count: int, dice: random.Random) -> Tally:
    village.plant.poi.relay_enabled = False  # it would always be first
    if kind.balanced:
        _balance(village.plant)
    village.plant.advance_to(village.plant.now_s + 2.0)
    village.servers.devices.resume()
    as_it_was = village.plant.snapshot()
    tally = Tally()
    for _ in range(count):
        _put_back(village, as_it_was)
        village.start_controller()
        await village.until_mode("grid_connected")
        await asyncio.sleep(dice.uniform(*QUIET_S))
        await _sag(village, tally, dice)
        await asyncio.sleep(dice.uniform(*QUIET_S))
        await _strike(village, kind, tally)
        village.kill_controller()
    return tally


async def _sag(village: Village, tally: Tally, dice: random.Random) -> None:
    """One that must move nothing."""
    village.received.clear()
    ratio, duration_s = dice.choice(SAGS)
    village.plant.grid.sag(ratio, duration_s)
    await asyncio.sleep(duration_s + AFTER_S)
    tally.sags_count += 1
    tally.false_openings_count += bool(_openings(village))


async def _strike(village: Village, kind: Kind, tally: Tally) -> None:
    village.watch_for(kind.criterion)
    kind.strike(village.plant)
    await village.until_mode("islanded")
    await asyncio.sleep(AFTER_S)
    begun_s = village.criterion_at_s
    tally.add("last opening order", begun_s, max(_openings(village), key=lambda each: each.at_s, default=None))
    form = next(iter(village.orders(("mode_set", "grid_forming"))), None)
    tally.add("form order", begun_s, form)


def _openings(village: Village) -> list[Received]:
    """The first opening order to the POI and to each feeder; each is restated, and the earthing is no load."""
    first: dict[str, Received] = {}
    for each in village.orders(("open", True), ("closed", False)):
        if each.asset == village.site.hub.poi.id or each.asset in village.site.hub.feeders:
            first.setdefault(each.asset, each)
    return list(first.values())


def _put_back(village: Village, as_it_was: bytes) -> None:
    """The plant as before the first blackout, and no memory of it anywhere."""
    village.plant.restore(as_it_was)
    village.forget()
    village.servers.devices.resume()


def _balance(plant: Plant) -> None:
    """The battery gives what the loads take: nothing flows through the POI."""
    plant.advance_to(plant.now_s + 5.0)
    battery = next(iter(plant.batteries.values()))
    battery.set_power_w(plant.poi_power_w.total)


def _rows(kind: Kind, tally: Tally, count: int) -> list[Row]:
    sags = f"{tally.sags_count} sags between, {tally.false_openings_count} false openings"
    notes = {"last opening order": f"{kind.note}; {sags}", "form order": "opening, earthing and a dead bus included"}
    goals = {"last opening order": kind.goal_ms, "form order": None}
    names = ("last opening order", "form order")
    missing = {name: count - len(tally.samples_s[name]) for name in names}
    return [
        row_of(
            f"{kind.name} -> {name}",
            UNIT,
            tally.samples_s[name],
            goals[name],
            notes[name] + (f"; {missing[name]} not seen" if missing[name] else ""),
        )
        for name in names
    ]
