"""A decision that took too long: what opens, stops and limits goes out, and nothing closes, forms or cranks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from controller.guard.bounds import Bounds
from controller.guard.vet import Verdict
from controller.lateness import in_time
from controller.loop import Loop
from controller.model.commands import BatteryCommand, Commands, GensetCommand, Order, PoiCommand, SwitchCommand
from controller.model.reasons import EventKind, Reason
from controller.model.words import Mode
from hil_tests.simulation.bench import Bench
from hil_tests.tests.shell.test_loop import NoDisk, a_loop

HUBS = Path(__file__).resolve().parents[2] / "hubs"
AGE_MAX_S = 0.125
ORDER = Order(Reason.RESTORE, 1.0, 3.0, 1)
ORDERS = Commands(
    poi=PoiCommand(close=ORDER),
    batteries={"battery_main": BatteryCommand(form=ORDER, frequency_set_hz=50.0)},
    gensets={"genset": GensetCommand(crank=ORDER)},
    feeders={"water": SwitchCommand(close=ORDER), "phones": SwitchCommand(open=True)},
    earthing=SwitchCommand(close=ORDER),
)
LEVELS = Commands(
    batteries={"battery_main": BatteryCommand(frequency_set_hz=50.0)},
    gensets={"genset": GensetCommand()},
    feeders={"water": SwitchCommand(), "phones": SwitchCommand(open=True)},
)


def without_poi(commands: Commands) -> Commands:
    return replace(commands, poi=PoiCommand())


def test_a_decision_in_time_goes_out_as_it_is() -> None:
    assert in_time(ORDERS, 10.0, 10.0, AGE_MAX_S, AGE_MAX_S) == ORDERS


def test_a_late_one_is_levels_alone() -> None:
    assert in_time(ORDERS, 10.0, 10.0, AGE_MAX_S + 0.001, AGE_MAX_S) == LEVELS


@pytest.mark.parametrize("sample_s", [None, 9.9375 - 0.001])
def test_the_closing_of_the_poi_is_late_as_soon_as_its_sample_is_old(sample_s: float | None) -> None:
    assert in_time(ORDERS, sample_s, 10.0, 0.0625, AGE_MAX_S) == without_poi(ORDERS)
    assert in_time(ORDERS, 9.9375, 10.0, 0.0625, AGE_MAX_S) == ORDERS


def slow_loop(took_s: list[float]) -> tuple[Loop, list[Commands], NoDisk]:
    """A loop whose judgement takes as long as the list says, cycle by cycle, and always orders the same."""
    loop, _, journal = a_loop()
    clock_s, applied = [1.0], list[Commands]()
    orders = without_poi(ORDERS)

    def guard(*_: object) -> Verdict:
        clock_s[0] += took_s.pop(0)
        return Verdict(loop.guard_memory, orders, ())

    loop.clock, loop.guard = lambda: clock_s[0], guard
    record: Callable[..., None] = lambda _links, allowed, _now_s: applied.append(allowed)  # noqa: E731
    loop.outputs.apply = record  # type: ignore[method-assign]
    while took_s:
        loop.cycle(clock_s[0])
    return loop, applied, journal


def test_orders_that_come_late_are_not_written_and_it_is_said_once() -> None:
    _, applied, journal = slow_loop([0.01, 0.5, 0.5, 0.01, 0.5])
    orders, levels = without_poi(ORDERS), LEVELS
    assert applied == [orders, levels, levels, orders, levels]
    told = [event for event in journal.events if event.kind is EventKind.FALLBACK]
    assert [event.reason for event in told] == [Reason.DECIDED_LATE, Reason.DECIDED_LATE]
    assert told[0].values == {"late_s": 0.5}


def test_a_closing_that_is_held_back_is_told_to_judgement_and_guard_in_the_next_cycle() -> None:
    loop, links, _ = a_loop()
    took_s, clock_s, told, sent = [0.01, 0.5, 0.01, 0.01], [1.0], list[tuple[bool, bool]](), list[bool]()

    def guard(_memory: object, _commands: object, _seen: object, bounds: Bounds, _now_s: float) -> Verdict:
        told.append((loop.advice(clock_s[0]).closing_held_back, bounds.closing_held_back))
        clock_s[0] += took_s.pop(0)
        return Verdict(loop.guard_memory, Commands(poi=PoiCommand(close=ORDER)), ())

    loop.clock, loop.guard = lambda: clock_s[0], guard
    record: Callable[..., None] = lambda _links, allowed, _now_s: sent.append(allowed.poi.close is not None)  # noqa: E731
    loop.outputs.apply = record  # type: ignore[method-assign]
    while took_s:
        for link in links.values():
            link.step(clock_s[0])
        loop.cycle(clock_s[0])
    assert sent == [True, False, True, True]
    assert told == [(False, False), (False, False), (True, True), (False, False)]


def test_a_grid_that_jumps_while_the_controller_thinks_is_not_closed_out_of_step() -> None:
    bench = Bench.of(str(HUBS / "small.toml"))
    bench.run_to(Mode.GRID_CONNECTED)
    bench.plant.grid.blackout()
    bench.run_to(Mode.ISLANDED)
    bench.plant.grid.returns()
    judge, stalled_at_s = bench.loop.judge, list[float]()

    def stalls(*given: object) -> object:
        decision = judge(*given)
        if decision.commands.poi.close is not None and not stalled_at_s:
            stalled_at_s.append(bench.plant.now_s)
            bench.plant.grid.phase_jump(60.0)
            for _ in range(50):
                bench.plant.step(0.01)
                bench.devices.after_step()
        return decision

    bench.loop.judge = stalls  # type: ignore[assignment]
    bench.run_for(60.0)
    assert stalled_at_s
    assert bench.plant.out_of_phase_closures_count == 0
    assert bench.mode is Mode.GRID_CONNECTED, "and in a later cycle it goes back in step"
