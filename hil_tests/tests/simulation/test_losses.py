"""The loss table against the bench: some rows here, all of them in `.ci/full`."""

from __future__ import annotations

from functools import cache

import pytest

from controller.model.words import Mode
from hil_tests.losses.compare import blind_cells, contradictions
from hil_tests.losses.effects import Effect
from hil_tests.losses.play import Played, agrees, play
from hil_tests.losses.table import IN_STEPS, expected, expected_in_steps
from hil_tests.tests.checkers.stage import the_site

ROWS = {
    Mode.GRID_CONNECTED: ("poi_relay", "inverter_school"),
    Mode.UNPLANNED_ISLANDING: ("poi_relay", "inverter_main", "io_module", "contactor_water"),
    Mode.ISLANDED: ("inverter_main", "io_module"),
    Mode.RECONNECTION: ("poi_relay", "io_module"),
}


@cache
def as_usual(mode: Mode) -> Played:
    return play(mode, None)


@pytest.mark.parametrize("mode", ROWS)
def test_a_lost_device_has_the_consequences_that_the_page_names(mode: Mode) -> None:
    assert [line for device in ROWS[mode] for line in contradictions(mode, device, as_usual(mode))] == []


@pytest.mark.parametrize("mode", ROWS)
def test_no_cell_that_says_something_is_right_when_nothing_is_lost(mode: Mode) -> None:
    assert [line for device in ROWS[mode] for line in blind_cells(mode, device, as_usual(mode))] == []


@pytest.mark.parametrize("mode", IN_STEPS)
def test_a_loss_on_the_way_ends_it_where_the_page_says_and_moves_nothing_that_is_not_reached(mode: Mode) -> None:
    devices = ("poi_relay", "inverter_main", "io_module", "contactor_water")
    assert [line for device in devices for line in contradictions(mode, device, as_usual(mode))] == []
    assert len({expected_in_steps(the_site(), mode, device).ends_in for device in devices}) == 2


def test_a_wrong_cell_would_be_seen() -> None:
    mode, site = Mode.UNPLANNED_ISLANDING, the_site()
    usual, played = as_usual(mode), play(mode, "poi_relay")
    right = expected(site, mode, "poi_relay").effects
    assert right["battery_main"] is Effect.HELD_BACK
    assert not agrees(Effect.AS_EVER, "battery_main", played, usual, site)
    assert not agrees(Effect.HELD_BACK, "battery_main", usual, usual, site)


def test_an_output_that_follows_though_its_device_is_lost_would_be_seen() -> None:
    """As if a second way led to it: what is wished meanwhile arrives."""
    mode, site = Mode.GRID_CONNECTED, the_site()
    reached = play(mode, "contactor_water", is_lost=False)
    assert reached.after["water"] == "open"
    assert not agrees(Effect.HOLDS, "water", reached, as_usual(mode), site)
