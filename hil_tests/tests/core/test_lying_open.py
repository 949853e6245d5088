"""A POI contact that says open while current flows: believed against it are the voltages and the current."""

from __future__ import annotations

from controller.model.commands import BatteryCommand
from controller.model.image import ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, InverterMode, Mode, SettingsGroup
from hil_tests.tests.core.hubs import DEAD, LIVE, OPEN, dark, hub, islanded, on_grid, with_battery, with_poi
from hil_tests.tests.core.run import Run


def says_open(t: float) -> ProcessImage:
    """On a good grid, with the load's current; only the contact has changed."""
    return with_poi(on_grid(t), position=OPEN)


def beside(t: float, angle_deg: float = 90.0) -> ProcessImage:
    return with_poi(
        islanded(t),
        grid_voltage_v=LIVE,
        grid_frequency_hz=50.0,
        angle_difference_deg=angle_deg,
        settings_group=SettingsGroup.GRID,
    )


def in_step(t: float) -> ProcessImage:
    return beside(t, 1.0)


def joined(t: float) -> ProcessImage:
    """Closed, the battery still forming, and the contact says open."""
    return with_poi(beside(t, 0.0), current_a=PhaseValues.even(20.0))


def started(image: object = on_grid) -> Run:
    run = Run(hub())
    run.see(image, 0.6)  # type: ignore[arg-type]
    return run


def test_on_grid_a_contact_that_lies_is_no_opening() -> None:
    run = started()
    run.see(says_open, 5.0)
    assert (run.memory.mode, run.memory.reason) == (Mode.GRID_CONNECTED, Reason.RECOVERED_ON_GRID)
    assert not run.commands.poi.open
    assert run.commands.earthing.open is False, "what the guard could not allow is not asked"


def test_once_convicted_it_is_not_believed_at_zero_current_either() -> None:
    run = started()
    run.see(says_open, 1.0)
    run.see(lambda t: with_poi(says_open(t), current_a=PhaseValues.even(0.2)), 1.0)
    assert run.memory.mode is Mode.GRID_CONNECTED


def test_a_true_opening_with_a_late_sample_waits_for_the_next_sample_only() -> None:
    run = started()
    old_s = run.now_s
    run.see(lambda t: with_poi(says_open(t), measured_at_s=old_s), 0.15)
    run.see(dark)
    assert (run.memory.mode, run.memory.reason) == (Mode.UNPLANNED_ISLANDING, Reason.POI_OPENED_BY_ITSELF)
    assert not run.memory.poi.contact_lies, "the sample was older than the contact"


def test_behind_a_contact_that_has_lied_nobody_forms_between_two_dead_sides() -> None:
    run = started()
    run.see(says_open, 1.0)
    run.see(lambda t: with_poi(dark(t), grid_voltage_v=DEAD), 10.0)
    assert run.memory.mode is Mode.LOCKED_OUT
    assert not [event for event in run.events if event.kind.value == "ordered_form"]


def test_seen_closed_it_is_believed_again() -> None:
    run = started()
    run.see(says_open, 1.0)
    run.see(on_grid, 0.1)
    run.see(dark, 0.2)
    assert run.memory.mode is Mode.UNPLANNED_ISLANDING
    assert run.memory.poi.proven_open_since_s is not None


def test_our_own_closing_is_found_by_its_current() -> None:
    run = started(islanded)
    run.see(in_step, 10.2)
    while run.commands.poi.close is None:
        run.see(in_step)
    run.see(joined, 0.25)
    assert (run.memory.mode, run.memory.reason) == (Mode.GRID_CONNECTED, Reason.RECONNECTED)
    assert run.commands.batteries["battery"].stop, "first of all it holds no voltage"
    following = lambda t: with_battery(joined(t), mode=InverterMode.GRID_FOLLOWING)  # noqa: E731
    run.see(following, 1.0)
    assert run.memory.mode is Mode.GRID_CONNECTED
    assert run.commands.batteries["battery"].follow


def test_an_island_that_somebody_joins_to_a_good_grid_follows_it() -> None:
    run = started(islanded)
    run.see(beside, 5.0)
    run.see(joined)
    assert run.memory.mode is Mode.ISLANDED
    assert "battery" not in run.commands.batteries, "until it is clear whose current it is"
    run.see(joined, 0.15)
    assert (run.memory.mode, run.memory.reason) == (Mode.GRID_CONNECTED, Reason.POI_CLOSED_UNASKED)


def test_an_island_that_comes_to_life_on_a_dead_line_is_stopped() -> None:
    run = started(islanded)
    run.see(joined, 0.2)
    assert (run.memory.mode, run.memory.reason) == (Mode.LOCKED_OUT, Reason.POI_STUCK)
    assert run.commands.batteries["battery"] == BatteryCommand(stop=True, cause=Reason.POI_STUCK)


def test_a_relay_without_numbers_is_no_stuck_breaker() -> None:
    run = started(islanded)
    blind = lambda t: with_poi(  # noqa: E731
        islanded(t),
        position=BreakerPosition.INTERMEDIATE,
        grid_voltage_v=None,
        bus_voltage_v=None,
        bus_frequency_hz=None,
        current_a=PhaseValues.even(6553.5),
    )
    run.see(blind, 20.0)
    assert run.memory.mode is Mode.ISLANDED
    assert not run.commands.batteries["battery"].stop
