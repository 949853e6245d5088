"""What is formed on the word of a contact that is never borne out: a street that drags both sides down, or an
instrument that goes blind because somebody forms. It is caught, once or at the third time, and a restart knows it.
"""

from __future__ import annotations

import pytest

from controller.bounds import bounds_of
from controller.guard.vet import vet
from controller.model.advice import Advice
from controller.model.frozen import replace
from controller.model.image import BatterySeen, GensetSeen, ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import EventKind, Reason
from controller.model.words import BreakerPosition, GensetState, InverterMode, Mode
from hil_tests.simulation.bench import Bench
from hil_tests.tests.core.hubs import CLOSED, LIVE, hub, islanded, on_grid, with_battery, with_poi
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.test_blind_while_forming import forming, open_and_dead, unseen_island
from hil_tests.tests.core.watched import ENVELOPE, Image, Watched

DRAGGED = PhaseValues.even(25.0)  # below what counts as dead


def dragged(at_s: float) -> ProcessImage:
    """The contact says open, and a whole street hangs on the former."""
    seen = with_poi(
        islanded(at_s),
        grid_voltage_v=DRAGGED,
        bus_voltage_v=DRAGGED,
        grid_frequency_hz=50.0,
        angle_difference_deg=0.0,
        current_a=PhaseValues.even(170.0),
    )
    return with_battery(seen, voltage_v=DRAGGED, power_w=PhaseValues.even(4_000.0))


def joined(at_s: float) -> ProcessImage:
    """The same, of a street that can be carried."""
    amps = PhaseValues.even(40.0)
    return with_poi(
        islanded(at_s), grid_voltage_v=LIVE, grid_frequency_hz=50.0, angle_difference_deg=0.0, current_a=amps
    )


def joined_and_unheard(at_s: float) -> ProcessImage:
    """A street that draws next to nothing; and nobody hears the battery."""
    seen = with_poi(joined(at_s), current_a=PhaseValues.even(1.5))
    return replace(seen, batteries={**seen.batteries, "battery": BatterySeen()})


def live_grid(at_s: float) -> ProcessImage:
    return with_poi(open_and_dead(at_s), grid_voltage_v=LIVE, grid_frequency_hz=50.0)


def state(watched: Watched) -> tuple[Mode, Reason]:
    return watched.mode, watched.run.memory.reason


def is_told_to_form(watched: Watched, image: Image, for_s: float) -> bool:
    """In any cycle of so many seconds."""
    told = []
    for _ in range(round(for_s / 0.05)):
        watched.see(image)
        command = watched.run.commands.batteries.get("battery")
        told.append(command is not None and command.form is not None)
    return any(told)


def see_until_told_to_form(watched: Watched, image: Image) -> None:
    until_s = watched.run.now_s + 5.0
    while watched.run.commands.batteries["battery"].form is None:
        watched.see(image)
        assert watched.run.now_s < until_s, "nobody is told to form"


@pytest.mark.parametrize("image", [dragged, joined])
def test_current_to_a_street_is_seen_whether_it_lives_or_not(image: Image) -> None:
    watched = forming()
    watched.see(image, 0.15)
    assert watched.run.commands.batteries["battery"].stop
    assert state(watched) == (Mode.LOCKED_OUT, Reason.POI_STUCK)
    assert not is_told_to_form(watched, open_and_dead, 60.0)


@pytest.mark.parametrize("street_pu", [complex(20.0, 5.0), complex(200.0, 50.0)], ids=["2 MW", "short-circuited"])
def test_a_street_that_trips_the_inverter_at_once_is_fed_three_times_and_no_more(
    street_pu: complex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hil_tests.plant.plant.NEIGHBOURS_PU", street_pu)
    bench = Bench.of()
    bench.watches = False  # the street is fed: that is the story
    bench.run_for(5.0)
    bench.plant.poi.fails_to_open = True
    bench.plant.poi.stuck_feedback = BreakerPosition.OPEN
    bench.plant.grid.blackout()
    bench.run_for(200.0)
    assert len(bench.happened(EventKind.ORDERED_FORM)) <= 3
    assert bench.mode is Mode.LOCKED_OUT


def blind_whenever_it_forms(watched: Watched, for_s: float) -> tuple[int, float]:
    """How often somebody forms behind core and guard, and for how long together. It has been told to already."""
    is_on, count, lasted_s = True, 1, 0.0
    for _ in range(round(for_s / 0.05)):
        image = unseen_island if is_on else open_and_dead
        durable = watched.run.memory.durable
        decision = watched.run.see(image)
        bounds = bounds_of(watched.run.hub, ENVELOPE, durable, Advice())
        verdict = vet(watched.guard, decision.commands, image(watched.run.now_s), bounds, watched.run.now_s)
        watched.guard = verdict.memory
        command = verdict.allowed.batteries.get("battery")
        lasted_s += 0.05 * is_on
        if is_on and command is not None and (command.stop or command.follow):
            is_on = False
        elif not is_on and command is not None and command.form is not None:
            is_on, count = True, count + 1
    return count, lasted_s


def test_an_instrument_that_goes_blind_whenever_somebody_forms_is_believed_three_times() -> None:
    """Its feed sags under the street."""
    watched = forming()
    count, lasted_s = blind_whenever_it_forms(watched, 400.0)
    assert count == 3
    assert lasted_s <= 3 * 0.35
    assert state(watched) == (Mode.LOCKED_OUT, Reason.POI_STUCK)


def test_three_that_were_borne_out_in_between_are_none() -> None:
    watched = forming()
    for _ in range(2):
        watched.see(unseen_island, 0.3)
        see_until_told_to_form(watched, open_and_dead)
    watched.see(islanded, 2.3)
    assert watched.mode is Mode.ISLANDED
    assert [a.kind for a in watched.run.memory.durable.attempts][-1] == "contact_believed"


def test_who_is_not_heard_may_feed_the_street_as_well() -> None:
    watched = forming()
    watched.see(joined_and_unheard, 0.1)
    assert state(watched) == (Mode.LOCKED_OUT, Reason.POI_STUCK)
    watched.see(joined_and_unheard, 7.0)
    assert not is_told_to_form(watched, open_and_dead, 5.0)


@pytest.mark.parametrize("after_s", [1.0, 60.0])
def test_a_restart_knows_of_the_lie(after_s: float) -> None:
    watched = forming()
    watched.see(joined, 0.1)
    watched.see(open_and_dead, after_s)
    watched.run.restart()
    assert not is_told_to_form(watched, open_and_dead, 10.0)
    assert state(watched) == (Mode.LOCKED_OUT, Reason.POI_STUCK)
    assert is_told_to_form(watched, live_grid, 5.0) or watched.mode is not Mode.LOCKED_OUT, "now its sides differ"


@pytest.mark.parametrize("left_v", [25.0, 230.0])
@pytest.mark.parametrize("for_s", [0.05, 1.0])
def test_a_side_that_is_read_late_when_the_former_stops_is_no_difference(left_v: float, for_s: float) -> None:
    watched = forming()
    watched.see(joined, 0.1)
    watched.see(lambda t: with_poi(open_and_dead(t), grid_voltage_v=PhaseValues.even(left_v)), for_s)
    assert not is_told_to_form(watched, open_and_dead, 10.0)


def test_a_contact_that_says_closed_on_a_dead_street_is_believed_no_more() -> None:
    watched = forming()
    watched.see(joined, 0.1)
    watched.run.restart()
    watched.see(lambda t: with_poi(open_and_dead(t), position=CLOSED), 1.0)
    assert not is_told_to_form(watched, open_and_dead, 10.0)


def joined_and_idle(at_s: float) -> ProcessImage:
    return with_poi(joined(at_s), current_a=PhaseValues.even(0.5))


@pytest.mark.parametrize("image", [joined, dragged, joined_and_idle])
def test_killed_before_the_stop_was_out_it_stops_what_still_feeds_the_street(image: Image) -> None:
    watched = forming()
    watched.see(joined, 0.1)
    watched.run.restart()
    watched.see(image, 0.2)
    assert watched.run.commands.batteries["battery"].stop


def unheard_island(at_s: float) -> ProcessImage:
    image = unseen_island(at_s)
    return replace(image, batteries={**image.batteries, "battery": BatterySeen()})


def test_nor_is_a_former_that_is_never_heard_told_for_ever() -> None:
    watched = forming()
    orders = 1
    for _ in range(30):
        watched.see(unheard_island, 1.0)
        orders += is_told_to_form(watched, open_and_dead, 0.3)
        if watched.mode is Mode.LOCKED_OUT:
            break
    assert state(watched) == (Mode.LOCKED_OUT, Reason.POI_STUCK)
    assert orders == 3


def started_by_an_engine(at_s: float, amps: float) -> ProcessImage:
    """No battery can form; the genset has taken the bus, and the street with it."""
    seen = with_battery(open_and_dead(at_s), mode=InverterMode.FAULT)
    genset = GensetSeen(at_s, GensetState.LOADED, PhaseValues.even(700.0), 150.0)
    return with_poi(
        replace(seen, gensets={"genset": genset}),
        grid_voltage_v=LIVE,
        bus_voltage_v=LIVE,
        grid_frequency_hz=50.0,
        angle_difference_deg=0.0,
        current_a=PhaseValues.even(amps),
        power_w=PhaseValues.even(-230.0 * amps),
    )


@pytest.mark.parametrize("amps", [10.0, 0.5])
def test_an_engine_that_has_taken_the_street_with_it_is_not_started_again(amps: float) -> None:
    run = Run(hub())
    until_s = run.now_s + 20.0
    while not any(attempt.kind == "crank" for attempt in run.memory.durable.attempts):
        run.see(lambda t: with_battery(open_and_dead(t), mode=InverterMode.FAULT))
        assert run.now_s < until_s, "the engine is never cranked"
    run.see(lambda t: started_by_an_engine(t, amps), 0.1)
    assert (run.memory.mode, run.memory.reason) == (Mode.LOCKED_OUT, Reason.POI_STUCK)


def lying_on_grid(at_s: float) -> ProcessImage:
    return with_poi(on_grid(at_s), position=BreakerPosition.OPEN, current_a=PhaseValues.even(40.0))


@pytest.mark.parametrize("restarts", [False, True])
def test_what_it_was_caught_at_on_grid_is_known_in_the_next_blackout(restarts: bool) -> None:
    watched = Watched()
    watched.see(on_grid, 5.0)
    watched.see(lying_on_grid, 60.0)
    if restarts:
        watched.run.restart()
    assert not is_told_to_form(watched, open_and_dead, 10.0)


def test_seen_closed_on_grid_it_is_believed_again() -> None:
    watched = forming()
    watched.see(joined, 0.1)
    watched.see(lambda t: with_poi(on_grid(t), position=CLOSED), 700.0)
    assert watched.mode is Mode.GRID_CONNECTED
    watched.run.restart()
    watched.see(on_grid, 1.0)
    watched.see(lambda t: with_poi(open_and_dead(t), position=CLOSED), 0.3)
    assert is_told_to_form(watched, open_and_dead, 3.0)
