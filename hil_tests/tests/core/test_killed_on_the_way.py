"""Killed between an order and what comes of it, beside a welded POI that says open: what comes finds the street."""

from __future__ import annotations

import pytest

from controller.model.frozen import replace
from controller.model.image import GensetSeen, ProcessImage
from controller.model.phases import ZERO, PhaseValues
from controller.model.words import Authority, GensetState, InverterMode, Mode
from hil_tests.tests.core.hubs import LIVE, hub, islanded, with_battery, with_poi
from hil_tests.tests.core.lying import dead_and_earthed, joined_by, marks
from hil_tests.tests.core.run import CYCLE_S, Run
from hil_tests.tests.core.test_blind_while_forming import forming


def without_battery(at_s: float) -> ProcessImage:
    return with_battery(dead_and_earthed(at_s), mode=InverterMode.FAULT)


def engine(at_s: float, state: GensetState) -> ProcessImage:
    power_w = PhaseValues.even(700.0) if state is GensetState.LOADED else ZERO
    return replace(without_battery(at_s), gensets={"genset": GensetSeen(at_s, state, power_w, 150.0)})


def starting(at_s: float) -> ProcessImage:
    return engine(at_s, GensetState.STARTING)


def feeds_idle_street(at_s: float) -> ProcessImage:
    """An engine carries the bus, and with it a street that draws next to nothing."""
    return with_poi(
        engine(at_s, GensetState.LOADED),
        grid_voltage_v=LIVE,
        bus_voltage_v=LIVE,
        grid_frequency_hz=50.0,
        angle_difference_deg=0.0,
        current_a=PhaseValues.even(0.5),
    )


def feeds_the_hub(at_s: float) -> ProcessImage:
    """It carries the bus, and the grid beside it is dead."""
    return with_poi(engine(at_s, GensetState.LOADED), bus_voltage_v=LIVE, bus_frequency_hz=50.0)


def see_it_cranked(run: Run) -> None:
    while not any(attempt.kind == "crank" for attempt in run.memory.durable.attempts):
        run.see(without_battery)
        assert run.now_s < 200.0, "it is never cranked"
    run.see(starting, 3.0)


def killed_while_the_engine_starts(run: Run) -> None:
    """And nothing is started again by itself, because the hub is in MANUAL."""
    see_it_cranked(run)
    run.restart()
    run.memory = replace(run.memory, durable=replace(run.memory.durable, authority=Authority.MANUAL))
    run.see(starting, 20.0)
    assert run.memory.mode is Mode.DARK
    run.see(feeds_idle_street, 0.2)


def test_one_that_nobody_waits_for_any_more_is_stopped_as_well() -> None:
    run = Run(hub())
    killed_while_the_engine_starts(run)
    assert run.commands.gensets["genset"].stop


@pytest.mark.parametrize("killed_s", [None, 0.5, 3.0, 20.0])
def test_an_engine_that_comes_is_stopped(killed_s: float | None) -> None:
    run, fed_s = Run(hub()), 0.0
    see_it_cranked(run)
    if killed_s is not None:
        run.restart()
        run.see(starting, killed_s)
    while fed_s < 3.0:
        run.see(feeds_idle_street)
        fed_s += CYCLE_S
        command = run.commands.gensets.get("genset")
        if command is not None and command.stop:
            break
    assert fed_s < 1.0
    assert run.memory.mode is Mode.LOCKED_OUT
    assert "contact_lied" in marks(run)


@pytest.mark.parametrize("killed_s", [0.5, 3.0, 20.0])
def test_an_engine_that_feeds_the_hub_alone_goes_on(killed_s: float) -> None:
    run = Run(hub())
    see_it_cranked(run)
    run.restart()
    run.see(starting, killed_s)
    for _ in range(200):
        run.see(feeds_the_hub)
        command = run.commands.gensets.get("genset")
        assert command is None or not command.stop
    assert run.memory.mode is Mode.ISLANDED


def test_an_engine_that_somebody_starts_by_hand_beside_a_stuck_poi_is_theirs() -> None:
    """We cranked it once, long ago."""
    run = Run(hub())
    killed_while_the_engine_starts(run)
    run.see(lambda t: engine(t, GensetState.STOPPED), 120.0, cycle_s=0.2)
    assert run.memory.mode is Mode.LOCKED_OUT
    run.see(lambda t: engine(t, GensetState.STARTING), 5.0)
    command = run.commands.gensets.get("genset")
    assert command is None or not command.stop


def test_a_battery_that_comes_is_stopped_when_the_street_moves_with_it() -> None:
    run, fed_s = forming().run, 0.0
    run.restart()
    while fed_s < 10.0:
        run.see(lambda t: joined_by(t, 0.5))
        fed_s += CYCLE_S
        command = run.commands.batteries.get("battery")
        if command is not None and command.stop:
            break
    assert fed_s < 4.0
    assert "contact_lied" in marks(run)


def test_a_battery_that_comes_beside_a_dead_grid_goes_on() -> None:
    run = forming().run
    run.restart()
    run.see(islanded, 10.0)
    assert run.memory.mode is Mode.ISLANDED
    assert not marks(run).count("contact_lied")
