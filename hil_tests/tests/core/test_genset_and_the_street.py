"""A genset beside the grid must not feed the street; what cannot be its doing stops it not."""

from __future__ import annotations

import pytest

from controller.model.frozen import replace
from controller.model.hub import Earthing
from controller.model.image import ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import EventKind, Reason
from controller.model.words import BreakerPosition, GensetConnection, GensetState, IslandEarthing, Mode
from hil_tests.tests.core.hubs import hub, on_grid, with_poi
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.test_genset_beside_the_grid import (
    Scene,
    beside_the_grid,
    genset,
    held_and_earthed,
    under_test,
)


def pushing_out(at_s: float, out_w: float = 6_000.0) -> ProcessImage:
    """The street takes more than the grid gives: it may be dead behind the transformer, and all is inside its bands."""
    return with_poi(beside_the_grid(at_s), power_w=PhaseValues.even(-out_w / 3.0))


def unseen(at_s: float) -> ProcessImage:
    return with_poi(beside_the_grid(at_s), position=None, power_w=None, grid_voltage_v=None)


FED = (True, Reason.GENSET_FEEDS_STREET)


def told(run: Run) -> tuple[bool, Reason | None]:
    command = run.commands.gensets.get("genset")
    return (False, None) if command is None else (command.stop, command.cause)


@pytest.mark.parametrize("scene", [pushing_out, unseen])
def test_one_that_feeds_the_street_or_may_is_stopped_after_half_a_second(scene: Scene) -> None:
    run = under_test(Run(hub()))
    run.see(scene, 0.45)
    assert told(run) == (False, Reason.OPERATOR)
    run.see(scene, 0.1)
    assert told(run) == FED
    assert (run.memory.mode, run.commands.poi.open) == (Mode.GRID_CONNECTED, False)
    stops = [(e.subject, e.reason, e.rule) for e in run.events if e.kind is EventKind.ORDERED_STOP]
    assert stops == [("genset", Reason.GENSET_FEEDS_STREET, "stop: genset_feeds_street")]


def failing(at_s: float) -> ProcessImage:
    volts = PhaseValues.even(0.7 * 230.0)
    return with_poi(beside_the_grid(at_s), grid_voltage_v=volts, bus_voltage_v=volts)


def failing_and_fed(at_s: float) -> ProcessImage:
    return with_poi(failing(at_s), power_w=PhaseValues.even(-2_000.0))


def until_it_leaves(run: Run, scene: Scene) -> float:
    """How long it takes the verdict."""
    began_s = run.now_s
    while run.memory.mode is Mode.GRID_CONNECTED:
        assert run.now_s < began_s + 10.0
        run.see(scene)
    return run.now_s - began_s


@pytest.mark.parametrize(("opens", "expected"), [(True, False), (False, True)])
def test_a_poi_that_has_just_been_told_to_open_ends_it_and_leaves_an_island(opens: bool, expected: bool) -> None:
    """It was stopped in the instant in which the POI opened, and took the island with it (2165)."""
    earthed = replace(hub(), earthing=Earthing(IslandEarthing.PERMANENT, None))
    takes_s = until_it_leaves(under_test(Run(earthed)), failing)
    run = under_test(Run(earthed))
    run.see(failing, takes_s - 0.5)
    assert until_it_leaves(run, failing_and_fed) == pytest.approx(0.5)
    assert run.memory.gensets["genset"].feeds_since_s == pytest.approx(run.now_s - 0.45)
    run.see(failing_and_fed, 0.2)
    assert told(run)[0] is False
    run.see(held_and_earthed if opens else failing_and_fed, 0.3)
    assert (told(run)[1] is Reason.GENSET_FEEDS_STREET) is expected


def test_it_is_not_started_again_by_itself() -> None:
    run = under_test(Run(hub()))
    run.see(pushing_out, 0.6)
    run.see(lambda t: genset(on_grid(t), GensetState.COOLING), 1.0)
    run.see(lambda t: genset(on_grid(t), GensetState.STOPPED), 5.0)
    assert told(run) == (False, None)


def test_one_that_somebody_has_started_is_stopped_too() -> None:
    run = Run(hub())
    run.see(beside_the_grid, 1.0)
    run.see(pushing_out, 0.6)
    assert told(run) == FED


def test_a_short_swing_and_a_little_power_are_nothing() -> None:
    run = under_test(Run(hub()))
    for _ in range(5):
        run.see(pushing_out, 0.4)
        run.see(beside_the_grid, 0.1)
    little_w = 0.05 * hub().gensets["genset"].rating_va
    run.see(lambda t: pushing_out(t, little_w - 1.0), 2.0)
    assert told(run) == (False, Reason.OPERATOR)
    run.see(lambda t: pushing_out(t, little_w + 1.0), 0.6)
    assert told(run) == FED


def test_one_that_is_not_seen_for_a_moment_goes_on_feeding() -> None:
    run = under_test(Run(hub()))
    run.see(pushing_out, 0.3)
    run.see(lambda t: replace(pushing_out(t), gensets={}), 0.3)
    run.see(pushing_out, 0.05)
    assert told(run) == FED


def test_an_island_whose_poi_is_not_seen_keeps_its_genset() -> None:
    run = Run(hub())
    run.see(held_and_earthed, 0.5)
    run.see(lambda t: with_poi(held_and_earthed(t), position=None, power_w=None, grid_voltage_v=None), 3.0)
    assert told(run)[0] is False


def test_an_island_whose_relay_has_no_number_keeps_its_genset() -> None:
    """Found by a seed: -32 768 of something, and a contact that says nothing."""
    run = Run(hub())
    run.see(held_and_earthed, 0.5)
    mad = PhaseValues.even(-327_680.0)
    run.see(
        lambda t: with_poi(
            held_and_earthed(t), position=BreakerPosition.INTERMEDIATE, power_w=mad, grid_voltage_v=None
        ),
        3.0,
    )
    assert told(run)[0] is False


def test_what_a_meter_says_of_a_poi_that_is_proven_open_stops_nobody() -> None:
    run = Run(hub())
    run.see(held_and_earthed, 0.5)
    wrong = PhaseValues.even(-2_000.0)
    run.see(lambda t: with_poi(held_and_earthed(t), power_w=wrong), 3.0)
    assert told(run)[0] is False
    run.see(pushing_out, 0.6)
    assert told(run) == FED, "somebody has closed it"


def test_behind_an_inverter_it_reaches_no_street() -> None:
    behind = replace(hub().gensets["genset"], connection=GensetConnection.INVERTER_INPUT)
    run = Run(replace(hub(), gensets={"genset": behind}))
    run.see(pushing_out, 2.0)
    assert told(run) == (False, None)


def test_an_island_behind_a_lying_contact_keeps_its_genset() -> None:
    run = Run(hub())
    run.see(held_and_earthed, 0.5)
    lying = replace(run.memory.poi, closed_since_s=0.0, closed_is_refuted=True)
    run.memory = replace(run.memory, poi=lying)
    run.see(lambda t: with_poi(held_and_earthed(t), position=None, power_w=None, grid_voltage_v=None), 2.0)
    assert told(run)[0] is False
