"""A genset that somebody else has started: used while it runs, never cranked, stopped only for the way back."""

from __future__ import annotations

from controller.core.charge_fall import NEXT_S
from controller.model.commands import GensetCommand
from controller.model.frozen import replace
from controller.model.image import GensetSeen, ProcessImage
from controller.model.phases import ZERO
from controller.model.reasons import Reason
from controller.model.words import GensetState, Mode
from hil_tests.tests.core.hubs import hub, islanded, on_grid, with_battery
from hil_tests.tests.core.run import Run


def running(seen: ProcessImage, state: GensetState | None = GensetState.LOADED) -> ProcessImage:
    at_s = seen.poi.measured_at_s
    return replace(seen, gensets={"genset": GensetSeen(at_s, state, ZERO, 150.0)})


def by_hand(at_s: float) -> ProcessImage:
    return running(islanded(at_s))


def story() -> Run:
    run = Run(hub())
    run.see(islanded, 1.0)
    run.see(by_hand, 1.0)
    return run


def test_it_carries_load_above_its_least_in_the_island_and_is_not_stopped() -> None:
    run = story()
    run.see(by_hand, 2 * 600.0, cycle_s=1.0)
    command = run.commands.gensets["genset"]
    assert command.power_set_w is not None
    assert command.power_set_w >= 12_000.0, "its least load"
    assert (command.stop, command.crank, command.cause) == (False, None, Reason.GENSET_BY_HAND)


def test_when_somebody_stops_it_nobody_cranks_it_again() -> None:
    run = story()
    run.see(lambda t: running(islanded(t), GensetState.COOLING), 1.0)
    run.see(islanded, 5.0)
    assert "genset" not in run.commands.gensets
    assert not [a for a in run.memory.durable.attempts if a.kind == "crank"]


def test_a_low_battery_is_a_reason_of_our_own_once_it_stands_still() -> None:
    run = story()
    run.see(lambda t: with_battery(with_battery(islanded(t), soc_pct=20.0), "second", soc_pct=20.0), NEXT_S + 1.0)
    crank = run.commands.gensets["genset"].crank
    assert crank is not None
    assert crank.cause is Reason.GENSET_LOW_SOC


def test_a_moment_of_blindness_does_not_end_it() -> None:
    run = story()
    run.see(lambda t: running(islanded(t), None), 1.0)
    assert run.memory.gensets["genset"].reason is Reason.GENSET_BY_HAND


def test_on_grid_it_is_left_alone() -> None:
    run = Run(hub())
    run.see(lambda t: running(on_grid(t)), 5.0)
    assert run.memory.mode is Mode.GRID_CONNECTED
    assert run.commands.gensets.get("genset", GensetCommand()) == GensetCommand()
