"""Set-points: inside they pass untouched; outside they are vetoed and take the nearest bound; unseen, never more."""

from __future__ import annotations

import math
from typing import Any

import pytest

from controller.model.commands import BatteryCommand, Commands
from controller.model.image import ProcessImage
from controller.model.reasons import Reason
from controller.model.words import GensetState
from hil_tests.tests.guard.scene import (
    NOTHING,
    Watch,
    battery,
    genset,
    islanded,
    on_grid,
    pv,
    reasons,
    watch_after,
    with_battery,
    with_genset,
)

LIMITED = with_battery(on_grid(), charge_limit_w=20_000.0, discharge_limit_w=30_000.0)
NAN_LIMITS = with_battery(on_grid(), charge_limit_w=math.nan, discharge_limit_w=-5.0)

BATTERY = [  # what is seen, which set-point, wanted, allowed
    (on_grid(), "power_set_w", 60_000.0, 60_000.0),
    (on_grid(), "power_set_w", 60_001.0, 60_000.0),
    (on_grid(), "power_set_w", -60_000.0, -60_000.0),
    (on_grid(), "power_set_w", -60_001.0, -60_000.0),
    (on_grid(), "power_set_w", math.inf, 60_000.0),
    (on_grid(), "power_set_w", -math.inf, -60_000.0),
    (on_grid(), "power_set_w", math.nan, 0.0),
    (LIMITED, "power_set_w", 30_000.0, 30_000.0),
    (LIMITED, "power_set_w", 30_001.0, 30_000.0),
    (LIMITED, "power_set_w", -20_000.0, -20_000.0),
    (LIMITED, "power_set_w", -20_001.0, -20_000.0),
    (NAN_LIMITS, "power_set_w", 1.0, 0.0),
    (NAN_LIMITS, "power_set_w", -1.0, 0.0),
    (on_grid(), "frequency_set_hz", 48.0, 48.0),
    (on_grid(), "frequency_set_hz", 47.9, 48.0),
    (on_grid(), "frequency_set_hz", 52.0, 52.0),
    (on_grid(), "frequency_set_hz", 52.1, 52.0),
    (on_grid(), "frequency_set_hz", math.nan, 50.0),
    (on_grid(), "voltage_set_v", 201.25, 201.25),
    (on_grid(), "voltage_set_v", 201.0, 201.25),
    (on_grid(), "voltage_set_v", 258.75, 258.75),
    (on_grid(), "voltage_set_v", 259.0, 258.75),
    (on_grid(), "voltage_set_v", math.nan, 230.0),
    (on_grid(), "charge_limit_w", 60_000.0, 60_000.0),
    (on_grid(), "charge_limit_w", 60_001.0, 60_000.0),
    (on_grid(), "charge_limit_w", -1.0, 0.0),
    (on_grid(), "charge_limit_w", math.nan, 0.0),
    (LIMITED, "charge_limit_w", 20_001.0, 20_000.0),
]


def asking(set_point: str, value: float) -> BatteryCommand:
    change: dict[str, Any] = {set_point: value}
    return BatteryCommand(**change)


@pytest.mark.parametrize("row", BATTERY)
def test_a_battery_stays_inside_its_rating_its_bms_and_the_envelope(
    row: tuple[ProcessImage, str, float, float],
) -> None:
    seen, name, wanted, allowed = row
    wish, expected = (Commands(batteries={"main": asking(name, value)}) for value in (wanted, allowed))
    verdict = watch_after(seen).sees(seen, wish)
    assert verdict.allowed == expected
    assert [(v.subject, v.reason) for v in verdict.vetoes] == (
        [] if wanted == allowed else [("main", Reason.VETO_OUT_OF_RANGE)]
    )


def test_several_set_points_outside_are_one_veto() -> None:
    verdict = watch_after(on_grid()).sees(on_grid(), battery(power_set_w=1e9, frequency_set_hz=1e9, follow=True))
    assert reasons(verdict) == [Reason.VETO_OUT_OF_RANGE]
    assert verdict.allowed == battery(power_set_w=60_000.0, frequency_set_hz=52.0, follow=True)


OTHERS = [
    (pv(50_000.0), pv(50_000.0)),
    (pv(50_001.0), pv(50_000.0)),
    (pv(0.0), pv(0.0)),
    (pv(-1.0), pv(0.0)),
    (pv(math.nan), pv(0.0)),
    (pv(None), pv(None)),
    (pv(30_001.0, "barn"), pv(30_000.0, "barn")),
    (genset(power_set_w=40_000.0), genset(power_set_w=40_000.0)),
    (genset(power_set_w=40_001.0), genset(power_set_w=40_000.0)),
    (genset(power_set_w=0.0), genset(power_set_w=0.0)),
    (genset(power_set_w=-1.0), genset(power_set_w=0.0)),
    (genset(power_set_w=math.nan), genset(power_set_w=0.0)),
]


@pytest.mark.parametrize(("wanted", "allowed"), OTHERS)
def test_plants_and_gensets_stay_between_nothing_and_their_rating(wanted: Commands, allowed: Commands) -> None:
    verdict = watch_after(islanded()).sees(islanded(), wanted)
    assert verdict.allowed == allowed
    assert reasons(verdict) == ([] if wanted == allowed else [Reason.VETO_OUT_OF_RANGE])


# ---- of what is not seen nothing more is asked than before


def after_asking(wish: Commands) -> Watch:
    watch = watch_after(islanded())
    assert watch.sees(islanded(), wish).vetoes == ()
    return watch


BLIND = ProcessImage()
NO_MORE = [  # what passed before, what is wanted of the blind device, what passes
    (battery(power_set_w=1_000.0), battery(power_set_w=1_000.0), battery(power_set_w=1_000.0)),
    (battery(power_set_w=1_000.0), battery(power_set_w=500.0), battery(power_set_w=500.0)),
    (battery(power_set_w=1_000.0), battery(power_set_w=1_001.0), battery(power_set_w=1_000.0)),
    (battery(power_set_w=1_000.0), battery(power_set_w=-1.0), battery(power_set_w=0.0)),
    (battery(power_set_w=-1_000.0), battery(power_set_w=-1_001.0), battery(power_set_w=-1_000.0)),
    (battery(power_set_w=-1_000.0), battery(power_set_w=1.0), battery(power_set_w=0.0)),
    (NOTHING, battery(power_set_w=1.0), battery(power_set_w=0.0)),
    (NOTHING, battery(power_set_w=math.nan), battery(power_set_w=0.0)),
    (battery(charge_limit_w=100.0), battery(charge_limit_w=200.0), battery(charge_limit_w=100.0)),
    (battery(frequency_set_hz=50.5), battery(frequency_set_hz=50.6), battery(frequency_set_hz=50.5)),
    (battery(frequency_set_hz=50.5), battery(frequency_set_hz=50.2), battery(frequency_set_hz=50.2)),
    (NOTHING, battery(frequency_set_hz=50.0), battery(frequency_set_hz=50.0)),
    (NOTHING, battery(voltage_set_v=231.0), battery(voltage_set_v=230.0)),
    (pv(1_000.0), pv(1_000.0), pv(1_000.0)),
    (pv(1_000.0), pv(1_001.0), pv(1_000.0)),
    (pv(1_000.0), pv(10.0), pv(10.0)),
    (pv(1_000.0), pv(None), pv(1_000.0)),
    (pv(None), pv(50_000.0), pv(50_000.0)),
    (pv(None), pv(50_001.0), pv(50_000.0)),
    (NOTHING, pv(1_000.0), NOTHING),
    (genset(power_set_w=1_000.0), genset(power_set_w=1_001.0), genset(power_set_w=1_000.0)),
    (genset(power_set_w=1_000.0), genset(power_set_w=900.0), genset(power_set_w=900.0)),
    (NOTHING, genset(power_set_w=1.0), genset(power_set_w=0.0)),
]


@pytest.mark.parametrize("row", NO_MORE)
def test_a_blind_device_is_asked_for_no_more_than_before(row: tuple[Commands, Commands, Commands]) -> None:
    before, wanted, allowed = row
    verdict = after_asking(before).sees(BLIND, wanted)
    assert verdict.allowed == allowed
    assert reasons(verdict) == ([] if wanted == allowed else [Reason.VETO_STALE])


def test_a_lifted_limit_stays_lifted_on_a_blind_plant() -> None:
    verdict = after_asking(pv(None)).sees(BLIND, pv(None))
    assert verdict.allowed == pv(50_000.0)
    assert verdict.vetoes == ()


def test_on_grid_the_grid_takes_what_a_blind_plant_gives() -> None:
    seen = on_grid()
    blind = ProcessImage(poi=seen.poi)
    watch = watch_after(blind)
    assert watch.sees(blind, pv(None)).allowed == pv(None)
    assert watch.sees(blind, pv(50_001.0)).allowed == pv(50_000.0)


def test_one_blind_device_costs_the_others_nothing() -> None:
    seen = with_battery(islanded(), "second", mode=None)
    assert watch_after(seen).sees(seen, battery(power_set_w=5_000.0)).vetoes == ()
    seen = with_genset(islanded(), None)
    assert reasons(watch_after(seen).sees(seen, genset(power_set_w=5.0))) == [Reason.VETO_STALE]
    seen = with_genset(islanded(), GensetState.LOADED)
    assert watch_after(seen).sees(seen, genset(power_set_w=5.0)).vetoes == ()
