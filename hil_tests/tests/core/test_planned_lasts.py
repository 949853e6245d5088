"""How long a planned island lasts: until somebody asks, its time is over, or the battery has little left."""

from __future__ import annotations

from controller.durable import dump_durable, joined, load_durable
from controller.model.advice import RequestKind
from controller.model.frozen import replace
from controller.model.reasons import EventKind, Reason
from controller.model.words import Mode
from hil_tests.tests.core.asking import ask, beside_the_grid, quiet, started
from hil_tests.tests.core.hubs import dark, with_battery
from hil_tests.tests.core.run import Run


def planned_island(for_s: float | None = None) -> Run:
    run = started()
    ask(run, for_s=for_s)
    run.see(quiet, 1.2)
    run.see(beside_the_grid, 0.1)
    assert run.memory.mode is Mode.ISLANDED
    return run


def test_it_stays_off_a_good_grid_until_a_person_asks_for_the_return() -> None:
    run = planned_island()
    run.see(beside_the_grid, 60.0, cycle_s=0.5)
    assert run.memory.mode is Mode.ISLANDED
    assert ask(run, beside_the_grid, RequestKind.ISLAND_OFF).kind is EventKind.REQUESTED
    run.see(beside_the_grid, 0.1)
    assert run.memory.mode.value == "reconnection"


def test_a_release_of_the_return_ends_it_too() -> None:
    run = planned_island()
    ask(run, beside_the_grid, RequestKind.RECONNECT)
    run.see(beside_the_grid, 15.0, cycle_s=0.5)
    assert run.memory.mode.value == "reconnection"


def test_it_ends_when_its_time_is_over_and_says_so() -> None:
    run = planned_island(for_s=60.0)
    run.see(beside_the_grid, 50.0, cycle_s=0.5)
    assert run.memory.mode is Mode.ISLANDED
    run.see(beside_the_grid, 10.0, cycle_s=0.5)
    over = [event.reason for event in run.events if event.kind is EventKind.PLANNED_OVER]
    assert over == [Reason.ISLAND_TIME_OVER]
    assert run.memory.mode.value == "reconnection"


def test_it_does_not_use_up_what_is_kept_for_a_blackout() -> None:
    run = planned_island()
    run.see(lambda t: with_battery(beside_the_grid(t), soc_pct=29.9), 0.1)
    over = [event.reason for event in run.events if event.kind is EventKind.PLANNED_OVER]
    assert over == [Reason.LOW_SOC]
    assert run.memory.durable.planned is None


def test_a_restart_in_a_planned_island_goes_on_with_it() -> None:
    run = planned_island(for_s=3600.0)
    kept = load_durable(("this", dump_durable(run.memory.durable)), "this", run.now_s)
    assert kept.planned == run.memory.durable.planned
    run.memory = replace(run.memory, durable=kept)
    run.restart()
    run.see(beside_the_grid, 30.0, cycle_s=0.5)
    assert run.memory.mode is Mode.ISLANDED


def test_after_another_boot_it_lasts_as_long_again() -> None:
    run = planned_island(for_s=3600.0)
    kept = load_durable(("before", dump_durable(run.memory.durable)), "this", 7.0)
    assert kept.planned is not None
    assert (kept.planned.since_s, kept.planned.until_s) == (7.0, 3607.0)


def test_an_old_wish_does_not_take_a_hub_off_the_grid() -> None:
    wish = planned_island().memory.durable
    run = started()
    run.memory = joined(run.memory, wish, run.now_s)
    run.see(quiet, 0.2)
    assert run.memory.mode is Mode.GRID_CONNECTED
    assert joined(planned_island().memory, wish, run.now_s).durable.planned is not None


def test_a_blackout_on_the_way_is_a_blackout_and_nothing_begins_anew() -> None:
    run = started()
    ask(run)
    run.see(dark, 0.2)
    assert run.memory.mode is Mode.UNPLANNED_ISLANDING
    assert run.memory.durable.planned is None


def test_a_restart_while_preparing_stays_on_the_grid() -> None:
    run = started()
    ask(run)
    run.restart()
    run.see(quiet, 2.0)
    assert run.memory.mode is Mode.GRID_CONNECTED
    assert run.memory.durable.planned is None
    over = [(event.reason, event.inputs["who"]) for event in run.events if event.kind is EventKind.PLANNED_OVER]
    assert over == [(Reason.RECOVERED_ON_GRID, "duty")], "whoever was told yes hears that nothing came of it"


def test_a_restart_in_the_island_says_nothing_of_an_end() -> None:
    run = planned_island()
    run.restart()
    run.see(beside_the_grid, 2.0)
    assert run.memory.durable.planned is not None
    assert [event for event in run.events if event.kind is EventKind.PLANNED_OVER] == []
