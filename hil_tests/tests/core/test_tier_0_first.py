"""Tier 0 is served before the way back, where that takes no minute: to get in step may take as long, in the dark."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.core.conditions import TIER_0_FIRST_S
from controller.core.restoring import TIER_0_IDLE_S
from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.frozen import replace
from controller.model.hub import PoiSwitching
from controller.model.image import ProcessImage
from controller.model.phases import ZERO
from controller.model.reasons import EventKind
from controller.model.words import Mode, Switcher
from hil_tests.tests.core.hubs import OPEN, hub, islanded, with_battery, with_feeder, with_poi
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.scenes import far_apart

Image = Callable[[float], ProcessImage]
OBSERVED_S = 10.0


def without(image: Image, *feeders: str) -> Image:
    def seen(t: float) -> ProcessImage:
        found = image(t)
        for feeder in feeders:
            found = with_feeder(found, feeder, position=OPEN, power_w=ZERO)
        return found

    return seen


def asked(run: Run, kind: RequestKind, image: Image, feeder: str = "") -> None:
    request = OperatorRequest(f"{kind}{feeder}{run.now_s}", kind, feeder, "duty", True, run.now_s + 10.0)
    run.see(image, advice=Advice(requests=(request,)))


def waiting(*feeders: str) -> Run:
    """An island beside a grid that is nearly observed, in which a person has just let these of tier 0 close again."""
    tier_0 = {name: replace(hub().feeders[name], tier=0) for name in feeders}
    run = Run(hub(feeders={**hub().feeders, **tier_0}))
    run.see(islanded, 0.6)
    for feeder in feeders:
        asked(run, RequestKind.OPEN_FEEDER, islanded, feeder)
    run.see(without(far_apart, *feeders), OBSERVED_S - 0.5)
    for feeder in feeders:
        asked(run, RequestKind.CLOSE_FEEDER, without(far_apart, *feeders), feeder)
    return run


def test_the_way_back_waits_for_who_is_coming_on() -> None:
    """Found by seed 1032 of the fuzzer."""
    run = waiting("medical")
    run.see(without(far_apart, "medical"), 0.9)
    assert run.commands.feeders["medical"].close is not None
    assert run.memory.mode is Mode.ISLANDED
    run.see(far_apart, TIER_0_IDLE_S + 0.3)
    assert run.memory.mode.value == "reconnection"


def test_a_contact_that_misses_its_order_does_not_let_the_way_back_begin() -> None:
    run = waiting("medical")
    orders = 0
    while run.memory.mode is Mode.ISLANDED and run.now_s < 200.0:
        before = run.memory.feeders["medical"].close_attempts
        run.see(without(far_apart, "medical"))
        orders += run.memory.feeders["medical"].close_attempts > before
    assert run.memory.feeders["medical"].quarantined
    assert orders >= 1
    assert run.memory.mode.value == "reconnection", "and then it is left alone"


def test_an_inrush_of_one_does_not_leave_the_next_in_the_dark() -> None:
    run = waiting("medical", "phones")

    def inrush(t: float) -> ProcessImage:
        seen = without(far_apart, "phones")(t)
        return with_battery(seen, power_w=(seen.batteries["battery"].power_w or ZERO)._replace(l1=22_000.0))

    run.see(without(far_apart, "medical", "phones"), 0.6)
    run.see(inrush, 0.2)
    run.see(without(far_apart, "phones"), 6.0)
    assert run.commands.feeders["phones"].close is not None
    assert run.memory.mode is Mode.ISLANDED


def test_the_way_back_waits_no_longer_than_a_minute() -> None:
    """Whoever goes on waiting, for whatever reason, must not keep the hub off a good grid."""
    run = waiting("medical")
    medical = run.memory.feeders["medical"]
    began_s = run.now_s
    while run.memory.mode is Mode.ISLANDED and run.now_s < began_s + 2 * TIER_0_FIRST_S:
        run.see(without(far_apart, "medical"))
        run.memory = replace(run.memory, feeders={**run.memory.feeders, "medical": medical}, room_since_s=None)
    assert run.memory.mode.value == "reconnection"
    assert run.now_s - began_s == pytest.approx(TIER_0_FIRST_S, abs=3.0)


def test_in_manual_the_way_back_that_a_person_asks_for_waits_for_nobody_who_was_not_asked_for() -> None:
    tier_0 = {"medical": replace(hub().feeders["medical"], tier=0)}
    run = Run(hub(feeders={**hub().feeders, **tier_0}))
    run.see(islanded, 0.6)
    asked(run, RequestKind.MANUAL_ON, islanded)
    shed = replace(run.memory.feeders["medical"], shed_since_s=run.now_s)
    run.memory = replace(run.memory, feeders={**run.memory.feeders, "medical": shed})
    run.see(without(far_apart, "medical"), OBSERVED_S + 5.0)
    assert run.memory.mode is Mode.ISLANDED
    asked(run, RequestKind.RECONNECT, without(far_apart, "medical"))
    run.see(without(far_apart, "medical"), 1.0)
    assert run.memory.mode.value == "reconnection"


def shed_on_the_way_back(closed_by: Switcher, *feeders: str) -> Run:
    """An overload took these off while the POI waits to be closed, and the bus has settled since."""
    tier_0 = {"medical": replace(hub().feeders["medical"], tier=0)}
    poi = replace(hub().poi, switching=PoiSwitching(Switcher.CONTROLLER, closed_by))
    run = Run(hub(poi=poi, feeders={**hub().feeders, **tier_0}))
    run.see(islanded, 0.6)
    run.see(far_apart, OBSERVED_S + 3.0)
    assert run.memory.mode is Mode.RECONNECTION
    long_ago = {f: replace(run.memory.feeders[f], shed_since_s=run.now_s - 60.0) for f in feeders}
    run.memory = replace(run.memory, feeders={**run.memory.feeders, **long_ago})
    return run


@pytest.mark.parametrize("closed_by", [Switcher.SYNC_RELAY, Switcher.CONTROLLER])
def test_who_is_shed_on_the_way_back_does_not_wait_in_the_dark_for_its_end(closed_by: Switcher) -> None:
    """Found by seed 1155 of the fuzzer. To come into step may take minutes."""
    run = shed_on_the_way_back(closed_by, "medical", "ev_posts")
    until_s = run.now_s + hub().timing.restore_settle_s
    while run.memory.feeders["medical"].close is None and run.now_s < until_s:
        run.see(without(far_apart, "medical", "ev_posts"))
    assert run.commands.feeders["medical"].close is not None
    run.see(without(far_apart, "ev_posts"), 20.0)
    assert run.commands.feeders["ev_posts"].close is None, "it can wait until the grid carries it"
    assert run.memory.mode is Mode.RECONNECTION


@pytest.mark.parametrize(("angle_deg", "slip_hz"), [(12.0, 0.0), (-12.0, 0.0), (40.0, 0.08), (-40.0, -0.08)])
def test_nobody_comes_on_while_the_poi_is_about_to_close(angle_deg: float, slip_hz: float) -> None:
    """The dip of its inrush must not fall between the relay's order and the contact."""
    run = shed_on_the_way_back(Switcher.SYNC_RELAY, "medical")

    def near(t: float) -> ProcessImage:
        seen = without(far_apart, "medical")(t)
        return with_poi(seen, angle_difference_deg=angle_deg, bus_frequency_hz=50.0 + slip_hz)

    run.see(near, hub().timing.restore_settle_s + 2.0)
    assert run.memory.mode is Mode.RECONNECTION
    assert not [e for e in run.events if e.kind is EventKind.ORDERED_CLOSE and e.subject == "medical"]


@pytest.mark.parametrize(("closed_by", "comes_on"), [(Switcher.CONTROLLER, True), (Switcher.SYNC_RELAY, False)])
def test_on_the_way_back_it_comes_on_while_nobody_sees_the_angle(closed_by: Switcher, *, comes_on: bool) -> None:
    """Found by seed 1516 of the fuzzer. A relay closes by an angle of its own."""
    switching = PoiSwitching(Switcher.CONTROLLER, closed_by)
    tier_0 = {"medical": replace(hub().feeders["medical"], tier=0)}
    run = Run(hub(feeders={**hub().feeders, **tier_0}, poi=replace(hub().poi, switching=switching)))
    run.see(islanded, 0.6)
    asked(run, RequestKind.OPEN_FEEDER, islanded, "medical")

    def in_step(at_s: float) -> ProcessImage:
        return with_poi(without(far_apart, "medical")(at_s), angle_difference_deg=15.0, bus_frequency_hz=50.0)

    run.see(in_step, OBSERVED_S + 1.0)
    assert run.memory.mode.value == "reconnection"
    asked(run, RequestKind.CLOSE_FEEDER, in_step, "medical")
    for _ in range(200):
        run.see(lambda t: with_poi(in_step(t), angle_difference_deg=None))
        if run.commands.feeders["medical"].close is not None:
            break
    assert (run.commands.feeders["medical"].close is not None) is comes_on
