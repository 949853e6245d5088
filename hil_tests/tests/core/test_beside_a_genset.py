"""A genset carries the island alone and batteries follow: loads come first, the charge takes what is left.

Found by seed 1197 of the fuzzer: a battery that had recovered took all that the genset could give, its step pulled the
frequency down, and tier 0 stayed dark for minutes beside a battery that was nearly full.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.core.restoring import kept_free
from controller.core.situation import assess
from controller.core.sources import battery_commands
from controller.model.frozen import replace
from controller.model.image import GensetSeen, ProcessImage
from controller.model.phases import ZERO, PhaseValues
from controller.model.words import Authority, BusSide, GensetState, InverterMode, Mode
from hil_tests.tests.core.hubs import OPEN, hub, islanded, with_battery, with_feeder
from hil_tests.tests.core.run import Run

Image = Callable[[float], ProcessImage]
GENSET, BATTERY = hub().gensets["genset"], hub().batteries["battery"]
SHARE = BATTERY.rating_va / sum(battery.rating_va for battery in hub().batteries.values())
STEP_W = 0.02 * GENSET.rating_va


def drawn(demand_ratio: float, off: tuple[str, ...] = ()) -> dict[str, PhaseValues]:
    on = (feeder for feeder in hub().feeders.values() if feeder.id not in off)
    return {f.id: PhaseValues.shared(f.rated_w * demand_ratio, f.phases) for f in on}


def spare_w(demand_ratio: float, off: tuple[str, ...] = ()) -> float:
    """By its share, what the phase with the most load leaves, on three of them."""
    load = PhaseValues.summed(drawn(demand_ratio, off).values())
    return SHARE * (GENSET.load_ceiling_w - 3.0 * load.maximum)


def beside(taken_w: float = 0.0, demand_ratio: float = 0.2, off: tuple[str, ...] = (), **battery: float) -> Image:
    """The genset carries the loads and what one battery takes; the other battery has a fault."""
    told: dict[str, float | InverterMode] = {
        "soc_pct": 60.0,
        "charge_limit_w": 5e4,
        "discharge_limit_w": 5e4,
        **battery,
    }

    def seen(t: float) -> ProcessImage:
        image = with_battery(islanded(t), "second", mode=InverterMode.FAULT, power_w=ZERO)
        taken = PhaseValues.even(-taken_w / 3.0)
        image = with_battery(image, "battery", mode=InverterMode.GRID_FOLLOWING, power_w=taken, **told)
        loads = drawn(demand_ratio, off)
        for feeder, power_w in loads.items():
            image = with_feeder(image, feeder, power_w=power_w)
        for feeder in off:
            image = with_feeder(image, feeder, position=OPEN, power_w=ZERO)
        carried = PhaseValues.summed(loads.values()) + PhaseValues.even(taken_w / 3.0)
        genset = GensetSeen(image.poi.measured_at_s, GensetState.LOADED, carried, 150.0)
        return replace(image, gensets={"genset": genset})

    return seen


def alone(image: Image) -> Run:
    run = Run(hub())
    run.see(islanded, 0.6)
    run.see(image, 30.0)
    assert run.memory.mode is Mode.ISLANDED
    return run


def shed(run: Run, *feeders: str) -> None:
    since = {f: replace(run.memory.feeders[f], shed_since_s=run.now_s - 60.0) for f in feeders}
    run.memory = replace(run.memory, feeders={**run.memory.feeders, **since})


def told_w(run: Run) -> float:
    power_set_w = run.commands.batteries["battery"].power_set_w
    assert power_set_w is not None
    return power_set_w


def test_a_battery_takes_what_the_genset_has_to_spare_in_small_steps() -> None:
    """At once it was a step of four fifths of the genset's rating."""
    run = alone(beside())
    assert told_w(run) == pytest.approx(-STEP_W)
    for part in (0.25, 0.5):
        run.see(beside(part * spare_w(0.2)), 0.1)
        assert told_w(run) == pytest.approx(-part * spare_w(0.2) - STEP_W)
    run.see(beside(spare_w(0.2)), 0.1)
    assert told_w(run) == pytest.approx(-spare_w(0.2))


@pytest.mark.parametrize(("limit_w", "soc_pct", "expected_w"), [(3_000.0, 60.0, -3_000.0), (5e4, 98.0, 0.0)])
def test_within_its_own_limits(limit_w: float, soc_pct: float, expected_w: float) -> None:
    run = alone(beside(3_000.0, charge_limit_w=limit_w, soc_pct=soc_pct))
    assert told_w(run) == pytest.approx(expected_w)


def yielding(run: Run, *off: str, soc_pct: float = 60.0, for_s: float = 10.0) -> None:
    """The battery does what it is told, from the next cycle on."""
    until_s = run.now_s + for_s
    while run.now_s < until_s and not any(run.memory.feeders[feeder].close for feeder in off):
        run.see(beside(-told_w(run), off=off, soc_pct=soc_pct))


def test_the_battery_makes_room_for_a_feeder_whose_tier_goes_before_the_charge() -> None:
    run = alone(beside())
    yielding(run)
    shed(run, "warm_room")
    yielding(run, "warm_room")
    pickup_w = drawn(0.2)["warm_room"].total * hub().feeders["warm_room"].pickup_ratio
    assert told_w(run) == pytest.approx(-spare_w(0.2, ("warm_room",)) + 1.2 * pickup_w * SHARE)
    assert run.memory.feeders["warm_room"].close is not None


def test_and_it_waits_until_the_battery_has_let_go() -> None:
    run = alone(beside())
    shed(run, "warm_room")
    full_w = GENSET.load_ceiling_w - PhaseValues.summed(drawn(0.2, ("warm_room",)).values()).total
    run.see(beside(full_w, off=("warm_room",)), 10.0)
    assert run.memory.feeders["warm_room"].close is None


@pytest.mark.parametrize(
    ("authority", "soc_pct", "demand_ratio", "is_kept"),
    [
        (Authority.AUTO, 60.0, 0.2, True),
        (Authority.AUTO, 60.0, 0.9, False),  # it does not fit, however little is charged
        (Authority.AUTO, 20.0, 0.2, False),  # below its tier's own limit the fuel is for the battery first
        (Authority.MANUAL, 60.0, 0.2, False),  # it waits for a person
    ],
)
def test_for_whom_room_is_kept(authority: Authority, soc_pct: float, demand_ratio: float, is_kept: bool) -> None:
    """Kept for one that cannot come, it is kept for good, and the battery stays empty."""
    image = beside(demand_ratio=demand_ratio, soc_pct=soc_pct)
    run = alone(image)
    shed(run, "warm_room")
    memory = replace(run.memory, durable=replace(run.memory.durable, authority=authority))
    off = beside(demand_ratio=demand_ratio, soc_pct=soc_pct, off=("warm_room",))
    assert (kept_free(memory, assess(off(run.now_s), hub(), run.now_s)) != ZERO) is is_kept


@pytest.mark.parametrize("change", [{"position": None, "power_w": None}, {"power_w": None}])
def test_a_load_that_is_not_seen_is_charged_for_in_full(change: dict[str, None]) -> None:
    """Feeders that fell silent counted as nothing: the charge rose until the genset was overloaded."""
    run = alone(beside())
    yielding(run)
    assert told_w(run) == pytest.approx(-spare_w(0.2))

    def silent(t: float) -> ProcessImage:
        return with_feeder(beside(-told_w(run))(t), "warm_room", **change)

    run.see(silent, 0.1)
    rated_w = hub().feeders["warm_room"].rated_w
    assert told_w(run) == pytest.approx(-spare_w(0.2) + SHARE * 0.8 * rated_w)


def test_a_feeder_on_the_grids_side_is_no_load_of_the_genset() -> None:
    outside = replace(hub().feeders["ev_posts"], bus=BusSide.GRID_SIDE)
    run = Run(hub(feeders={**hub().feeders, "ev_posts": outside}))
    run.see(islanded, 0.6)
    run.see(beside(), 30.0)
    until_s = run.now_s + 10.0
    while run.now_s < until_s:
        run.see(beside(-told_w(run)))
    assert told_w(run) == pytest.approx(-spare_w(0.2, ("ev_posts",)))


def test_while_a_start_serves_its_first_loads_nothing_is_charged() -> None:
    run = alone(beside())
    memory = replace(run.memory, mode=Mode.BLACK_START)
    told = battery_commands(memory, assess(beside()(run.now_s), hub(), run.now_s))
    assert told["battery"].power_set_w == 0.0


def test_and_never_does_the_battery_drive_the_genset() -> None:
    """It gave what by the rated loads the genset seemed to lack, and the genset took it."""
    run = alone(beside(demand_ratio=1.2))
    assert spare_w(1.2) < 0.0
    assert told_w(run) == 0.0
