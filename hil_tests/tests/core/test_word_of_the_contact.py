"""Who has lied, and who is only early: a contact beside meters that are late, an inverter that forms by itself, a
street that drags its former down, a suspicion that a restart must not forget.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import hil_tests
from controller.model.frozen import replace
from controller.model.image import ProcessImage
from controller.model.reasons import EventKind
from controller.model.words import Authority, BreakerPosition, InverterMode, Mode
from hil_tests.plant.behaviour import InverterBehaviour
from hil_tests.plant.options import PlantOptions
from hil_tests.simulation.bench import Bench
from hil_tests.tests.core.hubs import CLOSED, LIVE, OPEN, hub, islanded, on_grid, with_battery, with_poi
from hil_tests.tests.core.lying import (
    brown_out,
    dead_and_earthed,
    is_anyone_told_to_form,
    joined_by,
    late_meters,
    lying_on_grid,
    marks,
)
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.test_blind_while_forming import forming
from hil_tests.tests.core.test_borne_out import dragged
from hil_tests.tests.core.test_breaker_failed import always_forms
from hil_tests.tests.core.watched import Image

EARTHS_BY_DEVICE = Path(hil_tests.__file__).parent / "hubs" / "earths_by_device.toml"


def formed(image: Image) -> Image:
    """The same, seen with an inverter that holds a voltage."""
    return lambda at_s: with_battery(image(at_s), mode=InverterMode.GRID_FORMING)


def dead_and_off(at_s: float) -> ProcessImage:
    return with_battery(dead_and_earthed(at_s), mode=InverterMode.OFF)


def see_it_lost(run: Run, image: Image) -> None:
    """Until the grid's code has had its time."""
    until_s = run.now_s + 10.0
    while run.memory.mode is Mode.GRID_CONNECTED:
        run.see(image)
        assert run.now_s < until_s, "it is never lost"


# -- meters that are late ------------------------------------------------------------------------------------------
def test_opened_by_hand_just_before_the_blackout_the_hub_forms_its_island() -> None:
    bench = Bench.of(options=PlantOptions(irradiance_w_per_m2=0.0, instruments=late_meters(0.25)))
    bench.run_for(5.0)
    bench.plant.poi.trip_by_hand()
    bench.run_for(0.3)
    bench.plant.grid.blackout()
    bench.run_for(40.0)
    assert bench.mode is Mode.ISLANDED
    assert bench.plant.feeders["desk"].is_energised


def test_an_inverter_that_transfers_by_itself_keeps_its_island() -> None:
    behaviour = {"battery": InverterBehaviour(transfers_by_itself=True)}
    options = PlantOptions(
        relay_enabled=False, irradiance_w_per_m2=0.0, inverters=behaviour, instruments=late_meters(0.3)
    )
    bench = Bench.of(str(EARTHS_BY_DEVICE), options=options)
    bench.run_for(5.0)
    bench.plant.grid.blackout()
    bench.run_for(40.0)
    assert bench.mode is Mode.ISLANDED
    assert bench.plant.feeders["desk"].is_energised


@pytest.mark.parametrize("position", [BreakerPosition.INTERMEDIATE, BreakerPosition.BAD, OPEN])
def test_three_samples_of_it_stop_no_island_that_stands(position: BreakerPosition) -> None:
    run = Run(always_forms())
    run.see(formed(on_grid), 5.0)
    run.see(formed(lambda t: lying_on_grid(t, position)), 0.15)
    run.see(islanded, 0.1)
    assert not run.commands.batteries["battery"].stop
    assert "contact_lied" not in marks(run)


@pytest.mark.parametrize(("position", "is_lie"), [(OPEN, True), (BreakerPosition.INTERMEDIATE, False)])
def test_seconds_of_current_are_a_lie_of_a_contact_that_says_open(position: BreakerPosition, *, is_lie: bool) -> None:
    run = Run(hub())
    run.see(on_grid, 1.0)
    run.see(lambda t: lying_on_grid(t, position), 1.9)
    assert "contact_lied" not in marks(run)
    run.see(lambda t: lying_on_grid(t, position), 1.0)
    assert ("contact_lied" in marks(run)) is is_lie


# -- an island that stands -----------------------------------------------------------------------------------------
def test_one_whose_sides_differ_is_not_stopped_for_an_old_lie() -> None:
    run, stops = Run(always_forms()), 0
    run.see(on_grid, 5.0)
    run.see(lying_on_grid, 60.0)
    for _ in range(20):
        run.see(islanded)
        stops += run.commands.batteries["battery"].stop
    assert (run.memory.mode, stops) == (Mode.ISLANDED, 0)


# -- a street that is fed ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "street_pu", [complex(10, 3), complex(20, 5), complex(200, 50)], ids=["1 MW", "2 MW", "short-circuited"]
)
def test_one_that_drags_its_former_down_is_fed_once(street_pu: complex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hil_tests.plant.plant.NEIGHBOURS_PU", street_pu)
    bench = Bench.of()
    bench.run_for(5.0)
    bench.plant.poi.fails_to_open = True
    bench.plant.poi.stuck_feedback = OPEN
    bench.plant.grid.blackout()
    bench.run_for(40.0)
    assert bench.mode is Mode.LOCKED_OUT
    assert len(bench.happened(EventKind.ORDERED_FORM)) == 1


@pytest.mark.parametrize(
    "street", [lambda t: joined_by(t, 40.0), lambda t: joined_by(t, 0.5), dragged], ids=["loaded", "idle", "dragged"]
)
def test_who_has_fed_it_unasked_is_told_to_once_and_no_more(street: Image) -> None:
    """What it did by itself while the breaker opened is no lie of the contact, which may only be early."""
    run, feeds, orders = Run(always_forms()), True, 0
    run.see(formed(on_grid), 5.0)
    see_it_lost(run, formed(lambda t: brown_out(t, CLOSED)))
    run.see(formed(lambda t: brown_out(t, CLOSED)), 0.1)
    for _ in range(400):
        run.see(street if feeds else dead_and_off)
        command = run.commands.batteries.get("battery")
        if command is None:
            continue
        if feeds and command.stop:
            feeds = False
        elif not feeds and command.form is not None:
            feeds, orders = True, orders + 1
    assert orders == 1


def test_the_suspicion_of_a_transfer_outlives_a_restart() -> None:
    run = Run(hub())
    run.see(on_grid, 5.0)
    see_it_lost(run, lambda t: brown_out(t, CLOSED))
    run.see(lambda t: brown_out(t, OPEN), 3.0)
    assert run.memory.poi.contact_lies
    run.restart()
    assert not is_anyone_told_to_form(run, dead_and_earthed, 30.0)


def test_who_only_observes_leaves_no_mark_of_what_others_form() -> None:
    run = Run(always_forms())
    run.memory = replace(run.memory, durable=replace(run.memory.durable, authority=Authority.OBSERVE))
    run.see(formed(on_grid), 5.0)
    for _ in range(4):
        run.see(formed(lambda t: brown_out(t, OPEN)), 1.0)
        run.see(dead_and_off, 1.0)
    assert run.memory.mode is not Mode.LOCKED_OUT
    assert not {"formed_unseen", "contact_lied"} & set(marks(run))


# -- believed again ------------------------------------------------------------------------------------------------
def test_holes_in_what_is_seen_do_not_keep_a_lock_out() -> None:
    watched = forming()
    watched.see(lambda t: joined_by(t, 40.0), 0.1)
    assert watched.mode is Mode.LOCKED_OUT

    def apart(at_s: float) -> ProcessImage:
        is_hole = round(at_s * 20) % 30 == 0
        return with_poi(dead_and_earthed(at_s), grid_voltage_v=None if is_hole else LIVE, grid_frequency_hz=50.0)

    assert is_anyone_told_to_form(watched.run, apart, 30.0)
