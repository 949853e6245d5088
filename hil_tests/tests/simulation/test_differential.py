"""Two runs that differ in one thing, and what they must have in common."""

from __future__ import annotations

from functools import cache

import pytest

from controller.model.advice import RequestKind
from controller.model.reasons import EventKind
from controller.model.words import Mode
from hil_tests.bench.scene import Received
from hil_tests.plant.plant import PlantOptions
from hil_tests.simulation.bench import Bench
from hil_tests.tests.checkers.stage import the_site

SWITCHING = frozenset({"close", "close_permit", "open", "closed", "mode_set", "run"})
SILENT_S = 12.0


def told_to_switch(bench: Bench, but: str = "") -> list[tuple[str, str, object]]:
    """Every order to switch in turn, but those of one device."""
    return [
        (order.asset, order.field, order.value)
        for order in bench.scene.orders
        if order.field in SWITCHING and order.device != but
    ]


def with_one_silent(device: str, *, in_island: bool) -> Bench:
    """On grid or in an island by day; a device falls silent and comes back, or none does."""
    bench = Bench.of(options=PlantOptions(irradiance_w_per_m2=300.0))
    bench.run_for(5.0)
    if in_island:
        bench.plant.grid.blackout()
        bench.run_for(8.0)
    silent = (device,) if device else ()
    bench.cut(*silent)
    bench.run_for(SILENT_S)
    bench.restore(*silent)
    bench.run_for(10.0)
    return bench


@cache
def with_none_silent(in_island: bool) -> Bench:
    return with_one_silent("", in_island=in_island)


@pytest.mark.parametrize("in_island", [False, True], ids=["on grid", "in the island"])
@pytest.mark.parametrize("device", the_site().devices)
def test_who_falls_silent_moves_nobody_else(device: str, in_island: bool) -> None:
    """I22: a lost device changes what its own fallback says, and no contact, source or engine of another."""
    bench, other = with_one_silent(device, in_island=in_island), with_none_silent(in_island)
    assert told_to_switch(bench, device) == told_to_switch(other, device)
    assert bench.mode is other.mode is (Mode.ISLANDED if in_island else Mode.GRID_CONNECTED)
    assert bench.violations == []


def blackout_and_back(*, is_flooded: bool) -> Bench:
    """Out and home; with or without ten nonsensical wishes a second."""
    bench = Bench.of(options=PlantOptions(irradiance_w_per_m2=0.0))
    flood = [(RequestKind.CLOSE_FEEDER, "nobody"), (RequestKind.START_GENSET, "poi"), (RequestKind.OPEN_FEEDER, None)]
    for second in range(45):
        if second == 5:
            bench.plant.grid.blackout()
        elif second == 12:
            bench.plant.grid.returns(angle_deg=40.0)
        for number in range(10 if is_flooded else 0):
            kind, subject = flood[number % len(flood)]
            bench.request(kind, subject, at_the_hub=False)
        bench.run_for(1.0)
    return bench


def test_whoever_floods_it_with_wishes_changes_no_decision() -> None:
    """I24: all are refused, and every order comes in the same step as without them."""

    def orders(bench: Bench) -> list[Received]:
        return bench.scene.orders

    flooded, quiet = blackout_and_back(is_flooded=True), blackout_and_back(is_flooded=False)
    assert flooded.happened(EventKind.REQUEST_REFUSED)
    assert not flooded.happened(EventKind.REQUESTED)
    assert orders(flooded) == orders(quiet)
    assert flooded.mode is quiet.mode is Mode.GRID_CONNECTED
