"""ANSI 50BF: the protection has tripped the POI, and it does not open. Who cannot but form makes way for the earth."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.frozen import replace
from controller.model.hub import Hub
from controller.model.image import EarthingSeen, ProcessImage
from controller.model.phases import ZERO
from controller.model.reasons import EventKind, Reason
from controller.model.words import BreakerPosition, InverterMode, IslandEarthing, Mode
from hil_tests.tests.core.hubs import battery, dark, hub, islanded, on_grid, with_battery, with_poi
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.scenes import old_flag

Image = Callable[[float], ProcessImage]
LATEST_S = 0.2 + 0.3  # the sample breaker's own time and the margin


def always_forms(**changes: object) -> Hub:
    kind = battery()
    capabilities = replace(kind.capabilities, always_forms=True)
    return hub(batteries={"battery": replace(kind, capabilities=capabilities)}, **changes)


def tripped(at_s: float) -> ProcessImage:
    """The street and the hub live as one, held by an inverter that cannot but form."""
    return with_battery(with_poi(on_grid(at_s), relay_tripped=True), mode=InverterMode.GRID_FORMING)


def test_a_tripped_breaker_that_stays_closed_stops_every_former_and_waits_for_a_person() -> None:
    run = Run(always_forms())
    run.see(on_grid, 1.0)
    run.see(tripped, LATEST_S)
    assert run.memory.mode is Mode.GRID_CONNECTED
    run.see(tripped, 0.1)
    assert (run.memory.mode, run.memory.reason) == (Mode.LOCKED_OUT, Reason.POI_STUCK)
    assert run.commands.poi.open
    assert run.commands.batteries["battery"].stop


def test_the_street_that_it_holds_up_is_no_good_grid_that_comes_back() -> None:
    run = Run(always_forms())
    run.see(on_grid, 60.0)
    run.see(tripped, 120.0)
    assert run.memory.mode is Mode.LOCKED_OUT
    assert run.commands.batteries["battery"].stop
    assert run.see(on_grid, 0.1).memory.mode is Mode.GRID_CONNECTED, "the trip is gone"


def test_without_the_trip_the_grid_is_observed_from_the_lock_out_on() -> None:
    run = Run(always_forms())
    run.see(on_grid, 60.0)
    run.see(tripped, LATEST_S + 0.1)
    run.see(on_grid, 9.8)
    assert run.memory.mode is Mode.LOCKED_OUT
    assert run.see(on_grid, 0.3).memory.mode is Mode.GRID_CONNECTED


def ask(run: Run, image: Image, *, at_the_hub: bool = True) -> list[tuple[EventKind, Reason]]:
    until_s = run.now_s + 5.0
    request = OperatorRequest(f"{until_s}", RequestKind.RELEASE_LATCH, "lockout", "duty", at_the_hub, until_s)
    return [
        (e.kind, e.reason) for e in run.see(image, advice=Advice(requests=(request,))).events if e.subject == "lockout"
    ]


def locked_out() -> Run:
    run = Run(always_forms())
    run.see(on_grid, 60.0)
    run.see(tripped, LATEST_S + 0.1)
    run.see(old_flag, 12.0)
    assert run.memory.reason is Reason.POI_STUCK
    return run


def test_a_person_at_the_hub_releases_a_lock_out_whose_trip_flag_stays_latched() -> None:
    """No release and no request led out of it, though the safety page said that a person does."""
    run = locked_out()
    assert ask(run, old_flag) == [(EventKind.REQUESTED, Reason.OPERATOR)]
    run.see(old_flag, 30.0)
    assert (run.memory.mode, run.memory.reason) == (Mode.GRID_CONNECTED, Reason.RELEASED_BY_PERSON)
    assert not run.commands.poi.open


def half_way(at_s: float) -> ProcessImage:
    return with_poi(old_flag(at_s), position=BreakerPosition.INTERMEDIATE)


@pytest.mark.parametrize("image", [tripped, half_way, dark])
def test_it_is_not_released_while_anything_speaks_against_it(image: Image) -> None:
    run = locked_out()
    run.see(image, 0.05)
    assert ask(run, image) == [(EventKind.REQUEST_REFUSED, Reason.CAUSE_REMAINS)]
    assert ask(run, old_flag, at_the_hub=False) == [(EventKind.REQUEST_REFUSED, Reason.NOT_AT_THE_HUB)]
    run.see(old_flag, 0.3)  # as long as a proof is believed against what is seen
    assert run.memory.mode is Mode.LOCKED_OUT


@pytest.mark.parametrize("position", [BreakerPosition.INTERMEDIATE, BreakerPosition.BAD, None])
def test_a_breaker_stuck_half_way_or_not_seen_has_failed_as_well(position: BreakerPosition | None) -> None:
    run = Run(always_forms())
    run.see(on_grid, 1.0)
    run.see(lambda t: with_poi(tripped(t), position=position), LATEST_S + 0.1)
    assert run.memory.mode is Mode.LOCKED_OUT


@pytest.mark.parametrize("flag", [False, None])
def test_without_a_trip_nothing_happens(flag: bool | None) -> None:
    run = Run(always_forms())
    run.see(lambda t: with_poi(tripped(t), relay_tripped=flag), 10.0)
    assert run.memory.mode is Mode.GRID_CONNECTED


def test_a_trip_that_was_there_before_is_an_old_flag() -> None:
    run = Run(hub())
    run.see(lambda t: with_poi(on_grid(t), relay_tripped=True), 30.0)
    assert run.memory.mode is Mode.GRID_CONNECTED


def test_one_that_opens_in_its_time_is_an_ordinary_loss() -> None:
    run = Run(hub())
    run.see(on_grid, 1.0)
    run.see(lambda t: with_poi(on_grid(t), relay_tripped=True), 0.2)
    run.see(lambda t: with_poi(dark(t), relay_tripped=True), 1.0)
    assert run.memory.mode is Mode.UNPLANNED_ISLANDING


def separated(at_s: float) -> ProcessImage:
    """The POI has opened, and the bus never died: nobody has earthed it yet."""
    return replace(islanded(at_s), earthing=EarthingSeen(at_s, BreakerPosition.OPEN))


def let_die(at_s: float) -> ProcessImage:
    seen = with_battery(dark(at_s), mode=InverterMode.OFF, power_w=ZERO)
    return replace(seen, earthing=EarthingSeen(at_s, BreakerPosition.CLOSED))


def test_who_cannot_but_form_lets_the_bus_die_until_it_is_earthed() -> None:
    run = Run(always_forms())
    run.see(on_grid, 1.0)
    run.see(separated, 0.1)
    assert run.memory.mode is Mode.UNPLANNED_ISLANDING
    assert run.commands.batteries["battery"].stop
    run.see(separated, 0.1)
    assert run.commands.earthing.close is not None
    run.see(let_die, 0.1)
    assert run.commands.batteries["battery"].form is not None
    formed = run.see(islanded, 0.1)
    assert formed.memory.mode is Mode.ISLANDED
    assert not run.commands.batteries["battery"].stop


@pytest.mark.parametrize(
    ("changes", "image"), [({"earthing": IslandEarthing.PERMANENT}, separated), ({}, islanded)], ids=["for good", "now"]
)
def test_where_the_island_is_earthed_it_goes_on(changes: dict[str, IslandEarthing], image: Image) -> None:
    plain = always_forms()
    kind = changes.get("earthing", plain.earthing.kind)
    run = Run(replace(plain, earthing=replace(plain.earthing, kind=kind)))
    run.see(on_grid, 1.0)
    run.see(image, 0.2)
    assert run.memory.mode is Mode.ISLANDED
    stops = [event for event in run.events if event.kind is EventKind.ORDERED_STOP]
    assert not stops


def test_who_was_ordered_to_form_does_not_make_way() -> None:
    run = Run(hub())
    run.see(on_grid, 1.0)
    run.see(separated, 0.2)
    assert run.memory.mode is Mode.ISLANDED, "it can follow: that it forms was somebody's wish"
