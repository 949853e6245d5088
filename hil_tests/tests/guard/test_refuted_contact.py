"""A contact that says closed between sides apart: what refutes it, what that is good for, and what ends it."""

from __future__ import annotations

import pytest

from controller.model.phases import ZERO, PhaseValues
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition
from hil_tests.tests.guard.closed_contact import (
    APART,
    FLOWING,
    HOLDING,
    IN_STEP,
    JOINED,
    STILL,
    UNEARTHING,
    is_refuted,
    refuted,
)
from hil_tests.tests.guard.scene import (
    CLOSED,
    CYCLE_S,
    NOTHING,
    OPEN,
    Watch,
    close,
    on_grid,
    poi_close,
    ready_to_return,
    reasons,
    shed,
    watch_after,
    with_open,
    with_poi,
)


def test_in_step_the_island_stays_proven_and_its_former_is_not_stopped() -> None:
    watch = refuted()
    verdict = watch.sees_for(IN_STEP, 5.0, HOLDING)
    assert verdict.vetoes == ()
    assert watch.memory.is_proven_open
    assert not watch.memory.is_stuck


def test_the_earth_of_such_an_island_stays() -> None:
    watch = refuted()
    assert reasons(watch.sees(IN_STEP, UNEARTHING)) == [Reason.VETO_NO_EARTHING]
    believed = watch_after(on_grid(), on_grid())
    assert believed.sees(with_poi(IN_STEP, current_a=FLOWING), UNEARTHING).vetoes == ()


def test_and_nothing_is_closed_without_it() -> None:
    watch = refuted()
    bare = with_open(with_poi(on_grid(), current_a=ZERO), "phones")
    watch.sees(IN_STEP, shed("phones"))
    watch.sees(bare)
    assert reasons(watch.sees(bare, close(watch.order(), "phones"))) == [Reason.VETO_NO_EARTHING]


@pytest.mark.parametrize("current_a", [PhaseValues(3.1, 0.0, 0.0), PhaseValues(0.0, 0.0, -3.1), FLOWING])
def test_current_between_sides_that_are_one_is_a_closed_poi(current_a: PhaseValues) -> None:
    watch = refuted()
    verdict = watch.sees(with_poi(IN_STEP, current_a=current_a), HOLDING)
    assert not is_refuted(watch)
    assert not watch.memory.is_proven_open
    assert reasons(verdict) == [Reason.VETO_NOT_PROVEN_OPEN]


def test_a_little_current_is_neither() -> None:
    watch = refuted()
    watch.sees(with_poi(IN_STEP, current_a=PhaseValues.even(2.0)))
    assert is_refuted(watch)
    assert not watch.memory.is_proven_open
    watch.sees_for(IN_STEP, 2 * CYCLE_S)
    assert watch.memory.is_proven_open


def test_between_dead_sides_nothing_contradicts_it() -> None:
    watch = refuted()
    watch.sees(STILL)
    assert not is_refuted(watch)
    watch.sees_for(STILL, 5.0)
    assert not watch.memory.is_proven_open


@pytest.mark.parametrize("change", [{"grid_voltage_v": ZERO}, {"bus_voltage_v": ZERO}])
def test_one_dead_side_is_sides_apart(change: dict[str, object]) -> None:
    watch = refuted()
    watch.sees_for(with_poi(IN_STEP, angle_difference_deg=None, **change), 1.0)
    assert is_refuted(watch)
    assert watch.memory.is_proven_open


def test_unseen_for_a_moment_it_is_what_it_was() -> None:
    watch = refuted()
    for _ in range(4):
        watch.sees(with_poi(IN_STEP, position=None), HOLDING)
        assert not watch.memory.is_proven_open, "but it proves nothing meanwhile"
        assert watch.sees_for(IN_STEP, 1.0, HOLDING).vetoes == ()


def test_unseen_it_joins_nothing() -> None:
    watch = watch_after(on_grid(), on_grid())
    unseen = with_poi(on_grid(), position=None, current_a=ZERO)
    watch.sees(unseen)
    assert watch.memory.joined_sample_s is None
    assert reasons(watch.sees(unseen, UNEARTHING)) == [Reason.VETO_NO_EARTHING]


@pytest.mark.parametrize("position", [OPEN, BreakerPosition.INTERMEDIATE])
def test_a_contact_that_moves_is_heard_anew(position: BreakerPosition) -> None:
    watch = refuted()
    watch.sees(with_poi(IN_STEP, position=position))
    assert not is_refuted(watch)
    assert watch.memory.closed is None
    watch.sees(IN_STEP)
    assert not is_refuted(watch)


def test_blind_voltages_change_nothing() -> None:
    watch = refuted()
    watch.sees_for(with_poi(IN_STEP, grid_voltage_v=None, bus_voltage_v=None, current_a=None), 5.0)
    for _ in range(20):
        watch.sees(JOINED, age_s=5.0)
    assert is_refuted(watch)
    assert not watch.memory.is_proven_open


@pytest.mark.parametrize(("is_asked", "settles_s"), [(False, 0.3), (True, 1.0)])
def test_samples_as_old_as_the_contact_do_not_refute_it(is_asked: bool, settles_s: float) -> None:
    """It closes: the contact is read at once, the voltages of before a little later."""
    watch = Watch()
    ready = with_poi(ready_to_return(), position=OPEN)
    watch.sees_for(with_poi(ready, angle_difference_deg=90.0), 1.0)
    assert watch.sees(ready, poi_close(watch.order()) if is_asked else NOTHING).vetoes == ()
    watch.sees(APART)
    turned_s = watch.now_s
    assert watch.memory.closed is not None
    assert watch.memory.closed.is_asked is is_asked
    watch.now_s = turned_s + settles_s - CYCLE_S
    watch.sees(APART)  # taken at that very instant
    assert not is_refuted(watch)
    watch.now_s = turned_s + settles_s
    watch.sees(APART)
    assert is_refuted(watch)


def test_one_sample_is_not_enough() -> None:
    watch = watch_after(on_grid())
    watch.sees_for(with_poi(on_grid(), current_a=ZERO), 1.0)
    watch.sees(APART)
    watch.sees(APART, age_s=CYCLE_S)  # the same again
    assert not is_refuted(watch)
    watch.sees(APART)
    assert is_refuted(watch)


@pytest.mark.parametrize("change", [{"current_a": FLOWING}, {"current_a": None}, {"angle_difference_deg": 3.0}])
def test_what_a_closed_breaker_may_show_refutes_nothing(change: dict[str, object]) -> None:
    watch = watch_after(on_grid())
    watch.sees_for(with_poi(APART, **change), 2.0)
    assert not is_refuted(watch)


def test_old_samples_refute_nothing() -> None:
    watch = Watch()
    for _ in range(40):
        watch.sees(APART, age_s=0.2)
    assert not is_refuted(watch)


def test_without_the_instant_of_a_sample_nothing_is_refuted() -> None:
    watch = Watch()
    for _ in range(40):
        watch.sees(APART, age_s=None)
    assert not is_refuted(watch)


def just_closed() -> Watch:
    """The island was proven open without a break, and half a second ago its contact has turned to closed."""
    watch = Watch()
    watch.sees_for(with_poi(APART, position=OPEN), 1.0)
    watch.sees(APART)
    watch.now_s += 0.5
    return watch


def test_the_next_sample_of_an_unbroken_proof_refutes_it() -> None:
    watch = just_closed()
    watch.sees(APART)
    assert is_refuted(watch)


@pytest.mark.parametrize("change", [{"current_a": FLOWING}, {"current_a": None}, {"angle_difference_deg": 3.0}])
def test_a_sample_that_breaks_the_proof_does_not(change: dict[str, object]) -> None:
    watch = just_closed()
    watch.sees(with_poi(APART, **change))
    assert not is_refuted(watch)


def test_nor_does_an_old_one() -> None:
    watch = just_closed()
    watch.sees(APART, age_s=0.2)
    assert not is_refuted(watch)


def test_a_poi_whose_contact_is_refuted_is_not_closed() -> None:
    watch = refuted()
    ready = with_poi(ready_to_return(), position=CLOSED)
    watch.sees_for(with_poi(ready, angle_difference_deg=90.0), 1.0)
    assert is_refuted(watch)
    assert reasons(watch.sees(ready, poi_close(watch.order()))) == [Reason.VETO_NOT_PROVEN_OPEN]


def test_seen_again_it_is_believed_again() -> None:
    watch = watch_after(on_grid(), with_poi(on_grid(), position=None), on_grid())
    assert watch.sees(on_grid(), UNEARTHING).vetoes == ()
