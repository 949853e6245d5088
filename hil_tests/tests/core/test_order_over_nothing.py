"""An order to close over dead sides is for what was seen when it was given: it ends with it, and not with its time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.core.situation import assess
from controller.model.frozen import replace
from controller.model.image import GensetSeen, ProcessImage
from controller.model.memory import Attempt
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import GensetState, SettingsGroup
from hil_tests.tests.core.hubs import LIVE, battery, battery_seen, hub, islanded, nothing_left, with_poi
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.scenes import good_grid_beside_the_dark, relay_is_gone

Image = Callable[[float], ProcessImage]


def ordered(run: Run, image: Image, cause: Reason) -> None:
    for _ in range(2000):
        if run.see(image).commands.poi.close is not None:
            break
    assert run.commands.poi.close is not None
    assert run.commands.poi.close.cause is cause


def all_dead(at_s: float) -> ProcessImage:
    return with_poi(nothing_left(at_s), settings_group=SettingsGroup.GRID)


def grid_comes(at_s: float) -> ProcessImage:
    return good_grid_beside_the_dark(at_s)


def grid_flickers(at_s: float) -> ProcessImage:
    return with_poi(all_dead(at_s), grid_voltage_v=PhaseValues.even(140.0))


def genset_on(image: Image, state: GensetState | None = GensetState.READY) -> Image:
    genset = {"genset": GensetSeen(0.0, state, PhaseValues.even(0.0), 100.0)}
    return lambda at_s: replace(image(at_s), gensets=genset)


COMES = [GensetState.STARTING, GensetState.READY, GensetState.LOADED]


@pytest.mark.parametrize("after", [grid_comes, grid_flickers, *(genset_on(all_dead, state) for state in COMES)])
def test_dead_onto_dead_is_not_closed_once_the_grid_or_a_source_comes(after: Image) -> None:
    run = Run(hub(poi=replace(hub().poi, is_closed_unattended=True)))
    ordered(run, all_dead, Reason.LAST_ACT)
    assert run.see(after).commands.poi.close is None, "what comes now is observed first, like any grid that returns"


@pytest.mark.parametrize(
    "after",
    [
        *(genset_on(good_grid_beside_the_dark, state) for state in COMES),
        lambda t: with_poi(good_grid_beside_the_dark(t), bus_voltage_v=LIVE, bus_frequency_hz=50.0),
    ],
)
def test_live_onto_dead_is_not_closed_once_somebody_supplies_the_bus(after: Image) -> None:
    run = Run(hub())
    run.see(nothing_left, 1.0)
    ordered(run, good_grid_beside_the_dark, Reason.DEAD_BUS_RETURN)
    assert run.see(after).commands.poi.close is None


def closed_after_s(run: Run, image: Image) -> float:
    """How long it takes until the grid is closed onto the dead bus."""
    since_s = run.now_s
    ordered(run, image, Reason.DEAD_BUS_RETURN)
    return run.now_s - since_s


START_S = hub().gensets["genset"].start_time_s
OFF = [GensetState.STOPPED, GensetState.COOLING, GensetState.FAULT]


@pytest.mark.parametrize("state", [*OFF, None])
def test_a_genset_that_is_not_on_is_not_waited_for(state: GensetState | None) -> None:
    run = Run(hub())
    run.see(genset_on(nothing_left, state), 1.0)
    assert closed_after_s(run, genset_on(good_grid_beside_the_dark, state)) < 14.0


@pytest.mark.parametrize("state", COMES)
def test_a_genset_that_came_when_its_panel_fell_silent_is_waited_for_and_not_for_ever(state: GensetState) -> None:
    run = Run(hub())
    run.see(nothing_left, 1.0)
    run.see(genset_on(good_grid_beside_the_dark, state), 0.5)
    assert 2.0 * START_S < closed_after_s(run, good_grid_beside_the_dark) < 2.0 * START_S + 4.0


def test_a_panel_that_says_starting_for_ever_is_waited_for_and_not_for_ever() -> None:
    run = Run(hub())
    run.see(nothing_left, 1.0)
    starting = genset_on(good_grid_beside_the_dark, GensetState.STARTING)
    assert 2.0 * START_S < closed_after_s(run, starting) < 2.0 * START_S + 4.0


@pytest.mark.parametrize("state", [GensetState.READY, GensetState.LOADED])
def test_one_that_says_ready_may_close_onto_the_bus_at_any_time(state: GensetState) -> None:
    run = Run(hub())
    run.see(nothing_left, 1.0)
    run.see(genset_on(good_grid_beside_the_dark, state), 2.0 * START_S + 20.0)
    assert run.commands.poi.close is None


def test_a_panel_that_said_starting_on_a_live_bus_has_its_time_in_the_dark() -> None:
    run = Run(hub())
    run.see(genset_on(islanded, GensetState.STARTING), 2.0 * START_S + 10.0)
    assert closed_after_s(run, genset_on(good_grid_beside_the_dark, GensetState.STARTING)) > 2.0 * START_S


def test_a_panel_that_said_starting_has_its_time_again_after_our_crank() -> None:
    run = Run(hub())
    run.see(nothing_left, 1.0)
    starting = genset_on(good_grid_beside_the_dark, GensetState.STARTING)
    run.see(starting, 2.0 * START_S - 5.0)
    cranked = (Attempt("genset", "crank", run.now_s),)
    run.memory = replace(run.memory, durable=replace(run.memory.durable, attempts=cranked))
    assert 2.0 * START_S < closed_after_s(run, starting) < 2.0 * START_S + 4.0


def test_a_panel_that_is_not_seen_for_a_moment_goes_on_saying_that_it_starts() -> None:
    run = Run(hub())
    run.see(nothing_left, 1.0)
    starting = genset_on(good_grid_beside_the_dark, GensetState.STARTING)
    run.see(starting, START_S)
    run.see(genset_on(good_grid_beside_the_dark, None), 0.5)
    assert START_S - 1.0 < closed_after_s(run, starting) < START_S + 4.0


def test_one_that_was_seen_off_before_is_not() -> None:
    run = Run(hub())
    run.see(nothing_left, 1.0)
    run.see(genset_on(good_grid_beside_the_dark, GensetState.STARTING), 5.0)
    run.see(genset_on(good_grid_beside_the_dark, GensetState.STOPPED))
    assert closed_after_s(run, good_grid_beside_the_dark) < 9.0


def test_one_that_we_cranked_and_do_not_see_is_waited_for_too() -> None:
    run = Run(hub())
    cranked = (Attempt("genset", "crank", run.now_s),)
    run.memory = replace(run.memory, durable=replace(run.memory.durable, attempts=cranked))
    assert 2.0 * START_S < closed_after_s(run, good_grid_beside_the_dark) < 2.0 * START_S + 4.0


def test_a_panel_that_cannot_know_of_our_crank_yet_is_not_believed() -> None:
    run = Run(hub())
    run.see(good_grid_beside_the_dark, 12.5)
    assert run.commands.poi.close is None
    cranked = (Attempt("genset", "crank", run.now_s),)
    run.memory = replace(run.memory, durable=replace(run.memory.durable, attempts=cranked))
    stopped = genset_on(good_grid_beside_the_dark, GensetState.STOPPED)
    assert 2.0 <= closed_after_s(run, stopped) < 2.2


def test_of_two_batteries_one_with_an_open_contactor_makes_no_bus_dead() -> None:
    two = hub(batteries={"battery": battery(), "second": battery("second")})
    seen = relay_is_gone(100.0)
    seen = replace(seen, batteries={**seen.batteries, "second": battery_seen(100.0, voltage_v=LIVE)})
    situation = assess(seen, two, 100.0)
    assert (situation.bus_is_dead, situation.bus_is_live) == (False, True)
