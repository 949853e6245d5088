"""The grid goes while a genset carries load beside it: it gives way where the earth has to come first, else holds.

An N-PE relay closes behind the proof of an open POI and never beside the grid: until then its island must be dead.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.frozen import replace
from controller.model.hub import Earthing
from controller.model.image import EarthingSeen, GensetSeen, ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import EventKind, Reason
from controller.model.words import GensetState, InverterMode, IslandEarthing, Mode
from hil_tests.tests.core.hubs import CLOSED, DEAD, OPEN, dark, hub, on_grid, with_battery, with_poi
from hil_tests.tests.core.run import Run

Scene = Callable[[float], ProcessImage]
PERMANENT = Earthing(IslandEarthing.PERMANENT, None)
LOAD = PhaseValues.even(5_000.0)


def genset(seen: ProcessImage, state: GensetState) -> ProcessImage:
    return replace(seen, gensets={"genset": GensetSeen(seen.poi.measured_at_s, state, LOAD, 150.0)})


def beside_the_grid(at_s: float) -> ProcessImage:
    return genset(on_grid(at_s), GensetState.LOADED)


def dragged_down(at_s: float) -> ProcessImage:
    """The line is dead behind the transformer, and the genset feeds it until the POI opens."""
    return with_poi(beside_the_grid(at_s), grid_frequency_hz=44.0, bus_frequency_hz=44.0)


def held(at_s: float, earthing: EarthingSeen | None = None) -> ProcessImage:
    """The POI is open, the grid is dead, and the genset holds the bus."""
    seen = with_poi(
        beside_the_grid(at_s),
        position=OPEN,
        grid_voltage_v=DEAD,
        grid_frequency_hz=None,
        angle_difference_deg=None,
        power_w=DEAD,
        current_a=DEAD,
    )
    return replace(seen, earthing=earthing or EarthingSeen(at_s, OPEN))


def held_and_earthed(at_s: float) -> ProcessImage:
    return held(at_s, EarthingSeen(at_s, CLOSED))


def without_battery(scene: Scene) -> Scene:
    return lambda at_s: with_battery(scene(at_s), mode=InverterMode.FAULT)


def let_go(at_s: float) -> ProcessImage:
    """Its breaker has opened, and the bus is dead."""
    return genset(dark(at_s), GensetState.COOLING)


def under_test(run: Run, scene: Scene = beside_the_grid) -> Run:
    """A person has it started for its test, and it carries load."""
    run.see(lambda t: genset(scene(t), GensetState.STOPPED), 0.5)
    start = OperatorRequest("1", RequestKind.START_GENSET, "genset", "duty", True, run.now_s + 10.0)
    run.see(lambda t: genset(scene(t), GensetState.STOPPED), advice=Advice(requests=(start,)))
    run.see(scene, 1.0)
    assert not run.commands.gensets["genset"].stop
    return run


def test_in_the_cycle_in_which_the_poi_is_ordered_open_it_is_told_to_let_go() -> None:
    run = under_test(Run(hub()))
    run.see(dragged_down, 0.3)
    assert run.memory.mode is Mode.UNPLANNED_ISLANDING
    assert run.commands.poi.open
    assert (run.commands.gensets["genset"].stop, run.commands.gensets["genset"].cause) == (
        True,
        Reason.GENSET_GIVES_WAY,
    )
    stops = [e for e in run.events if e.kind is EventKind.ORDERED_STOP]
    assert [(e.subject, e.reason, e.rule) for e in stops] == [
        ("genset", Reason.GENSET_GIVES_WAY, "stop: genset_gives_way")
    ]


def test_behind_it_the_island_is_earthed_and_the_battery_forms() -> None:
    run = under_test(Run(hub()))
    run.see(dragged_down, 0.3)
    run.see(let_go, 0.15)
    assert run.commands.earthing.close is not None
    assert run.commands.batteries["battery"].form is None, "not before it is earthed"
    run.see(lambda t: replace(let_go(t), earthing=EarthingSeen(t, CLOSED)), 0.1)
    assert run.commands.batteries["battery"].form is not None
    assert "genset" not in run.commands.gensets, "it has done what it was told"


def test_while_it_is_still_letting_go_nothing_is_taken_for_an_island() -> None:
    run = under_test(Run(hub()))
    run.see(dragged_down, 0.3)
    run.see(held_and_earthed, 1.0)
    assert run.memory.mode is Mode.UNPLANNED_ISLANDING
    assert run.commands.gensets["genset"].stop


def test_one_that_does_not_let_go_is_earthed_and_holds_the_island() -> None:
    run = under_test(Run(hub()))
    run.see(dragged_down, 0.3)
    run.see(held, 0.2)
    assert run.commands.earthing.close is not None
    run.see(held_and_earthed, 5.1)
    assert run.memory.mode is Mode.ISLANDED
    assert all(command.form is None for command in run.commands.batteries.values()), "one reference"


def test_one_that_somebody_has_started_gives_way_too() -> None:
    run = Run(hub())
    run.see(beside_the_grid, 1.0)
    run.see(dragged_down, 0.3)
    assert run.commands.gensets["genset"].cause is Reason.GENSET_GIVES_WAY


def test_where_the_island_is_earthed_for_good_it_holds_the_bus_without_a_break() -> None:
    run = under_test(Run(hub(earthing=PERMANENT)))
    run.see(dragged_down, 0.3)
    assert not run.commands.gensets["genset"].stop
    run.see(held, 0.2)
    assert run.memory.mode is Mode.ISLANDED
    assert run.commands.batteries["battery"].follow
    assert not run.commands.gensets["genset"].stop


def test_where_no_battery_can_form_it_is_earthed_as_it_runs() -> None:
    run = under_test(Run(hub()), without_battery(beside_the_grid))
    run.see(without_battery(dragged_down), 0.3)
    assert not run.commands.gensets["genset"].stop, "nobody else is left"
    run.see(without_battery(held), 0.2)
    assert run.commands.earthing.close is not None
    assert run.memory.mode is Mode.UNPLANNED_ISLANDING
    earthed = run.see(without_battery(held_and_earthed), 0.1)
    assert earthed.memory.mode is Mode.ISLANDED


def test_after_a_restart_an_island_that_a_genset_holds_is_an_island() -> None:
    run = Run(hub())
    run.see(held_and_earthed, 0.5)
    assert (run.memory.mode, run.memory.reason) == (Mode.ISLANDED, Reason.RECOVERED_ISLANDED)


def test_after_a_restart_one_without_earth_is_left_for_people() -> None:
    run = Run(hub())
    run.see(held, 11.0)
    assert (run.memory.mode, run.memory.reason) == (Mode.LOCKED_OUT, Reason.START_UNCLEAR)


# ---- what it is told to give


def giving(at_s: float, power_w: float) -> ProcessImage:
    seen = GensetSeen(at_s, GensetState.LOADED, PhaseValues.even(power_w / 3.0), 150.0)
    return replace(on_grid(at_s), gensets={"genset": seen})


def test_beside_the_grid_it_is_told_its_share_of_the_load_and_not_what_it_gives() -> None:
    """No battery forms there either: it used to be told what it gave, and that was nothing, for ever."""
    run = under_test(Run(hub()), lambda t: giving(t, 0.0))
    run.see(lambda t: giving(t, 0.0), 5.0)
    power_set_w = run.commands.gensets["genset"].power_set_w
    assert power_set_w is not None
    assert power_set_w >= hub().gensets["genset"].min_load_w
    assert run.memory.gensets["genset"].reference is None


@pytest.mark.parametrize(("given_w", "taken_w", "told_w"), [(0.0, 9_000.0, 5_000.0), (5_000.0, 3_000.0, 4_000.0)])
def test_it_is_told_no_more_than_what_the_hub_takes(given_w: float, taken_w: float, told_w: float) -> None:
    """The batteries rest beside the grid: what they could charge would leave, and the test would end at once."""

    def scene(at_s: float) -> ProcessImage:
        return with_poi(giving(at_s, given_w), power_w=PhaseValues.even(taken_w / 3.0))

    run = under_test(Run(hub()), scene)
    assert run.commands.gensets["genset"].power_set_w == pytest.approx(told_w)
    run.see(lambda t: with_poi(scene(t), power_w=PhaseValues.even(-2_000.0)), 0.05)
    assert run.commands.gensets["genset"].power_set_w == 0.0
    run.see(lambda t: with_poi(scene(t), power_w=None), 0.05)
    assert run.commands.gensets["genset"].power_set_w == hub().gensets["genset"].load_ceiling_w
