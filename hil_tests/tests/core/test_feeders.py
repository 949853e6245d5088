"""One feeder in the island, story by story: held by a person, or with a fault of its own."""

from __future__ import annotations

from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.image import ProcessImage
from controller.model.phases import ZERO
from hil_tests.tests.core.hubs import OPEN, hub, islanded, with_feeder
from hil_tests.tests.core.run import Run


def held(at_s: float) -> ProcessImage:
    return with_feeder(islanded(at_s), "ev_posts", position=OPEN, power_w=ZERO)


def wish(kind: RequestKind, run: Run, subject: str = "ev_posts") -> Advice:
    return Advice(requests=(OperatorRequest(f"{kind.value}{run.now_s}", kind, subject, "who", False, run.now_s + 5.0),))


def test_a_feeder_that_is_let_go_is_ordered_closed_in_a_later_cycle_than_the_guard_still_knows_it_held() -> None:
    run = Run(hub())
    run.see(islanded, 1.0)
    run.see(islanded, advice=wish(RequestKind.OPEN_FEEDER, run))
    run.see(held, 20.0)
    run.see(held, advice=wish(RequestKind.CLOSE_FEEDER, run))
    assert "ev_posts" not in run.memory.durable.held_open
    command = run.commands.feeders["ev_posts"]
    assert command.close is None, "the guard reads the holds as they were before this cycle"
    run.see(held)
    assert run.commands.feeders["ev_posts"].close is not None
