"""A contact that says open while the POI joins both sides: how it is caught, and what is done about it."""

from __future__ import annotations

import pytest

from controller.model.commands import Commands, PoiCommand
from controller.model.phases import ZERO, PhaseValues
from controller.model.reasons import Reason
from controller.model.words import InverterMode, Switcher
from hil_tests.tests.guard.hubs import ALWAYS_FORMS, hub_closed_by
from hil_tests.tests.guard.scene import (
    CYCLE_S,
    LIVE,
    OPEN,
    Watch,
    battery,
    dark,
    dark_and_earthed,
    form,
    genset,
    islanded,
    on_grid,
    poi_close,
    ready_to_return,
    reasons,
    watch_after,
    with_battery,
    with_poi,
)

FLOWING = PhaseValues.even(20.0)

LYING = with_poi(on_grid(), position=OPEN)  # "open", and 20 A flow between two sides in step


UNPROVEN = with_poi(LYING, current_a=ZERO)  # in step and still: neither open nor joined can be shown


def caught() -> Watch:
    watch = watch_after(on_grid())
    watch.sees_for(LYING, 0.75)
    return watch


def test_a_contact_that_says_open_while_current_flows_is_not_believed_in_the_dark() -> None:
    """Stuck at "open" on a live grid it can be caught; on a dead grid it could not."""
    watch = caught()
    assert watch.memory.contact_lies
    watch.sees_for(dark(), 1.0)
    assert not watch.memory.is_proven_open


def test_a_difference_between_the_sides_still_counts_against_a_lying_contact() -> None:
    watch = caught()
    watch.sees_for(islanded(), 0.25)
    assert watch.memory.is_proven_open
    watch.sees_for(with_poi(islanded(), current_a=FLOWING), 0.25)
    assert not watch.memory.is_proven_open


def test_seen_closed_it_is_believed_again() -> None:
    watch = caught()
    watch.sees(on_grid())
    assert not watch.memory.contact_lies
    watch.sees_for(dark(), 0.125)
    assert watch.memory.is_proven_open


def test_blindness_does_not_clear_its_name() -> None:
    watch = caught()
    watch.sees(with_poi(on_grid(), position=None))
    assert watch.memory.contact_lies


def test_instruments_may_be_apart_by_the_breakers_time() -> None:
    """The contact is read at once, the current a little later: that is no lie yet."""
    watch = watch_after(on_grid())
    watch.sees_for(LYING, 8 * CYCLE_S)  # joined for 7 cycles
    assert not watch.memory.contact_lies
    watch.sees(LYING)  # 0.5 s
    assert watch.memory.contact_lies


NOT_JOINED = [
    {"current_a": PhaseValues(3.0, -3.0, 3.0)},
    {"current_a": None},
    {"current_a": ZERO},
    {"grid_voltage_v": None},
    {"bus_voltage_v": None},
    {"angle_difference_deg": 30.0},
    {"grid_voltage_v": ZERO},
    {"grid_voltage_v": ZERO, "bus_voltage_v": ZERO},  # a dark hub: a transformer that hums is not a street
]


@pytest.mark.parametrize("change", NOT_JOINED)
def test_what_does_not_show_both_sides_joined_is_no_lie(change: dict[str, object]) -> None:
    watch = watch_after(on_grid())
    watch.sees_for(with_poi(LYING, **change), 2.0)
    assert watch.memory.joined_sample_s is None
    assert not watch.memory.contact_lies


@pytest.mark.parametrize("current_a", [PhaseValues(3.1, 0.0, 0.0), PhaseValues(0.0, 0.0, -3.1)])
def test_current_on_one_phase_is_current(current_a: PhaseValues) -> None:
    watch = watch_after(on_grid())
    watch.sees_for(with_poi(LYING, current_a=current_a), 2.0)
    assert watch.memory.contact_lies


def test_old_samples_show_nothing_joined() -> None:
    watch = Watch()
    for _ in range(40):
        watch.sees(LYING, age_s=0.2)
    assert not watch.memory.contact_lies


def test_once_the_breaker_has_had_its_time_two_samples_convict() -> None:
    watch = watch_after(on_grid())
    watch.sees_for(UNPROVEN, 1.0)
    watch.sees(LYING)
    watch.sees(LYING, age_s=CYCLE_S)  # the same sample again
    assert not watch.memory.contact_lies
    watch.sees(LYING)
    assert watch.memory.contact_lies


def test_a_break_between_two_samples_starts_the_count_again() -> None:
    watch = watch_after(on_grid())
    watch.sees_for(UNPROVEN, 1.0)
    for _ in range(10):
        watch.sees(LYING)
        watch.sees(UNPROVEN)
    assert not watch.memory.contact_lies


def test_against_a_proof_one_sample_convicts() -> None:
    """Both sides were dead and still; a current that flows now can have only one way."""
    watch = watch_after(dark(), dark(), LYING)
    assert watch.memory.contact_lies
    assert not watch_after(dark(), LYING).memory.contact_lies


def test_a_contact_that_moves_gets_its_time_anew() -> None:
    watch = watch_after(on_grid())
    watch.sees_for(UNPROVEN, 1.0)
    watch.sees(on_grid())
    watch.sees_for(LYING, 6 * CYCLE_S)
    assert not watch.memory.contact_lies


def test_a_permitted_closing_may_follow_upon_a_proof() -> None:
    """The relay finds the instant a sample after the angle was wide: that is what it is for."""
    apart = ready_to_return(30.0, 0.5)
    watch = watch_after(apart, apart, hub=hub_closed_by(Switcher.SYNC_RELAY))
    assert watch.memory.is_proven_open
    order = watch.order(hold_s=60.0)
    assert watch.sees(apart, poi_close(order)).vetoes == ()
    watch.sees(LYING, poi_close(order))
    assert not watch.memory.is_stuck
    assert not watch.memory.contact_lies


def test_a_contact_may_be_late_while_the_poi_is_being_closed() -> None:
    watch = watch_after(on_grid())
    watch.sees_for(ready_to_return(), 1.0)
    order = watch.order()
    assert watch.sees(ready_to_return(), poi_close(order)).vetoes == ()
    assert not watch.sees_for(LYING, 1.0, poi_close(order)).memory.contact_lies
    watch.sees_for(LYING, 9 * CYCLE_S)  # the order stood until the first of them
    assert not watch.memory.contact_lies
    watch.sees(LYING)
    assert watch.memory.contact_lies


# ---- what is already forming when the breaker has not opened

OPENING = Commands(poi=PoiCommand(open=True))


def test_who_forms_onto_a_line_that_should_be_open_is_stopped() -> None:
    """The breaker is ordered open and stays closed: after its time nobody may feed that line."""
    forming = with_battery(on_grid(), mode=InverterMode.GRID_FORMING)
    watch = watch_after(forming, hub=ALWAYS_FORMS)  # any other lets go before
    watch.sees(forming, OPENING)  # from the next look on it should be open
    holding = Commands(poi=PoiCommand(open=True), batteries=battery(frequency_set_hz=50.0).batteries)
    for _ in range(8):
        verdict = watch.sees(forming, holding)
        assert verdict.vetoes == ()
    verdict = watch.sees(forming, holding)
    assert reasons(verdict) == [Reason.VETO_NOT_PROVEN_OPEN]
    assert verdict.allowed.batteries["main"].stop
    assert verdict.allowed.batteries["main"].frequency_set_hz is None
    assert verdict.allowed.batteries["main"].cause is Reason.VETO_NOT_PROVEN_OPEN
    assert not watch.memory.contact_lies  # the contact says closed, and it is


def test_forming_through_welded_contacts_is_stopped() -> None:
    """Dead grid, "open" contact, no current: proven as far as can be seen. Then the line answers."""
    watch = watch_after(dark_and_earthed(), dark_and_earthed())
    assert watch.sees(dark_and_earthed(), form(watch.order())).vetoes == ()
    fed = with_poi(islanded(), grid_voltage_v=LIVE, grid_frequency_hz=50.0, angle_difference_deg=0.0, current_a=FLOWING)
    verdict = watch.sees(fed, battery(frequency_set_hz=50.0))
    assert reasons(verdict) == [Reason.VETO_NOT_PROVEN_OPEN]
    assert verdict.allowed.batteries["main"].stop
    watch.sees_for(dark_and_earthed(), 60.0)
    assert reasons(watch.sees(dark_and_earthed(), form(watch.order()))) == [Reason.VETO_NOT_PROVEN_OPEN]


def test_a_contact_that_stays_closed_is_enough_without_any_current() -> None:
    forming = with_poi(with_battery(on_grid(), mode=InverterMode.GRID_FORMING), current_a=ZERO)
    watch = watch_after(on_grid())
    watch.sees(forming, OPENING)
    watch.sees_for(forming, 1.0, OPENING)
    assert reasons(watch.sees(forming, battery(frequency_set_hz=50.0))) == [Reason.VETO_NOT_PROVEN_OPEN]


def test_who_only_follows_is_left_alone() -> None:
    watch = watch_after(on_grid())
    watch.sees(on_grid(), OPENING)
    assert watch.sees_for(on_grid(), 2.0, OPENING).vetoes == ()
    assert watch.sees(on_grid(), battery(power_set_w=0.0)).vetoes == ()


def test_a_genset_is_not_what_forms_through_the_stuck_poi() -> None:
    watch = watch_after(on_grid())
    watch.sees_for(on_grid(), 2.0, OPENING)
    assert watch.sees(on_grid(), genset(power_set_w=0.0)).vetoes == ()


def test_blind_instruments_do_not_stop_an_island() -> None:
    blind = with_poi(islanded(), grid_voltage_v=None, bus_voltage_v=None, current_a=None, position=None)
    watch = watch_after(islanded(), islanded())
    assert watch.sees_for(blind, 5.0, battery(frequency_set_hz=50.0)).vetoes == ()
