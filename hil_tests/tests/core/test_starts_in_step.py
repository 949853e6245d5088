"""A contact has lied, the island comes to life in step with the other side: who slips finds out, and not for ever."""

from __future__ import annotations

import pytest

from controller.core.contact import FOUND_CONFIRM_S
from controller.model.hub import Earthing
from controller.model.image import ProcessImage
from controller.model.words import BreakerPosition, InverterMode, IslandEarthing
from hil_tests.tests.core.hubs import DEAD, LIVE, dark, hub, on_grid, with_battery, with_poi
from hil_tests.tests.core.lying import joined_by, lying_on_grid
from hil_tests.tests.core.test_borne_out import see_until_told_to_form
from hil_tests.tests.core.watched import Watched

OPEN = BreakerPosition.OPEN


def beside_the_grid(at_s: float) -> ProcessImage:
    """The bus is dead, the grid is not; the contact says open, as it did when it lied."""
    return with_poi(dark(at_s), position=OPEN, grid_voltage_v=LIVE, grid_frequency_hz=50.0, angle_difference_deg=None)


def in_step(at_s: float) -> ProcessImage:
    """Somebody of ours forms, both sides live as one, and nothing flows."""
    return with_poi(joined_by(at_s, 0.0), position=OPEN)


def caught() -> Watched:
    """Its contact was caught lying on grid, not for long enough to be marked for good."""
    watched = Watched(earthing=Earthing(IslandEarthing.PERMANENT, None))
    watched.see(on_grid, 1.0)
    watched.see(lambda t: lying_on_grid(t, OPEN, 40.0), 1.0)
    watched.see(lambda t: lying_on_grid(t, OPEN, 0.5), 3.0)
    assert watched.run.memory.poi.contact_lies
    return watched


def alive_beside_the_dead(at_s: float) -> ProcessImage:
    """Somebody of ours forms; the other side's meter is late, or the other side is dead."""
    return with_poi(in_step(at_s), grid_voltage_v=DEAD, grid_frequency_hz=None, angle_difference_deg=None)


def stopped_after_s(watched: Watched, most_s: float) -> float | None:
    since_s = watched.run.now_s
    while watched.run.now_s - since_s < most_s:
        watched.see(in_step)
        command = watched.run.commands.batteries.get("battery")
        if command is not None and command.stop:
            return watched.run.now_s - since_s
    return None


def test_it_slips_for_a_moment_beside_a_grid_that_lived_before_and_no_longer() -> None:
    watched = caught()
    see_until_told_to_form(watched, beside_the_grid)
    watched.see(beside_the_grid, 0.1)  # until he answers
    fed_s = stopped_after_s(watched, 10.0)
    assert fed_s is not None, "nothing has shown that it is apart"
    assert FOUND_CONFIRM_S - 0.1 < fed_s < FOUND_CONFIRM_S + 0.3


def test_meanwhile_it_is_told_another_frequency() -> None:
    watched = caught()
    see_until_told_to_form(watched, beside_the_grid)
    watched.see(beside_the_grid, 0.1)  # until he answers
    watched.see(in_step, 0.5)
    command = watched.run.commands.batteries["battery"]
    droop_hz = hub().batteries["battery"].droop_hz_per_w * 20_000.0
    assert command.frequency_set_hz is not None
    assert abs(command.frequency_set_hz - droop_hz - 50.0) > 0.1


@pytest.mark.parametrize("late_s", [0.1, 0.2, 0.3])
def test_a_street_that_lives_because_we_feed_it_shows_nothing_by_slipping(late_s: float) -> None:
    """Its meter was late when the bus died, and late again when the bus came alive: that was taken for two sides."""
    watched = caught()
    see_until_told_to_form(watched, beside_the_grid)
    watched.see(beside_the_grid, 0.1)  # until he answers
    watched.see(alive_beside_the_dead, late_s)
    fed_s = stopped_after_s(watched, 10.0)
    assert fed_s is not None
    assert fed_s < 0.6


def test_its_voltage_is_seen_before_its_mode_and_nothing_is_taken_back() -> None:
    """Found in T1 (FUZ-009): an inverter whose mode is read slowly was told to follow, and to form again."""
    watched = caught()
    see_until_told_to_form(watched, beside_the_grid)
    watched.see(beside_the_grid, 0.1)  # until he answers
    for _ in range(4):
        watched.see(lambda t: with_battery(in_step(t), mode=InverterMode.GRID_FOLLOWING))
        command = watched.run.commands.batteries["battery"]
        assert (command.follow, command.stop) == (False, False)
    watched.see(in_step, 0.3)
    command = watched.run.commands.batteries["battery"]
    assert (command.follow, command.stop) == (False, False)
