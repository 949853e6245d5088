"""A load that swings, and a droop that is not the site file's: the way back waits for a calmer moment."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from controller.config.load import load_site
from controller.config.types import Site
from controller.model.reasons import EventKind
from controller.model.words import Mode
from hil_tests.bench.loading import HUBS
from hil_tests.plant.plant import Plant, PlantOptions
from hil_tests.servers.points import PlantDevices
from hil_tests.simulation.bench import Bench
from hil_tests.simulation.direct import DirectLink

SWINGS_S = 25.0
SWING_RATIO = 0.15  # of the former's rating, once a second


@pytest.mark.parametrize(("told_pct", "true_pct"), [(1.5, 0.5), (1.0, 2.0)])
def test_nobody_closes_into_a_swing_and_nothing_latches(told_pct: float, true_pct: float) -> None:
    """The guard refused three closings that the decision had ordered, and a person had to release the POI."""
    bench = _with_another_droop(told_pct, true_pct)
    bench.run_to(Mode.GRID_CONNECTED)
    bench.run_for(0.5)  # what is drawn counts when the bus has lived on
    bench.plant.grid.blackout()
    bench.run_to(Mode.ISLANDED)
    bench.plant.grid.returns(1.0, 50.02, 100.0)
    bench.run_to(Mode.RECONNECTION)
    _swing(bench)
    assert bench.mode is Mode.RECONNECTION
    bench.run_to(Mode.GRID_CONNECTED, 60.0)
    assert bench.vetoes == []
    orders = [event for _, event in bench.happened(EventKind.ORDERED_CLOSE) if event.subject == "poi"]
    assert len(orders) == 1
    assert not bench.violations


def _with_another_droop(told_pct: float, true_pct: float) -> Bench:
    site = load_site(HUBS / "small.toml")
    told, true = _drooping(site, told_pct), _drooping(site, true_pct)
    plant = Plant(true.hub, 1, PlantOptions(soc_pct=70.0, irradiance_w_per_m2=0.0, demand_ratio=0.4))
    devices = PlantDevices(told, plant)
    links = {name: DirectLink(device, devices.device(name)) for name, device in told.devices.items()}
    return Bench(site=told, plant=plant, devices=devices, links=links)


def _drooping(site: Site, droop_pct: float) -> Site:
    slope_hz = droop_pct / 100.0 * site.hub.nominal_frequency_hz
    batteries = {
        name: replace(battery, droop_hz_per_w=slope_hz / battery.rating_va)
        for name, battery in site.hub.batteries.items()
    }
    return replace(site, hub=replace(site.hub, batteries=batteries))


def _swing(bench: Bench) -> None:
    feeders = bench.plant.feeders.values()
    rated_w = sum(feeder.feeder.rated_w for feeder in feeders)
    former_va = next(iter(bench.plant.batteries.values())).battery.rating_va
    before = {feeder.feeder.id: feeder.demand_ratio for feeder in feeders}
    until_s = bench.plant.now_s + SWINGS_S
    while bench.plant.now_s < until_s:
        share = SWING_RATIO * math.sin(2.0 * math.pi * bench.plant.now_s) * former_va / rated_w
        for feeder in feeders:
            feeder.demand_ratio = before[feeder.feeder.id] + share
        bench.run_for(0.05)
