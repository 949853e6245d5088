"""Strides of ten seconds tell the same story as cycles of 50 ms, only faster."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.model.reasons import Reason
from controller.model.words import Mode
from hil_tests.plant.plant import PlantOptions
from hil_tests.simulation.bench import Bench
from hil_tests.simulation.endurance import CALM_S, STRIDE_S, Endurance
from hil_tests.simulation.seasons import DAY_S, DECEMBER, HOUR_S, JUNE, sky
from hil_tests.tests.servers.benches import site, small_site

COMMAND_WORDS = {"GRID_VERDICT", "MODE_CHANGED", "SHED", "RESTORED", "ORDERED_OPEN", "ORDERED_CLOSE", "ORDERED_FORM"}


def bench() -> Bench:
    options = PlantOptions(soc_pct=45.3, irradiance_w_per_m2=0.0, demand_ratio=0.15, temperature_c=18.0)
    return Bench.of(small_site(), options=options)


def story(of: Bench, run_for: Callable[[float], None]) -> list[tuple[str, str, str | None]]:
    """Blackout, shed, charged, restored, drained, shed, the way back; what the controller did, without the instants."""
    plant = of.plant
    run_for(20.0)
    plant.grid.blackout()
    run_for(110.0)
    plant.weather.irradiance_w_per_m2 = 500.0
    charge(of, 61.0)
    run_for(150.0)
    plant.weather.irradiance_w_per_m2 = 0.0
    charge(of, 45.3)
    run_for(120.0)
    plant.grid.returns(angle_deg=40.0)
    run_for(80.0)
    return [
        (event.kind.name, event.reason.name, event.subject)
        for _, event in of.events
        if event.kind.name in COMMAND_WORDS
    ]


def test_fifty_milliseconds_and_ten_seconds_decide_the_same() -> None:
    fine, coarse = bench(), bench()
    endurance = Endurance(coarse)
    told = story(fine, fine.run_for)
    assert story(coarse, endurance.run_for) == told
    assert endurance.strides_count > 25, "most of it was strides"
    assert [reason for kind, reason, _ in told if kind == "MODE_CHANGED"].count(Reason.RECONNECTED.name) == 1
    assert {("SHED", "phones"), ("RESTORED", "phones"), ("RESTORED", "ev_posts")} <= {(k, s) for k, _, s in told}
    assert sum(kind == "SHED" for kind, _, _ in told) >= 4, "shed, restored, and shed again"
    for one, other in zip(shed_at_s(fine), shed_at_s(coarse), strict=True):
        assert other == pytest.approx(one, abs=STRIDE_S + CALM_S)
    assert fine.violations == coarse.violations == []
    name = next(iter(fine.plant.batteries))
    assert coarse.plant.batteries[name].soc_pct == pytest.approx(fine.plant.batteries[name].soc_pct, abs=0.2)


def charge(of: Bench, soc_pct: float) -> None:
    """As if hours had passed."""
    for battery in of.plant.batteries.values():
        battery.soc_pct = soc_pct


def shed_at_s(of: Bench) -> list[float]:
    return [at_s for at_s, event in of.events if event.kind.name == "SHED"]


def test_a_blackout_within_a_long_run_is_met_at_once() -> None:
    of = Bench.of(site())
    endurance = Endurance(of, sky(JUNE, start_s=12.0 * HOUR_S))
    endurance.run_for(600.0)
    assert not of.happened(Reason.GRID_DEAD, "hub")
    at_s = of.plant.now_s
    of.plant.grid.blackout()
    endurance.run_for(1.0)
    assert of.mode is Mode.ISLANDED
    ((formed_at_s, _),) = of.happened(Reason.ISLAND_FORMED, "hub")
    assert formed_at_s - at_s < 0.6, "not a stride later"
    assert of.plant.now_s == pytest.approx(at_s + 1.0, abs=0.02)


def test_the_same_seed_gives_the_same_days() -> None:
    traces = set()
    for _ in range(2):
        of = Bench.of(site(), seed=3)
        endurance = Endurance(of, sky(DECEMBER, seed=3))
        endurance.run_for(20.0)
        of.plant.grid.blackout()
        endurance.run_for(1.5 * HOUR_S)
        assert not of.violations
        traces.add(of.trace_hash())
    assert len(traces) == 1


@pytest.mark.parametrize(("season", "low_kwh_per_m2", "high_kwh_per_m2"), [(DECEMBER, 0.2, 1.6), (JUNE, 2.5, 8.5)])
def test_a_season_has_days_and_nights(season: object, low_kwh_per_m2: float, high_kwh_per_m2: float) -> None:
    at = sky(season, seed=5)  # type: ignore[arg-type]
    for day in range(3):
        hours = [at(day * DAY_S + hour * HOUR_S) for hour in range(24)]
        assert low_kwh_per_m2 < sum(one.irradiance_w_per_m2 for one in hours) / 1000.0 < high_kwh_per_m2
        assert hours[0].irradiance_w_per_m2 == 0.0 < hours[12].irradiance_w_per_m2
        assert hours[5].temperature_c < hours[17].temperature_c
        assert hours[3].demand_ratio < hours[8].demand_ratio < hours[19].demand_ratio
    assert at(2.0 * DAY_S - 1e-3).demand_ratio == pytest.approx(at(2.0 * DAY_S).demand_ratio, abs=1e-3)
