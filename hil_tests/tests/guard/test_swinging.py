"""A bus that swings goes through step with the grid in one sample, and is out of it at the contact."""

from __future__ import annotations

import pytest

from controller.model.image import ProcessImage
from controller.model.reasons import Reason
from controller.model.words import Switcher
from hil_tests.tests.guard.hubs import hub_closed_by
from hil_tests.tests.guard.scene import (
    CYCLE_S,
    Watch,
    islanded,
    poi_close,
    ready_to_return,
    reasons,
    watch_after,
    with_poi,
)

WATCHED_CYCLES_COUNT = 4  # a quarter of a second
STILL = (0.0,) * WATCHED_CYCLES_COUNT


def sway(slip_hz: float, angle_deg: float = 0.0) -> ProcessImage:
    return ready_to_return(angle_deg, slip_hz)


def after(*slips_hz: float) -> Watch:
    """A guard that has seen the island alone, and then these slips, one a cycle."""
    return watch_after(islanded(), *map(sway, slips_hz), is_calm=False)


def is_let(watch: Watch, slip_hz: float, angle_deg: float = 0.0) -> bool:
    verdict = watch.sees(sway(slip_hz, angle_deg), poi_close(watch.order()))
    assert reasons(verdict) in ([], [Reason.VETO_OUT_OF_SYNC])
    return verdict.vetoes == ()


def test_a_genset_swings_through_the_frequency_of_the_grid() -> None:
    """Found by hostile hands: in step at 6 Hz/s, and half a hertz away at the contact."""
    assert not is_let(after(1.46, 1.1, 0.73, 0.36), 0.0)


def test_a_quarter_of_a_second_is_watched_first() -> None:
    assert not is_let(after(*STILL[1:]), 0.0)
    assert is_let(after(*STILL), 0.0)
    assert not is_let(Watch(is_calm=False), 0.0)


# until the contact, 3/32 s from now at the latest, it may move 3/8 as far as in the quarter of a second before
@pytest.mark.parametrize(("moved_hz", "lawful"), [(0.25, True), (-0.25, True), (0.251, False), (-0.251, False)])
def test_as_far_as_it_has_moved_of_late_it_may_move_again(moved_hz: float, lawful: bool) -> None:
    first_hz, last_hz = 0.03125 - moved_hz, 0.03125
    assert is_let(after(first_hz, last_hz, last_hz, last_hz), last_hz) is lawful


def test_there_and_back_again_is_a_swing() -> None:
    assert not is_let(after(0.0, 0.4, 0.0, 0.0), 0.0)
    assert not is_let(after(0.0, 0.0, -0.4, 0.0), 0.0)


@pytest.mark.parametrize(("angle_deg", "lawful"), [(8.4726, True), (8.4727, False), (-8.4726, True), (-8.4727, False)])
def test_the_angle_moves_with_it(angle_deg: float, lawful: bool) -> None:
    """180 * 3/8 * 1/12 * 3/32 are 0.5273 degrees, and 1 of error."""
    assert is_let(after(1.0 / 12.0, 0.0, 0.0, 0.0), 0.0, angle_deg) is lawful


def test_what_was_longer_ago_counts_no_more() -> None:
    assert not is_let(after(1.0, *STILL[1:]), 0.0)
    assert is_let(after(1.0, *STILL), 0.0)


def test_a_sample_just_older_than_the_span_covers_it() -> None:
    watch = after(0.0)
    watch.sees_for(sway(0.0), 3 * CYCLE_S)
    watch.now_s += 0.03125
    assert is_let(watch, 0.0)
    assert [round(watch.now_s - slip.at_s, 5) for slip in watch.memory.slips] == [
        0.28125,
        0.21875,
        0.15625,
        0.09375,
        0.0,
    ]


def test_what_both_sides_did_unseen_nobody_knows() -> None:
    for blind in ({"grid_frequency_hz": None}, {"bus_frequency_hz": None}):
        watch = after(*STILL)
        watch.sees(with_poi(sway(0.0), **blind))
        assert watch.memory.slips == ()
        assert not is_let(watch, 0.0)


def test_a_sample_without_an_instant_begins_anew() -> None:
    watch = after(*STILL)
    watch.sees(sway(0.0), age_s=None)
    assert watch.memory.slips == ()


def test_a_gap_may_hide_a_swing() -> None:
    """Three cycles lie between two samples at most, and none comes before another."""
    watch = after(*STILL)
    watch.now_s += 2 * CYCLE_S
    assert is_let(watch, 0.0)
    watch = after(*STILL)
    watch.now_s += 2 * CYCLE_S + 0.001
    assert not is_let(watch, 0.0)
    watch = after(*STILL)
    watch.now_s -= 2 * CYCLE_S
    watch.sees(sway(0.0))
    assert len(watch.memory.slips) == 1


def test_the_same_sample_again_is_none() -> None:
    watch = after(*STILL)
    kept = watch.memory.slips
    watch.sees(sway(0.0), age_s=CYCLE_S)
    assert watch.memory.slips is kept


def test_what_is_kept_is_bounded() -> None:
    watch = after(*STILL)
    for _ in range(100):
        watch.now_s += 0.001 - CYCLE_S
        watch.sees(sway(0.0))
    assert len(watch.memory.slips) == 64


@pytest.mark.parametrize(("slips_hz", "lawful"), [((1.46, 1.1, 0.73, 0.36), True), (STILL, True), (STILL[1:], False)])
def test_a_relay_looks_at_the_swing_itself_where_there_was_a_bus_to_look_at(
    slips_hz: tuple[float, ...], lawful: bool
) -> None:
    """Found by hostile hands: permitted, it closed onto a bus that a battery had made a tenth of a second before."""
    hub = hub_closed_by(Switcher.SYNC_RELAY)
    watch = watch_after(islanded(), *(sway(slip_hz, 90.0) for slip_hz in slips_hz), hub=hub, is_calm=False)
    assert is_let(watch, 0.0, 90.0) is lawful
    assert not is_let(watch_after(hub=hub, is_calm=False), 0.0), "nothing was seen yet"
