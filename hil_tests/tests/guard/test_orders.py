"""An order has one cause, one bounded time and one effect; what is asked too often is not done."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from controller.guard.vet import Verdict
from controller.model.image import ProcessImage
from controller.model.memory import Attempt
from controller.model.reasons import Reason
from hil_tests.tests.guard.hubs import ENVELOPE
from hil_tests.tests.guard.scene import (
    CYCLE_S,
    Watch,
    dark,
    islanded,
    on_grid,
    poi_close,
    ready_to_return,
    reasons,
    watch_after,
)


def ask_to_close(seen: ProcessImage, watch: Watch) -> Verdict:
    return watch.sees(seen, poi_close(watch.order()))


def test_open_beats_close() -> None:
    watch = watch_after(islanded(), islanded())
    verdict = watch.sees(ready_to_return(), poi_close(watch.order(), open=True))
    assert verdict.allowed.poi.open
    assert verdict.allowed.poi.close is None
    assert verdict.vetoes == ()


ORDER_TIMES = [  # issued and expiring, from now on; longest life is 600 s
    (0.0, 0.0, True),
    (0.0, 600.0, True),
    (0.0, 600.1, False),
    (-2.0, 0.0, True),
    (-2.0, -0.01, False),
    (0.01, 2.0, False),
    (-600.0, 0.0, True),
    (math.nan, 1.0, False),
    (0.0, math.nan, False),
]


@pytest.mark.parametrize("row", ORDER_TIMES)
def test_an_order_has_its_time(row: tuple[float, float, bool]) -> None:
    issued_s, expires_s, lawful = row
    watch = watch_after(islanded(), islanded())
    now_s = watch.order().issued_at_s
    order = replace(watch.order(), issued_at_s=now_s + issued_s, expires_at_s=now_s + expires_s)
    assert reasons(watch.sees(ready_to_return(), poi_close(order))) == ([] if lawful else [Reason.VETO_STALE])


def test_restating_an_order_is_not_a_second_closing() -> None:
    watch = watch_after(islanded(), islanded())
    order = watch.order()
    for _ in range(6):
        assert watch.sees(ready_to_return(), poi_close(order)).vetoes == ()
    assert len(watch.memory.tracks["poi"].tries_at_s) == 1


def test_an_order_that_was_answered_is_over() -> None:
    """The breaker closed and tripped again: the standing order must not close it a second time."""
    watch = watch_after(islanded(), islanded())
    order = watch.order()
    watch.sees(ready_to_return(), poi_close(order))
    assert watch.sees(on_grid(), poi_close(order)).vetoes == ()
    assert reasons(watch.sees(ready_to_return(), poi_close(order))) == [Reason.VETO_HAMMERING]


def test_the_breaker_rests_five_seconds_between_two_closings() -> None:
    watch = watch_after(islanded(), islanded())
    watch.sees(ready_to_return(), poi_close(watch.order()))
    tried_s = watch.now_s
    watch.now_s = tried_s + 5.0 - 2 * CYCLE_S
    assert reasons(watch.sees(ready_to_return(), poi_close(watch.order()))) == [Reason.VETO_HAMMERING]
    watch.now_s = tried_s + 5.0 - CYCLE_S
    assert reasons(watch.sees(ready_to_return(), poi_close(watch.order()))) == []


def test_three_closings_in_ten_minutes_are_enough() -> None:
    watch = watch_after(islanded(), islanded())
    first_s = watch.now_s + CYCLE_S
    for _ in range(3):
        assert watch.sees(ready_to_return(), poi_close(watch.order())).vetoes == ()
        watch.now_s += 100.0
    assert reasons(watch.sees(ready_to_return(), poi_close(watch.order()))) == [Reason.VETO_HAMMERING]
    watch.now_s = first_s + 600.0 - 2 * CYCLE_S
    assert reasons(watch.sees(ready_to_return(), poi_close(watch.order()))) == [Reason.VETO_HAMMERING]
    watch.now_s = first_s + 600.0 - CYCLE_S
    assert watch.sees(ready_to_return(), poi_close(watch.order())).vetoes == ()


def test_closings_that_nobody_ordered_count_too() -> None:
    watch = watch_after(islanded(), on_grid(), islanded(), on_grid(), islanded(), on_grid(), islanded())
    assert len(watch.memory.tracks["poi"].tries_at_s) == 3
    watch.now_s += 10.0
    assert reasons(watch.sees(ready_to_return(), poi_close(watch.order()))) == [Reason.VETO_HAMMERING]


def test_a_closing_by_order_counts_once() -> None:
    watch = watch_after(islanded(), islanded())
    watch.sees(ready_to_return(), poi_close(watch.order()))
    watch.sees(on_grid())
    assert len(watch.memory.tracks["poi"].tries_at_s) == 1
    watch.sees(islanded())
    watch.sees(on_grid())
    assert len(watch.memory.tracks["poi"].tries_at_s) == 2


def test_being_closed_at_first_sight_is_no_closing() -> None:
    assert watch_after(on_grid()).memory.tracks["poi"].tries_at_s == ()


def test_the_newest_sixty_four_tries_are_kept() -> None:
    watch = Watch()
    for _ in range(70):
        watch.sees(on_grid())
        watch.sees(dark())
    tries_at_s = watch.memory.tracks["poi"].tries_at_s
    assert len(tries_at_s) == 64
    assert tries_at_s[-1] == watch.now_s - CYCLE_S


def test_ordered_tries_are_bounded_too() -> None:
    watch = watch_after(islanded(), envelope=replace(ENVELOPE, poi_closings_max=1_000))
    for _ in range(70):
        watch.now_s += 5.0
        assert watch.sees(ready_to_return(), poi_close(watch.order())).vetoes == ()
    assert len(watch.memory.tracks["poi"].tries_at_s) == 64


def test_a_restart_forgets_no_closing() -> None:
    tries = tuple(Attempt("poi", "close", 1_014.0 - n) for n in range(3))
    watch = watch_after(islanded(), more={"attempts": (*tries, Attempt("main", "form", 1_023.0))})
    assert reasons(ask_to_close(ready_to_return(), watch)) == [Reason.VETO_HAMMERING]
    assert watch.memory.tracks["main"].tries_at_s == (1_023.0,)


def test_seen_closed_it_may_be_asked_to_close_and_nothing_moves() -> None:
    watch = watch_after(on_grid())
    assert watch.sees(on_grid(), poi_close(watch.order())).vetoes == ()
    assert watch.memory.tracks["poi"].is_answered
