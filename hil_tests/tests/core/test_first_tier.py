"""A black start ends when its first tier is served, whatever people ask for in that moment."""

from __future__ import annotations

from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.frozen import replace
from controller.model.image import ProcessImage
from controller.model.phases import ZERO
from controller.model.words import Mode
from hil_tests.tests.core.hubs import OPEN, dark, hub, islanded, with_feeder
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.scenes import earthed_and_dark

FIRST = ("medical", "phones")
HUB = hub(feeders={**hub().feeders, **{each: replace(hub().feeders[each], tier=0) for each in FIRST}})


def unloaded(at_s: float) -> ProcessImage:
    seen = islanded(at_s)
    for feeder in HUB.feeders.values():
        if not feeder.carries_control:
            seen = with_feeder(seen, feeder.id, position=OPEN, power_w=ZERO)
    return seen


def started_to_its_first_tier() -> Run:
    run = Run(HUB)
    run.see(dark, 0.2)
    run.see(earthed_and_dark, 3.2)
    while run.memory.black_start is None or run.memory.black_start.step != "first_tier":
        run.see(unloaded)
        assert run.now_s < 120.0
    return run


def test_a_person_who_lets_all_close_does_not_end_it() -> None:
    """Found by seed 1528 of the fuzzer: the first tier waited for the pause of an island that stands."""
    run = started_to_its_first_tier()
    wishes = tuple(
        OperatorRequest(each, RequestKind.CLOSE_FEEDER, each, "duty", True, run.now_s + 10.0) for each in FIRST
    )
    run.see(unloaded, advice=Advice(requests=wishes))
    run.see(unloaded)
    assert run.memory.mode is Mode.BLACK_START
    run.see(unloaded, 1.0)
    assert any(run.commands.feeders[each].close is not None for each in FIRST)
