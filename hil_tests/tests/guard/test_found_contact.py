"""A contact that turns to closed while somebody forms and nobody has asked for it, or that a start finds closed so."""

from __future__ import annotations

import pytest

from controller.model.commands import Commands, PoiCommand
from controller.model.image import BatterySeen, ProcessImage
from controller.model.phases import ZERO
from controller.model.reasons import Reason
from controller.model.words import InverterMode, Switcher
from hil_tests.tests.guard.closed_contact import APART, IN_STEP, JOINED, is_refuted
from hil_tests.tests.guard.hubs import ALWAYS_FORMS, HUB, hub_closed_by
from hil_tests.tests.guard.scene import (
    CLOSED,
    CYCLE_S,
    NOTHING,
    OPEN,
    Watch,
    battery,
    on_grid,
    poi_close,
    ready_to_return,
    reasons,
    watch_after,
    with_battery,
    with_poi,
)

STEERING = battery(frequency_set_hz=50.0)
RETURNING = with_poi(ready_to_return(), position=OPEN)
MET = with_poi(ready_to_return(), position=CLOSED)
LONGEST_CLOSING_S = 4 * CYCLE_S  # of the sample breaker, until it is seen


def counts(watch: Watch) -> bool:
    assert watch.memory.closed is not None
    return watch.memory.closed.counts


def returning(**setting: object) -> Watch:
    """On the way back: proven open, in step, and the order to open is gone."""
    watch = Watch(**setting)  # type: ignore[arg-type]
    watch.sees_for(with_poi(RETURNING, angle_difference_deg=90.0), 1.5, STEERING)
    watch.sees_for(RETURNING, 0.5, STEERING)
    assert watch.memory.is_proven_open
    return watch


def nobody_forms(seen: ProcessImage) -> ProcessImage:
    followers = {name: BatterySeen(0.0, InverterMode.GRID_FOLLOWING, ZERO) for name in seen.batteries}
    return with_poi(ProcessImage(seen.poi, followers), position=seen.poi.position)


# ---- on the way back


def test_turned_by_itself_it_stops_nobody_for_ten_seconds() -> None:
    watch = returning()
    assert watch.sees_for(MET, 10.0, STEERING).vetoes == ()
    assert not counts(watch)
    watch.sees(MET, STEERING)
    assert counts(watch)


def test_it_counts_with_the_first_current() -> None:
    watch = returning()
    watch.sees(MET, STEERING)
    watch.sees(with_poi(MET, current_a=JOINED.poi.current_a), STEERING)
    assert counts(watch)


@pytest.mark.parametrize(("after_s", "is_believed"), [(LONGEST_CLOSING_S, True), (LONGEST_CLOSING_S + CYCLE_S, False)])
def test_asked_for_it_counts_as_long_as_our_order_may_take_to_be_seen(after_s: float, is_believed: bool) -> None:
    watch = returning()
    assert watch.sees(RETURNING, poi_close(watch.order())).vetoes == ()
    for _ in range(round(after_s / CYCLE_S) - 1):
        watch.sees(RETURNING)
    watch.sees(MET)
    assert watch.memory.closed is not None
    assert watch.memory.closed.is_asked is is_believed
    assert counts(watch) is is_believed


def test_a_device_that_closes_by_itself_needs_no_order() -> None:
    watch = returning(hub=hub_closed_by(Switcher.DEVICE))
    watch.sees(MET, STEERING)
    assert counts(watch)


def test_held_open_that_device_is_doubted_as_well() -> None:
    watch = returning(hub=hub_closed_by(Switcher.DEVICE))
    watch.sees(RETURNING, Commands(poi=PoiCommand(open=True)))
    watch.sees(MET, STEERING)
    assert not counts(watch)


def test_where_nobody_forms_it_counts_at_once() -> None:
    watch = returning()
    watch.sees(nobody_forms(MET))
    assert counts(watch)


def test_without_a_proof_before_it_counts_at_once() -> None:
    watch = Watch()
    watch.sees_for(with_poi(RETURNING, current_a=None), 1.5, STEERING)
    watch.sees(MET, STEERING)
    assert counts(watch)


# ---- at first sight


@pytest.mark.parametrize("blind_s", [0.0, 2.0])
def test_found_closed_beside_who_forms_it_stops_nobody_for_three_seconds(blind_s: float) -> None:
    watch = Watch()
    for _ in range(round(blind_s / CYCLE_S)):
        watch.sees(with_poi(IN_STEP, position=None), STEERING)
    assert watch.sees_for(IN_STEP, 3.0, STEERING).vetoes == ()
    assert not counts(watch)
    watch.sees(IN_STEP, STEERING)
    assert counts(watch)
    watch.sees(IN_STEP, STEERING)
    watch.sees(IN_STEP, STEERING)
    assert reasons(watch.sees(IN_STEP, STEERING)) == [Reason.VETO_NOT_PROVEN_OPEN]


def test_found_closed_it_is_refuted_by_sides_that_come_apart() -> None:
    watch = Watch()
    watch.sees_for(IN_STEP, 0.5, STEERING)
    watch.sees_for(APART, 0.5, STEERING)
    assert is_refuted(watch)
    assert watch.sees_for(IN_STEP, 5.0, STEERING).vetoes == ()


def test_found_closed_with_current_it_counts_at_once() -> None:
    assert counts(watch_after(JOINED))


def test_found_closed_where_nobody_forms_it_counts_at_once() -> None:
    assert counts(watch_after(on_grid()))
    assert counts(watch_after(nobody_forms(IN_STEP)))


def test_found_closed_beside_who_cannot_but_form_it_counts_at_once() -> None:
    """He is told nothing on the grid that would end an island."""
    assert counts(watch_after(IN_STEP, hub=ALWAYS_FORMS))


def test_any_battery_that_forms_is_enough() -> None:
    other = next(name for name in HUB.batteries if name != "main")
    seen = with_battery(with_battery(IN_STEP, mode=InverterMode.GRID_FOLLOWING), other, mode=InverterMode.GRID_FORMING)
    assert not counts(watch_after(seen))
    watch = returning()
    both = with_battery(with_battery(MET, mode=InverterMode.GRID_FOLLOWING), other, mode=InverterMode.GRID_FORMING)
    watch.sees(both, NOTHING)
    assert not counts(watch)
