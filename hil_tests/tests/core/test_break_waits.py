"""A hub that comes back over a dead bus makes the break when no genset is on its way onto it, and not later."""

from __future__ import annotations

import pytest

from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.frozen import replace
from controller.model.hub import PoiSwitching
from controller.model.image import GensetSeen, ProcessImage
from controller.model.phases import ZERO
from controller.model.words import BusSide, GensetState, Mode, Switcher
from hil_tests.tests.core.hubs import OPEN, hub, islanded, with_feeder
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.scenes import far_apart

LONGEST_S = 100.0  # a start of the sample hub's genset, and what forming takes


def run_of(bus: BusSide = BusSide.ISLAND) -> Run:
    sample = hub()
    switching = PoiSwitching(Switcher.OPEN_TRANSITION, Switcher.OPEN_TRANSITION)
    genset = replace(sample.gensets["genset"], bus=bus)
    run = Run(replace(sample, poi=replace(sample.poi, switching=switching), gensets={"genset": genset}))
    run.see(islanded, 0.6)
    return run


def without_medical(seen: ProcessImage) -> ProcessImage:
    return with_feeder(seen, "medical", position=OPEN, power_w=ZERO)


def says(state: GensetState, at_s: float) -> ProcessImage:
    return replace(far_apart(at_s), gensets={"genset": GensetSeen(at_s, state, ZERO, 150.0)})


def test_it_is_made_when_the_grid_has_been_good_for_its_time() -> None:
    run = run_of()
    run.see(lambda t: says(GensetState.STOPPED, t), 11.0)
    assert run.memory.mode is Mode.RECONNECTION


@pytest.mark.parametrize("state", [GensetState.STARTING, GensetState.READY])
def test_it_waits_for_one_that_is_coming_and_not_for_ever(state: GensetState) -> None:
    run = run_of()
    run.see(lambda t: says(state, t), 20.0)
    assert run.memory.mode.value == "islanded"
    run.see(lambda t: says(state, t), LONGEST_S, cycle_s=0.2)
    assert run.memory.mode.value == "reconnection"


def test_what_starts_before_the_poi_comes_onto_no_bus_of_ours() -> None:
    run = run_of(BusSide.GRID_SIDE)
    run.see(lambda t: says(GensetState.STARTING, t), 11.0)
    assert run.memory.mode is Mode.RECONNECTION


@pytest.mark.parametrize(("before_s", "comes_on"), [(9.0, False), (12.0, True)])
def test_nobody_is_switched_on_shortly_before_it(before_s: float, *, comes_on: bool) -> None:
    """Found by seed 1513 of the fuzzer: a feeder was opened, closed and opened within nine seconds."""
    run = run_of()
    run.see(lambda t: without_medical(islanded(t)), 20.0)
    assert run.memory.mode is Mode.ISLANDED
    asked_at_s = run.now_s + 20.0 - before_s
    code = run.hub.grid_code
    patient = replace(code, return_window=replace(code.return_window, observation_s=20.0))
    run.hub = replace(run.hub, grid_code=patient)
    while run.now_s < asked_at_s:
        run.see(lambda t: without_medical(far_apart(t)))
    request = OperatorRequest("on", RequestKind.CLOSE_FEEDER, "medical", "duty", True, run.now_s + 10.0)
    run.see(lambda t: without_medical(far_apart(t)), advice=Advice(requests=(request,)))
    ordered = False
    while run.memory.mode is Mode.ISLANDED and run.now_s < asked_at_s + 30.0:
        run.see(lambda t: without_medical(far_apart(t)))
        ordered |= run.commands.feeders["medical"].close is not None
    assert ordered is comes_on
    assert run.memory.mode.value == "reconnection"
