"""Shed for want of energy, and brought back on: tier by tier, one at a time, given energy and room."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.core.charge_fall import NEXT_S
from controller.core.restoring import ROOM_SEEN_S
from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.image import ProcessImage
from controller.model.phases import ZERO
from controller.model.reasons import EventKind, Reason
from controller.model.words import InverterMode, Mode
from hil_tests.tests.core.hubs import OPEN, hub, islanded, on_grid, with_battery, with_feeder
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.scenes import good_grid_beside_the_dark


def started() -> Run:
    run = Run(hub())
    run.see(islanded, 0.6)
    return run


def test_low_energy_sheds_tier_by_tier_and_starts_the_genset() -> None:
    run = started()

    def at_soc(soc_pct: float, t: float) -> ProcessImage:
        return with_battery(with_battery(islanded(t), soc_pct=soc_pct), "second", soc_pct=soc_pct)

    run.see(lambda t: at_soc(40.0, t), 0.1)
    assert {f for f, c in run.commands.feeders.items() if c.open} == {"phones", "ev_posts"}
    assert run.commands.gensets == {}
    run.see(lambda t: at_soc(24.0, t), 0.1)
    assert run.commands.feeders["warm_room"].open
    run.see(lambda t: at_soc(24.0, t), NEXT_S)
    assert run.commands.gensets["genset"].crank is not None


def test_a_battery_that_cannot_give_keeps_nobody_supplied() -> None:
    """Its charge is not the hub's. Where none gives any more, what they say is all there is to know."""
    run = started()

    def with_second(t: float, **state: object) -> ProcessImage:
        return with_battery(with_battery(islanded(t), soc_pct=24.0), "second", soc_pct=95.0, **state)

    run.see(with_second, 0.2)
    assert "warm_room" not in {f for f, c in run.commands.feeders.items() if c.open}
    run = started()
    run.see(lambda t: with_second(t, mode=InverterMode.FAULT), 0.2)
    assert {f for f, c in run.commands.feeders.items() if c.open} == {"phones", "ev_posts", "warm_room"}


def test_restoring_goes_one_at_a_time_and_never_overtakes_a_tier() -> None:
    run = started()
    low = lambda t: with_battery(with_battery(islanded(t), soc_pct=20.0), "second", soc_pct=20.0)  # noqa: E731
    run.see(low, 0.1)

    def after(t: float) -> ProcessImage:
        seen = islanded(t, 5_000.0)
        for name in ("warm_room", "phones", "ev_posts"):
            seen = with_feeder(seen, name, position=OPEN, power_w=ZERO)
        return seen

    run.see(after, 6.0)
    closes = [f for f, c in run.commands.feeders.items() if c.close is not None]
    assert closes == ["warm_room"]


def test_room_that_a_single_sample_shows_is_none() -> None:
    """A flipped bit may take kilowatts off a measured power; the plant takes longer to make room."""
    run = started()
    low = lambda t: with_battery(with_battery(islanded(t), soc_pct=20.0), "second", soc_pct=20.0)  # noqa: E731
    run.see(low, 0.1)

    def full(t: float, power_w: float = 40_000.0) -> ProcessImage:
        return with_feeder(islanded(t, power_w), "warm_room", position=OPEN, power_w=ZERO)

    run.see(full, 6.0)
    for _ in range(20):
        run.see(lambda t: full(t, 5_000.0), 0.1)
        run.see(full, 0.5)
    assert "warm_room" not in run.commands.feeders or run.commands.feeders["warm_room"].close is None
    run.see(lambda t: full(t, 5_000.0), 0.7)
    assert run.commands.feeders["warm_room"].close is not None


def test_a_feeder_that_does_not_answer_is_left_alone_after_one_retry() -> None:
    run = started()
    low = lambda t: with_battery(with_battery(islanded(t), soc_pct=20.0), "second", soc_pct=20.0)  # noqa: E731
    run.see(low, 0.1)
    stuck = lambda t: with_feeder(islanded(t, 5_000.0), "warm_room", position=OPEN, power_w=ZERO)  # noqa: E731
    run.see(stuck, 60.0)
    assert run.memory.feeders["warm_room"].quarantined
    assert sum(e.kind is EventKind.ORDERED_CLOSE and e.subject == "warm_room" for e in run.events) == 2


def off(at_s: float, load_w: float = 5_000.0, soc_pct: float = 85.0, *feeders: str) -> ProcessImage:
    """An island in which these are off: the warm room, if nobody is named."""
    seen = with_battery(with_battery(islanded(at_s, load_w), soc_pct=soc_pct), "second", soc_pct=soc_pct)
    for feeder in feeders or ("warm_room",):
        seen = with_feeder(seen, feeder, position=OPEN, power_w=ZERO)
    return seen


def ask(run: Run, feeder: str, image: Callable[[float], ProcessImage], kind: RequestKind) -> Reason:
    request = OperatorRequest(f"{feeder} {run.now_s}", kind, feeder, "duty", True, run.now_s + 10.0)
    run.see(image, advice=Advice(requests=(request,)))
    return next(e.reason for e in reversed(run.events) if e.kind is EventKind.REQUESTED)


@pytest.mark.parametrize(
    ("load_w", "soc_pct", "told"),
    [
        pytest.param(5_000.0, 85.0, Reason.OPERATOR, id="at once"),
        pytest.param(5_000.0, 20.0, Reason.CHARGE_AWAITED, id="charge"),
        pytest.param(40_000.0, 85.0, Reason.ROOM_AWAITED, id="room"),
    ],
)
def test_who_asks_a_feeder_back_on_is_told_what_it_waits_for(load_w: float, soc_pct: float, told: Reason) -> None:
    run = started()
    assert ask(run, "warm_room", islanded, RequestKind.OPEN_FEEDER) is Reason.OPERATOR
    run.see(off, 10.0)
    assert ask(run, "warm_room", lambda t: off(t, load_w, soc_pct), RequestKind.CLOSE_FEEDER) is told
    run.see(lambda t: off(t, load_w, soc_pct), ROOM_SEEN_S + 0.1)
    command = run.commands.feeders.get("warm_room")
    assert (command is not None and command.close is not None) == (told is Reason.OPERATOR)


def test_who_is_asked_back_on_does_not_wait_for_others_who_were_asked() -> None:
    """Found by seed 1051 of the fuzzer: each request put off all that were asked before."""
    run = started()
    for feeder in ("warm_room", "medical"):
        ask(run, feeder, islanded, RequestKind.OPEN_FEEDER)
    both_off = lambda t: off(t, 5_000.0, 85.0, "warm_room", "medical")  # noqa: E731
    run.see(both_off, 10.0)
    ask(run, "medical", both_off, RequestKind.CLOSE_FEEDER)
    run.see(both_off, 0.3)
    ask(run, "warm_room", both_off, RequestKind.CLOSE_FEEDER)
    run.see(both_off, ROOM_SEEN_S)
    assert run.commands.feeders["medical"].close is not None


def test_two_of_a_tier_do_not_put_each_other_off() -> None:
    """The first fits by fits and starts, the second always: the second comes on."""
    run = started()
    run.see(lambda t: with_battery(with_battery(islanded(t), soc_pct=40.0), "second", soc_pct=40.0), 0.2)
    needs_w = 1.5 * run.memory.drawn_w["ev_posts"]
    edge_w = 0.8 * 60_000.0 - needs_w

    def swings(t: float) -> ProcessImage:
        return off(t, edge_w + (150.0 if int(t / 0.25) % 2 else -150.0), 85.0, "phones", "ev_posts")

    run.see(swings, 10.0)
    ordered = {e.subject for e in run.events if e.kind is EventKind.ORDERED_CLOSE}
    assert "phones" in ordered


def test_in_manual_a_feeder_comes_on_when_a_person_asks_and_not_before() -> None:
    """Nobody could switch anything on in MANUAL: found by a reader."""
    run = started()
    run.see(lambda t: with_battery(with_battery(islanded(t), soc_pct=20.0), "second", soc_pct=20.0), 0.2)
    ask(run, "", islanded, RequestKind.MANUAL_ON)
    both_off = lambda t: off(t, 5_000.0, 85.0, "warm_room", "phones", "ev_posts")  # noqa: E731
    run.see(both_off, 20.0)
    assert not any(command.close for command in run.commands.feeders.values())
    assert ask(run, "phones", both_off, RequestKind.CLOSE_FEEDER) is Reason.LOWER_TIER_WAITS
    run.see(both_off, 20.0)
    assert not any(command.close for command in run.commands.feeders.values())
    assert ask(run, "warm_room", both_off, RequestKind.CLOSE_FEEDER) is Reason.OPERATOR
    run.see(both_off, ROOM_SEEN_S + 0.2)
    assert run.commands.feeders["warm_room"].close is not None
    run.see(lambda t: off(t, 5_000.0, 85.0, "phones", "ev_posts"), 6.0)
    assert run.commands.feeders["phones"].close is not None


def test_room_of_before_a_pause_is_forgotten() -> None:
    run = started()
    run.see(lambda t: off(t, soc_pct=20.0), 0.2)
    run.see(lambda t: off(t, 40_000.0), 6.0)
    run.see(off, 0.3)
    assert run.memory.room_since_s is not None
    run.see(good_grid_beside_the_dark, 1.0)
    assert run.memory.room_since_s is None


def test_over_a_dead_bus_the_first_comes_on_with_the_grid() -> None:
    def off_beside_the_grid(t: float) -> ProcessImage:
        return with_feeder(good_grid_beside_the_dark(t), "warm_room", position=OPEN, power_w=ZERO)

    def joined(t: float) -> ProcessImage:
        return with_feeder(on_grid(t), "warm_room", position=OPEN, power_w=ZERO)

    run = Run(hub())
    run.see(good_grid_beside_the_dark, 10.3)
    assert run.memory.mode is Mode.RECONNECTION
    run.see(off_beside_the_grid, 1.0)
    run.see(joined, ROOM_SEEN_S + 0.3)
    assert run.memory.mode.value == "grid_connected"
    assert {name for name, command in run.commands.feeders.items() if command.close is not None} == {"medical"}
