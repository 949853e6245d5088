"""Sides that were apart, and sides of which one meter was only late."""

from __future__ import annotations

from typing import Any

import pytest

from controller.guard.memory import Sides
from controller.guard.sides import SIDES_MAX, watch_sides
from controller.model.image import ProcessImage
from controller.model.phases import PhaseValues
from controller.model.words import BreakerPosition
from hil_tests.tests.guard.scene import CLOSED, CYCLE_S, LIVE, Watch, dark, islanded, watch_after, with_poi

LONG_COUNT = 20  # cycles: longer than three times a meter may be late
SKEW_COUNT = 6  # cycles that a meter may be late
IN_STEP = (230.0, 230.0)


def sides(grid_v: float, bus_v: float, **poi: Any) -> ProcessImage:
    """Nothing flows, the contact says open."""
    volts = {"grid_voltage_v": PhaseValues.even(grid_v), "bus_voltage_v": PhaseValues.even(bus_v)}
    return with_poi(islanded(), **{**volts, **poi})


def turned(angle_deg: float = 90.0, **poi: Any) -> ProcessImage:
    return sides(*IN_STEP, angle_difference_deg=angle_deg, grid_frequency_hz=50.0, **poi)


def after(*pairs: tuple[float, float]) -> Watch:
    """A guard that has seen these voltages of grid and bus, one cycle each, and nothing else before."""
    return watch_after(*(sides(*pair) for pair in pairs))


def cycles_until_for_good(watch: Watch, seen: ProcessImage) -> int:
    """How many more it takes until what differs is believed for good."""
    count = 0
    while not watch.memory.has_differed:
        watch.sees(seen)
        count += 1
        assert count < 3 * LONG_COUNT, "it never is"
    return count


def test_a_bus_that_stands_beside_a_dead_grid_is_apart_at_once_and_for_good_when_no_meter_is_late() -> None:
    watch = after(*[(0.0, 0.0)] * LONG_COUNT)
    watch.sees(sides(0.0, 230.0))
    assert watch.memory.is_proven_open
    assert cycles_until_for_good(watch, sides(0.0, 230.0)) == SKEW_COUNT


def test_so_is_one_that_was_dead_for_a_moment_beside_a_grid_that_stood() -> None:
    watch = after(*[IN_STEP] * LONG_COUNT, (230.0, 0.0))
    for _ in range(SKEW_COUNT):
        watch.sees(sides(*IN_STEP))
        assert watch.memory.is_proven_open or watch.memory.has_differed
    assert watch.memory.has_differed


@pytest.mark.parametrize("is_grid_late", [True, False])
@pytest.mark.parametrize("late_count", range(1, SKEW_COUNT + 1))
@pytest.mark.parametrize("step_v", [230.0, 115.0, 46.0, 23.0])
def test_what_a_late_meter_explains_is_not(step_v: float, late_count: int, *, is_grid_late: bool) -> None:
    """Up, and down again, at a blow or by and by."""
    up = [step_v * number for number in range(round(230.0 / step_v) + 1)]
    volts = [0.0] * LONG_COUNT + up + [230.0] * LONG_COUNT + up[::-1] + [0.0] * LONG_COUNT
    late = [0.0] * late_count + volts[:-late_count]
    watch = Watch()
    for first_v, late_v in zip(volts, late, strict=True):
        watch.sees(sides(late_v, first_v) if is_grid_late else sides(first_v, late_v))
        assert not watch.memory.has_differed
    watch.sees_for(sides(*IN_STEP), CYCLE_S * LONG_COUNT)
    assert not watch.memory.is_proven_open


@pytest.mark.parametrize("is_grid_late", [True, False])
def test_what_is_later_than_any_meter_is_apart(*, is_grid_late: bool) -> None:
    volts = [0.0] * LONG_COUNT + [230.0] * LONG_COUNT
    late = [0.0] * (SKEW_COUNT + 2) + volts[: -SKEW_COUNT - 2]
    watch = Watch()
    for first_v, late_v in zip(volts, late, strict=True):
        watch.sees(sides(late_v, first_v) if is_grid_late else sides(first_v, late_v))
    assert watch.memory.has_differed


def test_a_grid_that_was_dead_for_a_moment_beside_a_bus_that_stood() -> None:
    assert cycles_until_for_good(after(*[IN_STEP] * LONG_COUNT, (0.0, 230.0)), sides(*IN_STEP)) == SKEW_COUNT


def test_a_pulse_that_the_other_shows_later_explains_it_for_as_long_as_a_meter_may_be_late() -> None:
    watch = after(*[(0.0, 0.0)] * LONG_COUNT, *[(230.0, 0.0)] * 2, (0.0, 230.0))
    assert cycles_until_for_good(watch, sides(0.0, 230.0)) == 2 * SKEW_COUNT


def test_two_phases_have_to_be_beyond_whether_above_or_below() -> None:
    for phases, is_apart in (((0.0, 230.0, 230.0), False), ((0.0, 0.0, 230.0), True), ((0.0, 300.0, 230.0), True)):
        watch = after(*[IN_STEP] * LONG_COUNT)
        watch.sees_for(sides(*IN_STEP, bus_voltage_v=PhaseValues(*phases)), CYCLE_S * LONG_COUNT)
        assert watch.memory.has_differed is is_apart


@pytest.mark.parametrize(("bus_v", "is_apart"), [(207.0, False), (206.5, True), (253.0, False), (253.5, True)])
def test_by_more_than_a_tenth_of_nominal(bus_v: float, *, is_apart: bool) -> None:
    watch = after(*[IN_STEP] * LONG_COUNT)
    watch.sees_for(sides(230.0, bus_v), CYCLE_S * LONG_COUNT)
    assert watch.memory.has_differed is is_apart


def test_noise_does_not_begin_a_stretch() -> None:
    still_v = 3.59375  # a sixty-fourth of nominal
    watch = after(*[(0.0, 230.0)] * 2, *[(still_v, 230.0 - still_v), (0.0, 230.0 + still_v)] * LONG_COUNT)
    assert len(watch.memory.sides) == 1
    watch.sees(sides(0.0, 234.0))
    assert len(watch.memory.sides) == 2
    watch.sees(sides(4.0, 234.0))
    assert len(watch.memory.sides) == 3
    assert len(after(*[IN_STEP] * LONG_COUNT).memory.sides) == 1


def test_a_quick_instrument_fills_no_more_than_there_is_room_for() -> None:
    kept: tuple[Sides, ...] = ()
    for number in range(2 * SIDES_MAX):
        at_s = number / 128.0
        poi = sides(0.0, 100.0 + 10.0 * (number % 2), measured_at_s=at_s).poi
        kept = watch_sides(kept, poi, Watch().bounds, at_s)
    assert len(kept) == 64


def test_a_sample_that_is_older_than_the_last_tells_nothing() -> None:
    watch = after((0.0, 0.0), (0.0, 0.0))
    before = watch.memory.sides
    watch.sees(sides(0.0, 230.0), age_s=2.0 * CYCLE_S)
    assert watch.memory.sides == before


def test_no_more_is_kept_than_explains_something() -> None:
    watch = Watch()
    for number in range(100):
        watch.sees(sides(0.0, 100.0 + 10.0 * (number % 2)))
        assert len(watch.memory.sides) <= 3 * SKEW_COUNT + 1
    assert len(watch.memory.sides) == 3 * SKEW_COUNT + 1


# -- an angle ------------------------------------------------------------------------------------------------------
def test_an_angle_has_to_last_for_longer_than_one_spoilt_sample() -> None:
    watch = after(*[IN_STEP] * LONG_COUNT)
    watch.sees(turned())
    watch.sees(sides(*IN_STEP))
    assert not watch.memory.is_proven_open
    assert cycles_until_for_good(watch, turned()) == 3
    watch.sees_for(sides(*IN_STEP), 1.0)
    assert watch.memory.is_proven_open


def test_it_lasts_while_the_voltages_move() -> None:
    watch = after(*[IN_STEP] * LONG_COUNT)
    for number in range(3):
        watch.sees(turned(bus_voltage_v=PhaseValues.even(230.0 - 8.0 * number)))
    assert watch.memory.has_differed


def test_beside_a_side_that_is_seen_dead_it_is_noise() -> None:
    watch = after(*[(0.0, 0.0)] * LONG_COUNT)
    watch.sees_for(sides(0.0, 0.0, angle_difference_deg=90.0), 1.0)
    assert not watch.memory.has_differed


# -- what is not seen ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("blind", ["grid_voltage_v", "bus_voltage_v"])
def test_a_side_that_is_not_measured_is_never_apart(blind: str) -> None:
    watch = after(*[IN_STEP] * LONG_COUNT)
    watch.sees_for(turned(90.0, **{blind: None}), 2.0)
    assert not watch.memory.has_differed
    assert watch.memory.sides[-1].turned_since_s is None


def test_what_has_not_been_seen_for_so_long_is_another_stretch() -> None:
    watch = after(*[(0.0, 230.0)] * 2)
    began_s = watch.memory.sides[-1].from_s
    for _ in range(SKEW_COUNT - 1):
        watch.sees(sides(0.0, 230.0), age_s=None)
    watch.sees(sides(0.0, 230.0))
    assert watch.memory.sides[-1].from_s == began_s
    for _ in range(SKEW_COUNT):
        watch.sees(sides(0.0, 230.0), age_s=10.0)
    watch.sees(sides(0.0, 230.0))
    assert watch.memory.sides[-1].from_s == watch.now_s


def test_the_same_sample_again_is_no_other_but_its_contact_may_be() -> None:
    watch = after((0.0, 0.0), (0.0, 230.0))
    before = watch.memory.sides
    watch.sees(sides(0.0, 230.0), age_s=CYCLE_S)
    assert watch.memory.sides == before
    watch.sees(sides(0.0, 230.0, position=CLOSED), age_s=2.0 * CYCLE_S)
    assert watch.memory.sides[:2] == before
    assert [each.is_open for each in watch.memory.sides] == [True, True, False]


@pytest.mark.parametrize("age_s", [10.0, -10.0])
def test_what_was_too_old_when_it_came_or_is_from_the_future_tells_nothing(age_s: float) -> None:
    watch = Watch()
    for _ in range(3 * LONG_COUNT):
        watch.sees(sides(0.0, 230.0), age_s=age_s)
    assert watch.memory.sides == ()


@pytest.mark.parametrize(("silent_count", "is_apart"), [(4, True), (5, False)])
def test_what_is_told_later_than_half_as_long_again_may_have_lost_what_explains_it(
    silent_count: int, *, is_apart: bool
) -> None:
    watch = after(*[IN_STEP] * LONG_COUNT, (230.0, 0.0), *[IN_STEP] * 4)
    for _ in range(silent_count):
        watch.sees(sides(*IN_STEP), age_s=None)
    watch.sees_for(sides(*IN_STEP), CYCLE_S * LONG_COUNT)
    assert watch.memory.has_differed is is_apart


def test_a_gap_that_may_hide_what_explains_it_begins_anew() -> None:
    watch = after(*[IN_STEP] * LONG_COUNT, (230.0, 0.0))
    for _ in range(SKEW_COUNT):
        watch.sees(sides(*IN_STEP), age_s=None)
    watch.sees_for(sides(*IN_STEP), CYCLE_S * LONG_COUNT)
    assert not watch.memory.has_differed


def test_what_was_shown_before_the_contact_said_open_explains_only() -> None:
    watch = watch_after(*[sides(230.0, 0.0, position=CLOSED)] * LONG_COUNT)
    watch.sees(sides(*IN_STEP))
    watch.sees_for(sides(*IN_STEP), CYCLE_S * LONG_COUNT)
    assert not watch.memory.has_differed


@pytest.mark.parametrize("position", [CLOSED, BreakerPosition.INTERMEDIATE, BreakerPosition.BAD, None])
def test_a_contact_that_says_anything_but_open_ends_what_was_for_good(position: BreakerPosition | None) -> None:
    watch = watch_after(*[turned()] * 3)
    assert watch.memory.has_differed
    watch.sees(sides(*IN_STEP, position=position))
    assert not watch.memory.has_differed
    watch.sees_for(sides(*IN_STEP), 2.0)
    assert not watch.memory.is_proven_open


def test_one_moment_of_another_word_ends_what_was_shown_before_it() -> None:
    watch = after(*[IN_STEP] * LONG_COUNT, (230.0, 0.0))
    watch.sees(sides(*IN_STEP, position=BreakerPosition.INTERMEDIATE))
    watch.sees_for(sides(*IN_STEP), CYCLE_S * LONG_COUNT)
    assert not watch.memory.has_differed


def test_both_dead_are_apart_from_nothing() -> None:
    watch = watch_after(*[dark()] * LONG_COUNT)
    assert not watch.memory.has_differed
    watch.sees(with_poi(dark(), grid_voltage_v=LIVE))
    assert not watch.memory.has_differed
