"""The POI is not seen, or seen otherwise, while a slow inverter has been told to form: it does not form blindly, and
what was only unseen or nonsense costs no night.
"""

from __future__ import annotations

import pytest

from controller.core.sides import SKEW_S
from controller.model.frozen import replace
from controller.model.image import BatterySeen, PoiSeen, ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import EventKind, Reason
from controller.model.words import BreakerPosition, Mode
from hil_tests.plant.behaviour import InverterBehaviour
from hil_tests.plant.options import PlantOptions
from hil_tests.simulation.bench import Bench
from hil_tests.tests.core.hubs import islanded, with_battery, with_poi
from hil_tests.tests.core.test_blind_while_forming import (
    blind,
    contact_unseen,
    forming,
    open_and_dead,
    seen,
    starting,
    told_in_the_dark,
    unseen_island,
)
from hil_tests.tests.core.watched import Image

NONSENSE = (BreakerPosition.INTERMEDIATE, BreakerPosition.BAD)
HALF = PhaseValues.even(100.0)
SEEN_APART_S = SKEW_S + 0.1  # for longer than two meters may be
BATTERIES = ("battery_main", "battery_second")


def shut(at_s: float) -> ProcessImage:
    return seen(at_s, BreakerPosition.CLOSED)


def half_way(at_s: float) -> ProcessImage:
    return seen(at_s, BreakerPosition.INTERMEDIATE)


@pytest.mark.parametrize("image", [blind, contact_unseen, shut, half_way])
def test_in_a_black_start_as_well_it_is_told_to_follow(image: Image) -> None:
    watched = told_in_the_dark()
    assert watched.mode is Mode.BLACK_START
    watched.see(image, 1.0)
    assert watched.run.commands.batteries["battery"].follow


def slow_bench(transfer_s: float) -> Bench:
    slow = {battery: InverterBehaviour(transfer_s=transfer_s) for battery in BATTERIES}
    bench = Bench.of(options=PlantOptions(inverters=slow, irradiance_w_per_m2=0.0))
    bench.run_for(5.0)
    return bench


def note_forming(bench: Bench, formed_s: list[float]) -> None:
    if bench.plant.batteries["battery_main"].is_forming:
        formed_s.append(bench.plant.now_s)


def test_one_that_takes_two_seconds_does_not_form_blindly_in_a_black_start() -> None:
    bench = slow_bench(transfer_s=2.0)
    bench.stop_controller()
    bench.plant.grid.blackout()
    bench.plant.poi.trip_by_hand()
    bench.run_for(60.0)
    bench.start_controller()
    bench.run_until(lambda b: bool(b.happened(EventKind.ORDERED_FORM)), 60.0)
    bench.run_for(0.2)
    bench.cut("poi_relay")
    formed_s: list[float] = []
    bench.on_step = lambda: note_forming(bench, formed_s)
    bench.run_for(4.0)
    assert formed_s == []
    assert bench.mode is Mode.BLACK_START, "it waits for the relay"


@pytest.mark.parametrize("position", NONSENSE)
def test_a_contact_that_says_nothing_sensible_for_a_second_costs_no_night(position: BreakerPosition) -> None:
    bench = slow_bench(transfer_s=0.4)
    bench.plant.grid.blackout()
    bench.run_until(lambda b: bool(b.happened(EventKind.ORDERED_FORM)))
    bench.run_for(0.1)
    bench.plant.poi.stuck_feedback = position
    bench.run_for(1.0)
    bench.plant.poi.stuck_feedback = None
    bench.run_for(30.0)
    assert (bench.mode, bench.plant.feeders["desk"].is_energised) == (Mode.ISLANDED, True)


@pytest.mark.parametrize("position", NONSENSE)
def test_nor_after_an_island_that_has_collapsed(position: BreakerPosition) -> None:
    watched = forming()
    watched.see(islanded, 60.0)
    watched.see(open_and_dead, 0.3)
    watched.see(lambda t: seen(t, position), 0.6)
    watched.see(open_and_dead, 60.0)
    assert watched.mode is not Mode.LOCKED_OUT


@pytest.mark.parametrize(
    "hidden", [{"grid_voltage_v": None}, {"current_a": None}, {"grid_voltage_v": None, "current_a": None}]
)
@pytest.mark.parametrize("position", [*NONSENSE, BreakerPosition.CLOSED])
def test_one_spoilt_answer_that_lacks_a_value_stops_nobody_whose_sides_differ(
    position: BreakerPosition, hidden: dict[str, None]
) -> None:
    watched = starting()
    watched.see(lambda t: with_poi(islanded(t), position=position, **hidden))
    assert not watched.run.commands.batteries["battery"].stop


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(unseen_island, id="nothing is seen"),
        pytest.param(lambda t: with_poi(islanded(t), position=None, current_a=None), id="a meter shows them apart"),
    ],
)
def test_whose_sides_have_differed_goes_on_unseen(image: Image) -> None:
    watched = starting()
    watched.see(image, 1.0)
    assert not watched.run.commands.batteries["battery"].stop


def test_current_that_is_seen_ends_it_though_the_grids_side_is_not() -> None:
    watched = starting()
    flows = PhaseValues.even(40.0)
    watched.see(lambda t: with_poi(islanded(t), position=None, grid_voltage_v=None, current_a=flows), 0.5)
    assert watched.run.commands.batteries["battery"].stop
    watched.see(lambda t: with_poi(islanded(t), position=None, grid_voltage_v=None, current_a=flows), 20.0)
    assert watched.mode is not Mode.ISLANDED


def rising(at_s: float) -> ProcessImage:
    return with_battery(with_poi(islanded(at_s), bus_voltage_v=HALF), voltage_v=HALF)


def rising_unseen(at_s: float) -> ProcessImage:
    return replace(rising(at_s), poi=PoiSeen())


def test_whose_sides_have_differed_on_its_way_up_is_an_island_unseen() -> None:
    watched = forming()
    watched.see(rising, SEEN_APART_S)
    watched.see(unseen_island, 10.0)
    assert (watched.mode, watched.run.memory.reason) == (Mode.ISLANDED, Reason.ISLAND_FORMED)


def test_and_goes_on_with_its_way_up() -> None:
    watched = forming()
    watched.see(rising, SEEN_APART_S)
    watched.see(rising_unseen, 10.0)
    assert watched.mode is Mode.UNPLANNED_ISLANDING
    assert not watched.run.commands.batteries["battery"].stop


def test_a_black_start_goes_on_to_its_island_unseen() -> None:
    watched = starting()
    watched.see(unseen_island, 60.0)
    assert (watched.mode, watched.run.memory.reason) == (Mode.ISLANDED, Reason.BLACK_STARTED)


def lost(at_s: float) -> ProcessImage:
    """Battery and relay together: one switch in the network."""
    image = rising(at_s)
    return replace(image, poi=PoiSeen(), batteries={**image.batteries, "battery": BatterySeen()})


def test_who_was_seen_to_form_and_is_not_heard_is_not_told_to_follow() -> None:
    watched = forming()
    watched.see(rising, SEEN_APART_S)
    watched.see(lost, 0.5)
    command = watched.run.commands.batteries["battery"]
    assert (command.follow, command.stop) == (False, False)
