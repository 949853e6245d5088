"""A start in an island that runs in step with a live grid: an open contact alone proves nothing, so it is let slip."""

from __future__ import annotations

from controller.core.sides import SKEW_S
from controller.model.frozen import replace
from controller.model.hub import Hub, SourceCapabilities
from controller.model.image import GensetSeen, ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import GensetState, InverterMode, Mode
from hil_tests.tests.core.hubs import hub, on_grid, with_battery, with_poi
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.scenes import blind, far_apart, returned


def on_a_genset(at_s: float) -> ProcessImage:
    seen = with_battery(returned(at_s), mode=InverterMode.GRID_FOLLOWING)
    return replace(seen, gensets={"genset": GensetSeen(at_s, GensetState.LOADED, PhaseValues.even(6_000.0), 150.0)})


def flowing(at_s: float) -> ProcessImage:
    return with_poi(returned(at_s), current_a=PhaseValues.even(4.0))


def test_a_start_in_step_with_the_grid_lets_the_island_slip_until_it_is_proven() -> None:
    """It waited for ten seconds and locked the hub out, for as long as the two stayed in step."""
    run = Run(hub())
    run.see(returned, 1.0)
    command = run.commands.batteries["battery"]
    assert command.frequency_set_hz is not None
    assert (command.form, command.stop, run.commands.poi.open) == (None, False, False)
    run.see(far_apart, 0.1)
    assert run.memory.mode is Mode.ISLANDED
    run.see(far_apart, SKEW_S)
    assert run.memory.poi.sides.have_differed


def test_it_goes_on_after_a_start_that_saw_too_little() -> None:
    run = Run(hub())
    run.see(blind, 11.0)
    run.see(returned, 1.0)
    assert run.memory.reason is Reason.START_UNCLEAR
    assert run.commands.batteries["battery"].frequency_set_hz is not None
    run.see(far_apart, 0.2)
    assert run.memory.mode is Mode.ISLANDED


def test_an_island_that_a_genset_carries_is_let_slip_as_well() -> None:
    run = Run(hub())
    run.see(on_a_genset, 1.0)
    told_w = run.commands.gensets["genset"].power_set_w
    assert told_w is not None
    assert told_w < 18_000.0


def test_one_that_cannot_but_form_is_told_nothing() -> None:
    def only_forms() -> Hub:
        battery = hub().batteries["battery"]
        capabilities = SourceCapabilities(True, always_forms=True, can_set_frequency=True, can_set_voltage=True)
        return hub(batteries={**hub().batteries, "battery": replace(battery, capabilities=capabilities)})

    run = Run(only_forms())
    run.see(returned, 1.0)
    assert not run.commands.batteries


def test_nothing_slips_where_current_flows_or_nobody_forms() -> None:
    for image in (flowing, on_grid, lambda at_s: with_battery(returned(at_s), mode=InverterMode.GRID_FOLLOWING)):
        run = Run(hub())
        run.see(image, 0.1)
        assert all(command.frequency_set_hz is None for command in run.commands.batteries.values())
