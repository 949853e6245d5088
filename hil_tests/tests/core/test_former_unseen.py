"""Two batteries that can form, and the one that does is not seen: it goes on, and nobody is chosen in its place."""

from __future__ import annotations

import pytest

from controller.core.sources import ISLAND_MODES
from controller.model.commands import BatteryCommand
from controller.model.frozen import replace
from controller.model.hub import Hub
from controller.model.image import GensetSeen, ProcessImage
from controller.model.phases import PhaseValues
from controller.model.words import GensetState, InverterMode, Mode
from hil_tests.tests.core.hubs import DEAD, battery, hub, islanded, on_grid, with_battery, with_poi
from hil_tests.tests.core.run import Run

BOTH_CARRY = PhaseValues.even(5_000.0)


def two_formers(*, always: bool = False) -> Hub:
    both = {name: battery(name) for name in ("battery", "second")}
    if always:
        both = {n: replace(b, capabilities=replace(b.capabilities, always_forms=True)) for n, b in both.items()}
    return hub(batteries=both, gensets=hub().gensets)


def second_forms(at_s: float) -> ProcessImage:
    """The second of the site's order: the first has failed once, and is well again."""
    seen = with_battery(islanded(at_s), mode=InverterMode.GRID_FOLLOWING, power_w=BOTH_CARRY)
    return with_battery(seen, "second", mode=InverterMode.GRID_FORMING, power_w=BOTH_CARRY)


def second_unseen(at_s: float) -> ProcessImage:
    return with_battery(second_forms(at_s), "second", mode=None, power_w=None, voltage_v=None)


def carried() -> Run:
    run = Run(two_formers())
    run.see(second_forms, 1.0)
    assert run.memory.mode is Mode.ISLANDED
    return run


@pytest.mark.parametrize("always", [False, True])
def test_the_former_that_falls_silent_is_told_nothing_new(always: bool) -> None:
    run = Run(two_formers(always=always))
    run.see(second_forms, 1.0)
    for _ in range(200):
        told = run.see(second_unseen).commands.batteries["second"]
        assert replace(told, cause=None) == BatteryCommand(), "what waits for it is written when it answers again"
        assert run.commands.batteries["battery"].form is None
        assert run.commands.batteries["battery"].frequency_set_hz is None, "who follows is not told how to form"


def test_who_follows_goes_on_with_its_share() -> None:
    run = carried()
    assert run.commands.batteries["battery"].power_set_w == pytest.approx(15_000.0)
    run.see(second_unseen)
    assert run.commands.batteries["battery"].follow
    assert run.commands.batteries["battery"].power_set_w is None
    run.see(lambda t: with_battery(second_unseen(t), soc_pct=4.0))
    assert run.commands.batteries["battery"].power_set_w == 0.0, "but for one that is empty"


def test_once_the_bus_is_dead_the_other_one_forms() -> None:
    run = carried()
    run.see(second_unseen, 1.0)
    run.see(lambda t: with_poi(second_unseen(t), bus_voltage_v=DEAD, bus_frequency_hz=None), 1.0)
    assert run.commands.batteries["battery"].form is not None


def test_one_that_answers_that_it_follows_forms_no_more() -> None:
    run = carried()
    run.see(second_unseen, 1.0)
    assert run.memory.former == "second"
    run.see(lambda t: with_battery(second_forms(t), "second", mode=InverterMode.GRID_FOLLOWING))
    assert run.memory.former is None


def test_on_grid_nobody_is_taken_for_a_former() -> None:
    run = carried()

    def back(at_s: float) -> ProcessImage:
        return with_battery(on_grid(at_s), "second", mode=None)

    run.see(back, 1.0)
    run.see(back)
    assert run.memory.mode is Mode.GRID_CONNECTED
    assert run.memory.former is None
    assert Mode.GRID_CONNECTED not in ISLAND_MODES


def test_beside_a_genset_that_carries_it_too() -> None:
    run = carried()
    loaded = {"genset": GensetSeen(0.0, GensetState.LOADED, BOTH_CARRY, 100.0)}
    run.see(lambda t: replace(second_forms(t), gensets=loaded), 1.0)
    run.see(lambda t: replace(second_unseen(t), gensets=loaded), 1.0)
    assert not run.commands.batteries["second"].follow
