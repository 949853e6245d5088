"""Known gaps of the contact's proof, as tests that must fail: the day one passes, its mark is wrong.

Both lie in what a single sample proves in the second in which a bus dies or comes to life
(docs/decisions/0023-the-poi-unseen.md).
"""

from __future__ import annotations

import pytest

from controller.model.hub import Earthing
from controller.model.image import ProcessImage
from controller.model.words import InverterMode, IslandEarthing
from hil_tests.tests.core.hubs import DEAD, LIVE, OPEN, dark, islanded, on_grid, with_battery, with_poi
from hil_tests.tests.core.lying import joined_by
from hil_tests.tests.core.test_blind_while_forming import forming
from hil_tests.tests.core.test_street_in_step import stopped_after_s
from hil_tests.tests.core.watched import Watched


def bus_not_seen_alive_yet(at_s: float) -> ProcessImage:
    """The former has come up, the street lives on it, and the bus's own meter is the later one."""
    forms = with_battery(islanded(at_s), mode=InverterMode.GRID_FORMING)
    return with_poi(
        forms, grid_voltage_v=LIVE, grid_frequency_hz=50.0, bus_voltage_v=DEAD, bus_frequency_hz=None,
        angle_difference_deg=None,
    )  # fmt: skip


@pytest.mark.xfail(strict=True, reason="as the island comes to life a bus that is read late 'differs' from the street")
@pytest.mark.parametrize("late_count", [1, 2, 5])
def test_a_street_is_not_fed_because_the_bus_is_the_later_one(late_count: int) -> None:
    """A welded POI whose contact says open, and a street that draws next to nothing."""
    watched = forming()
    for _ in range(late_count):
        watched.see(bus_not_seen_alive_yet)
    assert stopped_after_s(watched.run, lambda t: joined_by(t, 0.5), 5.0) is not None


def test_without_that_sample_it_is_found() -> None:
    assert stopped_after_s(forming().run, lambda t: joined_by(t, 0.5), 5.0) is not None


def opened(at_s: float) -> ProcessImage:
    """By itself, a moment before the blackout: the grid lives on, and the bus is dead behind it."""
    dead = with_poi(dark(at_s), position=OPEN)
    return with_poi(dead, grid_voltage_v=LIVE, grid_frequency_hz=50.0, bus_voltage_v=DEAD, angle_difference_deg=None)


@pytest.mark.xfail(strict=True, reason="the true difference is taken back, and the island that follows is called a lie")
def test_an_honest_hub_beside_a_grid_that_returns_for_a_moment_in_step_lives() -> None:
    """It opened 0.2 s before the blackout, which a short return of the grid interrupts just as the island forms."""
    watched = Watched(earthing=Earthing(IslandEarthing.PERMANENT, None))
    watched.see(on_grid, 5.0)
    watched.see(opened, 0.2)
    assert watched.run.memory.poi.has_differed
    watched.see(lambda t: with_poi(dark(t), position=OPEN))
    assert stopped_after_s(watched.run, lambda t: joined_by(t, 0.0), 0.4) is None
