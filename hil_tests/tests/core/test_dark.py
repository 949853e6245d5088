"""Dark is not the end: what a dark hub waits for, and what it does not wait for, story by story."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from controller.core.black_start import GRID_IS_NEAR_S, STEPS
from controller.core.start_rest import ATTEMPT_MEMORY_S, REST_S
from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.frozen import replace
from controller.model.image import EarthingSeen, ProcessImage
from controller.model.memory import DurableMemory, Latch, PlannedIsland
from controller.model.reasons import EventKind, Reason
from controller.model.words import Authority, BreakerPosition, InverterMode, Mode
from hil_tests.tests.core.hubs import (
    CLOSED,
    OPEN,
    dark,
    hub,
    islanded,
    nothing_left,
    with_battery,
    with_feeder,
    with_poi,
)
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.scenes import good_grid_beside_the_dark, nearly_dry, runs_dry


def asks(run: Run, kind: RequestKind = RequestKind.BLACK_START) -> Advice:
    return Advice(requests=(OperatorRequest(kind.value, kind, None, "duty", True, run.now_s + 10.0),))


def unloaded(at_s: float) -> ProcessImage:
    """Dark, and every contactor but the desk's has followed."""
    seen = dark(at_s)
    for feeder in ("medical", "warm_room", "phones", "ev_posts"):
        seen = with_feeder(seen, feeder, position=OPEN)
    return seen


def stands(at_s: float) -> ProcessImage:
    """The battery forms; what was dropped is still open."""
    seen = islanded(at_s)
    for feeder in ("medical", "warm_room", "phones", "ev_posts"):
        seen = with_feeder(seen, feeder, position=OPEN)
    return seen


def step_of(run: Run) -> str:
    assert run.memory.black_start is not None
    return run.memory.black_start.step


def test_each_step_waits_for_what_it_must_see() -> None:
    run = Run(hub())
    run.see(dark, 0.2)
    assert (run.memory.mode, step_of(run)) == (Mode.BLACK_START, "unload")
    assert run.commands.poi.open
    assert {name for name, told in run.commands.feeders.items() if told.open} == {
        "medical",
        "warm_room",
        "phones",
        "ev_posts",
    }
    assert run.commands.batteries["battery"].form is None, "nobody forms before the loads are off"
    run.see(unloaded, 0.1)
    assert step_of(run) == "earth"
    assert run.commands.batteries["battery"].form is None, "nor before the island is earthed"
    run.see(lambda t: replace(unloaded(t), earthing=EarthingSeen(t, CLOSED)), 0.1)
    assert step_of(run) == "form"
    assert run.commands.batteries["battery"].form is not None
    run.see(stands, 0.3)
    assert step_of(run) == "form", "a bus that has lived for a moment is none yet"
    run.see(stands, 0.4)
    assert (run.memory.mode, run.memory.reason) == (Mode.ISLANDED, Reason.BLACK_STARTED)
    assert [step.name for step in STEPS] == ["isolate", "unload", "earth", "form", "first_tier"]


def test_a_contactor_that_does_not_open_is_not_waited_for() -> None:
    run = Run(hub())
    run.see(dark, 3.4)
    assert step_of(run) == "earth"


def test_a_bus_that_falls_again_goes_back_to_the_step_of_forming() -> None:
    tier_0_waits = replace(hub(), feeders={n: replace(f, carries_control=False) for n, f in hub().feeders.items()})
    run = Run(tier_0_waits)

    def all_open(at_s: float) -> ProcessImage:
        return with_feeder(stands(at_s), "desk", position=OPEN)

    run.see(dark, 0.2)
    run.see(lambda t: with_feeder(unloaded(t), "desk", position=OPEN), 0.2)
    run.see(all_open, 0.8)
    assert step_of(run) == "first_tier"
    run.see(lambda t: with_feeder(replace(unloaded(t), earthing=EarthingSeen(t, CLOSED)), "desk", position=OPEN), 0.2)
    assert (run.memory.mode, step_of(run)) == (Mode.BLACK_START, "form")


def test_a_start_with_a_silent_bms_serves_the_lowest_tier_and_keeps_the_rest_for_it() -> None:
    run = Run(replace(hub(), feeders={n: replace(f, carries_control=False) for n, f in hub().feeders.items()}))

    def silent(seen: ProcessImage) -> ProcessImage:
        return replace(seen, batteries={b: replace(state, soc_pct=None) for b, state in seen.batteries.items()})

    def opened(seen: ProcessImage) -> ProcessImage:
        return with_feeder(silent(seen), "desk", position=OPEN)

    run.see(lambda t: silent(dark(t)), 0.2)
    run.see(lambda t: opened(unloaded(t)), 0.3)
    run.see(lambda t: opened(replace(unloaded(t), earthing=EarthingSeen(t, CLOSED))), 0.2)
    run.see(lambda t: opened(stands(t)), 5.0)
    run.see(lambda t: silent(stands(t)), 120.0)
    assert run.memory.mode is Mode.ISLANDED
    assert {e.subject for e in run.events if e.kind is EventKind.ORDERED_CLOSE} == {"n_pe", "desk"}
    run.see(stands, 10.0)
    assert "medical" in {e.subject for e in run.events if e.kind is EventKind.ORDERED_CLOSE}, "seen, it serves again"


def test_in_manual_a_dark_hub_waits_for_a_person() -> None:
    run = Run(hub())
    run.memory = replace(run.memory, durable=DurableMemory(authority=Authority.MANUAL))
    run.see(dark, 30.0)
    assert run.memory.mode.value == "dark"
    run.see(dark, advice=asks(run))
    run.see(dark)
    assert run.memory.mode is Mode.BLACK_START
    assert not run.memory.released_start, "asked once, begun once"


def test_who_only_watches_starts_nothing() -> None:
    run = Run(hub())
    run.memory = replace(run.memory, durable=DurableMemory(authority=Authority.OBSERVE))
    run.see(dark, 30.0)
    assert run.memory.mode.value == "dark"
    run.see(runs_dry, 0.2)
    run.see(runs_dry, 20.0)
    assert run.memory.mode is Mode.ISLANDED, "nor does it end anything"


def test_a_start_where_power_is_there_is_refused() -> None:
    run = Run(hub())
    run.see(islanded, 0.6)
    decision = run.see(islanded, advice=asks(run))
    assert [e.kind for e in decision.events] == [EventKind.REQUEST_REFUSED]


def test_attempts_rest_longer_each_time_and_a_person_need_not_wait() -> None:
    run = Run(hub())
    began: list[float] = []

    def watch(for_s: float) -> None:
        until_s = run.now_s + for_s
        while run.now_s < until_s:
            before = run.memory.mode
            run.see(dark, 0.5, cycle_s=0.5)  # the earthing relay never comes
            if run.memory.mode is Mode.BLACK_START and before is not Mode.BLACK_START:
                began.append(run.now_s)

    watch(3_000.0)
    gaps_s = [later - sooner for sooner, later in pairwise(began)]
    assert len(began) == 3, "three in an hour"
    assert gaps_s == [pytest.approx(REST_S, abs=1.0), pytest.approx(2 * REST_S, abs=1.0)]
    run.see(dark, advice=asks(run))
    run.see(dark)
    assert run.memory.mode is Mode.BLACK_START
    watch(ATTEMPT_MEMORY_S)
    assert len(began) >= 4, "and an hour later it begins again by itself"


def test_another_boot_has_rested() -> None:
    run = Run(hub())
    run.see(dark, 60.0)
    kept = tuple(replace(attempt, is_of_this_boot=False) for attempt in run.memory.durable.attempts)
    again = Run(hub(), now_s=run.now_s)
    again.memory = replace(again.memory, durable=replace(run.memory.durable, attempts=kept))
    again.see(dark, 0.3)
    assert again.memory.mode is Mode.BLACK_START


def test_a_grid_that_may_be_closed_in_a_moment_is_waited_for() -> None:
    def near(at_s: float) -> ProcessImage:
        return with_battery(good_grid_beside_the_dark(at_s), mode=InverterMode.OFF, soc_pct=90.0, discharge_limit_w=9e4)

    run = Run(hub())
    run.see(good_grid_beside_the_dark, 10.0 - GRID_IS_NEAR_S + 0.5)
    run.see(near, 2.0)
    assert run.memory.mode is Mode.DARK, "the battery could start now, and the grid will be there first"
    run.see(near, 3.5)
    assert (run.memory.mode, run.memory.reason) == (Mode.RECONNECTION, Reason.DEAD_BUS_RETURN)


def locked(seen: ProcessImage) -> ProcessImage:
    return with_poi(seen, dso_lock=True)


def in_between(seen: ProcessImage) -> ProcessImage:
    """The contact is not seen; that the POI is open shows all the same: its sides differ, and no current flows."""
    return with_poi(seen, position=None)


@pytest.mark.parametrize("bar", [locked, in_between, "poi_close", "planned"])
def test_a_grid_that_must_not_be_closed_is_not_waited_for_by_a_full_battery(
    bar: Callable[[ProcessImage], ProcessImage] | str,
) -> None:
    run = Run(hub())
    run.see(nothing_left, 0.2)
    if bar == "poi_close":
        latch = Latch("poi_close", Reason.POI_WILL_NOT_CLOSE, run.now_s)
        run.memory = replace(run.memory, durable=replace(run.memory.durable, latches=(latch,)))
    if bar == "planned":
        wish = PlannedIsland("duty", run.now_s, run.now_s + 3600.0)
        run.memory = replace(run.memory, durable=replace(run.memory.durable, planned=wish))

    def barred(at_s: float) -> ProcessImage:
        seen = good_grid_beside_the_dark(at_s)
        return seen if isinstance(bar, str) else bar(seen)

    def well_again(at_s: float) -> ProcessImage:
        return with_battery(barred(at_s), mode=InverterMode.OFF, soc_pct=90.0, discharge_limit_w=9e4)

    run.see(barred, 15.0)
    assert run.memory.mode.value == "dark"
    run.see(well_again, 1.0)
    assert run.memory.mode.value == "black_start", "dark is not the end"


def test_a_contact_that_does_not_say_open_is_not_closed_by_us() -> None:
    run = Run(hub())
    run.see(nothing_left, 0.2)
    run.see(lambda t: with_poi(good_grid_beside_the_dark(t), position=BreakerPosition.INTERMEDIATE), 12.0)
    assert run.memory.mode is Mode.DARK


def test_over_a_dead_bus_every_source_is_told_to_stop_and_the_bond_to_open() -> None:
    run = Run(hub())
    run.see(nothing_left, 0.2)
    run.see(good_grid_beside_the_dark, 15.0)
    assert run.memory.mode is Mode.RECONNECTION
    assert run.commands.poi.close is not None
    assert run.commands.poi.close.cause is Reason.DEAD_BUS_RETURN
    assert run.commands.batteries["battery"].stop
    assert run.commands.earthing.open


def test_the_last_act_keeps_tier_0_on_and_drops_the_rest() -> None:
    run = Run(hub())
    run.see(nearly_dry, 0.2)
    run.see(runs_dry, 5.3)
    assert (run.memory.mode, run.memory.reason) == (Mode.DARK, Reason.LAST_ACT)
    assert run.commands.batteries["battery"].stop
    assert "desk" not in run.commands.feeders
    assert run.commands.feeders["warm_room"].open


def test_a_battery_that_takes_ends_nothing() -> None:
    run = Run(hub())
    run.see(nearly_dry, 0.2)
    run.see(lambda t: with_battery(runs_dry(t), power_w=islanded(t).batteries["battery"].power_w.scaled(-1.0)), 20.0)  # type: ignore[union-attr]
    assert run.memory.mode is Mode.ISLANDED


def test_of_two_that_could_form_the_next_one_tries_where_the_first_does_not() -> None:
    both = {
        name: replace(b, capabilities=replace(b.capabilities, can_form=True)) for name, b in hub().batteries.items()
    }
    run = Run(replace(hub(), batteries=both))
    ordered_at_s: dict[float, str] = {}
    while len(ordered_at_s) < 3:
        decision = run.see(lambda t: replace(unloaded(t), earthing=EarthingSeen(t, CLOSED)))
        formed = [event.subject for event in decision.events if event.kind is EventKind.ORDERED_FORM]
        ordered_at_s.update((run.now_s, subject) for subject in formed)
        assert run.now_s < 120.0, "three orders"
    assert list(ordered_at_s.values()) == ["battery", "second", "battery"]
    first_s, second_s, _ = ordered_at_s
    assert second_s - first_s > 2.0 * run.hub.timing.order_hold_s, "it may still answer: the guard waits as well"


def fallen(at_s: float) -> ProcessImage:
    """The contactors fell with the voltage; nobody had asked them to."""
    return replace(unloaded(at_s), earthing=EarthingSeen(at_s, CLOSED))
