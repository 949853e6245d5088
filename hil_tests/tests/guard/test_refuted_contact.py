"""A contact that says closed between sides apart: what refutes it, what that is good for, and what ends it."""

from __future__ import annotations

import pytest

from controller.model.commands import Commands, PoiCommand, SwitchCommand
from controller.model.phases import ZERO, PhaseValues
from controller.model.reasons import Reason
from controller.model.words import InverterMode
from hil_tests.tests.guard.scene import (
    CLOSED,
    CYCLE_S,
    LIVE,
    OPEN,
    Watch,
    battery,
    close,
    islanded,
    on_grid,
    poi_close,
    ready_to_return,
    reasons,
    shed,
    watch_after,
    with_battery,
    with_open,
    with_poi,
)

FLOWING = PhaseValues.even(20.0)
OPENED = Commands(poi=PoiCommand(open=True))
HOLDING = Commands(poi=PoiCommand(open=True), batteries=battery(frequency_set_hz=50.0).batteries)
UNEARTHING = Commands(earthing=SwitchCommand(open=True))

IN_STEP = with_poi(islanded(), position=CLOSED, grid_voltage_v=LIVE, grid_frequency_hz=50.0, angle_difference_deg=3.0)
APART = with_poi(IN_STEP, angle_difference_deg=90.0)
JOINED = with_poi(IN_STEP, current_a=FLOWING)
STILL = with_battery(with_poi(IN_STEP, grid_voltage_v=ZERO, bus_voltage_v=ZERO), mode=InverterMode.GRID_FOLLOWING)
STILL = with_poi(STILL, grid_frequency_hz=None, bus_frequency_hz=None, angle_difference_deg=None)


def is_refuted(watch: Watch) -> bool:
    return watch.memory.closed is not None and watch.memory.closed.is_refuted


def refuted() -> Watch:
    """Ordered open, and it opened; the contact goes on saying closed."""
    watch = watch_after(on_grid())
    watch.sees_for(APART, 1.0, OPENED)
    assert is_refuted(watch)
    return watch


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


@pytest.mark.parametrize("position", [OPEN, None])
def test_a_contact_that_moves_is_heard_anew(position: object) -> None:
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


def test_samples_as_old_as_the_contact_do_not_refute_it() -> None:
    """It closes: the contact is read at once, the voltages of before a little later."""
    watch = Watch()
    watch.sees_for(with_poi(APART, position=OPEN), 1.0)
    watch.sees(APART)
    watch.sees(APART)  # 62.5 ms after
    assert not is_refuted(watch)
    watch.sees(APART, age_s=0.5 * CYCLE_S)  # taken 94 ms after
    assert not is_refuted(watch)
    watch.sees(APART, age_s=0.5 * CYCLE_S)  # and 156 ms
    assert is_refuted(watch)


def test_a_sample_of_exactly_that_age_is_not_yet_one() -> None:
    watch = Watch()
    watch.sees_for(with_poi(APART, position=OPEN), 1.0)
    watch.sees(APART)
    assert watch.memory.closed is not None
    since_s = watch.memory.closed.since_s
    watch.sees(APART)
    watch.sees(APART, age_s=since_s + 2 * CYCLE_S - (since_s + 0.1))
    assert not is_refuted(watch)


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


# ---- turned to closed beside a proven island, in step and without any current

TURNED = with_poi(IN_STEP, position=OPEN)


def turned(commands: Commands = OPENED) -> Watch:
    """Proven open, in step at last; now the contact turns to closed."""
    watch = Watch()
    watch.sees_for(with_poi(APART, position=OPEN), 1.0, commands)
    watch.sees_for(TURNED, 0.5, commands)
    assert watch.memory.is_proven_open
    watch.sees(IN_STEP, commands)
    return watch


def test_for_ten_seconds_it_stops_nobody() -> None:
    watch = turned()
    assert watch.sees_for(IN_STEP, 10.0 - CYCLE_S, HOLDING).vetoes == ()
    assert not watch.memory.is_proven_open, "and proves nothing either"
    watch.sees(IN_STEP, HOLDING)
    assert reasons(watch.sees(IN_STEP, HOLDING)) == [Reason.VETO_NOT_PROVEN_OPEN]


def test_with_the_first_current_it_counts() -> None:
    watch = turned()
    assert reasons(watch.sees(JOINED, HOLDING)) == []  # the proof had ended: two samples
    assert reasons(watch.sees(JOINED, HOLDING)) == [Reason.VETO_NOT_PROVEN_OPEN]
    watch.sees(IN_STEP, HOLDING)
    assert reasons(watch.sees(IN_STEP, HOLDING)) == [Reason.VETO_NOT_PROVEN_OPEN], "and goes on counting"


def test_while_it_is_doubtful_the_earth_stays() -> None:
    watch = turned()
    assert reasons(watch.sees(IN_STEP, UNEARTHING)) == [Reason.VETO_NO_EARTHING]


def test_a_contact_that_was_asked_to_close_counts_at_once() -> None:
    watch = Watch()
    ready = with_poi(ready_to_return(), position=OPEN)
    watch.sees_for(with_poi(ready, angle_difference_deg=90.0), 1.0, OPENED)
    assert watch.sees(ready, poi_close(watch.order())).vetoes == ()
    watch.sees(with_poi(ready, position=CLOSED))
    assert watch.memory.closed is not None
    assert watch.memory.closed.counts


def test_without_a_proof_before_it_counts_at_once() -> None:
    watch = watch_after(with_poi(IN_STEP, position=OPEN), IN_STEP)
    assert watch.memory.closed is not None
    assert watch.memory.closed.counts


def test_ordered_open_and_not_proven_it_counts_at_once() -> None:
    """The order stands, the contact has moved once, and nothing else has shown the POI open."""
    watch = watch_after(on_grid())
    watch.sees(with_poi(IN_STEP, position=OPEN), OPENED)
    watch.sees(IN_STEP, OPENED)
    assert watch.memory.closed is not None
    assert watch.memory.closed.counts


def test_a_contact_that_counts_joins_no_sides_that_differ() -> None:
    watch = watch_after(on_grid(), on_grid())
    assert watch.memory.joined_sample_s is not None
    watch.sees(with_poi(on_grid(), angle_difference_deg=90.0, current_a=ZERO))
    assert watch.memory.joined_sample_s is None
