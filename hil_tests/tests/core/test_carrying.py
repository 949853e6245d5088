"""A genset that carries the island alone: what it is told to give is its frequency."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.core.carrying import STEP_RATIO
from controller.core.resync import is_in_window
from controller.core.situation import assess
from controller.model.frozen import replace
from controller.model.hub import PoiSwitching
from controller.model.image import GensetSeen, ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import GensetState, InverterMode, Mode, Switcher
from hil_tests.tests.core.hubs import CLOSED, hub, islanded, with_battery, with_poi
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.scenes import returned

CARRIED_W = 9_000.0
RATING_W = 40_000.0
STEP_W = STEP_RATIO * RATING_W


def carried(seen: ProcessImage, main: InverterMode = InverterMode.FAULT) -> ProcessImage:
    """The genset is the only one that holds the bus; what the batteries say they would take is not what they take."""
    at_s = seen.poi.measured_at_s
    for name, mode in (("battery", main), ("second", InverterMode.FAULT)):
        seen = with_battery(seen, name, mode=mode, soc_pct=20.0, charge_limit_w=20_000.0, power_w=PhaseValues.even(0.0))
    genset = GensetSeen(at_s, GensetState.LOADED, PhaseValues.even(CARRIED_W / 3.0), 150.0)
    return replace(seen, gensets={"genset": genset})


def alone(at_s: float) -> ProcessImage:
    return carried(islanded(at_s, CARRIED_W))


def low(at_s: float) -> ProcessImage:
    return with_battery(with_battery(islanded(at_s, CARRIED_W), soc_pct=20.0), "second", soc_pct=20.0)


def story(closed_by: Switcher = Switcher.CONTROLLER) -> Run:
    """Ours, cranked for a low battery, and alone by now."""
    run = Run(hub(poi=replace(hub().poi, switching=PoiSwitching(Switcher.CONTROLLER, closed_by))))
    run.see(low, 1.0)
    run.see(alone, 60.0)
    return run


def reference_w(run: Run) -> float:
    power_set_w = run.commands.gensets["genset"].power_set_w
    assert power_set_w is not None
    return power_set_w


def test_it_is_told_what_it_carries_and_not_what_a_tripped_battery_would_take() -> None:
    assert reference_w(story()) == pytest.approx(CARRIED_W, abs=STEP_W)


def test_beside_a_former_a_tripped_battery_takes_nothing_either() -> None:
    run = Run(hub())
    run.see(low, 1.0)

    def beside(at_s: float) -> ProcessImage:
        seen = carried(islanded(at_s, CARRIED_W), InverterMode.GRID_FORMING)
        return with_battery(seen, charge_limit_w=0.0)

    run.see(beside, 1.0)
    assert reference_w(run) == pytest.approx(CARRIED_W)


def test_a_load_that_steps_moves_it_slowly() -> None:
    run = story()

    def heavier(at_s: float) -> ProcessImage:
        genset = GensetSeen(at_s, GensetState.LOADED, PhaseValues.even(CARRIED_W), 150.0)
        return replace(alone(at_s), gensets={"genset": genset})

    run.see(heavier, 1.0)
    assert CARRIED_W < reference_w(run) < 1.3 * CARRIED_W
    run.see(heavier, 60.0)
    assert reference_w(run) == pytest.approx(3.0 * CARRIED_W, rel=0.01)


def beside_grid(grid_hz: float, bus_hz: float = 50.0, angle_deg: float = 0.0) -> Callable[[float], ProcessImage]:
    def image(at_s: float) -> ProcessImage:
        seen = with_poi(returned(at_s, angle_deg), grid_frequency_hz=grid_hz, bus_frequency_hz=bus_hz)
        return carried(seen)

    return image


def on_the_way_back(closed_by: Switcher = Switcher.CONTROLLER) -> Run:
    run = story(closed_by)
    run.see(beside_grid(50.0, angle_deg=90.0), 10.5)
    assert run.memory.mode is Mode.RECONNECTION
    return run


@pytest.mark.parametrize(("grid_hz", "angle_deg", "side"), [(50.05, 0.0, 1), (49.9, 0.0, -1), (50.0, 60.0, -1)])
def test_on_the_way_back_it_is_led_to_the_grids_frequency_and_the_angle_to_nothing(
    grid_hz: float, angle_deg: float, side: int
) -> None:
    run = on_the_way_back()
    before_w = reference_w(run)
    run.see(beside_grid(grid_hz, 50.0, angle_deg), 1.0)
    assert side * (reference_w(run) - before_w) > 2 * STEP_W


@pytest.mark.parametrize(
    ("grid_hz", "bus_hz", "bound_w"),
    [
        (50.0, 49.5, CARRIED_W + 3_200.0),
        (50.05, 50.0, CARRIED_W + 5_200.0),
        (49.95, 50.0, CARRIED_W - 5_200.0),
        (50.1, 50.0, CARRIED_W + 7_200.0),
        (50.0, 50.5, CARRIED_W - 3_200.0),
    ],
)
def test_one_that_does_not_heed_it_is_told_no_more_than_the_widest_slip_asks_for(
    grid_hz: float, bus_hz: float, bound_w: float
) -> None:
    """Isochronous: it used to wind up to its rating, and was told that at the contact."""
    run = on_the_way_back()
    run.see(beside_grid(grid_hz, bus_hz), 30.0)
    assert run.memory.mode is Mode.RECONNECTION
    assert reference_w(run) == pytest.approx(bound_w, abs=STEP_W)


@pytest.mark.parametrize(("given_w", "told_w"), [(45_000.0, RATING_W), (-3_000.0, 0.0)])
def test_it_is_never_told_more_than_its_rating_nor_less_than_nothing(given_w: float, told_w: float) -> None:
    run = story()
    genset = GensetSeen(run.now_s, GensetState.LOADED, PhaseValues.even(given_w / 3.0), 150.0)
    run.see(lambda t: replace(alone(t), gensets={"genset": genset}), 60.0)
    assert reference_w(run) == told_w


def test_at_the_contact_the_reference_is_forgotten() -> None:
    run = on_the_way_back()
    joined = beside_grid(50.05)
    run.see(lambda t: with_poi(joined(t), position=CLOSED, current_a=PhaseValues.even(20.0)), 0.1)
    assert run.memory.mode is Mode.GRID_CONNECTED
    assert run.memory.gensets["genset"].reference is None


def test_while_the_contact_is_on_its_way_it_stands() -> None:
    run = on_the_way_back()
    while run.commands.poi.close is None:
        run.see(beside_grid(50.0, 50.01, 0.5))
        assert run.now_s < 300.0, "it closes"
    told = run.memory.gensets["genset"].reference
    assert told is not None
    run.see(beside_grid(50.0, 50.01, 0.5), 0.1)
    assert run.commands.poi.close is not None
    after = run.memory.gensets["genset"].reference
    assert after is not None
    assert (after.power_w, after.measured_at_s) == (told.power_w, run.now_s)


def test_while_a_relay_looks_for_its_instant_it_is_steered_on() -> None:
    """Fuzz seed 2088: it stood for two minutes where it was when the relay got its permission, 0.2 Hz off."""
    run = on_the_way_back(Switcher.SYNC_RELAY)
    run.see(beside_grid(50.0, 49.8, 120.0), 1.0)
    assert run.commands.poi.close is not None
    before_w = reference_w(run)
    run.see(beside_grid(50.0, 49.8, -120.0), 1.0)
    assert run.commands.poi.close is not None
    assert reference_w(run) > before_w + 2 * STEP_W


def test_a_grid_that_is_not_measured_steers_nothing() -> None:
    run = on_the_way_back()
    before_w = reference_w(run)
    run.see(lambda t: with_poi(beside_grid(50.0)(t), grid_frequency_hz=None), 1.0)
    assert run.memory.mode is Mode.ISLANDED
    assert abs(reference_w(run) - before_w) <= abs(CARRIED_W - before_w) + STEP_W


def test_one_that_somebody_else_has_started_goes_on_while_it_alone_holds_the_island() -> None:
    """It used to be told to stop for the way back, and the island would have gone dark."""
    run = Run(hub())
    run.see(lambda t: carried(islanded(t, CARRIED_W)), 2.0)
    assert run.commands.gensets["genset"].cause is Reason.GENSET_BY_HAND
    run.see(beside_grid(50.0, angle_deg=90.0), 10.5)
    assert run.memory.mode is Mode.RECONNECTION
    assert not run.commands.gensets["genset"].stop


def in_step_but_for(volts: float, main: InverterMode) -> bool:
    """The sides so far apart, and nothing else against a closing."""
    sides = with_poi(returned(100.0, 0.5), bus_frequency_hz=50.0, bus_voltage_v=PhaseValues.even(230.0 + volts))
    seen = replace(carried(sides, main), poi=replace(sides.poi, measured_at_s=100.0))
    return is_in_window(assess(seen, hub(), 100.0))


@pytest.mark.parametrize(("volts", "is_near"), [(4.0, True), (8.9, True), (-8.9, True), (9.3, False)])
def test_its_voltage_may_be_twice_as_far_from_the_grids_for_nobody_moves_it(volts: float, is_near: bool) -> None:
    """Four per cent off, it stood beside a good grid for good (fuzz seed 1408)."""
    assert in_step_but_for(volts, InverterMode.FAULT) is is_near


@pytest.mark.parametrize(("volts", "is_near"), [(4.0, True), (5.0, False)])
def test_that_of_a_battery_is_led_to_the_grids(volts: float, is_near: bool) -> None:
    assert in_step_but_for(volts, InverterMode.GRID_FORMING) is is_near
