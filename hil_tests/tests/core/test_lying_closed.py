"""A POI contact that says closed beside an island: its voltages show it open, and count on while both are in step."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.model.image import ProcessImage
from controller.model.phases import ZERO, PhaseValues
from controller.model.reasons import EventKind
from controller.model.words import InverterMode, Mode, SettingsGroup
from hil_tests.tests.core.hubs import CLOSED, DEAD, LIVE, OPEN, hub, islanded, on_grid, with_battery, with_poi
from hil_tests.tests.core.run import Run

FLOWING = PhaseValues.even(20.0)


def dead_bus(t: float) -> ProcessImage:
    """Beside a live grid, and the contact says closed; earthed already."""
    seen = with_poi(
        islanded(t),
        position=CLOSED,
        grid_voltage_v=LIVE,
        grid_frequency_hz=50.0,
        bus_voltage_v=DEAD,
        bus_frequency_hz=None,
    )
    return with_battery(seen, mode=InverterMode.GRID_FOLLOWING, power_w=ZERO, voltage_v=DEAD)


def both_dead(t: float) -> ProcessImage:
    return with_poi(dead_bus(t), grid_voltage_v=DEAD, grid_frequency_hz=None)


def in_step(t: float) -> ProcessImage:
    return with_poi(islanded(t), position=CLOSED, grid_voltage_v=LIVE, grid_frequency_hz=50.0, angle_difference_deg=3.0)


def apart(t: float) -> ProcessImage:
    return with_poi(in_step(t), angle_difference_deg=90.0)


def joined(t: float) -> ProcessImage:
    return with_poi(in_step(t), current_a=FLOWING)


def blind(t: float) -> ProcessImage:
    return with_poi(in_step(t), grid_voltage_v=None, bus_voltage_v=None, current_a=None, position=None)


def formed_beside_the_grid() -> Run:
    """The relay has opened beside a live grid, and the contact went on saying closed."""
    run = Run(hub())
    run.see(on_grid, 0.5)
    run.see(dead_bus, 0.5)
    assert run.commands.batteries["battery"].form is not None
    run.see(in_step, 0.2)
    return run


def test_in_step_with_the_grid_beside_it_an_island_stays_one() -> None:
    run = formed_beside_the_grid()
    for image in (in_step, apart, in_step, blind, in_step):
        run.see(image, 30.0)
        assert run.memory.mode is Mode.ISLANDED
    assert run.commands.poi.open
    assert run.commands.poi.close is None, "nobody would see it close"


def test_a_contact_that_turns_to_closed_in_the_island_is_refuted_by_the_proof_that_goes_on() -> None:
    run = turned(apart)
    run.see(apart, 0.4)
    run.see(in_step, 30.0)
    assert run.memory.mode is Mode.ISLANDED


def turned(image: Callable[[float], ProcessImage] = apart) -> Run:
    """An island beside the grid; then the contact turns to closed."""
    run = Run(hub())
    run.see(on_grid, 0.5)
    run.see(lambda t: with_poi(apart(t), position=OPEN), 2.0)
    assert run.memory.mode is Mode.ISLANDED
    run.see(image, 0.1)
    return run


def test_one_sample_that_may_be_older_than_the_contact_refutes_nothing() -> None:
    """Closed by hand: the contact is read at once, the voltages of before a little later."""
    run = turned()
    run.see(apart, 0.2)
    assert not run.memory.poi.closed_is_refuted
    run.see(joined)
    assert run.memory.mode is not Mode.ISLANDED


def test_in_step_and_without_current_it_is_believed_after_ten_seconds_only() -> None:
    run = turned(in_step)
    run.see(in_step, 9.85)
    assert run.memory.mode is Mode.ISLANDED
    run.see(in_step, 0.15)
    assert run.memory.mode is not Mode.ISLANDED


def test_a_moment_in_step_that_passes_moves_nothing() -> None:
    run = turned(in_step)
    run.see(in_step, 1.0)
    run.see(apart, 0.4)
    assert run.memory.poi.closed_is_refuted
    run.see(in_step, 30.0)
    assert run.memory.mode is Mode.ISLANDED


def test_with_current_it_is_believed_at_once() -> None:
    assert turned(joined).memory.mode is not Mode.ISLANDED


def test_current_between_sides_that_are_one_ends_it() -> None:
    """Somebody has closed it now, whatever its contact has said before."""
    run = formed_beside_the_grid()
    run.see(joined, 0.2)
    assert not run.memory.poi.closed_is_refuted
    assert run.memory.mode in (Mode.GRID_CONNECTED, Mode.UNPLANNED_ISLANDING)


def test_dead_sides_forget_it_and_nobody_forms_by_it() -> None:
    run = formed_beside_the_grid()
    run.see(both_dead, 0.1)
    assert not run.memory.poi.closed_is_refuted
    formed_count = sum(event.kind is EventKind.ORDERED_FORM for event in run.events)
    run.see(both_dead, 30.0)
    assert sum(event.kind is EventKind.ORDERED_FORM for event in run.events) == formed_count
    assert run.memory.mode is not Mode.ISLANDED


def test_a_contact_that_moves_is_heard_anew() -> None:
    run = formed_beside_the_grid()
    run.see(lambda t: with_poi(apart(t), position=OPEN), 1.0)
    assert not run.memory.poi.closed_is_refuted
    run.see(joined, 0.1)
    assert run.memory.mode is not Mode.ISLANDED, "it closes"


def test_joined_and_proven_open_by_turns_is_one_transfer() -> None:
    run = Run(hub())
    run.see(on_grid, 0.2)
    for _ in range(400):
        battery = run.commands.batteries.get("battery")
        is_asked = battery is not None and battery.form is not None
        run.see(joined if is_asked else dead_bus, 0.1)
    formed = [event for event in run.events if event.kind is EventKind.ORDERED_FORM]
    assert 1 <= len(formed) <= 3
    assert run.memory.mode is Mode.DARK, "it waits for a person"


def test_the_island_is_let_slip_to_find_out() -> None:
    run = turned(in_step)
    told_hz = run.commands.batteries["battery"].frequency_set_hz
    run.see(apart, 0.4)
    settled_hz = run.commands.batteries["battery"].frequency_set_hz
    assert told_hz is not None
    assert settled_hz is not None
    assert told_hz == pytest.approx(settled_hz - 0.2)


def test_a_grid_that_was_dead_until_the_contact_turned_is_not_in_step_by_chance() -> None:
    """A former that feeds a dead street looks like this: it is believed at once."""
    run = Run(hub())
    run.see(on_grid, 0.5)
    run.see(islanded, 20.0)
    run.see(in_step, 0.1)
    assert run.memory.mode is not Mode.ISLANDED


def test_unseen_for_a_moment_it_is_what_it_was() -> None:
    run = formed_beside_the_grid()
    run.see(apart, 0.5)
    for _ in range(5):
        run.see(lambda t: with_poi(in_step(t), position=None))
        run.see(in_step, 1.0)
    assert run.memory.mode is Mode.ISLANDED


def returning() -> Run:
    run = Run(hub())
    run.see(islanded, 0.6)
    run.see(lambda t: with_poi(apart(t), position=OPEN, settings_group=SettingsGroup.GRID), 10.5)
    assert run.memory.mode is Mode.RECONNECTION
    return run


def test_what_says_closed_already_is_not_ordered_closed() -> None:
    run = returning()
    run.see(apart, 0.5)
    for _ in range(400):
        run.see(lambda t: with_poi(in_step(t), angle_difference_deg=0.5, settings_group=SettingsGroup.GRID))
        assert run.commands.poi.close is None


def test_after_an_order_of_ours_a_slow_meter_is_likelier_than_a_lie() -> None:
    run = returning()
    near: Callable[[float], ProcessImage] = lambda t: with_poi(  # noqa: E731
        in_step(t), position=OPEN, angle_difference_deg=0.5, bus_frequency_hz=50.01, settings_group=SettingsGroup.GRID
    )
    while run.commands.poi.close is None:
        run.see(near)
        assert run.now_s < 200.0, "it is ordered closed"
    run.see(apart, 0.6)
    assert not run.memory.poi.closed_is_refuted
    run.see(apart, 0.6)
    assert run.memory.poi.closed_is_refuted
