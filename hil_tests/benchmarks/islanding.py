"""Unplanned islanding in real time, a hundred times: from the criterion at the instrument to the order.

Each blackout has a plant put back as it was and a controller without a past. Before it come sags that the grid code
rides through; an opening that a sag causes is counted as false. The clock starts with the plant's own truth, so the
poll period and the breaker's auxiliary contact are inside the figure.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from controller.model.words import BreakerPosition
from hil_tests.benchmarks.row import Row, count_row, row_of
from hil_tests.benchmarks.village import Criterion, Received, Village
from hil_tests.plant.plant import Plant, PlantOptions

MS = 1000.0
UNIT = "ms"
DEMAND_RATIO = 0.95  # more than the battery carries: something must be shed
QUIET_S = (0.3, 0.5)  # on grid before the next blow, so that it falls anywhere between two polls and two cycles
AFTER_S = 0.15  # orders that belong to the blow have come by then
SAGS = ((0.5, 0.2), (0.1, 0.06), (0.3, 0.09), (0.85, 0.5), (0.6, 0.25))  # ratio, seconds: the code rides through each
SAGS_COUNT = 2  # before each blackout
FORM_GOAL_MS = 100.0
EARLY_MS = 2.0  # the verdict's own slack: holds are counted in cycles that jitter
DEAD_RATIO = 0.2
DIFFERENT_RATIO = 0.2


@dataclass(slots=True)
class Tally:
    """What all blackouts of one kind brought."""

    samples_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    sags_count: int = 0
    false_openings_count: int = 0

    def add(self, name: str, from_s: float | None, order: Received | None) -> None:
        """One sample, if both ends were seen."""
        if from_s is not None and order is not None:
            self.samples_ms[name].append((order.at_s - from_s) * MS)


@dataclass(frozen=True, slots=True)
class Kind:
    """One way of losing the grid. `code_ms`: how long the grid code asks to wait; 0: not at all."""

    name: str
    strike: Callable[[Plant], None]
    criterion: Criterion
    goal_ms: float
    note: str
    code_ms: float = 0.0
    balanced: bool = False


def _grid_ratio(plant: Plant) -> float:
    return plant.grid_voltage_v.maximum / plant.hub.nominal_voltage_v


def _trips(plant: Plant) -> None:
    plant.poi.trip()
    plant.grid.blackout()


def _relay_trips(plant: Plant) -> None:
    """By an element that we do not judge ourselves, a vector shift for one: the grid stays good."""
    plant.poi.relay_tripped = True
    plant.poi.trip()


def _is_open(plant: Plant) -> bool:
    return plant.poi.reported_position is BreakerPosition.OPEN


def _sinks(plant: Plant) -> None:
    plant.grid.sag(0.40, 10.0)


def _races(plant: Plant) -> None:
    plant.grid.frequency_hz = 52.0


def is_provable(plant: Plant) -> bool:
    """What the instrument shows proves the POI open: its contact, and a second sign. In words of our own."""
    if not _is_open(plant):
        return False
    nominal_v = plant.hub.nominal_voltage_v
    bus_ratio, grid_ratio = plant.bus_voltage_v.maximum / nominal_v, _grid_ratio(plant)
    return abs(bus_ratio - grid_ratio) > DIFFERENT_RATIO or max(bus_ratio, grid_ratio) < DEAD_RATIO


def is_earthed_and_dead(plant: Plant) -> bool:
    """The breaker, the earthing relay and the bus have done their part: what is missing is the order to form."""
    is_dead = plant.bus_voltage_v.maximum < DEAD_RATIO * plant.hub.nominal_voltage_v
    return is_provable(plant) and is_dead and plant.earthing.position is BreakerPosition.CLOSED


KINDS = (
    Kind("POI seen open without our order", _trips, _is_open, 100.0, "from the contact at the instrument"),
    Kind(
        "relay's trip contact",
        _relay_trips,
        lambda plant: plant.poi.relay_tripped,
        100.0,
        "the breaker's own 30 to 80 ms included: the POI's position is what moves us",
    ),
    Kind(
        "U < 0.2 Un, confirmed 100 ms",
        lambda plant: plant.grid.blackout(),
        lambda plant: _grid_ratio(plant) < DEAD_RATIO,
        150.0,
        "confirmation included",
        code_ms=100.0,
    ),
    Kind(
        "U < 0.45 Un, the code waits 300 ms",
        _sinks,
        lambda plant: _grid_ratio(plant) < 0.45,
        450.0,
        "code included",
        code_ms=300.0,
    ),
    Kind(
        "f > 51.5 Hz, the code waits 100 ms",
        _races,
        lambda plant: (plant.grid_frequency_hz or 50.0) > 51.5,
        250.0,
        "code included",
        code_ms=100.0,
    ),
    Kind(
        "blackout at zero exchange",
        lambda plant: plant.grid.blackout(),
        lambda plant: not plant.grid.is_fed or _grid_ratio(plant) < DEAD_RATIO,
        2000.0,
        "the plant's followers hold no bus, so it ends as U < 0.2 Un; no active detection is built in",
        balanced=True,
    ),
)


async def islanding_rows(count: int, seed: int = 1) -> list[Row]:
    """Every kind `count` times."""
    rows, tallies, dice = [], [], random.Random(seed)
    for kind in KINDS:
        async with Village(options=heavy_load()) as village:
            tally = await strike_often(village, kind, count, dice)
        rows += rows_of(kind, tally, count, village)
        tallies.append(tally)
    return [*rows, false_openings_row(tallies)]


def heavy_load() -> PlantOptions:
    """More than the battery carries, under little sun."""
    return PlantOptions(demand_ratio=DEMAND_RATIO, irradiance_w_per_m2=50.0)


def false_openings_row(tallies: Sequence[Tally]) -> Row:
    """What the sags between the blackouts have opened: nothing."""
    sags_count = sum(tally.sags_count for tally in tallies)
    note = f"of {sags_count} sags between the blackouts, all of which the code rides through"
    return count_row("openings by a sag", sum(tally.false_openings_count for tally in tallies), 0, note)


async def strike_often(village: Village, kind: Kind, count: int, dice: random.Random) -> Tally:
    """So many blackouts of this kind, each of a plant as it was and a controller without a past."""
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
        for _ in range(SAGS_COUNT):
            await asyncio.sleep(dice.uniform(*QUIET_S))
            await sag(village, tally, *dice.choice(SAGS))
        await asyncio.sleep(dice.uniform(*QUIET_S))
        await _strike(village, kind, tally)
        village.kill_controller()
    return tally


async def sag(village: Village, tally: Tally, voltage_ratio: float, duration_s: float) -> None:
    """One that must move nothing; counted, and counted as a false opening if anything was ordered open."""
    village.received.clear()
    village.plant.grid.sag(voltage_ratio, duration_s)
    await asyncio.sleep(duration_s + AFTER_S)
    tally.sags_count += 1
    tally.false_openings_count += bool(openings(village))


async def _strike(village: Village, kind: Kind, tally: Tally) -> None:
    village.watch_for(kind.criterion, is_provable, is_earthed_and_dead)
    kind.strike(village.plant)
    await village.until_mode("islanded")
    await asyncio.sleep(AFTER_S)
    last = max(openings(village), key=lambda each: each.at_s, default=None)
    form = next(iter(village.orders(("mode_set", "grid_forming"))), None)
    tally.add("last opening order", village.criterion_at_s, last)
    tally.add("form order", village.true_at_s(is_provable), form)
    tally.add("controller's share", village.true_at_s(is_earthed_and_dead), form)


def openings(village: Village) -> list[Received]:
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


def rows_of(kind: Kind, tally: Tally, count: int, village: Village) -> list[Row]:
    """The three rows of one kind."""
    opening, late = tally.samples_ms["last opening order"], village.servers.lateness
    notes = [kind.note, f"bench late in {late.late_count} of {late.count} steps"]
    if kind.code_ms and opening:
        early_count = sum(each < kind.code_ms - EARLY_MS for each in opening)
        notes.append(f"earliest {min(opening):.0f}, {early_count} before the code's {kind.code_ms:.0f}")
    formed = "two samples of the instrument, the earthing relay and its reading included"
    lines = (
        (f"{kind.name} -> last opening order", opening, kind.goal_ms, "; ".join(notes)),
        (f"{kind.name}: POI provably open -> form order", tally.samples_ms["form order"], FORM_GOAL_MS, formed),
        (f"{kind.name}: earthed, bus dead -> form order", tally.samples_ms["controller's share"], None, ""),
    )
    return [
        row_of(name, UNIT, found, goal, _with_missing(note, count - len(found))) for name, found, goal, note in lines
    ]


def _with_missing(note: str, missing_count: int) -> str:
    return "; ".join(part for part in (note, f"{missing_count} not seen" if missing_count else "") if part)
