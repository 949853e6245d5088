"""A genset carries the island alone, and the POI's contact turns to closed by itself: it has to show what it is."""

from __future__ import annotations

import pytest

from controller.model.image import ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import Mode
from hil_tests.tests.core.hubs import CLOSED, with_poi
from hil_tests.tests.core.test_carrying import CARRIED_W, STEP_W, alone, beside_grid, low
from hil_tests.tests.core.watched import Watched

near = beside_grid(50.0, 50.0, 3.0)


def says_closed(at_s: float) -> ProcessImage:
    return with_poi(near(at_s), position=CLOSED)


def shows_open(at_s: float) -> ProcessImage:
    return with_poi(beside_grid(50.0, 49.6, 60.0)(at_s), position=CLOSED)


def flows(at_s: float) -> ProcessImage:
    return with_poi(says_closed(at_s), current_a=PhaseValues.even(20.0))


def blind(at_s: float) -> ProcessImage:
    """The contact still says closed, and the instrument is silent."""
    return with_poi(
        says_closed(at_s),
        power_w=None,
        grid_voltage_v=None,
        bus_voltage_v=None,
        grid_frequency_hz=None,
        bus_frequency_hz=None,
        current_a=None,
        angle_difference_deg=None,
    )


def on_the_way_back() -> Watched:
    watched = Watched()
    watched.see(low, 1.0)
    watched.see(alone, 60.0)
    watched.see(beside_grid(50.0, angle_deg=90.0), 10.5)
    assert (watched.mode, watched.run.commands.poi.close) == (Mode.RECONNECTION, None)
    return watched


def goes_on(watched: Watched) -> None:
    assert watched.run.memory.mode in (Mode.RECONNECTION, Mode.ISLANDED)
    assert not watched.run.commands.gensets["genset"].stop
    assert not watched.guard.allowed.gensets["genset"].stop
    assert not watched.run.commands.earthing.open
    assert watched.vetoes == []


def test_a_lie_is_found_out_and_the_island_goes_on() -> None:
    """It was believed in one cycle: the genset stopped, the earth opened, and the island was dark."""
    watched = on_the_way_back()
    watched.see(says_closed, 0.3)
    goes_on(watched)
    told_w = watched.run.commands.gensets["genset"].power_set_w
    assert told_w == pytest.approx(CARRIED_W - 4_000.0, abs=STEP_W), "let slip: 0.2 Hz on the usual droop"
    watched.see(shows_open, 0.5)
    assert watched.run.memory.poi.closed_is_refuted
    watched.see(says_closed, 30.0)
    goes_on(watched)


def test_a_hand_that_has_closed_it_is_believed_with_the_first_current() -> None:
    watched = on_the_way_back()
    watched.see(says_closed, 0.2)
    watched.see(flows, 0.1)
    assert (watched.mode, watched.run.memory.reason) == (Mode.GRID_CONNECTED, Reason.RECONNECTED)
    assert watched.vetoes == []


def test_neither_current_nor_difference_believes_it_after_ten_seconds() -> None:
    watched = on_the_way_back()
    watched.see(says_closed, 9.9)
    goes_on(watched)
    watched.see(says_closed, 0.2)
    assert watched.run.memory.mode is Mode.GRID_CONNECTED
    watched.see(says_closed, 0.2)
    assert watched.vetoes == []


def test_a_meter_that_falls_silent_meanwhile_stops_no_genset() -> None:
    watched = on_the_way_back()
    watched.see(says_closed, 0.2)
    watched.see(blind, 3.0)
    goes_on(watched)


def test_nor_does_a_contact_that_falls_silent_with_it() -> None:
    watched = on_the_way_back()
    watched.see(says_closed, 0.2)
    watched.see(lambda t: with_poi(blind(t), position=None), 3.0)
    goes_on(watched)
