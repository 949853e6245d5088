"""No black start is begun beside a POI that nobody sees: three that come to nothing would be an hour in the dark."""

from __future__ import annotations

import pytest

from controller.core.start_rest import UNBEGUN
from controller.model.advice import RequestKind
from controller.model.frozen import replace
from controller.model.image import GensetSeen, PoiSeen, ProcessImage
from controller.model.phases import ZERO
from controller.model.reasons import EventKind, Reason
from controller.model.words import BreakerPosition, GensetState, InverterMode, Mode
from hil_tests.tests.core.asking import ask
from hil_tests.tests.core.hubs import LIVE, dark, hub, nothing_left, with_battery, with_poi
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.test_blind_while_forming import forming, open_and_dead


def unseen(at_s: float) -> ProcessImage:
    return replace(open_and_dead(at_s), poi=PoiSeen())


def starts(run: Run) -> int:
    return sum(attempt.kind == "black_start" for attempt in run.memory.durable.attempts)


def in_the_dark() -> Run:
    """There was nothing to start from."""
    run = Run(hub())
    run.see(nothing_left, 10.0)
    assert run.memory.mode is Mode.DARK
    return run


@pytest.mark.parametrize(
    "hidden",
    [
        pytest.param({"grid_voltage_v": None}, id="the grid's side"),
        pytest.param({"current_a": None}, id="the current"),
        pytest.param({"measured_at_s": None}, id="nobody knows how old it is"),
        pytest.param(dict.fromkeys(("position", "grid_voltage_v", "bus_voltage_v", "current_a")), id="everything"),
    ],
)
def test_nobody_starts_what_cannot_be_proven_open_and_all_tries_are_left(hidden: dict[str, None]) -> None:
    run = in_the_dark()
    run.see(lambda t: with_poi(open_and_dead(t), **hidden), 900.0, cycle_s=0.5)
    assert (run.memory.mode, starts(run)) == (Mode.DARK, 0)
    run.see(open_and_dead, 1.0)
    assert (run.memory.mode, run.memory.reason) == (Mode.BLACK_START, Reason.BLACK_START_BATTERY)


@pytest.mark.parametrize("silent_s", [0.5, 2.0, 2.2, 2.25, 2.3, 10.0, 14.5])
def test_a_start_that_has_begun_waits_for_the_relay_and_is_still_the_first(silent_s: float) -> None:
    """It came back in the very cycle in which the step was over."""
    run = in_the_dark()
    run.see(open_and_dead, 1.0)
    run.see(unseen, silent_s)
    run.see(open_and_dead, 4.0)  # three of them for contactors that do not open
    assert (run.memory.mode, starts(run)) == (Mode.BLACK_START, 1)
    assert run.commands.batteries["battery"].form is not None


@pytest.mark.parametrize("position", [BreakerPosition.CLOSED, BreakerPosition.INTERMEDIATE, BreakerPosition.BAD])
def test_one_that_stands_half_way_is_ordered_open_by_the_start(position: BreakerPosition) -> None:
    """A closing that stuck while the grid went again: nobody else would order it open."""
    run = in_the_dark()
    run.see(lambda t: with_poi(open_and_dead(t), position=position), 1.0)
    assert run.commands.poi.open


def test_a_start_waits_no_longer_than_a_quarter_of_a_minute() -> None:
    run = in_the_dark()
    run.see(open_and_dead, 1.0)
    run.see(unseen, 16.0)
    assert (run.memory.mode, run.memory.reason) == (Mode.DARK, Reason.BLACK_START_FAILED)


def test_a_person_who_asks_for_it_is_told_why() -> None:
    run = in_the_dark()
    run.see(unseen, 1.0)
    answer = ask(run, unseen, RequestKind.BLACK_START)
    assert (answer.kind, answer.reason) == (EventKind.REQUEST_REFUSED, Reason.POI_UNPROVEN)


def test_sides_that_differ_prove_it_without_its_contact() -> None:
    run = in_the_dark()
    run.see(lambda t: with_poi(dark(t), position=None, grid_voltage_v=LIVE, grid_frequency_hz=48.0), 1.0)
    assert run.memory.mode is Mode.BLACK_START


def test_unseen_between_opening_and_proof_the_hub_starts_as_soon_as_it_is_seen() -> None:
    watched = forming()
    watched.see(unseen, 8.0)
    watched.see(open_and_dead, 1.0)
    assert watched.mode in (Mode.UNPLANNED_ISLANDING, Mode.BLACK_START)
    assert watched.run.commands.batteries["battery"].form is not None


@pytest.mark.parametrize("position", [BreakerPosition.INTERMEDIATE, BreakerPosition.BAD])
def test_one_that_never_opens_spends_no_tries(position: BreakerPosition) -> None:
    """For an hour; then it stands open."""
    run = in_the_dark()
    run.see(lambda t: with_poi(open_and_dead(t), position=position), 3600.0, cycle_s=0.25)
    assert 5 <= starts(run) <= 7, "once in ten minutes, and no oftener"
    until_s = run.now_s + 6.0
    while all(command.form is None for command in run.commands.batteries.values()):
        run.see(open_and_dead)
        assert run.now_s < until_s, "nobody is told to form"


def test_what_comes_after_an_open_poi_is_a_try() -> None:
    run = in_the_dark()
    run.see(open_and_dead, 120.0)
    assert not [a for a in run.memory.durable.attempts if a.kind == UNBEGUN]


def test_an_order_to_open_that_cannot_be_heard_has_its_time_from_when_it_can() -> None:
    run = in_the_dark()
    run.see(lambda t: with_poi(open_and_dead(t), position=BreakerPosition.CLOSED), 0.2)
    run.see(unseen, 3.0)
    run.see(lambda t: with_poi(open_and_dead(t), position=BreakerPosition.CLOSED))
    assert (run.memory.mode, starts(run)) == (Mode.BLACK_START, 1)


@pytest.mark.parametrize(("engine", "mode"), [(None, Mode.BLACK_START), (GensetState.READY, Mode.DARK)])
def test_a_genset_waits_for_the_relay_as_long_as_it_stands_still(engine: GensetState | None, mode: Mode) -> None:
    run = Run(hub())

    def without_battery(at_s: float) -> ProcessImage:
        image = with_battery(open_and_dead(at_s), mode=InverterMode.FAULT)
        return image if engine is None else replace(image, gensets={"genset": GensetSeen(at_s, engine, ZERO)})

    run.see(lambda t: with_battery(open_and_dead(t), mode=InverterMode.FAULT), 0.5)
    assert (run.memory.mode, run.memory.reason) == (Mode.BLACK_START, Reason.BLACK_START_GENSET)
    run.see(lambda t: replace(without_battery(t), poi=PoiSeen()), 2.5)
    assert run.memory.mode is mode
