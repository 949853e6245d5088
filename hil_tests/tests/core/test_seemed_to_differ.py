"""The POI's sides have seemed to differ: what is made of that, by whom, and for how long.

Found by a reader of the rule, each with a script of his own.
"""

from __future__ import annotations

import pytest

from controller.core.contact import SLIPS_APART_S
from controller.core.sides import SKEW_S
from controller.model.hub import Earthing
from controller.model.image import ProcessImage
from controller.model.phases import PhaseValues
from controller.model.words import BreakerPosition, InverterMode, IslandEarthing, Mode
from hil_tests.tests.core.hubs import DEAD, LIVE, OPEN, dark, hub, islanded, on_grid, with_battery, with_poi
from hil_tests.tests.core.lying import joined_by, marks
from hil_tests.tests.core.run import CYCLE_S
from hil_tests.tests.core.test_blind_while_forming import forming
from hil_tests.tests.core.test_breaker_failed import always_forms
from hil_tests.tests.core.test_one_voltage_two_meters import bus_not_seen_alive_yet, opened
from hil_tests.tests.core.test_street_in_step import stopped_after_s
from hil_tests.tests.core.watched import Watched

NOTHING = PhaseValues.even(0.0)
PERMANENT = Earthing(IslandEarthing.PERMANENT, None)


def told_hz(watched: Watched) -> float:
    """What the former is told to run at under its load, with its droop taken off."""
    command = watched.run.commands.batteries["battery"]
    assert command.frequency_set_hz is not None
    return command.frequency_set_hz - hub().batteries["battery"].droop_hz_per_w * 20_000.0


@pytest.mark.parametrize("alone_s", [0.0, 0.1, 0.5])
def test_what_an_opening_has_shown_ends_with_it(alone_s: float) -> None:
    """A dead bus beside a living grid, then an hour on grid; the contact that says open after that is a lie."""
    watched = Watched(earthing=PERMANENT)
    watched.see(on_grid, 5.0)
    dead = lambda t: with_poi(on_grid(t), bus_voltage_v=DEAD, angle_difference_deg=None, current_a=NOTHING)  # noqa: E731
    watched.see(dead, alone_s + CYCLE_S)
    watched.see(on_grid, 60.0)
    watched.see(lambda t: with_poi(on_grid(t), position=OPEN, current_a=NOTHING, power_w=NOTHING), 0.1)
    watched.see(lambda t: with_poi(dark(t), position=OPEN), 0.3)
    assert stopped_after_s(watched.run, lambda t: joined_by(t, 0.5), 20.0) == 0.0


@pytest.mark.parametrize("late_count", [1, 2, 4])
@pytest.mark.parametrize("late", ["grid", "bus"])
def test_who_cannot_be_led_and_forms_by_himself_is_stopped_three_times_and_no_more(late: str, late_count: int) -> None:
    """A welded POI whose contact turns to open with the blackout: he feeds the street within a sample."""
    watched = Watched(earthing=PERMANENT, batteries=always_forms().batteries)
    watched.see(on_grid, 5.0)
    lives, forms, fed_count, stops_count = [True] * 20 + [False], True, 0, 0

    def welded(at_s: float) -> ProcessImage:
        behind = {late: lives[-1 - late_count]}
        sides = {"grid": lives[-1], "bus": lives[-1]} | behind
        mode = InverterMode.GRID_FORMING if forms else InverterMode.OFF
        return with_poi(
            with_battery(joined_by(at_s, 0.5 if lives[-1] else 0.0), mode=mode),
            grid_voltage_v=LIVE if sides["grid"] else DEAD,
            bus_voltage_v=LIVE if sides["bus"] else DEAD,
            angle_difference_deg=0.0 if all(sides.values()) else None,
        )

    for _ in range(round(20.0 / CYCLE_S)):
        watched.see(welded)
        command = watched.run.commands.batteries.get("battery")
        if command is not None and command.stop:
            stops_count += forms
            forms = False
        elif command is not None and command.form is not None:
            forms = True
        lives.append(forms)
        fed_count += forms
    assert watched.mode is Mode.LOCKED_OUT
    assert stops_count <= 4
    assert fed_count * CYCLE_S < 3.0


def test_an_honest_hub_whose_inverter_cannot_be_led_has_two_more_tries() -> None:
    watched = Watched(earthing=PERMANENT, batteries=always_forms().batteries)
    watched.see(on_grid, 5.0)
    watched.see(opened, 0.1)
    watched.see(lambda t: with_poi(dark(t), position=OPEN))
    assert stopped_after_s(watched.run, lambda t: joined_by(t, 0.0), 1.0) is not None
    assert "contact_lied" not in marks(watched.run)


@pytest.mark.parametrize("hidden", [("grid_voltage_v",), ("bus_voltage_v",), ("grid_voltage_v", "position")])
def test_who_was_not_seen_has_not_slipped(hidden: tuple[str, ...]) -> None:
    watched = forming()
    watched.see(islanded, 0.3)
    watched.see(lambda t: with_poi(joined_by(t, 0.0), **dict.fromkeys(hidden)), 1.2)
    watched.see(lambda t: joined_by(t, 0.0), SLIPS_APART_S / 2.0)
    assert "contact_lied" not in marks(watched.run)


def test_who_slips_where_no_angle_is_seen_is_known_by_the_frequencies() -> None:
    watched = forming()
    watched.see(bus_not_seen_alive_yet)

    def unseen(at_s: float) -> ProcessImage:
        return with_poi(joined_by(at_s, 0.0), angle_difference_deg=None)

    watched.see(unseen, 0.2)
    assert told_hz(watched) < 49.9
    watched.see(lambda t: with_poi(unseen(t), bus_frequency_hz=49.8), SKEW_S + 2 * CYCLE_S)
    assert watched.run.memory.poi.sides.have_differed
    watched.see(unseen, 3.0)
    assert watched.mode is Mode.ISLANDED


def test_beside_a_line_that_hovers_at_the_edge_of_dead_nobody_slips() -> None:
    watched = forming()

    def hovers(at_s: float) -> ProcessImage:
        induced_v = PhaseValues.even(230.0 * (0.25 if round(at_s / CYCLE_S) % 4 < 2 else 0.1))
        forms = with_battery(islanded(at_s), mode=InverterMode.GRID_FORMING)
        return with_poi(forms, position=BreakerPosition.OPEN, grid_voltage_v=induced_v)

    watched.see(hovers, 0.5)
    for _ in range(200):
        watched.see(hovers)
        assert abs(told_hz(watched) - 50.0) < 0.05


def test_one_spoilt_answer_stops_no_island_that_stands() -> None:
    """Its inverter cannot be led, and it has just come into step with the grid."""
    watched = Watched(earthing=PERMANENT, batteries=always_forms().batteries)
    watched.see(on_grid, 5.0)
    watched.see(lambda t: with_poi(dark(t), position=OPEN), 0.5)
    watched.see(islanded, 1.0)

    def beside(at_s: float, angle_deg: float = 0.0, position: BreakerPosition = OPEN) -> ProcessImage:
        too_slow = with_poi(joined_by(at_s, 0.0), grid_frequency_hz=47.0)
        return with_poi(too_slow, angle_difference_deg=angle_deg, position=position)

    watched.see(lambda t: beside(t, 90.0), 20.0)
    assert watched.mode is Mode.ISLANDED
    watched.see(lambda t: beside(t, position=BreakerPosition.BAD))
    assert stopped_after_s(watched.run, beside, 0.4) is None
