"""Devices that do not answer or do not obey: what is not seen is neither proof nor relief, and uses nothing up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from controller.core.charge_fall import NEXT_S
from controller.core.decide import fresh_memory
from controller.durable import dump_durable, load_durable
from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.frozen import replace
from controller.model.image import EarthingSeen, GensetSeen, PoiSeen, ProcessImage
from controller.model.memory import Attempt, DurableMemory
from controller.model.phases import ZERO, PhaseValues
from controller.model.reasons import EventKind, Reason
from controller.model.words import BreakerPosition, GensetState, GridVerdict, InverterMode, Mode
from hil_tests.tests.core.hubs import DEAD, battery, dark, hub, islanded, nothing_left, on_grid, with_battery, with_poi
from hil_tests.tests.core.run import Run


def started(image: Callable[[float], ProcessImage] = islanded, **parts: Any) -> Run:
    run = Run(hub(**parts))
    run.see(image, 1.0)
    return run


def test_a_contactor_that_does_not_open_does_not_end_the_shedding() -> None:
    run = started(batteries={"battery": battery(rating_va=18_000.0)})

    def overloaded(at_s: float) -> ProcessImage:
        seen = islanded(at_s, 36_000.0)
        return with_battery(seen, power_w=PhaseValues.even(12_000.0), overload_pct=None)

    run.see(overloaded, 20.0)
    shed = {name for name, state in run.memory.feeders.items() if state.shed_since_s is not None}
    assert "medical" in shed, "the next in the order of tiers goes, whoever is deaf"


def earthed(at_s: float) -> ProcessImage:
    return replace(dark(at_s), earthing=EarthingSeen(at_s, BreakerPosition.CLOSED))


def test_one_blind_cycle_after_forming_stops_nobody() -> None:
    run = Run(hub())
    run.see(on_grid, 2.0)
    run.see(dark, 0.5)
    run.see(earthed, 0.5)

    def blind(at_s: float) -> ProcessImage:
        return with_poi(islanded(at_s), grid_voltage_v=None, bus_voltage_v=None, current_a=None, measured_at_s=None)

    run.see(blind)
    assert run.memory.mode.value == "unplanned_islanding"
    assert not run.commands.batteries["battery"].stop
    run.see(islanded, 0.6)
    assert run.memory.mode.value == "islanded"


def with_genset(at_s: float, state: GensetState | None, soc_pct: float) -> ProcessImage:
    seen = with_battery(with_battery(islanded(at_s), soc_pct=soc_pct), "second", soc_pct=soc_pct)
    return replace(seen, gensets={"genset": GensetSeen(at_s, state, ZERO, 150.0)})


def test_a_genset_that_is_not_seen_uses_up_no_attempt() -> None:
    run = started()
    run.see(lambda t: with_genset(t, None, 20.0), 300.0)
    run.see(lambda t: with_genset(t, GensetState.FAULT, 20.0), 300.0)
    assert [each for each in run.memory.durable.attempts if each.kind == "crank"] == []
    run.see(lambda t: with_genset(t, GensetState.STOPPED, 20.0))
    assert run.commands.gensets["genset"].crank is not None


@pytest.mark.parametrize("state", [GensetState.STOPPED, GensetState.STARTING])
def test_a_genset_is_not_cranked_under_the_hands_of_whoever_turned_the_key(state: GensetState) -> None:
    run = started()
    run.see(lambda t: with_genset(t, GensetState.STOPPED, 20.0), NEXT_S + 0.1)
    assert run.commands.gensets["genset"].crank is not None
    run.see(lambda t: replace(with_genset(t, state, 20.0), local_control=True), 5.0)
    assert "genset" not in run.commands.gensets
    said = len(run.events)
    run.see(lambda t: with_genset(t, GensetState.STOPPED, 20.0), 1.0)
    assert "genset" not in run.commands.gensets, "a crank is told of, and as far apart as ever"
    run.see(lambda t: with_genset(t, GensetState.STOPPED, 20.0), 60.0)
    assert EventKind.ORDERED_CRANK in {event.kind for event in run.events[said:]}


def test_a_genset_is_not_cranked_in_the_midst_of_a_transfer() -> None:
    run = Run(hub())
    run.see(on_grid, 0.2)
    start = OperatorRequest("1", RequestKind.START_GENSET, "genset", "duty", True, run.now_s + 10)
    run.see(on_grid, advice=Advice(requests=(start,)))
    assert run.commands.gensets["genset"].crank is not None
    run.see(dark, 0.3)
    assert run.memory.mode is Mode.UNPLANNED_ISLANDING
    assert "genset" not in run.commands.gensets
    run.see(islanded, 61.0)
    assert run.commands.gensets["genset"].crank is not None, "it is still wanted"


def test_a_genset_is_stopped_although_it_was_not_seen_for_a_moment() -> None:
    run = started()
    run.see(lambda t: with_genset(t, GensetState.STOPPED, 20.0), NEXT_S + 1.0)
    run.see(lambda t: with_genset(t, GensetState.LOADED, 50.0), 1_000.0, cycle_s=1.0)
    run.see(lambda t: with_genset(t, None, 85.0))
    run.see(lambda t: with_genset(t, GensetState.LOADED, 99.0), 1.0)
    assert run.commands.gensets["genset"].stop


def test_a_genset_that_we_had_started_is_ours_after_a_restart() -> None:
    run = started()
    run.see(lambda t: with_genset(t, GensetState.STOPPED, 20.0), NEXT_S + 1.0)
    run.see(lambda t: with_genset(t, GensetState.LOADED, 50.0), 60.0)
    run.restart()
    run.see(lambda t: with_genset(t, GensetState.LOADED, 50.0), 1.0)
    assert run.commands.gensets["genset"].power_set_w is not None
    run.see(lambda t: with_genset(t, GensetState.LOADED, 99.0), 1_000.0, cycle_s=1.0)
    assert run.commands.gensets["genset"].stop


def test_a_genset_that_somebody_else_started_carries_load_and_is_never_stopped_by_us() -> None:
    run = started()
    run.see(lambda t: with_genset(t, GensetState.LOADED, 50.0), 60.0)
    run.restart()
    run.see(lambda t: with_genset(t, GensetState.LOADED, 99.0), 1_000.0, cycle_s=1.0)
    told = run.commands.gensets["genset"]
    assert (told.stop, told.crank, told.cause) == (False, None, Reason.GENSET_BY_HAND)
    assert told.power_set_w


def test_an_attempt_of_another_boot_is_no_transfer_that_was_cut_in_two() -> None:
    kept = dump_durable(DurableMemory(attempts=(Attempt("battery", "form", 5.0),)))
    run = Run(hub())
    run.memory = fresh_memory(load_durable(("another boot", kept), "this boot", run.now_s), run.now_s)
    run.see(nothing_left, 0.5)
    assert run.memory.mode is Mode.DARK
    again = dump_durable(run.memory.durable)
    twice = load_durable(("this boot", again), "this boot", run.now_s)
    assert [attempt.is_of_this_boot for attempt in twice.attempts if attempt.kind == "form"] == [False]


def test_an_attempt_of_this_boot_is() -> None:
    kept = dump_durable(DurableMemory(attempts=(Attempt("battery", "form", 95.0),)))
    run = Run(hub())
    run.memory = fresh_memory(load_durable(("this boot", kept), "this boot", run.now_s), run.now_s)
    run.see(dark, 0.5)
    assert run.memory.mode is Mode.UNPLANNED_ISLANDING


def sag(at_s: float) -> ProcessImage:
    low = PhaseValues.even(160.0)
    return with_poi(on_grid(at_s), grid_voltage_v=low, bus_voltage_v=low)


def unmeasured(at_s: float) -> ProcessImage:
    return with_poi(on_grid(at_s), grid_voltage_v=None, bus_voltage_v=None)


def test_two_short_sags_with_a_blind_time_between_are_not_one_long_one() -> None:
    run = started(on_grid)
    run.see(sag, 0.1)
    run.see(unmeasured, 10.0)
    run.see(sag, 0.1)
    assert run.memory.mode is Mode.GRID_CONNECTED


def test_a_sag_is_not_forgotten_because_of_one_lost_reply() -> None:
    run = started(on_grid)
    for _ in range(40):
        run.see(sag, 0.1)
        run.see(unmeasured)
    assert run.memory.mode is not Mode.GRID_CONNECTED


def low(at_s: float) -> ProcessImage:
    """Inside the loss bands, and not good enough to come back to."""
    return with_poi(islanded(at_s), grid_voltage_v=PhaseValues.even(190.0), grid_frequency_hz=50.0)


@pytest.mark.parametrize("blind_s", [0.05, 60.0])
def test_a_rejected_grid_is_not_taken_for_good_because_it_was_not_seen_for_a_moment(blind_s: float) -> None:
    run = started()
    run.see(lambda t: with_poi(low(t), grid_voltage_v=PhaseValues.even(160.0)), 5.0)
    run.see(low, 1.0)
    assert run.memory.grid.verdict is GridVerdict.REJECTED
    run.see(lambda t: with_poi(low(t), grid_voltage_v=None), blind_s)
    assert run.memory.grid.verdict.value == "unknown"
    run.see(low, 1.0)
    assert (run.memory.grid.verdict, run.memory.grid.reason) == (GridVerdict.REJECTED, Reason.GRID_UNDERVOLTAGE)


def test_a_grid_that_was_good_is_good_again_after_a_blind_moment() -> None:
    run = started(on_grid)
    weak: Callable[[float], ProcessImage] = lambda t: with_poi(  # noqa: E731  (a picture)
        on_grid(t), grid_voltage_v=PhaseValues.even(190.0), bus_voltage_v=PhaseValues.even(190.0)
    )
    run.see(weak, 1.0)
    run.see(unmeasured)
    run.see(weak)
    assert (run.memory.grid.verdict, run.memory.mode) == (GridVerdict.OK, Mode.GRID_CONNECTED)


def test_the_proof_needs_two_samples_not_two_looks_at_one() -> None:
    run = started(on_grid)
    sampled_s = run.now_s
    for _ in range(3):
        run.see(lambda _: replace(earthed(sampled_s)))
    assert run.commands.batteries.get("battery") is None or run.commands.batteries["battery"].form is None
    run.see(earthed, 0.1)
    assert run.commands.batteries["battery"].form is not None


def test_a_grid_that_took_its_meter_along_is_left_though_a_separate_contact_still_says_closed() -> None:
    """For a minute nothing was opened: the contact was read from another device, and the POI counted as seen."""

    def meter_is_gone(at_s: float) -> ProcessImage:
        seen = replace(with_battery(on_grid(at_s), voltage_v=DEAD), poi=PoiSeen())
        return with_poi(seen, position=BreakerPosition.CLOSED)

    run = Run(hub())
    run.see(on_grid, 2.0)
    run.see(meter_is_gone, 0.5)
    assert (run.memory.mode, run.memory.reason) == (Mode.UNPLANNED_ISLANDING, Reason.GRID_NOT_MEASURED)
    assert run.commands.poi.open


@pytest.mark.parametrize("mode", [InverterMode.OFF, InverterMode.FAULT])
def test_the_terminals_of_an_inverter_that_is_off_are_no_blackout(mode: InverterMode) -> None:
    """Its own contactor was open, the meter was away for a quarter of a second, and a good grid was left."""

    def off(at_s: float) -> ProcessImage:
        return with_battery(on_grid(at_s), mode=mode, voltage_v=ZERO)

    def unseen(at_s: float) -> ProcessImage:
        return with_poi(off(at_s), grid_voltage_v=None, bus_voltage_v=None, grid_frequency_hz=None, current_a=None)

    run = Run(hub())
    run.see(off, 1.0)
    run.see(unseen, 2.0)
    assert run.memory.mode is Mode.GRID_CONNECTED
    assert not run.commands.poi.open
