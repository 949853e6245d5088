"""What a person has released holds for what it was meant for, and for nothing that comes later."""

from __future__ import annotations

import pytest

from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.frozen import replace
from controller.model.image import ProcessImage, WeatherSeen
from controller.model.memory import DurableMemory
from controller.model.reasons import EventKind, Reason
from controller.model.words import Authority, InverterMode, Mode
from hil_tests.tests.core.hubs import (
    OPEN,
    battery,
    battery_seen,
    dark,
    hub,
    islanded,
    nothing_left,
    on_grid,
    with_battery,
    with_feeder,
)
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.scenes import returned, sunrise


def asks(run: Run, kind: RequestKind) -> Advice:
    return Advice(requests=(OperatorRequest(f"{kind.value} {run.now_s}", kind, None, "duty", True, run.now_s + 10.0),))


def manual() -> Run:
    run = Run(hub())
    run.memory = replace(run.memory, durable=DurableMemory(authority=Authority.MANUAL))
    return run


def cloudy(at_s: float) -> ProcessImage:
    return replace(sunrise(at_s), weather=WeatherSeen(at_s, 20.0, 12.0))


def unmeasured_sun(at_s: float) -> ProcessImage:
    return replace(sunrise(at_s), weather=WeatherSeen())


def test_a_return_released_on_the_grid_is_refused_and_not_kept_for_the_next_blackout() -> None:
    run = manual()
    run.see(on_grid, 1.0)
    decision = run.see(on_grid, advice=asks(run, RequestKind.RECONNECT))
    assert [event.kind for event in decision.events] == [EventKind.REQUEST_REFUSED]
    run.see(islanded, 1.0)
    run.see(returned, 60.0)
    assert run.memory.mode is Mode.ISLANDED, "in manual nobody has released this return"


def test_a_return_released_in_the_island_is_taken() -> None:
    run = manual()
    run.see(islanded, 1.0)
    run.see(islanded, advice=asks(run, RequestKind.RECONNECT))
    run.see(returned, 12.0)
    assert run.memory.mode is Mode.RECONNECTION


def test_a_start_asked_for_is_over_when_the_hub_is_not_dark_any_more() -> None:
    run = manual()
    run.see(nothing_left, 1.0)
    assert run.memory.mode.value == "dark"
    run.see(sunrise, advice=asks(run, RequestKind.BLACK_START))
    run.see(on_grid, 30.0)
    assert run.memory.mode is Mode.GRID_CONNECTED
    run.see(nothing_left, 15.0)
    run.see(nothing_left, 60.0)
    run.see(dark, 60.0)
    assert run.memory.mode.value == "dark", "of this blackout nobody has asked anything"


def test_whoever_asks_need_not_wait_for_an_hour_where_nobody_measures_the_sun() -> None:
    run = Run(hub())
    run.see(unmeasured_sun, 60.0)
    assert run.memory.mode is Mode.DARK
    run.see(unmeasured_sun, advice=asks(run, RequestKind.BLACK_START))
    run.see(unmeasured_sun)
    assert run.memory.mode.value == "black_start"


@pytest.mark.parametrize("image", [nothing_left, cloudy])
def test_a_start_from_nothing_is_refused(image: object) -> None:
    run = Run(hub())
    run.see(image, 5.0)  # type: ignore[arg-type]  # a picture
    decision = run.see(image, advice=asks(run, RequestKind.BLACK_START))  # type: ignore[arg-type]
    assert [(event.kind, event.reason) for event in decision.events] == [
        (EventKind.REQUEST_REFUSED, Reason.NOTHING_TO_START)
    ]
    assert not run.memory.released_start


def test_a_start_by_hand_is_refused_where_somebody_works_by_hand_or_only_watches() -> None:
    run = Run(hub())
    run.memory = replace(run.memory, durable=DurableMemory(authority=Authority.OBSERVE))
    run.see(dark, 1.0)
    decision = run.see(dark, advice=asks(run, RequestKind.BLACK_START))
    assert [event.reason for event in decision.events] == [Reason.OBSERVE_ONLY]
    run = manual()
    run.see(dark, 1.0)
    decision = run.see(lambda t: replace(dark(t), local_control=True), advice=asks(run, RequestKind.BLACK_START))
    assert [event.reason for event in decision.events] == [Reason.LOCAL_CONTROL]


def test_a_start_of_what_nobody_sees_is_not_refused_for_having_power() -> None:
    """All devices were unplugged, and the answer was that the hub is not without power."""
    run = Run(hub())
    decision = run.see(lambda _: ProcessImage(), advice=asks(run, RequestKind.BLACK_START))
    assert run.memory.mode is Mode.UNKNOWN
    answers = [event.reason for event in decision.events if event.kind is EventKind.REQUEST_REFUSED]
    assert answers == [Reason.START_UNCLEAR]


def test_a_full_second_battery_starts_the_hub_that_an_empty_first_one_cannot() -> None:
    two = hub(batteries={"battery": battery(), "second": battery("second")}, gensets={})

    def first_is_low(at_s: float) -> ProcessImage:
        seen = with_battery(dark(at_s), soc_pct=6.0)
        full = battery_seen(
            at_s, mode=InverterMode.GRID_FOLLOWING, soc_pct=95.0, voltage_v=dark(at_s).poi.bus_voltage_v
        )
        return replace(seen, batteries={**seen.batteries, "second": full}, gensets={})

    run = Run(two)
    run.see(first_is_low, 5.0)
    assert run.memory.mode.value == "black_start"
    assert run.memory.black_start is not None
    assert run.memory.black_start.source == "second"


def held(run: Run, kind: RequestKind) -> Advice:
    return Advice(requests=(OperatorRequest(kind.value, kind, "warm_room", "duty", True, run.now_s + 10.0),))


def test_a_feeder_that_a_person_holds_open_has_not_switched_off_by_itself() -> None:
    run = Run(hub())
    run.see(islanded, 1.0)
    run.see(islanded, advice=held(run, RequestKind.OPEN_FEEDER))
    decision = run.see(lambda t: with_feeder(islanded(t), "warm_room", position=OPEN))
    assert [(e.kind, e.subject, e.reason) for e in decision.events] == [
        (EventKind.POSITION_CHANGED, "warm_room", Reason.OPERATOR)
    ]


def test_a_feeder_that_is_let_close_is_not_told_as_switched_off() -> None:
    run = Run(hub())
    run.see(islanded, 1.0)
    run.see(islanded, advice=held(run, RequestKind.OPEN_FEEDER))
    run.see(lambda t: with_feeder(islanded(t), "warm_room", position=OPEN), 1.0)
    decision = run.see(
        lambda t: with_feeder(islanded(t), "warm_room", position=OPEN), advice=held(run, RequestKind.CLOSE_FEEDER)
    )
    assert [event.kind for event in decision.events] == [EventKind.REQUESTED]


def test_a_feeder_whose_protection_has_operated_is_refused_and_says_why() -> None:
    run = Run(hub())
    run.see(islanded, 1.0)
    decision = run.see(
        lambda t: with_feeder(islanded(t), "warm_room", position=OPEN, has_fault=True),
        advice=held(run, RequestKind.CLOSE_FEEDER),
    )
    assert (EventKind.REQUEST_REFUSED, Reason.CAUSE_REMAINS) in {(e.kind, e.reason) for e in decision.events}
    run.see(lambda t: with_feeder(islanded(t), "warm_room", position=OPEN), 20.0)
    assert "warm_room" not in run.commands.feeders, "a reset alone closes nothing"


def test_a_fresh_start_has_not_been_blind_since_the_machine_came_up() -> None:
    run = Run(hub())
    assert run.memory.grid.since_s == run.now_s


def test_a_return_asked_for_before_somebody_took_over_by_hand_is_asked_for_no_more() -> None:
    """Found by seed 1297 of the fuzzer."""
    run = Run(hub())
    run.see(islanded, 0.6)
    for kind in (RequestKind.RECONNECT, RequestKind.MANUAL_ON):
        run.see(islanded, advice=asks(run, kind))
    run.see(lambda t: returned(t, 90.0), 15.0)
    assert run.memory.mode is Mode.ISLANDED
