"""The fuses of the POI's voltage transformers: what their instrument does not see is not gone."""

from __future__ import annotations

from typing import Any

import pytest

from controller.model.image import ProcessImage
from controller.model.phases import ZERO, PhaseValues
from controller.model.words import InverterMode, Mode
from hil_tests.tests.core.hubs import DEAD, LIVE, dark, hub, islanded, on_grid, with_battery, with_poi
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.scenes import far_apart

ONE_LESS = PhaseValues(230.0, 230.0, 0.0)
AT_ITS_LIMIT = PhaseValues(230.0, 230.0, 60.0)


def one_fuse(at_s: float) -> ProcessImage:
    return with_poi(islanded(at_s), bus_voltage_v=ONE_LESS)


def no_fuse_left(at_s: float) -> ProcessImage:
    """The transformers' own breaker is off."""
    return with_poi(islanded(at_s), bus_voltage_v=DEAD, bus_frequency_hz=None)


def shed(run: Run) -> set[str]:
    return {feeder for feeder, state in run.memory.feeders.items() if state.shed_since_s is not None}


def test_one_blown_fuse_sheds_nobody() -> None:
    """Everything but the desk went dark within a second, with a healthy island."""
    run = Run(hub())
    run.see(islanded, 2.0)
    run.see(one_fuse, 10.0)
    assert (run.memory.mode, shed(run)) == (Mode.ISLANDED, set())


def test_with_their_breaker_off_an_island_that_gives_power_has_not_collapsed() -> None:
    run = Run(hub())
    run.see(islanded, 2.0)
    run.see(no_fuse_left, 10.0)
    assert (run.memory.mode, shed(run)) == (Mode.ISLANDED, set())


def test_a_fuse_that_was_blown_before_the_blackout_does_not_keep_the_island_in_the_transfer() -> None:
    run = Run(hub())
    run.see(on_grid, 2.0)
    run.see(lambda at_s: with_poi(on_grid(at_s), bus_voltage_v=ONE_LESS), 2.0)
    run.see(dark, 1.0)
    run.see(one_fuse, 1.0)
    assert run.memory.mode is Mode.ISLANDED


def test_a_former_at_its_limit_on_one_phase_is_relieved() -> None:
    def overloaded(at_s: float) -> ProcessImage:
        return with_battery(with_poi(islanded(at_s), bus_voltage_v=AT_ITS_LIMIT), voltage_v=AT_ITS_LIMIT)

    run = Run(hub())
    run.see(islanded, 2.0)
    run.see(overloaded, 2.0)
    assert shed(run)


@pytest.mark.parametrize(
    "changes",
    [
        {"power_w": ZERO, "voltage_v": LIVE},  # its own switch is open
        {"power_w": PhaseValues.even(500.0), "voltage_v": DEAD},
        {"power_w": PhaseValues.even(500.0), "voltage_v": LIVE, "mode": InverterMode.GRID_FOLLOWING},
    ],
)
def test_a_dead_bus_is_dead_whatever_a_source_that_does_not_feed_it_shows(changes: dict[str, Any]) -> None:
    run = Run(hub())
    run.see(islanded, 2.0)
    run.see(lambda at_s: with_battery(no_fuse_left(at_s), **changes), 1.0)
    assert run.memory.mode is Mode.UNPLANNED_ISLANDING


def test_a_blown_fuse_does_not_raise_the_islands_voltage_on_the_way_back() -> None:
    run = Run(hub())
    run.see(islanded, 2.0)
    run.see(far_apart, 12.0)
    assert run.memory.mode is Mode.RECONNECTION
    run.see(lambda at_s: with_poi(far_apart(at_s), bus_voltage_v=ONE_LESS), 5.0)
    assert run.memory.mode is Mode.RECONNECTION
    assert run.commands.batteries["battery"].voltage_set_v == 230.0


def low(at_s: float) -> ProcessImage:
    return with_battery(with_battery(islanded(at_s), soc_pct=20.0), "second", soc_pct=20.0)


def test_a_genset_is_not_cranked_before_the_pois_instrument_shows_the_bus() -> None:
    """A former's terminals were a cycle ahead of it, and the guard refused the crank: a try was used up."""
    run = Run(hub())
    run.see(islanded, 1.0)
    run.see(lambda t: with_poi(low(t), bus_voltage_v=DEAD), 1.0)
    assert "genset" not in run.commands.gensets or run.commands.gensets["genset"].crank is None
    run.see(low, 0.1)
    assert run.commands.gensets["genset"].crank is not None
