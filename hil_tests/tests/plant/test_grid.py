"""What the public grid does to a hub, one primitive after the other."""

from __future__ import annotations

import cmath
import math

import pytest

from controller.model.phases import Phase
from hil_tests.plant.base import wrap
from hil_tests.plant.grid import UNEASY_PROFILE
from hil_tests.plant.plant import Plant
from hil_tests.tests.core import hubs
from hil_tests.tests.plant.stands import bare


def quiet() -> Plant:
    plant = bare()
    plant.poi.relay_enabled = False
    plant.advance_to(1.0)
    return plant


def test_a_brownout_sinks_stays_and_comes_back() -> None:
    plant = quiet()
    plant.grid.brownout(0.7, 30.0, within_s=2.0)
    seen = {}
    for at_s in (2.0, 5.0, 30.0, 40.0):
        plant.advance_to(at_s)
        seen[at_s] = plant.grid.ratio
    assert seen[2.0] == pytest.approx(0.85, abs=0.01)
    assert seen[5.0] == seen[30.0] == 0.7
    assert seen[40.0] == 1.0


def test_a_swell_is_over_when_it_says() -> None:
    plant = quiet()
    plant.grid.swell(1.2, 0.5)
    plant.advance_to(1.3)
    assert plant.grid.ratio == pytest.approx(1.2)
    plant.advance_to(1.6)
    assert plant.grid.ratio == 1.0


def test_a_flickering_return_goes_by_its_gaps() -> None:
    plant = quiet()
    plant.grid.flicker((0.3, 15.0, 30.0), on_s=3.0, stays=True)
    fed: list[tuple[float, bool]] = []
    for step in range(700):
        plant.advance_to(1.0 + step * 0.1)
        if not fed or fed[-1][1] != plant.grid.is_fed:
            fed.append((round(plant.now_s - 1.0, 1), plant.grid.is_fed))
    edges = [(0.0, True), (0.1, False), (0.3, True), (3.4, False), (18.3, True), (21.4, False), (51.3, True)]
    assert [is_fed for _, is_fed in fed] == [is_fed for _, is_fed in edges]
    assert [at_s for at_s, _ in fed] == pytest.approx([at_s for at_s, _ in edges], abs=0.11)


def test_a_profile_is_played_step_by_step() -> None:
    plant = quiet()
    plant.grid.play(UNEASY_PROFILE)
    lowest, slowest, highest = 1.0, 50.0, 1.0
    for _ in range(545):
        plant.advance_to(plant.now_s + 1.0)
        lowest, highest = min(lowest, plant.grid.ratio), max(highest, plant.grid.ratio)
        slowest = min(slowest, plant.grid.frequency_hz)
    assert (lowest, highest, slowest) == pytest.approx((0.98, 1.03, 49.7))
    assert (plant.grid.ratio, plant.grid.frequency_hz) == pytest.approx((1.0, 50.0))


def test_a_return_as_it_happens_differs_by_seed_and_not_by_run() -> None:
    seen = []
    for seed in (1, 1, 2):
        plant = bare(seed=seed)
        plant.grid.blackout()
        plant.advance_to(1.0)
        plant.grid.returns_anyhow()
        seen.append((plant.grid.ratio, plant.grid.frequency_hz, plant.grid.angle_rad))
    assert seen[0] == seen[1] != seen[2]
    assert 0.94 <= seen[2][0] <= 1.06


def test_a_frequency_drifts_at_its_rate() -> None:
    plant = quiet()
    plant.grid.drift(47.4, 0.1)
    plant.advance_to(11.0)
    assert plant.grid.frequency_hz == pytest.approx(49.0, abs=0.01)


def test_a_lost_phase_is_a_zero_on_both_sides_of_a_closed_breaker() -> None:
    plant = quiet()
    plant.grid.lose_phase(Phase.L2)
    assert plant.bus_voltage_v.l2 == plant.grid_voltage_v.l2 == 0.0
    assert plant.bus_voltage_v.l1 > 200.0


def test_without_pen_the_weak_phase_rises_towards_the_chained_voltage() -> None:
    """10 kW on L1 and 1 kW on each other phase: V_N = 9/12 of L1's phasor, so L1 has 25 % and the others 1.52."""
    feeders = {
        "big": hubs.feeder("big", 1, 10_000.0, (Phase.L1,)),
        "small": hubs.feeder("small", 1, 2_000.0, (Phase.L2, Phase.L3)),
    }
    plant = bare(feeders=feeders)
    plant.advance_to(2.0)
    assert plant.bus_voltage_v.l1 == pytest.approx(plant.bus_voltage_v.l2)
    plant.grid.pen_is_broken = True
    plant.advance_to(2.1)
    volts = [value / 230.0 / abs(plant.bus) for value in plant.bus_voltage_v]
    assert volts == [pytest.approx(0.25, abs=0.01), pytest.approx(1.52, abs=0.02), pytest.approx(1.52, abs=0.02)]
    plant.poi.trip()
    plant.advance_to(2.4)
    assert plant.bus_voltage_v.largest == plant.bus_voltage_v.minimum, "an island has a neutral of its own"


@pytest.mark.parametrize("fall_s", [0.0, 0.02, 0.2])
def test_a_blackout_falls_evenly_within_its_time_and_leaves_a_dead_feeder(fall_s: float) -> None:
    plant = quiet()
    plant.grid.blackout(fall_s)
    seen = []
    while plant.grid.is_fed:
        plant.step(0.01)
        seen.append(plant.grid.ratio)
    assert len(seen) == pytest.approx(max(1, round(fall_s / 0.01)), abs=1)
    falls = [before - after for before, after in zip([1.0, *seen], seen, strict=False)]
    assert max(falls) <= 0.01 / max(fall_s, 0.01) + 1e-9
    assert plant.grid.source == 0
    plant.advance_to(2.0)
    assert abs(plant.bus) < 0.01, "nobody forms: the hub is dark with the street"


def test_a_sag_is_as_deep_and_as_long_as_it_says() -> None:
    plant = quiet()
    plant.grid.sag(0.3, 0.15)
    seen = []
    for _ in range(30):
        plant.step(0.01)
        seen.append(plant.grid.ratio)
    assert seen.count(0.3) == pytest.approx(15, abs=1)
    assert set(seen) == {0.3, 1.0}


@pytest.mark.parametrize("deg", [-30.0, 10.0, 60.0])
def test_a_phase_jump_moves_the_angle_and_no_frequency_for_long(deg: float) -> None:
    """The bus follows at once; what is measured of its frequency has forgotten it after five windows of 40 ms."""
    plant = quiet()
    before_rad = cmath.phase(plant.bus)
    plant.grid.phase_jump(deg)
    plant.step(0.01)
    assert math.degrees(wrap(cmath.phase(plant.bus) - before_rad)) == pytest.approx(deg, abs=0.5)
    blip_hz = abs(plant.bus_frequency_hz - 50.0)
    plant.advance_to(plant.now_s + 0.2)
    assert blip_hz > 0.1
    assert abs(plant.bus_frequency_hz - 50.0) < 0.02
    assert plant.grid_frequency_hz == 50.0
