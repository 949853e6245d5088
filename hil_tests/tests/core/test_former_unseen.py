"""Two batteries that can form, and the one that does is not seen: it goes on, and nobody is chosen in its place."""

from __future__ import annotations

import pytest

from controller.core.sources import ISLAND_MODES
from controller.model.advice import RequestKind
from controller.model.commands import BatteryCommand
from controller.model.frozen import replace
from controller.model.hub import Hub, PoiSwitching
from controller.model.image import GensetSeen, ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import EventKind, Reason
from controller.model.words import GensetState, InverterMode, Mode, SettingsGroup, Switcher
from hil_tests.tests.core.asking import ask
from hil_tests.tests.core.hubs import DEAD, LIVE, battery, hub, islanded, on_grid, with_battery, with_poi
from hil_tests.tests.core.run import Run

BY_RELAY = PoiSwitching(Switcher.CONTROLLER, Switcher.SYNC_RELAY)
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


def grid_is_back(seen: ProcessImage) -> ProcessImage:
    told = with_poi(seen, grid_voltage_v=LIVE, grid_frequency_hz=50.0, settings_group=SettingsGroup.GRID)
    return with_poi(told, angle_difference_deg=2.0)


def test_the_hub_does_not_go_back_to_the_grid_with_a_former_that_nobody_could_tell_to_follow() -> None:
    """Found by seed 1285 of the fuzzer: the battery went on forming beside the street, for as long as it was silent."""
    run = carried()
    run.see(lambda t: grid_is_back(second_unseen(t)), 30.0)
    assert run.memory.mode is Mode.ISLANDED
    answer = ask(run, lambda t: grid_is_back(second_unseen(t)), RequestKind.RECONNECT)
    assert (answer.kind, answer.reason) == (EventKind.REQUEST_REFUSED, Reason.FORMER_SILENT)
    run.see(lambda t: grid_is_back(second_forms(t)), 1.0)
    assert run.memory.mode.value == "reconnection"


def test_on_the_way_back_the_order_to_close_is_taken_back_while_it_is_silent() -> None:
    run = Run(replace(two_formers(), poi=replace(hub().poi, switching=BY_RELAY)))
    run.see(second_forms, 1.0)
    run.see(lambda t: grid_is_back(second_forms(t)), 12.0)
    assert run.memory.poi.close is not None
    run.see(lambda t: grid_is_back(second_unseen(t)), 0.1)
    assert run.commands.poi.close is None
    run.see(lambda t: grid_is_back(second_forms(t)), 10.0)
    assert run.commands.poi.close is not None
