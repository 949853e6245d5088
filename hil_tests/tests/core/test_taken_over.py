"""A person switches to manual while the hub is on its way back to the grid: nothing is closed that nobody asks for."""

from __future__ import annotations

import pytest

from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.frozen import replace
from controller.model.hub import PoiSwitching
from controller.model.reasons import EventKind, Reason
from controller.model.words import Mode, Switcher
from hil_tests.simulation.bench import Bench
from hil_tests.tests.core.hubs import hub, islanded
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.scenes import far_apart


def asked(run: Run, *kinds: RequestKind) -> None:
    wishes = tuple(OperatorRequest(f"{k.value}{run.now_s}", k, None, "duty", True, run.now_s + 10.0) for k in kinds)
    run.see(far_apart, advice=Advice(requests=wishes))


def returning(closed_by: Switcher = Switcher.CONTROLLER) -> Run:
    run = Run(hub(poi=replace(hub().poi, switching=PoiSwitching(Switcher.CONTROLLER, closed_by))))
    run.see(islanded, 0.6)
    run.see(far_apart, 11.0)
    assert run.memory.mode is Mode.RECONNECTION
    return run


def taken_over_on_the_way(run: Run) -> None:
    run.see(islanded, 0.6)
    run.see(far_apart, 11.0)
    asked(run, RequestKind.MANUAL_ON)
    run.see(far_apart)


@pytest.mark.parametrize("closed_by", [Switcher.CONTROLLER, Switcher.SYNC_RELAY, Switcher.DEVICE])
def test_it_is_an_island_again_and_stays_one(closed_by: Switcher) -> None:
    run = returning(closed_by)
    asked(run, RequestKind.MANUAL_ON)
    run.see(far_apart, 60.0)
    assert (run.memory.mode, run.memory.reason) == (Mode.ISLANDED, Reason.OPERATOR)
    assert run.commands.poi.open
    assert run.commands.poi.close is None
    assert run.memory.grid.failed_returns_at_s == ()


def test_who_asks_for_it_then_gets_it() -> None:
    run = returning()
    asked(run, RequestKind.MANUAL_ON)
    run.see(far_apart, 5.0)
    asked(run, RequestKind.RECONNECT)
    run.see(far_apart, 5.0)
    assert run.memory.mode is Mode.RECONNECTION


def test_what_was_asked_for_before_is_not_asked_of_whoever_takes_over() -> None:
    run = Run(hub(grid_code=replace(hub().grid_code, automatic_reconnection=False)))
    run.see(islanded, 0.6)
    run.see(far_apart, 11.0)
    asked(run, RequestKind.RECONNECT)
    run.see(far_apart, 1.0)
    assert run.memory.mode is Mode.RECONNECTION
    asked(run, RequestKind.MANUAL_ON)
    run.see(far_apart, 5.0)
    assert run.memory.mode.value == "islanded"


def test_a_second_press_takes_nothing_from_who_has_asked() -> None:
    run = returning()
    asked(run, RequestKind.MANUAL_ON)
    asked(run, RequestKind.RECONNECT)
    run.see(far_apart, 5.0)
    asked(run, RequestKind.MANUAL_ON)
    run.see(far_apart, 5.0)
    assert run.memory.mode.value == "reconnection"


def test_on_the_bench_the_poi_stays_open() -> None:
    """Found by seed 1591 of the fuzzer."""
    bench = Bench.of()
    bench.run_for(5.0)
    bench.plant.grid.blackout()
    bench.run_for(5.0)
    bench.plant.grid.returns(angle_deg=30.0)
    bench.run_to(Mode.RECONNECTION)
    bench.run_for(1.0)
    bench.request(RequestKind.MANUAL_ON)
    bench.run_for(60.0)
    assert not bench.happened(EventKind.ORDERED_CLOSE, "poi")
    assert bench.mode is Mode.ISLANDED
    assert not bench.violations
