"""One feeder in the island, story by story: held by a person, or with a fault of its own."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from controller.core.decide import fresh_memory
from controller.core.feeders import shed
from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.image import ProcessImage
from controller.model.memory import DurableMemory
from controller.model.phases import ZERO, PhaseValues
from controller.model.reasons import EventKind, Reason
from controller.model.words import InverterMode, Mode
from hil_tests.tests.core.hubs import DEAD, OPEN, hub, islanded, with_battery, with_feeder, with_poi
from hil_tests.tests.core.run import Run


def held(at_s: float) -> ProcessImage:
    return with_feeder(islanded(at_s), "ev_posts", position=OPEN, power_w=ZERO)


def wish(kind: RequestKind, run: Run, subject: str = "ev_posts") -> Advice:
    return Advice(requests=(OperatorRequest(f"{kind.value}{run.now_s}", kind, subject, "who", False, run.now_s + 5.0),))


def ordered_close(run: Run) -> set[str]:
    return {event.subject for event in run.events if event.kind is EventKind.ORDERED_CLOSE}


def test_a_feeder_that_is_let_go_is_ordered_closed_in_a_later_cycle_than_the_guard_still_knows_it_held() -> None:
    run = Run(hub())
    run.see(islanded, 1.0)
    run.see(islanded, advice=wish(RequestKind.OPEN_FEEDER, run))
    run.see(held, 20.0)
    run.see(held, advice=wish(RequestKind.CLOSE_FEEDER, run))
    assert "ev_posts" not in run.memory.durable.held_open
    command = run.commands.feeders["ev_posts"]
    assert command.close is None, "the guard reads the holds as they were before this cycle"
    run.see(held, 6.0)
    assert ordered_close(run) == {"ev_posts"}


def shorted(at_s: float) -> ProcessImage:
    """The warm room draws ten times its rating, and the battery twice what it can for ever."""
    seen = with_feeder(islanded(at_s), "warm_room", power_w=PhaseValues.even(40_000.0))
    return with_battery(seen, power_w=PhaseValues.even(45_000.0))


def without_warm_room(at_s: float) -> ProcessImage:
    return with_feeder(islanded(at_s), "warm_room", position=OPEN, power_w=ZERO)


def both_open(at_s: float) -> ProcessImage:
    return with_feeder(without_warm_room(at_s), "ev_posts", position=OPEN, power_w=ZERO)


def test_a_feeder_that_drew_many_times_its_rating_is_left_alone_and_holds_nobody_back() -> None:
    run = Run(hub())
    run.see(islanded, 1.0)
    run.see(shorted, 0.4)
    assert run.memory.feeders["warm_room"].quarantined
    assert run.commands.feeders["warm_room"].cause is Reason.FEEDER_OVERDRAWN
    alarms = [e for e in run.events if e.kind is EventKind.ALARM]
    assert [(e.subject, e.reason) for e in alarms] == [("warm_room", Reason.FEEDER_OVERDRAWN)]
    run.see(both_open, 4.0)
    assert not ordered_close(run), "what has just been shed may not be all"
    run.see(both_open, 20.0)
    assert ordered_close(run), "the healthy ones of the tier above come back"
    assert "warm_room" not in ordered_close(run)


def given_up() -> Run:
    """The warm room was shorted, and the controller has been started anew since."""
    run = Run(hub())
    run.see(islanded, 1.0)
    run.see(shorted, 0.4)
    run.see(both_open, 4.0)
    run.restart()
    return run


def test_a_restart_does_not_close_what_only_a_person_may() -> None:
    """A short that takes the control's own supply with it was closed onto again after every start."""
    run = given_up()
    run.see(both_open, 40.0)
    assert run.memory.feeders["warm_room"].quarantined
    assert "warm_room" not in ordered_close(run)
    run.see(both_open, advice=wish(RequestKind.CLOSE_FEEDER, run, "warm_room"))
    assert run.memory.durable.quarantined == frozenset()
    run.see(both_open, 20.0)
    assert "warm_room" in ordered_close(run)


def coming_back(tries_count: int) -> Run:
    """The warm room is ordered closed, and each time the controller dies of it."""
    run = Run(hub())
    run.memory = fresh_memory(DurableMemory(shed_by_us=frozenset({"warm_room"})), run.now_s)
    for _ in range(tries_count):
        until_s = run.now_s + 60.0
        run.see(without_warm_room, 0.1)
        while run.commands.feeders.get("warm_room") is None or run.commands.feeders["warm_room"].close is None:
            run.see(without_warm_room, 0.1)
            assert run.now_s < until_s, "it is never ordered closed"
        run.restart()
    run.see(without_warm_room, 0.1)
    return run


def test_a_pick_up_in_which_the_controller_died_was_a_try() -> None:
    once, twice = coming_back(1), coming_back(2)
    assert [run.memory.feeders["warm_room"].close_attempts for run in (once, twice)] == [1, 2]
    assert [run.memory.feeders["warm_room"].quarantined for run in (once, twice)] == [False, True]
    assert once.memory.durable.shed_by_us >= {"warm_room"}, "it is still ours to close"


def test_one_that_is_found_closed_has_stood_it_if_it_stands_it_for_its_time() -> None:
    run = coming_back(1)
    run.restart()
    run.see(islanded, 9.0)
    assert run.memory.feeders["warm_room"].close_attempts == 1
    run.see(islanded, 2.0)
    assert (run.memory.feeders["warm_room"].close_attempts, run.memory.durable.tried) == (0, {})


def collapsed(at_s: float) -> ProcessImage:
    """Picked up, the warm room has taken the bus with it, and stands closed still."""
    seen = with_poi(islanded(at_s), bus_voltage_v=DEAD, bus_frequency_hz=None)
    return with_battery(seen, mode=InverterMode.GRID_FOLLOWING, voltage_v=DEAD, power_w=ZERO)


def picked_up(run: Run, feeder: str = "warm_room") -> None:
    """Everything waits but what cannot be shed; it comes back until this feeder is there."""
    until_s = run.now_s + 120.0
    while run.memory.feeders[feeder].picked_up_at_s is None:
        assert run.now_s < until_s, f"{feeder} is never closed"
        closed = [f for f, state in run.memory.feeders.items() if state.shed_since_s is None]
        run.see(partial(only, closed))


def only(closed: Collection[str], at_s: float) -> ProcessImage:
    seen = islanded(at_s, load_w=2_000.0)
    for feeder in seen.feeders:
        seen = seen if feeder in closed else with_feeder(seen, feeder, position=OPEN, power_w=ZERO)
    return seen


def collapses_with(run: Run, feeder: str = "warm_room") -> None:
    picked_up(run, feeder)
    run.see(collapsed, 0.5)
    run.see(partial(only, ["desk"]), 1.0)
    assert run.memory.mode is Mode.ISLANDED


def test_a_feeder_whose_pick_up_the_island_does_not_stand_is_tried_once_more_and_then_left_alone() -> None:
    """The failed pick-up was forgotten after ten seconds, and the bolted short was re-energised for ever."""
    run = Run(hub())
    run.see(islanded, 1.0)
    run.memory = shed(run.memory, ["medical", "warm_room"], Reason.OVERLOAD, run.now_s)
    collapses_with(run)
    assert not run.memory.feeders["warm_room"].quarantined, "once may be chance"
    run.see(partial(only, ["desk"]), 3.0)
    collapses_with(run)
    assert run.memory.feeders["warm_room"].quarantined
    assert not run.memory.feeders["medical"].quarantined, "which had come on just before it"
    picked_up(run, "ev_posts")


def test_what_is_shed_because_the_grid_is_gone_again_says_nothing_of_the_feeder() -> None:
    run = Run(hub())
    run.see(islanded, 1.0)
    run.memory = shed(run.memory, ["warm_room"], Reason.OVERLOAD, run.now_s)
    for _ in range(3):
        picked_up(run)
        run.memory = shed(run.memory, ["warm_room"], Reason.PREPARED_SHED, run.now_s)
        run.see(partial(only, ["desk", "medical", "phones", "ev_posts"]), 1.0)
    assert not run.memory.feeders["warm_room"].quarantined


def test_a_person_lets_an_overdrawn_feeder_close_and_its_fault_is_not_what_room_is_asked_for() -> None:
    run = Run(hub())
    run.see(islanded, 1.0)
    run.see(shorted, 0.4)
    run.see(without_warm_room, 10.0)
    run.see(without_warm_room, advice=wish(RequestKind.CLOSE_FEEDER, run, "warm_room"))
    run.see(without_warm_room, 6.0)
    assert "warm_room" in ordered_close(run)


def test_a_feeder_that_is_only_one_of_many_that_draw_too_much_is_not_blamed() -> None:
    def heavy(at_s: float) -> ProcessImage:
        return with_battery(islanded(at_s, load_w=130_000.0), power_w=PhaseValues.even(45_000.0))

    run = Run(hub())
    run.see(islanded, 1.0)
    run.see(heavy, 3.0)
    assert any(state.shed_since_s is not None for state in run.memory.feeders.values())
    assert not any(state.quarantined for state in run.memory.feeders.values())
