"""An island that is asked for more than it can give sheds by tier, at once, and keeps the desk."""

from __future__ import annotations

import pytest

from controller.model.reasons import EventKind, Reason
from controller.model.words import Mode
from hil_tests.simulation.bench import Bench


def island() -> Bench:
    bench = Bench.of()
    bench.run_to(Mode.GRID_CONNECTED)
    bench.plant.weather.irradiance_w_per_m2 = 0.0
    bench.run_for(0.5)  # what is drawn counts when the bus has lived on
    bench.plant.grid.blackout()
    bench.run_to(Mode.ISLANDED)
    bench.run_for(5.0)
    return bench


def demand(bench: Bench, ratio: float) -> None:
    for feeder in bench.plant.feeders.values():
        feeder.demand_ratio = ratio


@pytest.mark.parametrize("ratio", [3.0, 4.0])
def test_a_former_at_its_current_limit_is_relieved_although_its_power_looks_harmless(ratio: float) -> None:
    """The voltage gives way before the power shows it: found by measuring how long an overload lasts."""
    bench = island()
    demand(bench, ratio)
    struck_s = bench.plant.now_s
    bench.run_until(lambda b: bool(b.happened(EventKind.SHED, Reason.OVERLOAD)), 0.3)
    bench.run_until(lambda b: abs(b.plant.bus) > 0.8, 2.0)
    assert bench.plant.now_s - struck_s < 1.0
    bench.run_for(5.0)
    shed = [event.subject for _, event in bench.happened(EventKind.SHED, Reason.OVERLOAD)]
    assert shed[0] == "ev_posts", "the last tier goes first"
    assert "desk" not in shed
    assert bench.plant.feeders["desk"].is_energised
    assert bench.mode is Mode.ISLANDED
    assert not bench.violations


def test_a_dip_shorter_than_two_samples_sheds_nothing() -> None:
    bench = island()
    demand(bench, 4.0)
    bench.run_for(0.05)
    demand(bench, 0.5)
    bench.run_for(3.0)
    assert not bench.happened(EventKind.SHED, Reason.OVERLOAD)
