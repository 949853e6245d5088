"""Leaving the grid in good order, story by story, without a plant: who may ask, what forbids it, when it is over."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.core.leaving import PREPARE_MAX_S
from controller.model.advice import RequestKind
from controller.model.frozen import replace
from controller.model.hub import Earthing, Hub, PoiSwitching
from controller.model.image import EarthingSeen, GensetSeen, ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import EventKind, Reason
from controller.model.words import Authority, GensetState, InverterMode, IslandEarthing, Mode, Switcher
from hil_tests.tests.core.asking import Image, ask, beside_the_grid, quiet, started
from hil_tests.tests.core.hubs import (
    LIVE,
    OPEN,
    battery,
    dark,
    hub,
    islanded,
    on_grid,
    with_battery,
    with_feeder,
    with_poi,
)
from hil_tests.tests.core.run import Run


def seamless() -> Hub:
    """Its inverter may form beside the grid, and its island is earthed for good."""
    former = battery()
    former = replace(former, capabilities=replace(former.capabilities, forms_in_parallel=True))
    batteries = {**hub().batteries, "battery": former}
    return hub(batteries=batteries, earthing=Earthing(IslandEarthing.PERMANENT, None))


# ---- the way out -----------------------------------------------------------------------------------------------------


def test_batteries_take_over_what_the_grid_has_carried_and_then_it_opens() -> None:
    run = started(image=on_grid)
    assert ask(run, on_grid).kind is EventKind.REQUESTED
    run.see(on_grid)
    shares = {name: command.power_set_w for name, command in run.commands.batteries.items()}
    assert shares == {"battery": 15_000.0, "second": 5_000.0}, "20 kW of import, by rating"
    assert not run.commands.poi.open
    run.see(quiet, 0.9)
    assert not run.commands.poi.open, "not before it has stayed quiet for a second"
    run.see(quiet, 0.3)
    assert run.commands.poi.open
    assert run.memory.mode is Mode.PLANNED_ISLANDING


def test_what_the_island_cannot_carry_goes_first() -> None:
    run = started(image=lambda t: on_grid(t, 90_000.0))
    ask(run, lambda t: on_grid(t, 90_000.0))
    shed = {name for name, command in run.commands.feeders.items() if command.open}
    assert "ev_posts" in shed
    run.see(lambda t: with_poi(on_grid(t, 90_000.0), power_w=PhaseValues.even(0.0)), 3.0)
    assert not run.commands.poi.open, "they are still seen closed"

    def gone(at_s: float) -> ProcessImage:
        image = with_poi(on_grid(at_s, 90_000.0), power_w=PhaseValues.even(0.0))
        for name in shed:
            image = with_feeder(image, name, position=OPEN)
        return image

    run.see(gone, 1.2)
    assert run.commands.poi.open


def test_with_a_relay_for_earthing_nobody_forms_before_the_proof() -> None:
    run = started()
    ask(run)
    run.see(quiet, 1.2)
    assert run.commands.poi.open

    def dead_beside_the_grid(at_s: float) -> ProcessImage:
        return with_poi(dark(at_s), grid_voltage_v=LIVE, grid_frequency_hz=50.0)

    run.see(quiet, 0.1)
    assert run.commands.batteries["battery"].form is None
    run.see(dead_beside_the_grid, 0.1)
    assert run.commands.earthing.close is not None
    assert run.commands.batteries["battery"].form is None
    run.see(lambda t: replace(dead_beside_the_grid(t), earthing=EarthingSeen(t, position=quiet(t).poi.position)), 0.1)
    assert run.commands.batteries["battery"].form is not None
    run.see(beside_the_grid, 0.1)
    assert (run.memory.mode, run.memory.reason) == (Mode.ISLANDED, Reason.ISLAND_FORMED)


def test_without_a_break_it_forms_first_and_opens_then() -> None:
    run = started(seamless())
    ask(run)
    run.see(quiet, 1.2)
    assert run.commands.batteries["battery"].form is not None
    assert not run.commands.poi.open

    def took_over(at_s: float) -> ProcessImage:
        return with_battery(quiet(at_s), mode=InverterMode.GRID_FORMING)

    run.see(took_over)
    assert run.commands.poi.open
    assert run.commands.batteries["battery"].form is None, "an order to form beside a POI that opens would be vetoed"
    run.see(lambda t: with_poi(took_over(t), position=OPEN), 0.1)
    slower_hz = run.commands.batteries["battery"].frequency_set_hz
    assert slower_hz is not None
    assert slower_hz < 49.9, "in step nothing proves it open; so it goes out of step"
    assert run.memory.mode is Mode.PLANNED_ISLANDING
    run.see(lambda t: with_poi(took_over(t), position=OPEN, angle_difference_deg=-25.0), 0.1)
    assert run.memory.mode is Mode.ISLANDED


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda s: with_poi(s, grid_voltage_v=PhaseValues.even(180.0), bus_voltage_v=PhaseValues.even(180.0)),
        lambda s: with_poi(s, source=None),
        lambda s: with_poi(s, measured_at_s=s.poi.measured_at_s - 0.2),
        lambda s: replace(s, local_control=None),
        lambda s: replace(s, gensets={"genset": GensetSeen(0.0, GensetState.LOADED)}),
    ],
    ids=["sagging grid", "unknown feeder of the grid", "old sample", "key not seen", "loaded genset"],
)
def test_what_the_guard_would_veto_beside_the_grid_is_not_asked_for(
    spoilt: Callable[[ProcessImage], ProcessImage],
) -> None:
    run = started(seamless())
    ask(run)
    run.see(quiet, 1.2)
    assert run.commands.batteries["battery"].form is not None
    run.see(lambda t: spoilt(quiet(t)))
    command = run.commands.batteries.get("battery")
    assert command is None or command.form is None


def test_who_never_takes_the_bus_over_is_asked_three_times_and_the_hub_stays_on_the_grid() -> None:
    run = started(seamless())
    ask(run)
    run.see(quiet, PREPARE_MAX_S + 1.0)
    assert (run.memory.mode, run.memory.reason) == (Mode.GRID_CONNECTED, Reason.ISLAND_NOT_PREPARED)
    assert sum(event.kind is EventKind.ORDERED_FORM for event in run.events) == 3
    assert run.memory.durable.planned is None, "and does not begin again by itself"


# ---- who may ask -----------------------------------------------------------------------------------------------------


def observing(run: Run) -> Image:
    run.memory = replace(run.memory, durable=replace(run.memory.durable, authority=Authority.OBSERVE))
    return quiet


def latched(run: Run) -> Image:
    run.see(lambda t: with_poi(quiet(t), dso_lock=True))
    return quiet


def says_open(t: float) -> ProcessImage:
    """The POI's contact, while current flows through it."""
    return with_poi(on_grid(t), position=OPEN)


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (observing, Reason.OBSERVE_ONLY),
        (latched, Reason.DSO_LOCK),
        (lambda _: lambda t: replace(quiet(t), local_control=True), Reason.LOCAL_CONTROL),
        (lambda _: lambda t: with_battery(quiet(t), soc_pct=29.0), Reason.LOW_SOC),  # the genset starts at 25 %
        (lambda _: lambda t: with_battery(quiet(t), soc_pct=None), Reason.ISLAND_NO_FORMER),
        (lambda _: lambda t: with_battery(quiet(t), mode=InverterMode.FAULT), Reason.ISLAND_NO_FORMER),
        (
            lambda _: lambda t: replace(quiet(t), gensets={"genset": GensetSeen(t, GensetState.READY)}),
            Reason.GENSET_RUNS,
        ),
        (lambda run: run.see(dark, 1.0) and dark, Reason.ISLAND_NOT_NOW),
        (lambda run: run.see(says_open, 0.5) and says_open, Reason.CONTACT_DOUBTED),  # seed 1273 of the fuzzer
    ],
    ids=lambda value: value.value if isinstance(value, Reason) else "",
)
def test_a_refusal_is_an_event_with_its_reason(prepare: Callable[[Run], Image], reason: Reason) -> None:
    run = started()
    image = prepare(run)
    mode = run.memory.mode
    answer = ask(run, image)
    assert (answer.kind, answer.reason) == (EventKind.REQUEST_REFUSED, reason)
    assert run.memory.durable.planned is None
    run.see(image)
    assert run.memory.mode is mode


@pytest.mark.parametrize(
    "switching",
    [PoiSwitching(Switcher.DEVICE, Switcher.CONTROLLER), PoiSwitching(Switcher.CONTROLLER, Switcher.DEVICE)],
    ids=["not opened by us", "not closed by us"],
)
def test_a_hub_without_a_way_out_or_back_says_so(switching: PoiSwitching) -> None:
    run = started(hub(poi=replace(hub().poi, switching=switching)))
    assert ask(run).reason is Reason.ISLAND_NOT_ABLE


def test_in_manual_a_person_may_and_a_timetable_may_not() -> None:
    run = started()
    run.memory = replace(run.memory, durable=replace(run.memory.durable, authority=Authority.MANUAL))
    assert ask(run, is_automatic=True).reason is Reason.WAITS_FOR_PERSON
    assert ask(run).kind is EventKind.REQUESTED


def test_nothing_to_end_is_said() -> None:
    assert ask(started(), kind=RequestKind.ISLAND_OFF).reason is Reason.ISLAND_NOT_ASKED


@pytest.mark.parametrize("is_asked", [True, False])
def test_an_island_that_is_asked_for_in_a_blackout_stays_one_when_the_grid_comes_back(*, is_asked: bool) -> None:
    """Until somebody asks for the return; one that nobody has asked for goes back by itself."""
    run = started(image=islanded)
    if is_asked:
        assert ask(run, islanded).kind is EventKind.REQUESTED
    run.see(beside_the_grid, 60.0)
    assert (run.memory.mode is Mode.ISLANDED) is is_asked, run.memory.mode
    if is_asked:
        assert ask(run, beside_the_grid, RequestKind.ISLAND_OFF).kind is EventKind.REQUESTED
        run.see(beside_the_grid, 60.0)
    assert run.memory.mode is Mode.RECONNECTION


def test_an_island_that_is_asked_for_in_a_blackout_goes_back_when_its_time_is_over() -> None:
    run = started(image=islanded)
    ask(run, islanded, for_s=60.0)
    run.see(beside_the_grid, 59.0)
    before = run.memory.mode
    run.see(beside_the_grid, 15.0)
    assert (before, run.memory.mode) == (Mode.ISLANDED, Mode.RECONNECTION)
