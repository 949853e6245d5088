"""The loss table against the bench: some rows here, all of them in `.ci/full`."""

from __future__ import annotations

import pytest

from controller.model.words import Mode
from hil_tests.loss_effects import Effect
from hil_tests.losses import agrees, contradictions, expected, play
from hil_tests.tests.checkers.stage import the_site

ROWS = {
    Mode.GRID_CONNECTED: ("poi_relay", "inverter_school"),
    Mode.UNPLANNED_ISLANDING: ("poi_relay", "inverter_main", "io_module", "contactor_water"),
    Mode.ISLANDED: ("inverter_main", "io_module"),
    Mode.RECONNECTION: ("poi_relay", "io_module"),
}


@pytest.mark.parametrize("mode", ROWS)
def test_a_lost_device_has_the_consequences_that_the_page_names(mode: Mode) -> None:
    usual = play(mode, None)
    assert [line for device in ROWS[mode] for line in contradictions(mode, device, usual)] == []


def test_a_wrong_cell_would_be_seen() -> None:
    mode, site = Mode.UNPLANNED_ISLANDING, the_site()
    usual, played = play(mode, None), play(mode, "poi_relay")
    right = expected(site, mode, "poi_relay").effects
    assert right["battery_main"] is Effect.HELD_BACK
    assert not agrees(Effect.AS_EVER, "battery_main", played, usual, site)
    assert not agrees(Effect.HELD_BACK, "battery_main", usual, usual, site)
