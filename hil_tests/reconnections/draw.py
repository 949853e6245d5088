"""What is drawn for one return: the hub and its instruments, the grid that comes back, and what happens meanwhile.

Returns come in families: hub, instruments and grid are a family's, the breaker's time and all that happens in the last
seconds each return's own. Everything comes from streams of the seed and the number, so a return can be had again
alone. The ranges are those of a low-voltage network on a usual to uneasy day, and ours where no source is named.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from hil_tests.plant.base import forked
from hil_tests.plant.behaviour import BDP250_DROOP, InverterBehaviour
from hil_tests.plant.breaker import OPERATING_MAX_S, OPERATING_MIN_S
from hil_tests.plant.engine import GensetBehaviour
from hil_tests.plant.meters import InstrumentErrors
from hil_tests.plant.options import PlantOptions
from hil_tests.plant.plant import Plant

HUBS = ("small", "musterhallig", "with_genset")  # closed_by = controller: the first is the quickest to play
HUB_WEIGHTS = (0.8, 0.15, 0.05)
GENSET_SHARE = 0.25  # of the hubs with one: it is running when the grid returns, which takes a minute to play
CARRIER_EVERY = (
    8  # families: in one of so many the genset carries the island alone; its load reference steers, or nothing
)
CARRIER_RUNS_HZ = 49.62  # on its droop, with what these hubs take of it; isochronous it runs at 50
CARRIER_RATIOS = (1.02, 1.047)  # its regulator holds 1.04, and nobody can tell it otherwise
CARRIER_STEP_MAX_RATIO = 0.05  # of its rating: 0.1 Hz on a droop of 4 %, and a swing to get there
CARRIER_STEPS_EVERY_S = 12.0
BRANCHES_COUNT = 16  # of one family
PARTING_DEG = (4.5, 12.0)  # seconds before the contact, and outside the window in which a contact is ordered
WATCHED_S = 60.0  # after the grid is back; half the time that a controller steers before it waits again
NOMINAL_HZ = 50.0
FOLLOWED_HZ = (49.25, 50.08)  # inside the code's window, and where the island's frequency may follow
RETURN_RATIOS = (
    0.92,
    1.047,
)  # the hub's own window (IEEE 1547 enter service, 0.917 to 1.05), by the instrument's error
STEP_MAX_RATIO = 0.10  # of the former's rating: one load of a village. By a droop of 1.5 % that is 0.075 Hz
STEPS_EVERY_S = 2.5
WANDER_EVERY_S = 0.7
JUMPS_EVERY_S = 25.0
GUST_TICK_S = 0.1

Happening = Callable[[Plant], None]
Happenings = tuple[tuple[float, str, Happening], ...]


@dataclass(frozen=True, slots=True)
class Uneasiness:
    """Where the grid's frequency is, and how it wanders about there."""

    centre_hz: float
    rate_hz_per_s: float
    spread_hz: float  # standard deviation

    def wander(self, dice: random.Random) -> Iterator[tuple[float, str, Happening]]:
        """On to another frequency again and again; not at all where it is still."""
        if self.rate_hz_per_s == 0.0:
            return
        trend_hz_per_s = dice.uniform(-0.1, 0.1) * self.rate_hz_per_s
        for at_s in _instants(dice, WANDER_EVERY_S):
            target_hz = _followed(dice.gauss(self.centre_hz + trend_hz_per_s * at_s, self.spread_hz))
            yield at_s, f"grid to {target_hz:.3f} Hz", _drift(target_hz, dice.uniform(0.1, 1.0) * self.rate_hz_per_s)


@dataclass(frozen=True, slots=True)
class Family:
    """A hub and the grid that returns to it. Its returns part where the angle has become small."""

    seed: int
    hub: str
    droop_pct: float
    options: PlantOptions
    write_s: float  # from order to coil
    poll_factor: float
    island_s: float  # so long it has been an island: where polls and cycles stand when the grid returns
    voltage_ratio: float
    frequency_hz: float
    angle_deg: float
    parting_deg: float
    genset_runs: bool
    genset_carries: bool
    uneasiness: Uneasiness
    happenings: Happenings  # timed from the grid's return


@dataclass(frozen=True, slots=True)
class Branch:
    """What is each return's own."""

    seed: int
    closing_s: float  # of the breaker alone, from coil to contact
    happenings: Happenings  # timed from the parting


def family(seed: int, number: int) -> Family:
    """All that the returns of a family have in common."""
    dice = forked(seed, f"reconnections {number}")
    if number % CARRIER_EVERY == CARRIER_EVERY - 1:
        return _carried(dice)
    hub = dice.choices(HUBS, HUB_WEIGHTS)[0]
    uneasiness = _uneasiness(dice)
    genset_runs = hub == "with_genset" and dice.random() < GENSET_SHARE
    return Family(
        seed=dice.randrange(1 << 30),
        hub=hub,
        droop_pct=dice.choice((0.0, 0.5, 1.0, 1.0, 1.5)),
        options=_options(dice, genset_runs=genset_runs),
        write_s=dice.uniform(0.010, 0.040),
        poll_factor=dice.uniform(0.7, 1.6),
        island_s=dice.uniform(0.5, 1.5),
        voltage_ratio=dice.uniform(*RETURN_RATIOS),
        frequency_hz=uneasiness.centre_hz,
        angle_deg=dice.uniform(-180.0, 180.0),
        parting_deg=dice.uniform(*PARTING_DEG),
        genset_runs=genset_runs,
        genset_carries=False,
        uneasiness=uneasiness,
        happenings=_happenings(dice, uneasiness),
    )


def _carried(dice: random.Random) -> Family:
    """A genset, isochronous or on its droop, carries an island whose battery has tripped and charges by now.

    On its droop its load reference steers it. Isochronous, the angle comes through zero by the slip that there happens
    to be.
    """
    is_isochronous = dice.random() < 0.5
    own_hz = NOMINAL_HZ if is_isochronous else CARRIER_RUNS_HZ
    slip_hz = dice.choice((-1.0, 1.0)) * dice.uniform(0.004, 0.04)
    uneasiness = Uneasiness(_followed(own_hz + slip_hz), *dice.choice(((0.0, 0.0), (0.01, 0.01), (0.03, 0.02))))
    gensets = {"genset": GensetBehaviour(is_isochronous=is_isochronous)}
    return Family(
        seed=dice.randrange(1 << 30),
        hub="with_genset",
        droop_pct=1.0,
        options=replace(_options(dice, genset_runs=True), gensets=gensets),
        write_s=dice.uniform(0.010, 0.040),
        poll_factor=dice.uniform(0.7, 1.6),
        island_s=dice.uniform(20.0, 22.0),
        voltage_ratio=dice.uniform(*CARRIER_RATIOS),
        frequency_hz=uneasiness.centre_hz,
        angle_deg=dice.uniform(-180.0, 180.0),
        parting_deg=dice.uniform(*PARTING_DEG),
        genset_runs=True,
        genset_carries=True,
        uneasiness=uneasiness,
        happenings=_happenings(dice, uneasiness, carries=True),
    )


def branch(drawn: Family, number: int) -> Branch:
    """One return of the family."""
    dice = forked(drawn.seed, f"branch {number}")
    closing_s = dice.uniform(OPERATING_MIN_S, OPERATING_MAX_S)
    happenings = _happenings(dice, drawn.uneasiness, carries=drawn.genset_carries)
    return Branch(dice.randrange(1 << 30), closing_s, happenings)


def _happenings(dice: random.Random, uneasiness: Uneasiness, *, carries: bool = False) -> Happenings:
    often_s, most = (CARRIER_STEPS_EVERY_S, CARRIER_STEP_MAX_RATIO) if carries else (STEPS_EVERY_S, STEP_MAX_RATIO)
    drawn = [*uneasiness.wander(dice), *_grid_steps(dice), *_load_steps(dice, often_s, most), *_gusts(dice)]
    return tuple(sorted(drawn, key=lambda each: each[0]))


def _options(dice: random.Random, *, genset_runs: bool) -> PlantOptions:
    table = BDP250_DROOP if dice.random() < 0.1 else ()
    behaviour = InverterBehaviour(droop_table=table, shift_max_hz=1.0 if dice.random() < 0.1 else 0.0)
    return PlantOptions(
        soc_pct=24.0 if genset_runs else dice.uniform(30.0, 95.0),
        irradiance_w_per_m2=0.0 if genset_runs or dice.random() < 0.3 else dice.uniform(50.0, 900.0),
        demand_ratio=0.3 if genset_runs else dice.uniform(0.1, 0.8),
        inverters=dict.fromkeys(("battery", "battery_main"), behaviour),
        instruments={f"poi_relay.poi.{point}": errors for point, errors in _instruments(dice)},
    )


def _instruments(dice: random.Random) -> Iterator[tuple[str, InstrumentErrors]]:
    """One that sees both sides. Class 0.5 for voltages, 1 degree as the site file says, 2 mHz: protection relays' data.

    Ours, from makers' pages as remembered. All its values come with the same delay.
    """
    latency_s = dice.choice((0.0, 0.0, 0.01, 0.02))
    averaging_s = dice.choice((0.0, 0.0, 0.04))
    offset_deg = dice.uniform(-0.8, 0.8)
    yield (
        "angle_difference_deg",
        InstrumentErrors(offset=offset_deg, noise=dice.uniform(0.0, 0.08), latency_s=latency_s, period_s=0.02),
    )
    for side in ("grid", "bus"):
        gain = 1.0 + dice.uniform(-0.005, 0.005)
        noise_hz, offset_hz = dice.uniform(0.0, 0.001), dice.uniform(-0.002, 0.002)
        yield (
            f"{side}_frequency_hz",
            InstrumentErrors(
                offset=offset_hz, noise=noise_hz, averaging_s=averaging_s, latency_s=latency_s, period_s=0.02
            ),
        )
        for phase in ("l1", "l2", "l3"):
            yield f"{side}_voltage_{phase}_v", InstrumentErrors(gain=gain, latency_s=latency_s, period_s=0.02)


def _uneasiness(dice: random.Random) -> Uneasiness:
    """Still, as on the continent (10 mHz in a second, NREL's and ENTSO-E's usual day), or as on a small island."""
    kind = dice.choices(("still", "usual", "uneasy"), (0.15, 0.55, 0.30))[0]
    if kind == "still":
        return Uneasiness(NOMINAL_HZ + dice.choice((0.0, 0.0, 0.001, -0.001, 0.01, -0.03)), 0.0, 0.0)
    if kind == "usual":
        return Uneasiness(_followed(dice.gauss(NOMINAL_HZ, 0.025)), 0.01, 0.01)
    return Uneasiness(dice.uniform(*FOLLOWED_HZ), 0.03, 0.03)


def _grid_steps(dice: random.Random) -> Iterator[tuple[float, str, Happening]]:
    """Tap changers and neighbours: 1 % at most; lines that are switched: 3 degrees at most."""
    for at_s in _instants(dice, JUMPS_EVERY_S):
        factor = 1.0 + dice.uniform(-0.01, 0.01)
        yield at_s, f"grid voltage x {factor:.3f}", _tap(factor)
    for at_s in _instants(dice, JUMPS_EVERY_S):
        deg = dice.uniform(-3.0, 3.0)
        yield at_s, f"grid jumps {deg:.1f} deg", _jump(deg)


def _load_steps(dice: random.Random, often_s: float, most: float) -> Iterator[tuple[float, str, Happening]]:
    """Somebody switches something on or off in the island."""
    for at_s in _instants(dice, often_s):
        share, pick = dice.uniform(-most, most), dice.random()
        yield at_s, f"load steps {100.0 * share:+.1f} % of the former", _step(share, pick)


def _gusts(dice: random.Random) -> Iterator[tuple[float, str, Happening]]:
    """The edge of a cloud, in seconds."""
    for begin_s in _instants(dice, 8.0):
        factor, ticks_count = dice.uniform(0.4, 1.6), dice.randrange(10, 40)
        for tick in range(ticks_count):
            yield begin_s + tick * GUST_TICK_S, f"sun x {factor:.2f}", _sun(factor ** (1.0 / ticks_count))


def _instants(dice: random.Random, every_s: float) -> Iterator[float]:
    at_s = dice.expovariate(1.0 / every_s)
    while at_s < WATCHED_S:
        yield at_s
        at_s += dice.expovariate(1.0 / every_s)


def _followed(frequency_hz: float) -> float:
    return max(FOLLOWED_HZ[0], min(FOLLOWED_HZ[1], frequency_hz))


def _drift(target_hz: float, rate_hz_per_s: float) -> Happening:
    return lambda plant: plant.grid.drift(target_hz, rate_hz_per_s)


def _jump(deg: float) -> Happening:
    return lambda plant: plant.grid.phase_jump(deg)


def _tap(factor: float) -> Happening:
    def happen(plant: Plant) -> None:
        low, high = RETURN_RATIOS
        plant.grid.voltage_ratio = max(low, min(high, plant.grid.voltage_ratio * factor))

    return happen


def _sun(factor: float) -> Happening:
    def happen(plant: Plant) -> None:
        plant.weather.irradiance_w_per_m2 = min(1000.0, plant.weather.irradiance_w_per_m2 * factor)

    return happen


def _step(share: float, pick: float) -> Happening:
    """On one feeder that is closed, by a share of the former's rating, between nothing and the feeder's rating."""

    def happen(plant: Plant) -> None:
        feeders = [each for each in plant.feeders.values() if each.is_energised]
        formers = [battery.battery.rating_va for battery in plant.batteries.values() if battery.is_forming]
        formers += [genset.genset.rating_va for genset in plant.gensets.values() if genset.is_forming]
        if feeders and formers:
            feeder = feeders[int(pick * len(feeders))]
            ratio = feeder.demand_ratio + share * formers[0] / feeder.feeder.rated_w
            feeder.demand_ratio = max(0.0, min(1.0, ratio))

    return happen
