"""A grid code that wants a return released (VDE-AR-N 4110): the island stays one beside a good grid until it is."""

from __future__ import annotations

from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.frozen import replace
from controller.model.words import Authority, Mode
from hil_tests.tests.core.hubs import hub, islanded
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.scenes import returned


def test_it_is_released_by_a_person_and_once() -> None:
    run = Run(hub(grid_code=replace(hub().grid_code, automatic_reconnection=False)))
    run.see(islanded, 0.5)
    run.see(returned, 60.0)
    assert (run.memory.mode, run.memory.durable.authority) == (Mode.ISLANDED, Authority.AUTO)
    please = OperatorRequest("1", RequestKind.RECONNECT, None, "duty", True, run.now_s + 10.0)
    run.see(returned, advice=Advice(requests=(please,)))
    run.see(returned, 0.1)
    assert run.memory.mode.value == "reconnection"
    run.see(islanded, 1.0)
    assert run.memory.mode is Mode.ISLANDED, "the grid has gone again"
    run.see(returned, 600.0, cycle_s=0.2)
    assert run.memory.mode is Mode.ISLANDED, "one release is for one return"
