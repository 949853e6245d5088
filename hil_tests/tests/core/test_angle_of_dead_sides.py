"""An instrument that goes on showing an angle between two dead sides: noise, or the last value. It proves nothing."""

from __future__ import annotations

import pytest

from controller.bounds import bounds_of
from controller.core.situation import assess
from controller.guard.proof import sides_differ
from controller.model.advice import Advice
from controller.model.image import ProcessImage
from controller.model.memory import DurableMemory
from controller.model.phases import PhaseValues
from controller.model.reasons import EventKind
from controller.model.words import Mode
from hil_tests.plant.plant import Plant
from hil_tests.simulation.bench import Bench
from hil_tests.tests.core.hubs import CLOSED, LIVE, hub, on_grid, with_poi
from hil_tests.tests.core.lying import dead_and_earthed, is_anyone_told_to_form, joined_by
from hil_tests.tests.core.test_blind_while_forming import forming
from hil_tests.tests.core.watched import ENVELOPE, Watched

NOISE_DEG = 90.0
DEAD = PhaseValues.even(3.0)


@pytest.mark.parametrize("hertz", [None, 50.0])
def test_beside_a_contact_that_says_closed_nobody_is_told_to_form(hertz: float | None) -> None:
    def noisy(at_s: float) -> ProcessImage:
        return with_poi(
            dead_and_earthed(at_s),
            position=CLOSED,
            angle_difference_deg=NOISE_DEG,
            grid_frequency_hz=hertz,
            bus_frequency_hz=hertz,
        )

    watched = Watched()
    watched.see(on_grid, 5.0)
    for _ in range(10):
        assert watched.see(noisy).commands.batteries["battery"].form is None


def test_a_stuck_breaker_with_an_honest_contact_feeds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = vars(Plant)["angle_difference_deg"].fget
    noisy = property(lambda plant: NOISE_DEG if shown(plant) is None else shown(plant))
    monkeypatch.setattr(Plant, "angle_difference_deg", noisy)
    bench = Bench.of()
    bench.run_for(5.0)
    bench.plant.poi.fails_to_open = True
    bench.plant.grid.blackout()
    bench.run_for(30.0)
    assert not bench.happened(EventKind.ORDERED_FORM)
    assert bench.plant.backfeed_j == 0.0


def test_a_contact_that_was_caught_is_not_believed_again_by_it() -> None:
    watched = forming()
    watched.see(lambda t: joined_by(t, 0.5), 0.1)
    assert watched.mode is Mode.LOCKED_OUT
    noisy = lambda t: with_poi(dead_and_earthed(t), angle_difference_deg=NOISE_DEG)  # noqa: E731
    assert not is_anyone_told_to_form(watched.run, noisy, 10.0)


@pytest.mark.parametrize(
    ("grid_v", "bus_v", "differ"), [(LIVE, LIVE, True), (LIVE, DEAD, True), (DEAD, DEAD, False), (DEAD, LIVE, True)]
)
def test_core_and_guard_ask_for_two_live_sides(grid_v: PhaseValues, bus_v: PhaseValues, *, differ: bool) -> None:
    seen = with_poi(on_grid(1.0), grid_voltage_v=grid_v, bus_voltage_v=bus_v, angle_difference_deg=NOISE_DEG)
    bounds = bounds_of(hub(), ENVELOPE, DurableMemory(), Advice())
    assert assess(seen, hub(), 1.0).poi_sides_differ is differ
    assert sides_differ(seen.poi, bounds) is differ


@pytest.mark.parametrize("hidden", ["grid_voltage_v", "bus_voltage_v"])
def test_the_guard_lets_an_angle_count_while_a_side_is_merely_unseen(hidden: str) -> None:
    bounds = bounds_of(hub(), ENVELOPE, DurableMemory(), Advice())
    for beside, differ in ((LIVE, True), (DEAD, False)):
        other = "bus_voltage_v" if hidden == "grid_voltage_v" else "grid_voltage_v"
        seen = with_poi(on_grid(1.0), angle_difference_deg=NOISE_DEG, **{hidden: None, other: beside})
        assert sides_differ(seen.poi, bounds) is differ
