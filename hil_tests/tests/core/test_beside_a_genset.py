"""A genset carries the island alone and batteries follow: loads come first, the charge takes what is left.

Found by seed 1197 of the fuzzer: a battery that had recovered took all that the genset could give, its step pulled the
frequency down, and tier 0 stayed dark for minutes beside a battery that was nearly full.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.model.frozen import replace
from controller.model.image import GensetSeen, ProcessImage
from controller.model.phases import ZERO, PhaseValues
from controller.model.words import GensetState, InverterMode, Mode
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
    run.see(islanded, 0.2)
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


@pytest.mark.parametrize(("soc_pct", "comes_on"), [(60.0, True), (20.0, False)])
def test_a_feeder_whose_tier_goes_before_the_charge_finds_its_room(soc_pct: float, comes_on: bool) -> None:
    """Below its tier's own limit the fuel is for the battery first."""
    run = alone(beside(soc_pct=soc_pct))
    shed(run, "warm_room")
    taken_w = GENSET.load_ceiling_w - PhaseValues.summed(drawn(0.2, ("warm_room",)).values()).total
    until_s = run.now_s + 10.0
    while run.memory.feeders["warm_room"].close is None and run.now_s < until_s:
        run.see(beside(taken_w, off=("warm_room",), soc_pct=soc_pct))
    assert (run.memory.feeders["warm_room"].close is not None) is comes_on
    kept_w = 1.2 * drawn(0.2)["warm_room"].total * hub().feeders["warm_room"].pickup_ratio * SHARE
    expected_w = spare_w(0.2, ("warm_room",)) - (kept_w if comes_on else 0.0)
    assert told_w(run) == pytest.approx(-expected_w)


@pytest.mark.parametrize(("soc_pct", "limit_w", "may_w"), [(60.0, 5e4, 5e4), (60.0, 100.0, 100.0), (5.0, 5e4, 0.0)])
def test_what_the_genset_lacks_the_battery_gives(soc_pct: float, limit_w: float, may_w: float) -> None:
    run = alone(beside(demand_ratio=0.9, soc_pct=soc_pct, discharge_limit_w=limit_w))
    lacks_w = -spare_w(0.9)
    assert lacks_w > 0.0
    assert told_w(run) == pytest.approx(min(lacks_w, may_w))


def test_and_never_so_much_that_the_genset_runs_below_its_least_load() -> None:
    """One phase lacks, the others would feed back into it."""
    light = beside(demand_ratio=0.0, off=("warm_room", "ev_posts"))

    def one_phase(t: float) -> ProcessImage:
        return with_feeder(light(t), "medical", power_w=PhaseValues(12_000.0, 0.0, 0.0))

    run = alone(one_phase)
    assert told_w(run) == pytest.approx((12_000.0 - GENSET.min_load_w) * SHARE)
